"""GhostNet: Han et al., "GhostNet: More Features from Cheap Operations", arXiv:1911.11907.

Feature maps of trained networks come in similar pairs. A ghost module computes one of each pair
by a convolution, and the other, its ghost, from the first by a cheap depthwise one.

The paper leaves open how many channels are squeezed; here, as in its authors' code and timm, they
are a quarter of the hidden ones, rounded to a multiple of 4.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from backbones.arithmetic import round_channels
from backbones.checks import check_positive
from backbones.layers import (
    Backbone,
    ConvNormAct,
    DepthwiseConv,
    SqueezeExcitation,
    init_he,
    into_stages,
    relu,
)


class GhostModule(nn.Module):
    """Maps and their ghosts in place of a 1x1: (B, in_channels, H, W) -> (B, out_channels, H, W).

    Takes about 1 / ``ratio`` of the 1x1's multiplications. Figure 2 b of the paper.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        act: Called without arguments; None for no activation.
        ratio: The paper's s, at least 2: one of so many output maps is computed by the 1x1.
        kernel_size: The paper's d, of the cheap depthwise convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        act: Callable[[], nn.Module] | None = relu,
        ratio: int = 2,
        kernel_size: int = 3,
    ) -> None:
        super().__init__()
        if ratio < 2:
            raise ValueError(f"ratio must be at least 2, got {ratio}")
        intrinsic = math.ceil(out_channels / ratio)
        ghosts = intrinsic * (ratio - 1)
        self.out_channels = out_channels
        self.primary = ConvNormAct(in_channels, intrinsic, 1, act=act)
        self.cheap = ConvNormAct(intrinsic, ghosts, kernel_size, groups=intrinsic, act=act)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.primary(x)
        return torch.cat((maps, self.cheap(maps)), dim=1)[:, : self.out_channels]


class GhostBottleneck(nn.Module):
    """Two ghost modules and a shortcut: (B, in_channels, H, W) -> (B, out_channels, H / S, W / S).

    The first expands, the second projects without activation. Figure 3 of the paper.

    Args:
        in_channels: Channels of the input.
        hidden_channels: Channels in between.
        out_channels: Channels of the output.
        kernel_size: Of the depthwise convolutions in between and in the shortcut, which are there
            only where the stride, or for the shortcut the number of channels, asks for them.
        stride: S.
        squeeze: Whether squeeze and excitation stands before the projection.
        module: Makes the expanding ghost module.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        squeeze: bool = False,
        module: Callable[[int, int], nn.Module] = GhostModule,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.residual = nn.Sequential(module(in_channels, hidden_channels))
        if stride > 1:
            self.residual.append(DepthwiseConv(hidden_channels, kernel_size, stride))
        if squeeze:
            reduced = round_channels(hidden_channels / 4, 4)
            self.residual.append(SqueezeExcitation(hidden_channels, reduced, gate=nn.Hardsigmoid))
        self.residual.append(GhostModule(hidden_channels, out_channels, act=None))
        self.shortcut = nn.Sequential()
        if stride > 1 or in_channels != out_channels:
            self.shortcut.append(DepthwiseConv(in_channels, kernel_size, stride))
            self.shortcut.append(ConvNormAct(in_channels, out_channels, 1, act=None))

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x).add_(self.shortcut(x))  # in place: one map less to allocate


# Table 1 of the paper: kernel, hidden and output channels, squeeze and excitation, stride.
TABLE_1 = (
    (3, 16, 16, False, 1),
    (3, 48, 24, False, 2),
    (3, 72, 24, False, 1),
    (5, 72, 40, True, 2),
    (5, 120, 40, True, 1),
    (3, 240, 80, False, 2),
    (3, 200, 80, False, 1),
    *[(3, 184, 80, False, 1)] * 2,
    (3, 480, 112, True, 1),
    (3, 672, 112, True, 1),
    (5, 672, 160, True, 2),
    *[(5, 960, 160, False, 1), (5, 960, 160, True, 1)] * 2,
)


class GhostNet(Backbone):
    """A 3x3 of stride 2, stages of bottlenecks, a 1x1, pooling, two dense layers.

    Args:
        width_mult: α, multiplies all channels but ``head_features``, to multiples of 4.
        num_classes: Outputs.
        in_channels: Channels of the images.
        rows: The bottlenecks before α, as in ``TABLE_1``.
        head_features: Width of the hidden dense layer.
        module: Makes the expanding ghost module of all bottlenecks but the first two.

    Raises:
        ValueError: If a size is out of range.
    """

    def __init__(
        self,
        width_mult: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        rows: Iterable[tuple[int, int, int, bool, int]] = TABLE_1,
        head_features: int = 1280,
        module: Callable[[int, int], nn.Module] = GhostModule,
    ) -> None:
        check_positive(num_classes=num_classes)
        channels = round_channels(16 * width_mult, 4)
        stem = ConvNormAct(in_channels, channels, 3, stride=2)
        blocks = []
        for index, (kernel_size, *widths, squeeze, stride) in enumerate(rows):
            hidden, width = (round_channels(width * width_mult, 4) for width in widths)
            options = (squeeze, module if index > 1 else GhostModule)
            blocks.append(GhostBottleneck(channels, hidden, width, kernel_size, stride, *options))
            channels = width
        stages = into_stages(blocks)
        head = nn.Sequential(
            ConvNormAct(channels, hidden, 1),
            nn.AdaptiveAvgPool2d(1),
            ConvNormAct(hidden, head_features, 1, bias=True, norm=None),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(head_features, num_classes),
        )
        super().__init__(stem, stages, head, in_channels)
        init_he(self)


# α of the networks that the paper trains on ImageNet.
CONFIGS = {"ghostnet_050": 0.5, "ghostnet_100": 1.0, "ghostnet_130": 1.3}


def ghostnet_050(num_classes: int = 1000, in_channels: int = 3) -> GhostNet:
    """Half the channels."""
    return GhostNet(CONFIGS["ghostnet_050"], num_classes, in_channels)


def ghostnet_100(num_classes: int = 1000, in_channels: int = 3) -> GhostNet:
    """Table 1 of the paper: 16 bottlenecks."""
    return GhostNet(CONFIGS["ghostnet_100"], num_classes, in_channels)


def ghostnet_130(num_classes: int = 1000, in_channels: int = 3) -> GhostNet:
    """1.3 of the channels."""
    return GhostNet(CONFIGS["ghostnet_130"], num_classes, in_channels)
