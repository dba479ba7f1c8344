"""Drawings of grouped convolution: what they say is right."""

import pytest
import torch
from torch import nn

from backbones.gallery import grouped_convolution as gallery
from backbones.layers import ChannelShuffle


def test_a_convolution_keeps_the_resolution_and_has_no_bias():
    layer = gallery.conv(4, 8, 3, groups=2)
    assert layer(torch.zeros(1, 4, 5, 7)).shape == (1, 8, 5, 7)
    assert layer.bias is None
    assert layer.weight.shape == (8, 2, 3, 3)


def test_groups_reach_their_own_inputs():
    found = gallery.reached(gallery.conv(4, 6, 3, groups=2), 4)
    assert found.tolist() == 3 * [[True, True, False, False]] + 3 * [[False, False, True, True]]


def test_an_input_is_reached_through_other_positions():
    layer = gallery.conv(2, 2, 3)
    layer.weight.data[:, 1] = 0
    layer.weight.data[:, 0, 1, 1] = 0  # the neighbours are left
    assert gallery.reached(layer, 2).tolist() == 2 * [[True, False]]


def test_a_shuffle_deals_channels_out():
    found = gallery.reached(ChannelShuffle(2), 4)
    assert found.float().argmax(1).tolist() == [0, 2, 1, 3]


def test_the_four_kinds_have_the_weights_of_their_layers():
    picture = gallery.four_kinds()
    assert "standard 144, 2 groups 72, depthwise 36, depthwise, twice 72" in picture.alt
    for drawing in (picture.svg, picture.narrow):
        assert "4 · 4 · 9 weights" in drawing
        assert "8 · 1 · 9 weights" in drawing


def test_the_separable_kernel_has_thirteen_numbers():
    picture = gallery.kernel_and_strengths()
    assert "9 + 4 = 13 weights" in picture.svg
    assert "−2.2 · D" in picture.narrow  # one of them is negated, as the alt text says


@pytest.mark.parametrize(
    ("kind", "then", "inputs"),
    [
        ("standard", "the same again", 8),
        ("2 groups", "the same again", 4),
        ("2 groups", "shuffle and again", 8),
        ("4 groups", "the same again", 2),
        ("4 groups", "shuffle and again", 4),
        ("4 groups", "1×1", 8),
        ("depthwise", "the same again", 1),
        ("depthwise", "shuffle and again", 1),
        ("depthwise", "1×1", 8),
        ("depthwise ×2", "the same again", 1),
        ("depthwise ×2", "shuffle and again", 2),
        ("depthwise ×2", "1×1", 8),
    ],
)
def test_paths_lead_to_as_many_inputs_as_the_derivative_says(kind, then, inputs):
    pair = gallery.levels(kind, then)
    groups, middle = gallery.KINDS[kind]
    stack = [gallery.conv(8, middle, 3, groups)]
    if then == "shuffle and again":
        stack.append(ChannelShuffle(groups))
    size, last = (1, 1) if then == "1×1" else (3, groups)
    stack.append(gallery.conv(middle, 8, size, last))
    whole = gallery.reached(nn.Sequential(*stack), 8)
    for output in range(gallery.CHANNELS):
        seen = gallery.paths(pair, output)
        assert len(seen) == len(pair) + 1
        assert sorted(seen[0]) == whole[output].nonzero().flatten().tolist()
        assert len(seen[0]) == inputs


def test_levels_cost_what_their_layers_cost():
    first, second = gallery.levels("depthwise", "1×1")
    assert (first.weights, second.weights) == (72, 64)
    assert (first.macs, second.macs) == (72 * 14 * 14, 64 * 14 * 14)
    shuffle = gallery.levels("4 groups", "shuffle and again")[1]
    assert (shuffle.name, shuffle.weights, shuffle.macs) == ("shuffle", 0, 0)


@pytest.mark.parametrize(("kind", "then"), [("3 groups", "1×1"), ("standard", "2×2")])
def test_an_unknown_pair_is_refused(kind, then):
    with pytest.raises(ValueError, match="must be one of"):
        gallery.levels(kind, then)


def test_the_explorer_says_what_an_output_depends_on():
    explorer = gallery.channel_paths()
    assert len(explorer.states) == 5 * 3 * 8
    words = [words for words, _ in explorer.states]
    (alone,) = (w for w in words if "4 groups, then second" in w and "Output 3 depends" in w)
    assert "depends on 2 of 8 inputs. They are 3, 4." in alone
    (mixed,) = (w for w in words if "8 groups, then 1×1" in w and "Output 1 " in w and "136" in w)
    assert "They are 1, 2, 3, 4, 5, 6, 7, 8." in mixed
