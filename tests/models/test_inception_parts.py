"""Networks written as lists."""

import pytest
import torch
from rounding import close, terms_of
from torch import nn

from backbones.layers import Branches, ConvNormAct
from backbones.models.inception_parts import POOLS, Chain


def test_a_chain_is_its_layers_one_behind_the_other():
    chain = Chain(3, [(8, 3), "max, stride 2", (16, (1, 7)), (24, 3, 2, 0)]).eval()
    kinds = [ConvNormAct, nn.MaxPool2d, ConvNormAct, ConvNormAct]
    assert [type(layer) for layer in chain] == kinds
    assert chain.out_channels == 24
    x = torch.randn(2, 3, 16, 16)
    assert [layer[0].kernel_size for layer in chain if isinstance(layer, ConvNormAct)] == [
        (3, 3),
        (1, 7),
        (3, 3),
    ]
    assert chain(x).shape == (2, 24, 3, 3)


def test_lists_are_branches_also_inside_branches():
    cross = [[(8, (1, 3))], [(16, (3, 1))]]
    chain = Chain(4, [[[(8, 1)], [(8, 1), cross], ["average"]], (8, 1)]).eval()
    x = torch.randn(1, 4, 5, 6)
    branches = chain[0]
    assert isinstance(branches, Branches)
    assert [branch.out_channels for branch in branches] == [8, 24, 4]
    narrow = branches[1][0](x)
    crossed = torch.cat([branch(narrow) for branch in branches[1][1]], dim=1)
    expected = torch.cat([branches[0](x), crossed, branches[2](x)], dim=1)
    close(chain(x), chain[1](expected), terms_of(chain))


def test_functions_are_called_with_channels_and_multiplier():
    def double(in_channels, width_mult):
        assert width_mult == 0.5
        return nn.Conv2d(in_channels, 2 * in_channels, 1)

    chain = Chain(3, [(32, 1), double, (8, 1)], width_mult=0.5)
    assert chain(torch.randn(2, 3, 4, 4)).shape == (2, 8, 4, 4)
    assert chain[1].out_channels == 32


def test_an_empty_chain_passes_everything():
    x = torch.randn(1, 3, 2, 2)
    chain = Chain(3, [])
    assert chain.out_channels == 3
    assert chain(x) is x


@pytest.mark.parametrize(
    ("pool", "size"),
    [
        ("average", 7),
        ("average inside", 7),
        ("max", 7),
        ("max, stride 2", 4),
        ("max, stride 2, unpadded", 3),
    ],
)
def test_pools(pool, size):
    x = torch.rand(1, 1, 7, 7) + 1
    y = Chain(1, [pool])(x)
    assert y.shape == (1, 1, size, size)
    corner = x[0, 0, :2, :2]
    expected = {
        "average": corner.sum() / 9,
        "average inside": corner.mean(),
        "max": corner.max(),
        "max, stride 2": corner.max(),
        "max, stride 2, unpadded": x[0, 0, :3, :3].max(),
    }
    assert set(expected) == set(POOLS)
    close(y[0, 0, 0, 0], expected[pool], terms=9)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["mean"], "steps must name pools of .*'average'.* got 'mean'"),
        ([(8, 0)], "kernel_size must be an integer of at least 1, got 0"),
        ([(8, 2)], "kernel_size must be odd"),
        ([[[(8, 3, -1)]]], "stride must be"),
    ],
)
def test_wrong_steps_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        Chain(3, steps)
