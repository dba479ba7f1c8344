"""Rates of dropout, which no comparison of outputs sees: equal to the reference's, or a paper's."""

import pytest
import torch
from parity import ROWS, build_reference, uninitialised
from torch import nn

from backbones import create_model
from backbones.layers import Classifier
from backbones.models.transformer import Transformer

# Those without a reference in torchvision, by what their papers or first releases say.
RATES = {
    "alexnet_paper": [0.5, 0.5],
    "googlenet_paper": [0.4],
    "nin": [0.5],
    "nin_cifar": [0.5, 0.5],
    "inception_v4": [0.2],
    "inception_resnet_v1": [0.2],
    "inception_resnet_v2": [0.2],
    "ghostnet_100": [0.2],
    "efficientnet_lite0": [0.2],
    "efficientnet_lite1": [0.2],
    "efficientnet_lite2": [0.3],
    "resnet20": [],
    "vit_tiny_patch16_224": [],
}


def rates(model: nn.Module) -> list[float]:
    """Of the dropout layers that drop anything, in the order of the model."""
    return [m.p for m in model.modules() if isinstance(m, nn.Dropout) and m.p > 0]


@pytest.mark.parametrize("name", [name for name, source in ROWS if source == "torchvision"])
def test_rates_are_torchvisions(name):
    # torchvision computes the widths of a RegNet by tensors, which have to be somewhere.
    with uninitialised(), torch.device("cpu" if name.startswith("regnet") else "meta"):
        assert rates(create_model(name)) == rates(build_reference(name, "torchvision"))


@pytest.mark.parametrize("name", RATES)
def test_rates_are_the_papers(name):
    with uninitialised(), torch.device("meta"):
        assert rates(create_model(name)) == RATES[name]


def test_auxiliary_heads_drop_as_torchvisions():
    with uninitialised(), torch.device("meta"):
        ours = create_model("googlenet", aux_logits=True)
        theirs = build_reference("googlenet", "torchvision", aux_logits=True)
    assert sorted(rates(ours)) == sorted(rates(theirs))


def test_a_classifier_drops_features_and_a_transformer_a_tenth():
    assert rates(Classifier(4, 2)) == []
    assert rates(Classifier(4, 2, dropout=0.35)) == [0.35]
    expected = rates(nn.Transformer(8, 2, 1, 1, 16, batch_first=True))
    assert set(rates(Transformer(8, 2, (1, 1), 16))) == set(expected) == {0.1}
