"""Batch norms folded into convolutions: fewer layers, the same outputs."""

import copy

import pytest
import torch
from families import FAMILIES
from parity import LARGE, random_small, randomise, relative_error, uninitialised
from rounding import close, rounding, terms_of
from torch import nn

from backbones import create_model, list_models
from backbones.fuse import fuse
from backbones.layers import ConvNormAct
from backbones.models import _FAMILIES
from backbones.models.hybrid_vit import StdConv2d

# Batch norms that have no layer of their own right before them.
LEFT = {
    "resnext, SummedPaths": 2,  # behind the sum of the paths
    "basic resnet v2": 3,  # behind the stem, whose output is a shortcut too, and behind sums
    "bottleneck resnet v2": 5,
    "densenet": 6,  # behind concatenations
    "densenet, saving memory": 6,
}

QUICK = ["resnet50", "mobilenet_v3_small", "efficientnet_b0", "shufflenet_v2_x0_5", "densenet121"]


def norms(model):
    return sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family(name):
    family = FAMILIES[name]
    model = family.build(4, 3).train()
    randomise(model)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fused = fuse(model, (3, family.size, family.size))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert norms(fused) == LEFT.get(name, 0)
    assert not any(module.training for module in fused.modules())
    assert not any(module._forward_hooks for module in fused.modules())
    images = torch.randn(2, 3, family.size, family.size)
    model.eval()
    with torch.no_grad():
        assert relative_error(fused(images), model(images)) <= rounding(terms_of(model))
        if hasattr(model, "forward_features"):
            for ours, theirs in zip(
                fused.forward_features(images), model.forward_features(images), strict=True
            ):
                assert relative_error(ours, theirs) <= rounding(terms_of(model))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in list_models()
        if name not in LARGE
    ],
)
def test_full_models(name):
    model, images = random_small(name)
    fused = fuse(model, tuple(images.shape[1:]))
    assert norms(fused) < norms(model) or norms(model) == 0
    with torch.no_grad():
        assert relative_error(fused(images), model(images)) <= rounding(terms_of(model))


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.__name__.split(".")[-1])
def test_first_model_of_every_file_at_its_own_size(family):
    name = next(iter(family.CONFIGS))
    with uninitialised(), torch.device("meta"):
        model = create_model(name)
        fused = fuse(model)
    left = {"densenet121": 62, "resnetv2_18": 9}
    assert norms(fused) == left.get(name, 0)
    biases = sum(m.bias is not None for m in fused.modules() if type(m) is nn.Conv2d)
    assert norms(model) == 0 or biases > 0


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_one_block(affine, bias):
    model = ConvNormAct(
        4, 6, 3, groups=2, bias=bias, norm=lambda n: nn.BatchNorm2d(n, 1e-3, affine=affine)
    )
    randomise(model)
    fused = fuse(model, (4, 8, 8))
    assert [type(m) for m in fused] == [nn.Conv2d, nn.Identity, nn.ReLU]
    assert fused[0].bias.requires_grad
    x = torch.randn(2, 4, 9, 9)
    close(fused(x), model.eval()(x), terms_of(model))


def test_a_dense_layer():
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5)).double()
    randomise(model)
    fused = fuse(model, (3, 2, 2))
    assert norms(fused) == 0
    x = torch.randn(4, 3, 2, 2, dtype=torch.double)
    torch.testing.assert_close(fused(x), model.eval()(x))


class Odd(nn.Module):
    """Takes a convolution's output twice, or uses one convolution twice."""

    def __init__(self, twice):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)
        self.twice = twice

    def forward(self, x):
        if self.twice:
            return self.norm(self.conv(self.conv(x)))
        x = self.conv(x)
        return self.norm(x) + x


@pytest.mark.parametrize("twice", [True, False])
def test_what_is_used_twice_is_left(twice):
    model = Odd(twice)
    randomise(model)
    fused = fuse(model)
    assert norms(fused) == 1
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(fused(x), model.eval()(x))


@pytest.mark.parametrize(
    "layers",
    [
        (nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)),
        (nn.Conv2d(3, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)),
        (nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True), nn.BatchNorm2d(3)),
        (nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)),
        (StdConv2d(3, 3, 1), nn.BatchNorm2d(3)),
        (nn.ConvTranspose2d(3, 3, 2), nn.BatchNorm2d(3)),
    ],
)
def test_what_cannot_be_folded_is_left(layers):
    model = nn.Sequential(*copy.deepcopy(layers))
    randomise(model)
    fused = fuse(model)
    assert norms(fused) == 1
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(fused(x), model.eval()(x))
