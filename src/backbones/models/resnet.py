"""ResNet: He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385.

Also the wide variants of torchvision, after Zagoruyko and Komodakis, arXiv:1605.07146.

Departs from the paper, as torchvision does: a bottleneck strides in its 3x3, not in its first 1x1
("v1.5", a little more accurate and a little dearer).
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.layers import Backbone, Classifier, ConvNormAct, init_he


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Identity where shapes agree, else a 1x1 projection (the paper's option B)."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return ConvNormAct(in_channels, out_channels, 1, stride, act=None)


class ResidualBlock(nn.Module):
    """H(x) = F(x) + x, then ReLU. What F is, subclasses say: they set the three parts."""

    residual: nn.Module  # F
    shortcut: nn.Module  # x itself, or a projection of it to the shape of F(x)
    act: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.residual(x) + self.shortcut(x))


class BasicBlock(ResidualBlock):
    """F is two 3x3: (B, in_channels, H, W) -> (B, width, H / S, W / S)."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.out_channels = width
        self.residual = nn.Sequential(
            ConvNormAct(in_channels, width, 3, stride),
            ConvNormAct(width, width, 3, act=None),
        )
        self.shortcut = shortcut(in_channels, self.out_channels, stride)
        self.act = nn.ReLU(inplace=True)


class PlainBlock(nn.Sequential):
    """A `BasicBlock` without its shortcut: what the paper's plain networks are made of."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__(
            ConvNormAct(in_channels, width, 3, stride),
            ConvNormAct(width, width, 3),
        )
        self.out_channels = width


class Bottleneck(ResidualBlock):
    """F is 1x1 reduce, 3x3, 1x1 expand: (B, in_channels, H, W) -> (B, 4 width, H / S, W / S).

    Args:
        in_channels: Channels of the input.
        width: A quarter of the output's channels, and the channels of the 3x3.
        stride: S, of the 3x3.
        widen: Multiplies the channels of the 3x3 but not of the output (wide ResNets: 2).
    """

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int = 1, widen: int = 1) -> None:
        super().__init__()
        self.out_channels = width * self.expansion
        inner = width * widen
        self.residual = nn.Sequential(
            ConvNormAct(in_channels, inner, 1),
            ConvNormAct(inner, inner, 3, stride),
            ConvNormAct(inner, self.out_channels, 1, act=None),
        )
        self.shortcut = shortcut(in_channels, self.out_channels, stride)
        self.act = nn.ReLU(inplace=True)


def imagenet_stem(in_channels: int, width: int) -> nn.Sequential:
    """7x7 of stride 2, then a max pool: (B, in_channels, H, W) -> (B, width, H / 4, W / 4)."""
    return nn.Sequential(
        ConvNormAct(in_channels, width, 7, stride=2),
        nn.MaxPool2d(3, stride=2, padding=1),
    )


def small_stem(in_channels: int, width: int, stride: int = 1) -> ConvNormAct:
    """One 3x3, as in the paper's CIFAR networks: -> (B, width, H / S, W / S)."""
    return ConvNormAct(in_channels, width, 3, stride)


class ResNet(Backbone):
    """Stem, stages of residual blocks, global average pooling and one dense layer.

    The first block of every stage but the first halves the resolution.

    Args:
        block: Called as block(in_channels, width, stride); its ``out_channels`` tell its output's.
        depths: Blocks a stage.
        num_classes: Outputs.
        in_channels: Channels of the images.
        widths: Width of the blocks of a stage; the first is the stem's too.
        stem: Called as stem(in_channels, width).

    Raises:
        ValueError: If ``depths`` names more stages than ``widths``, or none, or an empty one.
    """

    def __init__(
        self,
        block: Callable[[int, int, int], nn.Module],
        depths: Sequence[int],
        num_classes: int = 1000,
        in_channels: int = 3,
        widths: Sequence[int] = (64, 128, 256, 512),
        stem: Callable[[int, int], nn.Module] = imagenet_stem,
    ) -> None:
        if not 1 <= len(depths) <= len(widths):
            raise ValueError(f"depths must name 1 to {len(widths)} stages, got {depths}")
        stages = []
        channels = widths[0]
        for index, (depth, width) in enumerate(zip(depths, widths, strict=False)):
            check_positive(depth=depth, width=width)
            blocks = []
            for position in range(depth):
                stride = 2 if index > 0 and position == 0 else 1
                blocks.append(block(channels, width, stride))
                channels = blocks[-1].out_channels
            stages.append(nn.Sequential(*blocks))
        super().__init__(
            stem(in_channels, widths[0]), stages, Classifier(channels, num_classes), in_channels
        )
        init_he(self)


# Table 1 of the paper: block, blocks a stage. The wide ones: Table 1 of arXiv:1605.07146, k = 2.
CONFIGS = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
    "resnet152": (Bottleneck, (3, 8, 36, 3)),
    "wide_resnet50_2": (partial(Bottleneck, widen=2), (3, 4, 6, 3)),
    "wide_resnet101_2": (partial(Bottleneck, widen=2), (3, 4, 23, 3)),
}


def resnet18(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """8 basic blocks, 18 layers with weights."""
    return ResNet(*CONFIGS["resnet18"], num_classes, in_channels)


def resnet34(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """16 basic blocks, 34 layers with weights."""
    return ResNet(*CONFIGS["resnet34"], num_classes, in_channels)


def resnet50(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """16 bottlenecks, 50 layers with weights."""
    return ResNet(*CONFIGS["resnet50"], num_classes, in_channels)


def resnet101(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """33 bottlenecks, 101 layers with weights."""
    return ResNet(*CONFIGS["resnet101"], num_classes, in_channels)


def resnet152(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """50 bottlenecks, 152 layers with weights."""
    return ResNet(*CONFIGS["resnet152"], num_classes, in_channels)


def wide_resnet50_2(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-50 with 3x3 convolutions twice as wide."""
    return ResNet(*CONFIGS["wide_resnet50_2"], num_classes, in_channels)


def wide_resnet101_2(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-101 with 3x3 convolutions twice as wide."""
    return ResNet(*CONFIGS["wide_resnet101_2"], num_classes, in_channels)
