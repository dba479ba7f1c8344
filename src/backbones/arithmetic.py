"""Arithmetic of convolutional networks: sizes, receptive fields, parameters, multiplications.

Pure Python, no torch: every function is a formula that can be checked by hand. Sizes are along
one axis, in pixels; counts are exact integers. One MAC is one multiplication with its addition.

Sources: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
arXiv:1603.07285; Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019; Ma et al., "ShuffleNet V2", arXiv:1807.11164 (memory access cost).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backbones.checks import check_at_least, check_groups, check_positive


class Layer(NamedTuple):
    """A convolution or pooling layer along one axis."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class Field(NamedTuple):
    """What one output position sees of the input, along one axis, in input pixels.

    Output position p sees the input positions from ``p * jump + start`` to
    ``p * jump + start + size - 1``; negative positions lie in the padding.
    """

    size: int
    jump: int
    start: int


def _check_layer(kernel_size: int, stride: int, padding: int, dilation: int) -> None:
    check_positive(kernel_size=kernel_size, stride=stride, dilation=dilation)
    check_at_least(0, padding=padding)


def effective_kernel_size(kernel_size: int, dilation: int = 1) -> int:
    """Pixels from the first to the last tap of a dilated kernel: D (F - 1) + 1."""
    check_positive(kernel_size=kernel_size, dilation=dilation)
    return dilation * (kernel_size - 1) + 1


def conv_output_size(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Output size of a convolution or pooling: N = floor((W - F + 2P) / S) + 1.

    Args:
        size: W, the input size.
        kernel_size: F; with dilation D its extent D (F - 1) + 1 takes the place of F.
        stride: S.
        padding: P, added on both sides.
        dilation: D.
        ceil_mode: Round up, as pooling layers can. As in PyTorch, a last window that would
            start in the padding on the right is dropped.

    Raises:
        ValueError: If an argument is out of range, or the kernel does not fit into the
            padded input.
    """
    check_positive(size=size)
    _check_layer(kernel_size, stride, padding, dilation)
    extent = effective_kernel_size(kernel_size, dilation)
    room = size + 2 * padding - extent
    if room < 0:
        raise ValueError(
            f"kernel_size must fit into the padded input: a kernel_size of {kernel_size} with "
            f"dilation {dilation} spans {extent} pixels, but size {size} with padding {padding} "
            f"has only {size + 2 * padding}"
        )
    if not ceil_mode:
        return room // stride + 1
    windows = -(-room // stride) + 1
    if (windows - 1) * stride >= size + padding:
        windows -= 1
    return windows


def uncovered(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Positions at the right end of the padded input that no window reaches.

    They are the remainder of the division in the size formula: (W - F + 2P) mod S.
    """
    windows = conv_output_size(size, kernel_size, stride, padding, dilation)
    reach = (windows - 1) * stride + effective_kernel_size(kernel_size, dilation)
    return size + 2 * padding - reach


def same_padding(
    size: int, kernel_size: int, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """Padding before and after that gives ceil(size / stride) outputs, as TensorFlow's "SAME".

    The total depends on the input size, and an odd total puts the extra pixel after, which no
    symmetric ``padding=`` of PyTorch can express.

    Returns:
        (before, after), in pixels.
    """
    check_positive(size=size)
    _check_layer(kernel_size, stride, 0, dilation)
    windows = -(-size // stride)
    extent = effective_kernel_size(kernel_size, dilation)
    total = max(0, (windows - 1) * stride + extent - size)
    return total // 2, total - total // 2


def receptive_fields(layers: Iterable[Sequence[int]]) -> list[Field]:
    """Receptive field after each layer of a chain, counted forwards.

    With jump j (the distance, in input pixels, of neighbouring outputs) and size r, a layer of
    kernel F, stride S, dilation D gives r' = r + (F - 1) D j and j' = S j; the first output's
    field starts P j further left.

    Args:
        layers: From input to output, each a `Layer` or a tuple (kernel_size, stride, padding,
            dilation) of which the last three may be left out.

    Returns:
        One `Field` a layer.
    """
    size, jump, start = 1, 1, 0
    fields = []
    for layer in layers:
        kernel_size, stride, padding, dilation = layer = Layer(*layer)
        _check_layer(*layer)
        size += (kernel_size - 1) * dilation * jump
        start -= padding * jump
        jump *= stride
        fields.append(Field(size, jump, start))
    return fields


def receptive_field(layers: Iterable[Sequence[int]]) -> Field:
    """Receptive field of the last layer's outputs; see `receptive_fields`.

    An empty chain sees one pixel.
    """
    return [Field(1, 1, 0), *receptive_fields(layers)][-1]


def receptive_field_backwards(layers: Iterable[Sequence[int]]) -> list[int]:
    """The field of one last output, on the input of each layer, from the last to the first.

    The notes' recursion F(i) = (F(i+1) - 1) S + K, started at 1 behind the last layer.
    """
    size = 1
    sizes = []
    for layer in reversed([Layer(*layer) for layer in layers]):
        _check_layer(*layer)
        size = (size - 1) * layer.stride + effective_kernel_size(layer.kernel_size, layer.dilation)
        sizes.append(size)
    return sizes


def conv_parameters(
    in_channels: int, out_channels: int, kernel_size: int, groups: int = 1, bias: bool = True
) -> int:
    """Parameters of a square 2-d convolution: (C_in / g) F² C_out, and C_out biases."""
    check_groups(in_channels, out_channels, groups)
    check_positive(kernel_size=kernel_size)
    weights = in_channels // groups * kernel_size**2 * out_channels
    return weights + (out_channels if bias else 0)


def conv_macs(
    in_channels: int, out_channels: int, kernel_size: int, output_size: int, groups: int = 1
) -> int:
    """MACs of a square 2-d convolution with an ``output_size`` x ``output_size`` output.

    Every output value takes as many MACs as its kernel has weights. Biases are not counted.
    """
    check_positive(output_size=output_size)
    weights = conv_parameters(in_channels, out_channels, kernel_size, groups, bias=False)
    return weights * output_size**2


def linear_parameters(in_features: int, out_features: int, bias: bool = True) -> int:
    """Parameters of a dense layer: D_in D_out, and D_out biases. Its MACs are D_in D_out."""
    check_positive(in_features=in_features, out_features=out_features)
    return in_features * out_features + (out_features if bias else 0)


def memory_access_cost(
    in_channels: int, out_channels: int, kernel_size: int, size: int, groups: int = 1
) -> int:
    """Numbers a stride-1 "same" convolution reads and writes: inputs, outputs, weights.

    h w (C_in + C_out) + F² C_in C_out / g, as in ShuffleNet V2's first guideline; times the
    bytes of a number (4 in fp32) it is the least traffic the layer can cause.
    """
    check_positive(size=size)
    weights = conv_parameters(in_channels, out_channels, kernel_size, groups, bias=False)
    return size**2 * (in_channels + out_channels) + weights


def round_channels(channels: float, divisor: int = 8) -> int:
    """Nearest multiple of ``divisor``, at least ``divisor`` and at least 0.9 ``channels``.

    How MobileNets and their descendants round the widths that a multiplier makes fractional.
    """
    check_positive(divisor=divisor)
    if channels <= 0:
        raise ValueError(f"channels, times their multiplier, must be above 0, got {channels}")
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
