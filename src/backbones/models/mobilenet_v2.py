"""MobileNetV2: Sandler et al., "Inverted Residuals and Linear Bottlenecks", arXiv:1801.04381.

Its block, `InvertedResidual`, is what MobileNetV3 and EfficientNet are made of, too.

Departs from the paper, as torchvision and timm do: where the expansion factor is 1 the block has
no expanding 1x1, and a dropout of 0.2 precedes the classifier, a dense layer here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from backbones.arithmetic import round_channels
from backbones.checks import check_positive
from backbones.layers import Backbone, Classifier, ConvNormAct, init_he, into_stages, relu6

conv_relu6 = partial(ConvNormAct, act=relu6)


class InvertedResidual(nn.Module):
    """Thin, wide, thin: (B, in_channels, H, W) -> (B, out_channels, H / S, W / S).

    A 1x1 expands, a depthwise convolution filters, a 1x1 projects back. The shortcut joins the
    thin ends, where a ResNet's bottleneck joins the wide ones. No activation follows the
    projection: in few channels it would destroy too much. Figures 3 and 4 of the paper.

    Args:
        in_channels: Channels of the input.
        hidden_channels: Channels in between; if as many as the input's, nothing is expanded.
        out_channels: Channels of the output.
        kernel_size: Of the depthwise convolution.
        stride: S, of the depthwise convolution. At 1, and with as many channels out as in, the
            block has a shortcut.
        conv: Makes a convolution with norm and activation, as `ConvNormAct`.
        attention: Stands before the projection, such as a `SqueezeExcitation`.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        conv: Callable[..., nn.Module] = conv_relu6,
        attention: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.residual = nn.Sequential()
        if hidden_channels != in_channels:
            self.residual.append(conv(in_channels, hidden_channels, 1))
        self.residual.append(
            conv(hidden_channels, hidden_channels, kernel_size, stride, groups=hidden_channels)
        )
        if attention is not None:
            self.residual.append(attention)
        self.residual.append(conv(hidden_channels, out_channels, 1, act=None))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(x) if self.has_shortcut else self.residual(x)


class Row(NamedTuple):
    """A line of Table 2: ``repeats`` blocks, of which the first has the ``stride``."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel_size: int = 3


def scale_rows(
    rows: Iterable[Sequence[int]], width_mult: float, depth_mult: float = 1.0
) -> list[Row]:
    """Rows of a wider network (channels to multiples of 8) or a deeper one (repeats rounded up).

    Raises:
        ValueError: If a row is left without channels or blocks.
    """
    scaled = []
    for row in (Row(*row) for row in rows):
        channels = round_channels(row.channels * width_mult)
        repeats = math.ceil(row.repeats * depth_mult)
        check_positive(repeats=repeats)
        scaled.append(row._replace(channels=channels, repeats=repeats))
    return scaled


def inverted_residuals(
    in_channels: int,
    rows: Iterable[Row],
    block: Callable[[int, int, int, int, int], nn.Module] = InvertedResidual,
) -> list[nn.Module]:
    """All blocks of a table, in a row; ``block`` is called as the first five of the class."""
    blocks = []
    for row in rows:
        for position in range(row.repeats):
            stride = row.stride if position == 0 else 1
            hidden = row.expansion * in_channels
            blocks.append(block(in_channels, hidden, row.channels, row.kernel_size, stride))
            in_channels = row.channels
    return blocks


# Table 2 of the paper, without its first line, the stem, and its last two, the head.
TABLE_2 = (
    Row(1, 16, 1, 1),
    Row(6, 24, 2, 2),
    Row(6, 32, 3, 2),
    Row(6, 64, 4, 2),
    Row(6, 96, 3, 1),
    Row(6, 160, 3, 2),
    Row(6, 320, 1, 1),
)


class MobileNetV2(Backbone):
    """A full 3x3 of stride 2, stages of inverted residuals, a 1x1 and the classifier.

    Args:
        width_mult: α, multiplies the channels; those of the last 1x1 only if above 1.
        num_classes: Outputs.
        in_channels: Channels of the images.
        rows: The blocks before α, as in ``TABLE_2``: `Row` or (expansion, channels, repeats,
            stride).
        head_channels: Channels of the last 1x1 before α.

    Raises:
        ValueError: If a size is out of range.
    """

    def __init__(
        self,
        width_mult: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        rows: Iterable[Sequence[int]] = TABLE_2,
        head_channels: int = 1280,
    ) -> None:
        channels = round_channels(32 * width_mult)
        rows = scale_rows(rows, width_mult)
        head_channels = round_channels(head_channels * max(1.0, width_mult))
        super().__init__(
            conv_relu6(in_channels, channels, 3, stride=2),
            into_stages(inverted_residuals(channels, rows)),
            nn.Sequential(
                conv_relu6(rows[-1].channels, head_channels, 1),
                Classifier(head_channels, num_classes, dropout=0.2),
            ),
            in_channels,
        )
        init_he(self)


# α: torchvision's one network, and others of the paper as timm has them.
CONFIGS = {
    "mobilenet_v2": 1.0,
    "mobilenetv2_035": 0.35,
    "mobilenetv2_050": 0.5,
    "mobilenetv2_140": 1.4,
}


def mobilenet_v2(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV2:
    """Table 2 of the paper: 17 inverted residuals."""
    return MobileNetV2(CONFIGS["mobilenet_v2"], num_classes, in_channels)


def mobilenetv2_035(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV2:
    """0.35 of the channels, the narrowest of the paper."""
    return MobileNetV2(CONFIGS["mobilenetv2_035"], num_classes, in_channels)


def mobilenetv2_050(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV2:
    """Half the channels."""
    return MobileNetV2(CONFIGS["mobilenetv2_050"], num_classes, in_channels)


def mobilenetv2_140(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV2:
    """1.4 of the channels, the widest of the paper."""
    return MobileNetV2(CONFIGS["mobilenetv2_140"], num_classes, in_channels)
