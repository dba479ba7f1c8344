"""MobileNets: what their papers say of the blocks, and the width multipliers."""

import pytest
import torch
from parity import uninitialised
from torch import nn

from backbones.arithmetic import conv_macs
from backbones.models.efficientnet import Blueprint, EfficientNet
from backbones.models.ghostnet import GhostNet
from backbones.models.mobilenet_v1 import MobileNetV1, SeparableConv
from backbones.models.mobilenet_v2 import InvertedResidual, MobileNetV2, Row, scale_rows
from backbones.models.mobilenet_v3 import LARGE, SMALL, MobileNetV3
from backbones.profile import profile


def test_separable_convolution_costs_the_papers_share():
    block = nn.Sequential(SeparableConv(64, 128))
    full = conv_macs(64, 128, 3, 14)
    assert profile(block, (64, 14, 14)).macs == full / 128 + full / 9


def test_v1_stages_halve_and_double():
    with torch.device("meta"):
        maps = MobileNetV1().forward_features(torch.zeros(1, 3, 224, 224))
    assert [m.shape[1:3] for m in maps] == [(64, 112), (128, 56), (256, 28), (512, 14), (1024, 7)]


@pytest.mark.parametrize(("stride", "out_channels"), [(1, 8), (2, 8), (1, 16)])
def test_the_shortcut_is_there_where_shapes_agree(stride, out_channels):
    block = InvertedResidual(8, 48, out_channels, stride=stride).eval()
    x = torch.randn(2, 8, 6, 6)
    expected = block.residual(x)
    if (stride, out_channels) == (1, 8):
        expected = expected + x
    assert torch.equal(block(x), expected)


def test_the_bottleneck_is_linear():
    block = InvertedResidual(8, 48, 8)
    kinds = [type(m) for m in block.residual.modules() if not list(m.children())]
    assert kinds.count(nn.ReLU6) == 2
    assert kinds[-1] is nn.BatchNorm2d


def test_what_is_not_expanded_has_no_first_convolution():
    convs = [m for m in InvertedResidual(8, 8, 4).modules() if isinstance(m, nn.Conv2d)]
    assert [conv.groups for conv in convs] == [8, 1]


def test_rows_are_scaled():
    rows = scale_rows([(6, 24, 2, 2), Row(6, 320, 1, 1, 5)], 1.1, 1.2)
    assert rows == [Row(6, 24, 3, 2, 3), Row(6, 352, 2, 1, 5)]


@pytest.mark.parametrize("rows", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("width_mult", [0.5, 0.75, 1.25])
def test_v3_is_as_wide_as_torchvisions(rows, width_mult):
    import torchvision

    name = "mobilenet_v3_large" if rows is LARGE else "mobilenet_v3_small"
    with uninitialised(), torch.device("meta"):
        theirs = torchvision.models.get_model(name, width_mult=width_mult)
        ours = MobileNetV3(rows, 1280 if rows is LARGE else 1024, width_mult=width_mult)
    shapes = [[p.shape for p in model.parameters()] for model in (ours, theirs)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("network", [MobileNetV1, MobileNetV2])
@pytest.mark.parametrize("width_mult", [0.0, -1.0])
def test_a_width_of_nothing_is_refused(network, width_mult):
    with pytest.raises(ValueError, match=r"channels, times their multiplier, must be above 0"):
        network(width_mult)


@pytest.mark.parametrize("network", [MobileNetV1, MobileNetV2, MobileNetV3, EfficientNet, GhostNet])
def test_a_network_without_blocks_is_refused(network):
    rows = {"blueprint": Blueprint(())} if network is EfficientNet else {"rows": ()}
    with pytest.raises(ValueError, match="rows must name at least one block, got none"):
        network(**rows)


def test_empty_rows_are_refused():
    with pytest.raises(ValueError, match="repeats must be an integer of at least 1, got 0"):
        MobileNetV2(rows=((1, 16, 0, 1),))
    with pytest.raises(ValueError, match="num_classes must be"):
        MobileNetV3(num_classes=0)
