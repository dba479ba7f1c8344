"""Class activation maps: their mean is the score, and they are where the evidence is."""

import pytest
import torch

from backbones import create_model
from backbones.cam import class_activation_maps, highlighted
from backbones.layers import Backbone, Classifier


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v2", "resnet18"])
def test_the_mean_of_a_map_is_the_score(name):
    torch.manual_seed(0)
    model = create_model(name, num_classes=7).eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        maps, scores = class_activation_maps(model, images), model(images)
    assert maps.shape == (2, 7, 2, 3)
    assert torch.allclose(maps.mean((2, 3)), scores, atol=1e-4 * scores.abs().max())


def test_the_map_is_where_the_evidence_is():
    torch.manual_seed(0)
    identity = torch.nn.Identity()
    model = Backbone(identity, [identity], Classifier(3, 2), 3)
    dense = model.head[-1]
    torch.nn.init.zeros_(dense.bias)
    with torch.no_grad():
        dense.weight.copy_(torch.tensor([[1.0, 0, 0], [0, -2, 0]]))
    images = torch.zeros(1, 3, 4, 5)
    images[0, 0, 1, 2] = images[0, 1, 3, 4] = 1
    maps = class_activation_maps(model, images)[0]
    assert maps[0, 1, 2] == 1
    assert maps[1, 3, 4] == -2
    assert maps.count_nonzero() == 2


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "vgg11"])
def test_a_hidden_dense_layer_is_refused(name):
    model = create_model(name, num_classes=5)
    with pytest.raises(ValueError, match="model must end in a mean and one dense layer"):
        class_activation_maps(model, torch.randn(1, 3, 64, 64))


def test_pictures_are_dark_where_maps_are_low():
    pictures = torch.full((2, 3, 8, 8), 200, dtype=torch.uint8)
    maps = torch.tensor([[[0.0, 1.0]], [[5.0, 5.0]]])
    shown = highlighted(pictures, maps)
    assert shown.dtype == torch.uint8
    assert shown.shape == pictures.shape
    assert shown[0, 0, 0, 0] == 40
    assert shown[0, 0, 0, -1] == 200
    assert (shown[1] == 40).all()  # a constant map says nothing
