"""VoVNet: Lee et al., "An Energy and GPU-Computation Efficient Backbone Network", arXiv:1904.09730.

One-shot aggregation (OSA): the layers of a block see only the one before, and their outputs are
concatenated once, at its end. Version 2 (Lee and Park, "CenterMask", arXiv:1911.06667) adds an
identity and effective squeeze-and-excitation (eSE).

Departs from the papers, as timm does: the stem's third convolution strides, where the first paper
has a max pool, and only the last block of a stage has eSE. The authors' code has the identity in
version 1, too; the first paper's figure does not.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.layers import Backbone, Classifier, ConvNormAct, EffectiveSqueezeExcitation, init_he

conv3x3 = partial(ConvNormAct, kernel_size=3)


class SeparableConv(nn.Sequential):
    """Depthwise 3x3, 1x1, one norm and ReLU for both: (B, in, H, W) -> (B, out, H / S, W / S)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        depthwise = conv3x3(
            in_channels, in_channels, stride=stride, groups=in_channels, norm=None, act=None
        )
        super().__init__(depthwise, ConvNormAct(in_channels, out_channels, 1))


class OSABlock(nn.Module):
    """A chain of 3x3s; the input and all their outputs, concatenated, go through one 1x1.

    (B, in_channels, H, W) -> (B, out_channels, H, W). Figure 1(b) of the paper.

    Args:
        in_channels: Channels of the input.
        width: Channels of the 3x3s.
        out_channels: Channels of the output.
        depth: Number of 3x3s.
        separable: Make them depthwise separable, behind a 1x1 to ``width`` channels.
    """

    def __init__(
        self, in_channels: int, width: int, out_channels: int, depth: int, separable: bool = False
    ) -> None:
        super().__init__()
        check_positive(depth=depth)
        conv = SeparableConv if separable else conv3x3
        reduce = separable and in_channels != width
        self.reduce = ConvNormAct(in_channels, width, 1) if reduce else nn.Identity()
        self.convs = nn.ModuleList([conv(width if separable else in_channels, width)])
        self.convs.extend(conv(width, width) for _ in range(depth - 1))
        self.aggregate = ConvNormAct(in_channels + depth * width, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        x = self.reduce(x)
        for conv in self.convs:
            x = conv(x)
            maps.append(x)
        return self.aggregate(torch.cat(maps, dim=1))


class OSABlockV2(OSABlock):
    """An `OSABlock` with eSE, if ``excite``, and with the identity, if it keeps the channels."""

    def __init__(
        self,
        in_channels: int,
        width: int,
        out_channels: int,
        depth: int,
        separable: bool = False,
        excite: bool = True,
    ) -> None:
        super().__init__(in_channels, width, out_channels, depth, separable)
        self.excite = EffectiveSqueezeExcitation(out_channels) if excite else nn.Identity()
        self.has_identity = in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.excite(super().forward(x))
        return y + x if self.has_identity else y


# The first paper's architectures: channels of the 3x3s, channels of the output, a stage.
FULL = ((128, 256), (160, 512), (192, 768), (224, 1024))
SLIM = ((64, 128), (80, 256), (96, 384), (112, 512))


@dataclass(frozen=True)
class Config:
    """What tells one VoVNet from another."""

    depths: tuple[int, ...]  # blocks a stage
    widths: tuple[tuple[int, int], ...] = FULL  # of the 3x3s and of the output, a stage
    block_depth: int = 5  # 3x3s a block
    v2: bool = False
    separable: bool = False  # all 3x3s but the very first
    stem: tuple[int, int, int] = (64, 64, 128)  # channels; strides are 2, 1, 2


class VoVNet(Backbone):
    """Stem, stages of OSA blocks with max pools between them, pooling and one dense layer.

    Args:
        config: Depths, widths and version.
        num_classes: Outputs.
        in_channels: Channels of the images.

    Raises:
        ValueError: If the configuration's ``depths`` and ``widths`` differ in length.
    """

    def __init__(self, config: Config, num_classes: int = 1000, in_channels: int = 3) -> None:
        depths, widths = config.depths, config.widths
        if len(depths) != len(widths):
            raise ValueError(f"depths must name {len(widths)} stages as widths does, got {depths}")
        conv = SeparableConv if config.separable else conv3x3
        first, second, channels = config.stem
        stem = nn.Sequential(
            conv3x3(in_channels, first, stride=2),
            conv(first, second),
            conv(second, channels, stride=2),
        )
        stages = []
        for depth, (width, out_channels) in zip(depths, widths, strict=True):
            check_positive(depth=depth)
            stage = nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True) if stages else nn.Identity())
            for position in range(depth):
                shape = (channels, width, out_channels, config.block_depth, config.separable)
                last = position == depth - 1
                stage.append(OSABlockV2(*shape, excite=last) if config.v2 else OSABlock(*shape))
                channels = out_channels
            stages.append(stage)
        super().__init__(stem, stages, Classifier(channels, num_classes), in_channels)
        init_he(self)


# The first paper's architectures, and those of its authors' code for version 2.
CONFIGS = {
    "vovnet27_slim": Config((1, 1, 1, 1), SLIM),
    "vovnet39a": Config((1, 1, 2, 2)),
    "vovnet57a": Config((1, 1, 4, 3)),
    "ese_vovnet19b_slim": Config((1, 1, 1, 1), ((64, 112), *SLIM[1:]), 3, v2=True),
    "ese_vovnet19b_dw": Config((1, 1, 1, 1), FULL, 3, True, separable=True, stem=(64, 64, 64)),
    "ese_vovnet39b": Config((1, 1, 2, 2), v2=True),
    "ese_vovnet57b": Config((1, 1, 4, 3), v2=True),
    "ese_vovnet99b": Config((1, 3, 9, 3), v2=True),
}


def vovnet27_slim(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """4 blocks of 5, about half as wide."""
    return VoVNet(CONFIGS["vovnet27_slim"], num_classes, in_channels)


def vovnet39a(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """6 blocks of 5."""
    return VoVNet(CONFIGS["vovnet39a"], num_classes, in_channels)


def vovnet57a(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """9 blocks of 5."""
    return VoVNet(CONFIGS["vovnet57a"], num_classes, in_channels)


def ese_vovnet19b_slim(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """Version 2, 4 blocks of 3, about half as wide."""
    return VoVNet(CONFIGS["ese_vovnet19b_slim"], num_classes, in_channels)


def ese_vovnet19b_dw(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """Version 2, 4 blocks of 3, depthwise separable."""
    return VoVNet(CONFIGS["ese_vovnet19b_dw"], num_classes, in_channels)


def ese_vovnet39b(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """Version 2, 6 blocks of 5."""
    return VoVNet(CONFIGS["ese_vovnet39b"], num_classes, in_channels)


def ese_vovnet57b(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """Version 2, 9 blocks of 5."""
    return VoVNet(CONFIGS["ese_vovnet57b"], num_classes, in_channels)


def ese_vovnet99b(num_classes: int = 1000, in_channels: int = 3) -> VoVNet:
    """Version 2, 16 blocks of 5."""
    return VoVNet(CONFIGS["ese_vovnet99b"], num_classes, in_channels)
