"""Formulas against worked examples, published figures, and torch itself."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models._utils import _make_divisible

from backbones import arithmetic
from backbones.arithmetic import Field, Layer

sizes, kernels = st.integers(1, 40), st.integers(1, 7)
strides, paddings, dilations = st.integers(1, 5), st.integers(0, 6), st.integers(1, 4)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [((224, 7, 2, 3), 112), ((227, 11, 4), 55), ((224, 11, 4, 2), 55), ((224, 11, 4), 54)],
)
def test_output_size_of_well_known_layers(layer, expected):
    assert arithmetic.conv_output_size(*layer) == expected


@given(sizes, kernels, strides, paddings, dilations)
@settings(max_examples=150, deadline=None)
def test_output_size_is_what_a_convolution_gives(size, kernel_size, stride, padding, dilation):
    assume(size + 2 * padding >= dilation * (kernel_size - 1) + 1)
    conv = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation)
    expected = arithmetic.conv_output_size(size, kernel_size, stride, padding, dilation)
    assert conv(torch.zeros(1, 1, size)).shape[-1] == expected


@given(sizes, kernels, strides, paddings, dilations, st.booleans())
@settings(max_examples=150, deadline=None)
def test_output_size_is_what_a_pooling_gives(size, kernel, stride, padding, dilation, ceil_mode):
    assume(padding <= kernel // 2 and size + 2 * padding >= dilation * (kernel - 1) + 1)
    pool = nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil_mode)
    expected = arithmetic.conv_output_size(size, kernel, stride, padding, dilation, ceil_mode)
    assert pool(torch.zeros(1, 1, size)).shape[-1] == expected


@given(sizes, kernels, strides, paddings, dilations)
def test_windows_and_uncovered_positions_fill_the_padded_input(size, kernel, stride, pad, dilation):
    extent = arithmetic.effective_kernel_size(kernel, dilation)
    assume(size + 2 * pad >= extent)
    outputs = arithmetic.conv_output_size(size, kernel, stride, pad, dilation)
    left = arithmetic.uncovered(size, kernel, stride, pad, dilation)
    assert 0 <= left < stride
    assert (outputs - 1) * stride + extent + left == size + 2 * pad


@given(sizes, kernels, strides, dilations)
def test_same_padding_gives_the_rounded_up_share(size, kernel_size, stride, dilation):
    before, after = arithmetic.same_padding(size, kernel_size, stride, dilation)
    assert after - before in (0, 1)
    padded = size + before + after
    outputs = arithmetic.conv_output_size(padded, kernel_size, stride, 0, dilation)
    if before + after:  # without padding the kernel may leave more room than it needs
        assert outputs == -(-size // stride)


def test_same_padding_of_mobilenets_first_layer():
    assert arithmetic.same_padding(224, 3, stride=2) == (0, 1)
    assert arithmetic.same_padding(225, 3, stride=2) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"size": 0, "kernel_size": 1}, "size"),
        ({"size": 5, "kernel_size": 0}, "kernel_size"),
        ({"size": 5, "kernel_size": 3, "stride": 0}, "stride"),
        ({"size": 5, "kernel_size": 3, "padding": -1}, "padding"),
        ({"size": 5, "kernel_size": 3, "dilation": 0}, "dilation"),
        ({"size": 5, "kernel_size": 2.0}, "kernel_size"),
        ({"size": 5, "kernel_size": True}, "kernel_size"),
        ({"size": 5, "kernel_size": 9}, "kernel_size must fit"),
    ],
)
def test_impossible_layers_are_refused_by_name(arguments, name):
    with pytest.raises(ValueError, match=f"^{name}"):
        arithmetic.conv_output_size(**arguments)


VGG16 = [layer for depth in (2, 2, 3, 3, 3) for layer in [Layer(3, 1, 1)] * depth + [Layer(2, 2)]]


def test_receptive_field_of_vgg16_is_212():
    assert arithmetic.receptive_field(VGG16).size == 212
    assert arithmetic.receptive_field(VGG16).jump == 32


def test_stacks_of_3x3_see_as_much_as_larger_kernels():
    assert arithmetic.receptive_field([(3,)] * 2) == Field(5, 1, 0)
    assert arithmetic.receptive_field([(3,)] * 3) == Field(7, 1, 0)


def test_field_of_nothing_is_one_pixel():
    assert arithmetic.receptive_field([]) == Field(1, 1, 0)


layers = st.lists(st.builds(Layer, kernels, strides, paddings, dilations), max_size=6)


@given(layers)
def test_forwards_and_backwards_agree(stack):
    backwards = arithmetic.receptive_field_backwards(stack)
    assert arithmetic.receptive_field(stack).size == (backwards[-1] if backwards else 1)


@given(
    st.lists(
        st.builds(Layer, st.integers(1, 3), st.integers(1, 2), st.just(0), st.just(1)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None)
def test_field_is_where_gradients_arrive(stack):
    network = nn.Sequential(*(nn.Conv1d(1, 1, *layer, bias=False) for layer in stack))
    for conv in network:
        nn.init.ones_(conv.weight)
    field = arithmetic.receptive_field(stack)
    image = torch.zeros(1, 1, field.size + 2 * field.jump, requires_grad=True)
    network(image)[0, 0, 1].backward()
    seen = image.grad[0, 0].nonzero().flatten()
    first = field.start + field.jump
    # A kernel smaller than its stride leaves holes, so only the ends are compared.
    assert (int(seen[0]), int(seen[-1])) == (first, first + field.size - 1)


@given(st.integers(1, 6), st.integers(1, 6), kernels, st.integers(1, 4), st.booleans())
def test_conv_parameters_are_torchs(in_multiple, out_multiple, kernel_size, groups, bias):
    channels = in_multiple * groups, out_multiple * groups
    conv = nn.Conv2d(*channels, kernel_size, groups=groups, bias=bias)
    expected = arithmetic.conv_parameters(*channels, kernel_size, groups, bias)
    assert sum(p.numel() for p in conv.parameters()) == expected


def test_costs_by_hand():
    assert arithmetic.conv_macs(3, 64, 3, 224) == 86_704_128
    assert arithmetic.conv_macs(32, 32, 3, 112, groups=32) == 9 * 32 * 112**2
    assert arithmetic.linear_parameters(25088, 4096) == 102_764_544
    assert arithmetic.memory_access_cost(64, 64, 1, 56) == 56**2 * 128 + 64**2
    assert arithmetic.memory_access_cost(64, 32, 3, 7, groups=4) == 7**2 * 96 + 9 * 64 * 32 // 4


def test_memory_access_cost_is_least_for_equal_channels():
    product = 32 * 128  # the same MACs for every split of a 1x1
    costs = {c: arithmetic.memory_access_cost(c, product // c, 1, 56) for c in (16, 32, 64, 128)}
    assert min(costs, key=costs.get) == 64


def test_groups_must_divide_channels():
    with pytest.raises(ValueError, match="groups must divide in_channels: 6 channels"):
        arithmetic.conv_parameters(6, 8, 3, groups=4)


@given(st.floats(0.1, 3000), st.sampled_from([4, 8, 16]))
def test_round_channels_is_torchvisions(channels, divisor):
    assert arithmetic.round_channels(channels, divisor) == _make_divisible(channels, divisor)


def test_round_channels_refuses_to_multiply_them_away():
    with pytest.raises(ValueError, match=r"channels, times their multiplier, must be above 0"):
        arithmetic.round_channels(32 * 0.0)
