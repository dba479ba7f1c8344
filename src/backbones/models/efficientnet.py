"""EfficientNet: Tan and Le, "EfficientNet: Rethinking Model Scaling", arXiv:1905.11946.

One small network, found by search, is scaled to all others: deeper, wider, and for larger images.

Departs from the paper, as torchvision does: only b5 to b7 have the batch norm settings of the
authors' code, TensorFlow's. torchvision's trained b2 is evaluated at 288 pixels, the paper's at
260.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from torch import nn

from backbones.arithmetic import round_channels
from backbones.layers import (
    Backbone,
    Classifier,
    ConvNormAct,
    DropPath,
    SqueezeExcitation,
    init_he,
    into_stages,
    swish,
    tensorflow_norm,
)
from backbones.models.mobilenet_v2 import InvertedResidual, Row, inverted_residuals, scale_rows

conv_swish = partial(ConvNormAct, act=swish)

# Table 1 of the paper, the blocks: expansion, channels, repeats, stride, kernel.
TABLE_1 = (
    Row(1, 16, 1, 1, 3),
    Row(6, 24, 2, 2, 3),
    Row(6, 40, 2, 2, 5),
    Row(6, 80, 3, 2, 3),
    Row(6, 112, 3, 1, 5),
    Row(6, 192, 4, 2, 5),
    Row(6, 320, 1, 1, 3),
)


@dataclass(frozen=True)
class Blueprint:
    """A network before it is scaled.

    Attributes:
        rows: The blocks: `Row` or (expansion, channels, repeats, stride, kernel size).
        conv: Makes a convolution with norm and activation, as `ConvNormAct`.
        squeeze: Whether blocks have squeeze and excitation.
        scale_ends: Whether stem, head, and the repeats of the first and last row are scaled.
        head_channels: Channels of the last 1x1.
    """

    rows: Sequence[Sequence[int]] = TABLE_1
    conv: Callable[..., nn.Module] = conv_swish
    squeeze: bool = True
    scale_ends: bool = True
    head_channels: int = 1280


STANDARD = Blueprint()
TENSORFLOW = Blueprint(conv=partial(conv_swish, norm=tensorflow_norm))


class EfficientNet(Backbone):
    """A 3x3 of stride 2, stages of inverted residuals, a 1x1, pooling and one dense layer.

    Args:
        width_mult: Multiplies the channels; they are rounded to multiples of 8.
        depth_mult: Multiplies the repeats of a row's blocks; they are rounded up.
        dropout: In front of the dense layer.
        num_classes: Outputs.
        in_channels: Channels of the images.
        blueprint: The network that is scaled.

    Raises:
        ValueError: If a size is out of range.
    """

    def __init__(
        self,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        dropout: float = 0.2,
        num_classes: int = 1000,
        in_channels: int = 3,
        blueprint: Blueprint = STANDARD,
    ) -> None:
        conv = blueprint.conv
        rows = scale_rows(blueprint.rows, width_mult, depth_mult)
        if not blueprint.scale_ends:
            for end in (0, -1):
                rows[end] = rows[end]._replace(repeats=Row(*blueprint.rows[end]).repeats)
        ends_mult = width_mult if blueprint.scale_ends else 1.0
        stem_channels = round_channels(32 * ends_mult)
        head_channels = round_channels(blueprint.head_channels * ends_mult)

        def make_block(in_channels: int, hidden: int, *sizes: int) -> InvertedResidual:
            squeeze = None
            if blueprint.squeeze:  # a quarter of the block's input, not of what it squeezes
                squeeze = SqueezeExcitation(hidden, max(1, in_channels // 4), act=swish)
            return InvertedResidual(in_channels, hidden, *sizes, conv, squeeze)

        blocks = inverted_residuals(stem_channels, rows, make_block)
        for index, block in enumerate(blocks):
            if block.has_shortcut:  # dropped the more often the deeper it stands
                block.residual.append(DropPath(0.2 * index / len(blocks)))
        super().__init__(
            conv(in_channels, stem_channels, 3, 2),
            into_stages(blocks),
            nn.Sequential(
                conv(rows[-1].channels, head_channels, 1),
                Classifier(head_channels, num_classes, dropout),
            ),
            in_channels,
        )
        init_he(self)


def compound_scaling(phi: float, resolution: int = 224) -> tuple[float, float, float]:
    """Multipliers of width and depth, and the resolution: 1.1^φ, 1.2^φ, 1.15^φ times 224.

    Equations 2 and 3 of the paper: since 1.2 · 1.1² · 1.15² ≈ 2, each step of φ doubles the MACs.
    The published networks b1 to b7 are φ = 0.5, 1, 2, 3, 4, 5, 6, rounded; beyond b3 upwards.
    """
    return 1.1**phi, 1.2**phi, resolution * 1.15**phi


class Config(NamedTuple):
    """Multipliers of width and depth, the images' size, and dropout."""

    width_mult: float
    depth_mult: float
    resolution: int
    dropout: float
    blueprint: Blueprint = STANDARD


# The authors' code, also for where the rule above is rounded to.
CONFIGS = {
    "efficientnet_b0": Config(1.0, 1.0, 224, 0.2),
    "efficientnet_b1": Config(1.0, 1.1, 240, 0.2),
    "efficientnet_b2": Config(1.1, 1.2, 260, 0.3),
    "efficientnet_b3": Config(1.2, 1.4, 300, 0.3),
    "efficientnet_b4": Config(1.4, 1.8, 380, 0.4),
    "efficientnet_b5": Config(1.6, 2.2, 456, 0.4, TENSORFLOW),
    "efficientnet_b6": Config(1.8, 2.6, 528, 0.5, TENSORFLOW),
    "efficientnet_b7": Config(2.0, 3.1, 600, 0.5, TENSORFLOW),
}


def build(config: Config, num_classes: int, in_channels: int) -> EfficientNet:
    """The network of a `Config`."""
    width_mult, depth_mult, _, dropout, blueprint = config
    return EfficientNet(width_mult, depth_mult, dropout, num_classes, in_channels, blueprint)


def efficientnet_b0(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Table 1 of the paper, which all others are scaled from: 16 blocks."""
    return build(CONFIGS["efficientnet_b0"], num_classes, in_channels)


def efficientnet_b1(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 0.5: 23 blocks of the same width."""
    return build(CONFIGS["efficientnet_b1"], num_classes, in_channels)


def efficientnet_b2(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 1: 23 blocks, 1.1 as wide."""
    return build(CONFIGS["efficientnet_b2"], num_classes, in_channels)


def efficientnet_b3(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 2: 26 blocks, 1.2 as wide."""
    return build(CONFIGS["efficientnet_b3"], num_classes, in_channels)


def efficientnet_b4(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 3: 32 blocks, 1.4 as wide."""
    return build(CONFIGS["efficientnet_b4"], num_classes, in_channels)


def efficientnet_b5(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 4: 39 blocks, 1.6 as wide."""
    return build(CONFIGS["efficientnet_b5"], num_classes, in_channels)


def efficientnet_b6(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 5: 45 blocks, 1.8 as wide."""
    return build(CONFIGS["efficientnet_b6"], num_classes, in_channels)


def efficientnet_b7(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """φ = 6: 55 blocks, 2 as wide."""
    return build(CONFIGS["efficientnet_b7"], num_classes, in_channels)
