"""Carrying weights over, and refusing what does not fit."""

import pytest
import torch
from torch import nn

from backbones import create_model
from backbones.models.resnet import BasicBlock, ResNet
from backbones.weights import copy_reference_weights, load_pretrained, replace_last_layer


def network(width=4, classes=3):
    return nn.Sequential(
        nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.Linear(width, classes)
    )


def test_every_entry_is_copied():
    ours, theirs = network(), network()
    nn.init.normal_(theirs[1].running_mean)
    copy_reference_weights(ours, theirs)
    for key, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[key], value)


def test_a_state_dict_of_other_names_will_do():
    ours, theirs = network(), network()
    renamed = {f"other{i}": v for i, v in enumerate(theirs.state_dict().values())}
    copy_reference_weights(ours, renamed)
    assert torch.equal(ours[3].weight, theirs[3].weight)


def test_the_first_misfit_is_named_and_nothing_is_copied():
    ours, theirs = network(classes=3), network(classes=5)
    before = ours[0].weight.clone()
    with pytest.raises(ValueError, match=r"entry 7: 3\.weight of the model is float32 \(3, 4\)"):
        copy_reference_weights(ours, theirs)
    assert torch.equal(ours[0].weight, before)


@pytest.mark.parametrize(("ours", "theirs", "longer"), [(0, 1, "reference"), (1, 0, "model")])
def test_a_missing_entry_is_named(ours, theirs, longer):
    pair = [network(), nn.Sequential(*network(), nn.Linear(3, 3))]
    with pytest.raises(ValueError, match=f"without a partner is 4.weight of the {longer}"):
        copy_reference_weights(pair[ours], pair[theirs])


def test_kinds_of_numbers_must_agree():
    with pytest.raises(ValueError, match="weight of the model is float32"):
        copy_reference_weights(nn.Linear(1, 1, bias=False), {"w": torch.ones(1, 1).int()})


def test_last_layer_is_replaced():
    model = ResNet(BasicBlock, (1,), num_classes=10, widths=(4,))
    replace_last_layer(model, 3)
    assert model(torch.randn(2, 3, 16, 16)).shape == (2, 3)
    with pytest.raises(ValueError, match="model must end in a dense layer"):
        replace_last_layer(nn.Conv2d(1, 1, 1), 3)


def test_pretrained_weights_are_the_references(monkeypatch):
    import torchvision

    trained = torchvision.models.resnet18()
    monkeypatch.setattr(torchvision.models, "get_model", lambda name, weights: trained)
    x = torch.randn(1, 3, 64, 64)
    model = create_model("resnet18", pretrained=True).eval()
    torch.testing.assert_close(model(x), trained.eval()(x))
    model = create_model("resnet18", 5, pretrained=True).eval()
    assert model(x).shape == (1, 5)
    assert torch.equal(model.stem[0][0].weight, trained.conv1.weight)


def test_pretrained_without_network_says_what_to_do(monkeypatch, tmp_path):
    from urllib.error import URLError

    def refuse(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    with pytest.raises(OSError, match="could not fetch the pretrained weights of resnet18"):
        create_model("resnet18", pretrained=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_pretrained_where_there_is_none():
    with pytest.raises(ValueError, match="torchvision has no weights for 'plain18'"):
        load_pretrained("plain18", nn.Linear(1, 1))
    with pytest.raises(ValueError, match="in_channels must be 3 with pretrained weights, got 1"):
        create_model("resnet18", in_channels=1, pretrained=True)
