"""MobileNetV1: Howard et al., "MobileNets", arXiv:1704.04861.

The width multiplier α is `width_mult`; the resolution multiplier ρ needs no code, since the
network takes any input size.

Departs from the paper, as its authors' own code and timm do: ReLU6 in place of ReLU. The last
depthwise convolution has stride 1: the paper's Table 1 prints 2, but with a 7x7 output.
"""

from collections.abc import Iterable

from torch import nn

from backbones.arithmetic import round_channels
from backbones.layers import (
    Backbone,
    Classifier,
    ConvNormAct,
    DepthwiseConv,
    init_he,
    into_stages,
    relu6,
)


class SeparableConv(nn.Sequential):
    """A 3x3 for each channel, then a 1x1 across them: (B, in, H, W) -> (B, out, H / S, W / S).

    Takes 1 / out + 1 / 9 of a full 3x3's multiplications. Figure 3 of the paper.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: S, of the depthwise convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(
            DepthwiseConv(in_channels, 3, stride, act=relu6),
            ConvNormAct(in_channels, out_channels, 1, act=relu6),
        )
        self.stride = stride


# Table 1 of the paper, the separable convolutions: channels, stride.
TABLE_1 = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)


class MobileNetV1(Backbone):
    """A full 3x3 of stride 2, then stages of separable convolutions, pooling, one dense layer.

    Args:
        width_mult: α, multiplies the channels of all layers; they are rounded to multiples of 8.
        num_classes: Outputs.
        in_channels: Channels of the images.
        rows: Channels before α, and stride, of each separable convolution; a stride above 1
            opens a stage.

    Raises:
        ValueError: If a size is out of range.
    """

    def __init__(
        self,
        width_mult: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        rows: Iterable[tuple[int, int]] = TABLE_1,
    ) -> None:
        channels = round_channels(32 * width_mult)
        stem = ConvNormAct(in_channels, channels, 3, stride=2, act=relu6)
        blocks = []
        for width, stride in rows:
            out_channels = round_channels(width * width_mult)
            blocks.append(SeparableConv(channels, out_channels, stride))
            channels = out_channels
        super().__init__(stem, into_stages(blocks), Classifier(channels, num_classes), in_channels)
        init_he(self)


# α. Tables 6 and 7 of the paper have 1, 0.75, 0.5 and 0.25; timm has 1.25, too.
CONFIGS = {
    "mobilenetv1_025": 0.25,
    "mobilenetv1_050": 0.5,
    "mobilenetv1_075": 0.75,
    "mobilenetv1_100": 1.0,
    "mobilenetv1_125": 1.25,
}


def mobilenetv1_025(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """A quarter of the channels."""
    return MobileNetV1(CONFIGS["mobilenetv1_025"], num_classes, in_channels)


def mobilenetv1_050(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Half the channels."""
    return MobileNetV1(CONFIGS["mobilenetv1_050"], num_classes, in_channels)


def mobilenetv1_075(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Three quarters of the channels."""
    return MobileNetV1(CONFIGS["mobilenetv1_075"], num_classes, in_channels)


def mobilenetv1_100(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Table 1 of the paper: 13 separable convolutions, 28 layers with weights."""
    return MobileNetV1(CONFIGS["mobilenetv1_100"], num_classes, in_channels)


def mobilenetv1_125(num_classes: int = 1000, in_channels: int = 3) -> MobileNetV1:
    """Five quarters of the channels."""
    return MobileNetV1(CONFIGS["mobilenetv1_125"], num_classes, in_channels)
