"""MobileNetV3: Howard et al., "Searching for MobileNetV3", arXiv:1905.02244.

Found by a search over networks of MobileNetV2's blocks, then corrected by hand: squeeze and
excitation in some blocks, hard swish in the deep ones, a stem of 16 channels instead of 32, and
the last 1x1 behind the pooling, where it works on one position instead of 49.

Departs from the paper, as torchvision does: squeezed channels are a quarter of the expanded ones
rounded to a multiple of 8, as in the authors' code; and the 1x1s behind the pooling are dense
layers. The small network has no squeeze and excitation in its last 1x1, where Table 2 has a mark.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from torch import nn

from backbones.arithmetic import round_channels
from backbones.checks import check_positive
from backbones.layers import (
    Backbone,
    ConvNormAct,
    SqueezeExcitation,
    hard_swish,
    init_he,
    into_stages,
    relu,
    tensorflow_norm,
)
from backbones.models.mobilenet_v2 import InvertedResidual

conv_hard_swish = partial(ConvNormAct, norm=tensorflow_norm, act=hard_swish)
conv_relu = partial(ConvNormAct, norm=tensorflow_norm, act=relu)


class Row(NamedTuple):
    """A line of Table 1 or 2: one block."""

    kernel_size: int
    hidden_channels: int
    channels: int
    squeeze: bool
    hard_swish: bool
    stride: int


LARGE = (
    Row(3, 16, 16, False, False, 1),
    Row(3, 64, 24, False, False, 2),
    Row(3, 72, 24, False, False, 1),
    Row(5, 72, 40, True, False, 2),
    Row(5, 120, 40, True, False, 1),
    Row(5, 120, 40, True, False, 1),
    Row(3, 240, 80, False, True, 2),
    Row(3, 200, 80, False, True, 1),
    Row(3, 184, 80, False, True, 1),
    Row(3, 184, 80, False, True, 1),
    Row(3, 480, 112, True, True, 1),
    Row(3, 672, 112, True, True, 1),
    Row(5, 672, 160, True, True, 2),
    Row(5, 960, 160, True, True, 1),
    Row(5, 960, 160, True, True, 1),
)
SMALL = (
    Row(3, 16, 16, True, False, 2),
    Row(3, 72, 24, False, False, 2),
    Row(3, 88, 24, False, False, 1),
    Row(5, 96, 40, True, True, 2),
    Row(5, 240, 40, True, True, 1),
    Row(5, 240, 40, True, True, 1),
    Row(5, 120, 48, True, True, 1),
    Row(5, 144, 48, True, True, 1),
    Row(5, 288, 96, True, True, 2),
    Row(5, 576, 96, True, True, 1),
    Row(5, 576, 96, True, True, 1),
)


class MobileNetV3(Backbone):
    """A 3x3 of stride 2, stages of inverted residuals, a 1x1, pooling, two dense layers.

    Args:
        rows: The blocks, `Row` by `Row` of the paper's Table 1 or 2.
        head_features: Width of the hidden dense layer.
        num_classes: Outputs.
        in_channels: Channels of the images.
        width_mult: Multiplies all channels; they are rounded to multiples of 8.

    Raises:
        ValueError: If a size is out of range.
    """

    def __init__(
        self,
        rows: Iterable[Sequence[int]] = LARGE,
        head_features: int = 1280,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
    ) -> None:
        check_positive(num_classes=num_classes)
        channels = round_channels(16 * width_mult)
        stem = conv_hard_swish(in_channels, channels, 3, stride=2)
        blocks = []
        for row in (Row(*row) for row in rows):
            hidden = round_channels(row.hidden_channels * width_mult)
            out_channels = round_channels(row.channels * width_mult)
            squeeze = (
                SqueezeExcitation(hidden, round_channels(hidden // 4), gate=nn.Hardsigmoid)
                if row.squeeze
                else None
            )
            conv = conv_hard_swish if row.hard_swish else conv_relu
            blocks.append(
                InvertedResidual(
                    channels, hidden, out_channels, row.kernel_size, row.stride, conv, squeeze
                )
            )
            channels = out_channels
        features = round_channels(head_features * width_mult)
        head = nn.Sequential(
            conv_hard_swish(channels, 6 * channels, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6 * channels, features),
            hard_swish(),
            nn.Dropout(0.2),
            nn.Linear(features, num_classes),
        )
        super().__init__(stem, into_stages(blocks), head, in_channels)
        init_he(self)


# Blocks and the width behind the pooling: Tables 1 and 2 of the paper.
CONFIGS = {
    "mobilenet_v3_large": (LARGE, 1280),
    "mobilenet_v3_small": (SMALL, 1024),
}


def mobilenet_v3_large(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV3:
    """15 blocks, for much accuracy."""
    return MobileNetV3(*CONFIGS["mobilenet_v3_large"], num_classes, in_channels)


def mobilenet_v3_small(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV3:
    """11 blocks, for little time."""
    return MobileNetV3(*CONFIGS["mobilenet_v3_small"], num_classes, in_channels)
