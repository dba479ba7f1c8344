"""EfficientNet: compound scaling, and what Lite leaves out."""

import pytest
import torch
from rounding import close
from torch import nn

from backbones import create_model
from backbones.layers import DropPath, SamePadding, SqueezeExcitation
from backbones.models.efficientnet import CONFIGS, Blueprint, EfficientNet, compound_scaling
from backbones.models.efficientnet_lite import CONFIGS as LITE_CONFIGS
from backbones.models.efficientnet_lite import LITE, same_conv
from backbones.profile import profile
from backbones.weights import copy_reference_weights

PHI = {"efficientnet_b0": 0, "efficientnet_b1": 0.5} | {
    f"efficientnet_b{phi + 1}": phi for phi in range(1, 7)
}


@pytest.mark.parametrize("name", CONFIGS)
def test_published_networks_follow_phi(name):
    config, ruled = CONFIGS[name], compound_scaling(PHI[name])
    published = (config.width_mult, config.depth_mult, config.resolution)
    for value, rule in zip(published, ruled, strict=True):
        # The papers' networks are rounded, from b4 on upwards: b6 and b7 by up to a sixth.
        assert value == pytest.approx(rule, rel=0.06 if PHI[name] < 3 else 0.18)
        assert PHI[name] < 3 or value > rule


def test_a_step_of_phi_doubles_the_cost():
    steps = zip(compound_scaling(2), compound_scaling(3), strict=True)
    width, depth, resolution = (after / before for before, after in steps)
    assert depth * width**2 * resolution**2 == pytest.approx(2, rel=0.05)


def test_b2_at_the_papers_resolution():
    with torch.device("meta"):
        model = create_model("efficientnet_b2")
    assert profile(model, (3, 260, 260)).macs == pytest.approx(0.9936e9, rel=1e-3)


def test_blocks_are_dropped_the_more_often_the_deeper():
    model = EfficientNet()
    rates = [m.probability for m in model.modules() if isinstance(m, DropPath)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.2 * 14 / 16)  # the last of the 16 has no shortcut
    assert len(rates) == sum(block.has_shortcut for stage in model.stages for block in stage)


def test_lite_has_neither_squeeze_nor_swish():
    kinds = {type(module) for module in create_model("efficientnet_lite0").modules()}
    assert not kinds & {SqueezeExcitation, nn.SiLU}
    assert kinds >= {SamePadding, nn.ReLU6}


def test_lite_keeps_its_ends():
    lite = EfficientNet(1.4, 1.8, blueprint=LITE)
    assert lite.stem[-3].out_channels == 32  # behind it a norm and an activation
    assert lite.head[0][0].out_channels == 1280
    assert len(lite.stages[0]) == 1
    full = EfficientNet(1.4, 1.8)
    assert (full.stem[0].out_channels, full.head[0][0].out_channels) == (48, 1792)
    assert len(full.stages[0]) == 2


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite2"])
def test_lite_rounds_sizes_up(name):
    model = create_model(name).eval()
    maps = model.forward_features(torch.randn(1, 3, 75, 98))
    assert [m.shape[2:] for m in maps] == [(38, 49), (19, 25), (10, 13), (5, 7), (3, 4)]
    assert LITE_CONFIGS[name].resolution in (224, 260)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="channels, times their multiplier, must be above 0"):
        EfficientNet(width_mult=0)
    with pytest.raises(ValueError, match="repeats must be an integer of at least 1, got 0"):
        EfficientNet(depth_mult=0)
    with pytest.raises(ValueError, match="num_classes must be"):
        EfficientNet(num_classes=0, blueprint=Blueprint(((1, 8, 1, 1, 3),)))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_padding_is_tensorflows_as_timm_has_it(kernel_size, stride):
    from timm.layers import create_conv2d

    ours = same_conv(2, 3, kernel_size, stride, norm=None, act=None)
    theirs = create_conv2d(2, 3, kernel_size, stride=stride, padding="same")
    copy_reference_weights(ours, theirs)
    for size in (7, 8):
        x = torch.randn(1, 2, size, size)
        close(ours(x), theirs(x), terms=2 * kernel_size**2)
        assert ours(x).shape[2] == -(-size // stride)
