"""Networks with branches, written down as lists: how the Inception family is described here.

The figures of those papers are stacks of boxes such as "1x7 Conv (224)", some side by side. A
`Chain` is built from the same words in the same order, so that a block can be checked against its
figure at a glance, and no number of input channels has to be written twice.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from torch import nn

from backbones.arithmetic import round_channels
from backbones.layers import Branches, ConvNormAct

# A convolution of the Inception networks: no bias, batch norm with TensorFlow's epsilon, ReLU.
normed_conv = partial(ConvNormAct, norm=partial(nn.BatchNorm2d, eps=1e-3))


class Conv(NamedTuple):
    """A convolution of a `Chain`. Without padding it keeps the size, or divides it by stride."""

    width: int
    kernel_size: int | tuple[int, int]
    stride: int = 1
    padding: int | None = None


# 3x3 pools of a `Chain`.
POOLS: dict[str, Callable[[], nn.Module]] = {
    "average": partial(nn.AvgPool2d, 3, stride=1, padding=1),
    "average inside": partial(nn.AvgPool2d, 3, stride=1, padding=1, count_include_pad=False),
    "max": partial(nn.MaxPool2d, 3, stride=1, padding=1),
    "max, stride 2": partial(nn.MaxPool2d, 3, stride=2, padding=1),
    "max, stride 2, unpadded": partial(nn.MaxPool2d, 3, stride=2),
}


class Chain(nn.Sequential):
    """Layers one behind the other: (B, in_channels, H, W) -> (B, out_channels, H', W').

    A step is one of

    - a tuple (width, kernel_size), (width, kernel_size, stride) or (width, kernel_size, stride,
      padding): a `normed_conv`, see `Conv`;
    - a key of `POOLS`;
    - a list of branches, each a list of steps: side by side, their channels concatenated;
    - a function of (in_channels, width_mult) that gives a module with ``out_channels``.

    Args:
        in_channels: Channels of the input.
        steps: The layers.
        width_mult: Multiplies the width of every convolution, see `round_channels`.

    Raises:
        ValueError: If a pool is unknown, or ``width_mult`` is not above 0.
    """

    def __init__(self, in_channels: int, steps: Sequence[Any], width_mult: float = 1.0) -> None:
        layers: list[nn.Module] = []
        channels = in_channels
        for step in steps:
            if isinstance(step, str):
                if step not in POOLS:
                    raise ValueError(f"steps must name pools of {list(POOLS)}, got {step!r}")
                layers.append(POOLS[step]())
            elif isinstance(step, tuple):
                conv = Conv(*step)
                width = round_channels(conv.width * width_mult)
                layers.append(
                    normed_conv(
                        channels, width, conv.kernel_size, conv.stride, padding=conv.padding
                    )
                )
                channels = width
            elif isinstance(step, list):
                branches = [Chain(channels, branch, width_mult) for branch in step]
                layers.append(Branches(branches))
                channels = sum(branch.out_channels for branch in branches)
            else:
                layers.append(step(channels, width_mult))
                channels = layers[-1].out_channels
        super().__init__(*layers)
        self.out_channels = channels
