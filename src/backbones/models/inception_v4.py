"""Inception v4 and the two Inception-ResNets: Szegedy et al., arXiv:1602.07261.

The paper is "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning".

`inception_v4` (Figure 9) is timm's, after Google's own code (TF-Slim), which departs from the
figures in the order of a few 1x7 and 7x1, 1x3 and 3x1. `inception_resnet_v1` (Figure 15) is the
paper's, and its last block, too, is scaled and followed by a ReLU as the figures show.

`inception_resnet_v2` is timm's, after Google's code, which departs from the paper: the stem is
v3's and one more block in place of v4's; there are 10, 20 and 10 residual blocks of 320, 1088 and
2080 channels in place of 5, 10 and 5 of 384, 1152 and 2144 (printed as 1154 and 2048, which
cannot be added); the last one is neither scaled nor followed by a ReLU, and a 1x1 convolution to
1536 channels comes behind it.

The paper scales residuals by factors "between 0.1 and 0.3"; those here, for v1 too, are the ones
that Google's code has for v2.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from backbones.models.inception import SHRINK, V3, Inception, Layout
from backbones.models.inception_parts import Chain


class ScaledResidual(nn.Module):
    """H(x) = x + scale F(x), then ReLU: (B, C, H, W) -> same. Figure 20 of the paper.

    F is branches and a 1x1 that brings them back to C channels. Without a scale well below 1 the
    wide networks "died" early in training.

    Args:
        channels: C.
        width_mult: Multiplies the width of the branches' convolutions.
        branches: Lists of steps, see `Chain`.
        scale: Of the residual.
        act: Whether the ReLU follows.
    """

    def __init__(
        self,
        channels: int,
        width_mult: float,
        branches: list[Any],
        scale: float,
        act: bool = True,
    ) -> None:
        super().__init__()
        self.out_channels = channels
        self.scale = scale
        self.branches = Chain(channels, [branches], width_mult)
        self.expand = nn.Conv2d(self.branches.out_channels, channels, 1)
        self.act = nn.ReLU(inplace=True) if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x + self.scale * self.expand(self.branches(x)))


def reduction_a(reduce: int, middle: int, double: int, single: int) -> list[Any]:
    """Figure 7, 35x35 -> 17x17; the arguments are k, l, m and n of Table 1."""
    return [[(single, 3, 2, 0)], [(reduce, 1), (middle, 3), (double, 3, 2, 0)], [SHRINK]]


# Inception v4: Figures 3 to 8.
POOL = "average inside"
STEM = [
    (32, 3, 2, 0),
    (32, 3, 1, 0),
    (64, 3),
    [[SHRINK], [(96, 3, 2, 0)]],
    [[(64, 1), (96, 3, 1, 0)], [(64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3, 1, 0)]],
    [[(192, 3, 2, 0)], [SHRINK]],
]
BLOCK_A = [[(96, 1)], [(64, 1), (96, 3)], [(64, 1), (96, 3), (96, 3)], [POOL, (96, 1)]]
BLOCK_B = [
    [(384, 1)],
    [(192, 1), (224, (1, 7)), (256, (7, 1))],
    [(192, 1), (192, (7, 1)), (224, (1, 7)), (224, (7, 1)), (256, (1, 7))],
    [POOL, (128, 1)],
]
REDUCTION_B = [
    [(192, 1), (192, 3, 2, 0)],
    [(256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2, 0)],
    [SHRINK],
]
CROSS_256 = [[(256, (1, 3))], [(256, (3, 1))]]
BLOCK_C = [
    [(256, 1)],
    [(384, 1), CROSS_256],
    [(384, 1), (448, (3, 1)), (512, (1, 3)), CROSS_256],
    [POOL, (256, 1)],
]
V4 = Layout(
    STEM,
    stages=(
        [BLOCK_A] * 4,
        [reduction_a(192, 224, 256, 384), *[BLOCK_B] * 7],
        [REDUCTION_B, *[BLOCK_C] * 3],
    ),
    dropout=0.2,
)


def residual(branches: list[Any], scale: float, act: bool = True) -> Callable[..., ScaledResidual]:
    """A `ScaledResidual` as a step of a `Chain`."""
    return partial(ScaledResidual, branches=branches, scale=scale, act=act)


def triple(double_first: int, double_second: int) -> list[Any]:
    """The branches at 35x35, Figures 10 and 16: 1x1, 3x3, two 3x3."""
    return [
        [(32, 1)],
        [(32, 1), (32, 3)],
        [(32, 1), (double_first, 3), (double_second, 3)],
    ]


def pair(single: int, reduce: int, row: int, column: int, size: int) -> list[Any]:
    """The branches at 17x17 and 8x8, Figures 11, 13, 17 and 19: 1x1, 1 x size and size x 1."""
    return [[(single, 1)], [(reduce, 1), (row, (1, size)), (column, (size, 1))]]


def reduction_b(first: int, second: int, middle: int, double: int) -> list[Any]:
    """Figures 12 and 18, 17x17 -> 8x8."""
    return [
        [(256, 1), (first, 3, 2, 0)],
        [(256, 1), (second, 3, 2, 0)],
        [(256, 1), (middle, 3), (double, 3, 2, 0)],
        [SHRINK],
    ]


RESNET_V1 = Layout(
    stem=[*V3.stem[:-1], (256, 3, 2, 0)],  # Figure 14
    stages=(
        [residual(triple(32, 32), 0.17)] * 5,
        [reduction_a(192, 192, 256, 384), *[residual(pair(128, 128, 128, 128, 7), 0.1)] * 10],
        [reduction_b(384, 256, 256, 256), *[residual(pair(192, 192, 192, 192, 3), 0.2)] * 5],
    ),
    dropout=0.2,
)

PAIR_8 = pair(192, 192, 224, 256, 3)
RESNET_V2 = Layout(
    stem=V3.stem,
    stages=(
        [
            [[(96, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)], [POOL, (64, 1)]],
            *[residual(triple(48, 64), 0.17)] * 10,
        ],
        [reduction_a(256, 256, 384, 384), *[residual(pair(192, 128, 160, 192, 7), 0.1)] * 20],
        [
            reduction_b(384, 288, 288, 320),
            *[residual(PAIR_8, 0.2)] * 9,
            residual(PAIR_8, 1.0, act=False),
            (1536, 1),
        ],
    ),
    dropout=0.2,
)

CONFIGS = {
    "inception_v4": V4,
    "inception_resnet_v1": RESNET_V1,
    "inception_resnet_v2": RESNET_V2,
}


def inception_v4(num_classes: int = 1000, in_channels: int = 3) -> Inception:
    """16 blocks without residuals, for 299x299 images."""
    return Inception(V4, num_classes, in_channels)


def inception_resnet_v1(num_classes: int = 1000, in_channels: int = 3) -> Inception:
    """20 residual blocks; about as dear as v3, for 299x299 images."""
    return Inception(RESNET_V1, num_classes, in_channels)


def inception_resnet_v2(num_classes: int = 1000, in_channels: int = 3) -> Inception:
    """40 residual blocks; about as dear as v4, for 299x299 images."""
    return Inception(RESNET_V2, num_classes, in_channels)
