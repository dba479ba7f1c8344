"""The three forms of the ResNeXt block compute the same."""

import pytest
import torch
from parity import randomise
from torch import nn

from backbones.models.resnet import Bottleneck
from backbones.models.resnext import ConcatenatedPaths, GroupedPaths, ResNeXtBlock, SummedPaths

CARDINALITY, PATH_WIDTH = 4, 3
SHAPE = (16, 32, 2, CARDINALITY, PATH_WIDTH)  # in_channels, out_channels, stride, ...


def fill(layers: nn.Module, wide: nn.Module, channels: slice) -> None:
    """Into the convolution and norm of one path: its channels of the grouped form's layer."""
    for layer, source in zip(layers, wide, strict=True):
        own = layer.state_dict()
        for name, value in source.state_dict().items():
            own[name].copy_(value[channels] if value.ndim else value)


def carry(form: type[nn.Module], grouped: GroupedPaths) -> nn.Module:
    """The same function in another form."""
    paths = form(*SHAPE).double()
    reduce, transform, expand = grouped
    with torch.no_grad():
        for index, path in enumerate(paths.paths):
            channels = slice(index * PATH_WIDTH, (index + 1) * PATH_WIDTH)
            fill(path[0], reduce, channels)
            fill(path[1], transform, channels)
            if form is SummedPaths:
                path[2].weight.copy_(expand[0].weight[:, channels])
    if form is SummedPaths:
        paths.norm.load_state_dict(expand[1].state_dict())
    else:
        paths.expand.load_state_dict(expand.state_dict())
    return paths


@pytest.mark.parametrize("form", [SummedPaths, ConcatenatedPaths])
def test_the_forms_are_equal(form):
    grouped = GroupedPaths(*SHAPE).double()
    randomise(grouped)
    other = carry(form, grouped)
    x = torch.randn(3, 16, 9, 8, dtype=torch.double, requires_grad=True)
    for training in (False, True, False):  # the last with the statistics moved by the second
        expected, got = grouped.train(training)(x), other.train(training)(x)
        torch.testing.assert_close(got, expected)
        weights = torch.randn_like(expected)
        gradients = [torch.autograd.grad((y * weights).sum(), x)[0] for y in (got, expected)]
        torch.testing.assert_close(*gradients)
    counts = [sum(p.numel() for p in module.parameters()) for module in (other, grouped)]
    assert counts[0] == counts[1]


def test_paths_grow_with_the_width():
    widths = [ResNeXtBlock(8, width).residual[1][0].weight.shape[1] for width in (64, 128, 512)]
    assert widths == [4, 8, 32]


def test_a_block_of_one_path_is_a_bottleneck():
    block, bottleneck = ResNeXtBlock(8, 4, 2, 1, 64).eval(), Bottleneck(8, 4, 2).eval()
    block.load_state_dict(bottleneck.state_dict())
    x = torch.randn(2, 8, 7, 7)
    assert torch.equal(block(x), bottleneck(x))


def test_wrong_numbers_of_paths_are_refused():
    with pytest.raises(
        ValueError, match="path_width must be at least 64 / 8 at a width of 8, got 4"
    ):
        ResNeXtBlock(8, 8)
    with pytest.raises(ValueError, match="cardinality must be an integer of at least 1, got 0"):
        ResNeXtBlock(8, 64, cardinality=0)
