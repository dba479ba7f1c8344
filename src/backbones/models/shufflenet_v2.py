"""ShuffleNetV2: Ma et al., "ShuffleNet V2", arXiv:1807.11164.

The four guidelines: as many channels in as out (G1), few groups (G2), little fragmentation (G3),
few element-wise operations (G4). Splitting the channels and concatenating takes the place of
grouped convolutions and of the addition.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.layers import (
    Backbone,
    ChannelShuffle,
    Classifier,
    ConvNormAct,
    DepthwiseConv,
    init_he,
)


class SplitUnit(nn.Module):
    """Figure 3 c and d of the paper: (B, in_channels, H, W) -> (B, out_channels, H / S, W / S).

    At stride 1 half of the channels pass untouched, the other half goes through three
    convolutions. At stride 2 both halves of the output are computed from the whole input. The
    shuffle behind them mixes the halves.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output, even; at stride 1 as many as the input's.
        stride: 1 or 2.

    Raises:
        ValueError: If the stride or the channels do not fit.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, got {stride}")
        if out_channels % 2 or (stride == 1 and in_channels != out_channels):
            raise ValueError(
                "out_channels must be even, and in_channels at stride 1, got "
                f"in_channels={in_channels}, out_channels={out_channels}, stride={stride}"
            )
        self.stride = stride
        half = out_channels // 2
        self.shortcut = nn.Identity()
        if stride == 2:
            self.shortcut = nn.Sequential(
                DepthwiseConv(in_channels, 3, stride),
                ConvNormAct(in_channels, half, 1),
            )
        self.residual = nn.Sequential(
            ConvNormAct(half if stride == 1 else in_channels, half, 1),
            DepthwiseConv(half, 3, stride),
            ConvNormAct(half, half, 1),
        )
        self.shuffle = ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=1) if self.stride == 1 else (x, x)
        return self.shuffle(torch.cat((self.shortcut(left), self.residual(right)), dim=1))


class ShuffleNetV2(Backbone):
    """A 3x3 of stride 2, a max pool, stages of units, a 1x1, pooling and one dense layer.

    Every stage halves the resolution.

    Args:
        widths: Channels a stage, even.
        head_channels: Channels of the last 1x1.
        num_classes: Outputs.
        in_channels: Channels of the images.
        depths: Units a stage.

    Raises:
        ValueError: If ``depths`` and ``widths`` differ in length, or a size is out of range.
    """

    def __init__(
        self,
        widths: Sequence[int],
        head_channels: int = 1024,
        num_classes: int = 1000,
        in_channels: int = 3,
        depths: Sequence[int] = (4, 8, 4),
    ) -> None:
        if len(depths) != len(widths):
            raise ValueError(f"depths must name {len(widths)} stages as widths does, got {depths}")
        channels = 24
        stem = nn.Sequential(
            ConvNormAct(in_channels, channels, 3, stride=2), nn.MaxPool2d(3, stride=2, padding=1)
        )
        stages = []
        for depth, width in zip(depths, widths, strict=True):
            check_positive(depth=depth, width=width)
            units = [SplitUnit(channels, width, 2)]
            units += [SplitUnit(width, width) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*units))
            channels = width
        head = nn.Sequential(
            ConvNormAct(channels, head_channels, 1), Classifier(head_channels, num_classes)
        )
        super().__init__(stem, stages, head, in_channels)
        init_he(self)


# Table 5 of the paper: channels of the stages and of the last 1x1.
CONFIGS = {
    "shufflenet_v2_x0_5": ((48, 96, 192), 1024),
    "shufflenet_v2_x1_0": ((116, 232, 464), 1024),
    "shufflenet_v2_x1_5": ((176, 352, 704), 1024),
    "shufflenet_v2_x2_0": ((244, 488, 976), 2048),
}


def shufflenet_v2_x0_5(num_classes: int = 1000, in_channels: int = 3) -> ShuffleNetV2:
    """The paper's 0.5x."""
    return ShuffleNetV2(*CONFIGS["shufflenet_v2_x0_5"], num_classes, in_channels)


def shufflenet_v2_x1_0(num_classes: int = 1000, in_channels: int = 3) -> ShuffleNetV2:
    """The paper's 1x."""
    return ShuffleNetV2(*CONFIGS["shufflenet_v2_x1_0"], num_classes, in_channels)


def shufflenet_v2_x1_5(num_classes: int = 1000, in_channels: int = 3) -> ShuffleNetV2:
    """The paper's 1.5x."""
    return ShuffleNetV2(*CONFIGS["shufflenet_v2_x1_5"], num_classes, in_channels)


def shufflenet_v2_x2_0(num_classes: int = 1000, in_channels: int = 3) -> ShuffleNetV2:
    """The paper's 2x."""
    return ShuffleNetV2(*CONFIGS["shufflenet_v2_x2_0"], num_classes, in_channels)
