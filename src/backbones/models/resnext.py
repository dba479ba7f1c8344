"""ResNeXt: Xie et al., "Aggregated Residual Transformations for Deep Neural Networks".

arXiv:1611.05431. A ResNet whose block splits into C equal paths (the cardinality), d channels
wide each. Figure 3 of the paper draws it in three forms that compute the same: paths summed (a),
paths concatenated (b), one grouped convolution (c), which is the quickest and the one that the
networks here are made of.

Departs from the paper, as torchvision does: 101_32x8d is of Mahajan et al., arXiv:1805.00932, and
blocks stride in their 3x3 (see `resnet`).
"""

from functools import partial

import torch
from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.layers import ConvNormAct
from backbones.models.resnet import Bottleneck, ResidualBlock, ResNet, shortcut


class SummedPaths(nn.Module):
    """Form (a): each path reduces, transforms and expands by itself; their outputs are summed.

    All forms: (B, in_channels, H, W) -> (B, out_channels, H / S, W / S).

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: S, of the 3x3.
        cardinality: C, the number of paths.
        path_width: d, the channels of each path.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, cardinality: int, path_width: int
    ) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(
                ConvNormAct(in_channels, path_width, 1),
                ConvNormAct(path_width, path_width, 3, stride),
                nn.Conv2d(path_width, out_channels, 1, bias=False),
            )
            for _ in range(cardinality)
        )
        self.norm = nn.BatchNorm2d(out_channels)  # after the sum, as the paper's footnote says

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(sum(path(x) for path in self.paths))


class ConcatenatedPaths(nn.Module):
    """Form (b): each path reduces and transforms; one 1x1 expands them all, laid side by side.

    A 1x1 of concatenated channels is a sum of 1x1s of each: this is (a).
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, cardinality: int, path_width: int
    ) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(
                ConvNormAct(in_channels, path_width, 1),
                ConvNormAct(path_width, path_width, 3, stride),
            )
            for _ in range(cardinality)
        )
        self.expand = ConvNormAct(cardinality * path_width, out_channels, 1, act=None)

    def forward(self, x: Tensor) -> Tensor:
        return self.expand(torch.cat([path(x) for path in self.paths], dim=1))


class GroupedPaths(nn.Sequential):
    """Form (c): a bottleneck C d wide whose 3x3 has C groups.

    A group is a path, and the 1x1s that reduce for all paths are one 1x1: this is (b).
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, cardinality: int, path_width: int
    ) -> None:
        width = cardinality * path_width
        super().__init__(
            ConvNormAct(in_channels, width, 1),
            ConvNormAct(width, width, 3, stride, groups=cardinality),
            ConvNormAct(width, out_channels, 1, act=None),
        )


class ResNeXtBlock(ResidualBlock):
    """F is C paths of 1x1, 3x3, 1x1: (B, in_channels, H, W) -> (B, 4 width, H / S, W / S).

    Args:
        in_channels: Channels of the input.
        width: A quarter of the output's channels.
        stride: S.
        cardinality: C.
        path_width: d at a width of 64; it grows with the width.
        form: One of the three classes above.

    Raises:
        ValueError: If ``path_width`` leaves a path without channels.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        cardinality: int = 32,
        path_width: int = 4,
        form: type[nn.Module] = GroupedPaths,
    ) -> None:
        super().__init__()
        check_positive(cardinality=cardinality, path_width=path_width)
        if path_width * width < 64:
            raise ValueError(
                f"path_width must be at least 64 / {width} at a width of {width}, got {path_width}"
            )
        self.out_channels = width * Bottleneck.expansion
        self.residual = form(
            in_channels, self.out_channels, stride, cardinality, path_width * width // 64
        )
        self.shortcut = shortcut(in_channels, self.out_channels, stride)
        self.act = nn.ReLU(inplace=True)


# Tables 1 and 4 of the paper, and arXiv:1805.00932: block, blocks a stage.
CONFIGS = {
    "resnext50_32x4d": (partial(ResNeXtBlock, cardinality=32, path_width=4), (3, 4, 6, 3)),
    "resnext101_32x8d": (partial(ResNeXtBlock, cardinality=32, path_width=8), (3, 4, 23, 3)),
    "resnext101_64x4d": (partial(ResNeXtBlock, cardinality=64, path_width=4), (3, 4, 23, 3)),
}


def resnext50_32x4d(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """16 blocks of 32 paths; as large as ResNet-50."""
    return ResNet(*CONFIGS["resnext50_32x4d"], num_classes, in_channels)


def resnext101_32x8d(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """33 blocks of 32 paths, twice as wide."""
    return ResNet(*CONFIGS["resnext101_32x8d"], num_classes, in_channels)


def resnext101_64x4d(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """33 blocks of 64 paths."""
    return ResNet(*CONFIGS["resnext101_64x4d"], num_classes, in_channels)
