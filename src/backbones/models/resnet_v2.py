"""ResNet v2: He et al., "Identity Mappings in Deep Residual Networks", arXiv:1603.05027.

Pre-activation: batch norm and ReLU come before each convolution, so that nothing stands between
one addition and the next: within a stage, the output is the input plus the sum of all branches.

Departs from the paper, as timm does: a bottleneck strides in its 3x3 (see `resnet`), the stem has
no norm, and there are basic blocks and, in the variant ending in d, ResNet-D's stem and shortcuts.
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from backbones.layers import ConvNormAct, NormActConv, relu
from backbones.models.resnet import Bottleneck, ResNet, imagenet_stem
from backbones.models.resnet_variants import deep_stem, mean_pool

bare_conv = partial(ConvNormAct, norm=None, act=None)


class PreActBlock(nn.Module):
    """H(x) = x + F(a) with a = ReLU(BN(x)): Figure 4(e) of the paper.

    Where shapes differ, a projection of a takes the place of x. What F is, subclasses say: they
    set the three parts.
    """

    projection: nn.Module | None
    preact: nn.Module
    residual: nn.Module  # F

    def forward(self, x: Tensor) -> Tensor:
        a = self.preact(x)
        return self.residual(a) + (x if self.projection is None else self.projection(a))


def projection(in_channels: int, out_channels: int, stride: int, pool: bool) -> nn.Module | None:
    """None where shapes agree, else a 1x1; with ``pool`` a mean pool strides, not the 1x1."""
    if stride == 1 and in_channels == out_channels:
        return None
    if stride == 1 or not pool:
        return bare_conv(in_channels, out_channels, 1, stride)
    return nn.Sequential(mean_pool(stride), bare_conv(in_channels, out_channels, 1))


class PreActBasicBlock(PreActBlock):
    """F is two 3x3: (B, in_channels, H, W) -> (B, width, H / S, W / S)."""

    def __init__(self, in_channels: int, width: int, stride: int = 1, pool: bool = False) -> None:
        super().__init__()
        self.out_channels = width
        self.projection = projection(in_channels, self.out_channels, stride, pool)
        self.preact = nn.Sequential(nn.BatchNorm2d(in_channels), relu())
        self.residual = nn.Sequential(
            bare_conv(in_channels, width, 3, stride),
            NormActConv(width, width, 3),
        )


class PreActBottleneck(PreActBlock):
    """F is 1x1 reduce, 3x3, 1x1 expand: (B, in_channels, H, W) -> (B, 4 width, H / S, W / S)."""

    def __init__(self, in_channels: int, width: int, stride: int = 1, pool: bool = False) -> None:
        super().__init__()
        self.out_channels = width * Bottleneck.expansion
        self.projection = projection(in_channels, self.out_channels, stride, pool)
        self.preact = nn.Sequential(nn.BatchNorm2d(in_channels), relu())
        self.residual = nn.Sequential(
            bare_conv(in_channels, width, 1),
            NormActConv(width, width, 3, stride),
            NormActConv(width, self.out_channels, 1),
        )


def bare_end(stem: Callable[[int, int], nn.Sequential]) -> Callable[[int, int], nn.Sequential]:
    """The same stem with its last convolution bare: the first block brings norm and ReLU."""

    def build(in_channels: int, width: int) -> nn.Sequential:
        layers = stem(in_channels, width)
        layers[-2] = layers[-2][0]  # of the ConvNormAct before the max pool
        return layers

    return build


preact_stem = bare_end(imagenet_stem)


class ResNetV2(ResNet):
    """A `ResNet` of pre-activation blocks: the last sum still needs a norm and ReLU, in the head.

    The maps of ``forward_features`` are the sums themselves, before any norm. Arguments and errors
    are those of `ResNet`; ``block`` makes a `PreActBlock`.
    """

    def __init__(
        self,
        block: Callable[[int, int, int], nn.Module],
        depths: Sequence[int],
        num_classes: int = 1000,
        in_channels: int = 3,
        widths: Sequence[int] = (64, 128, 256, 512),
        stem: Callable[[int, int], nn.Module] = preact_stem,
    ) -> None:
        super().__init__(block, depths, num_classes, in_channels, widths, stem)
        channels = self.stages[-1][-1].out_channels
        self.head = nn.Sequential(nn.BatchNorm2d(channels), relu(), *self.head)


# Table 1 of arXiv:1512.03385: block, blocks a stage.
CONFIGS = {
    "resnetv2_18": (PreActBasicBlock, (2, 2, 2, 2)),
    "resnetv2_34": (PreActBasicBlock, (3, 4, 6, 3)),
    "resnetv2_50": (PreActBottleneck, (3, 4, 6, 3)),
    "resnetv2_50d": (partial(PreActBottleneck, pool=True), (3, 4, 6, 3)),
    "resnetv2_101": (PreActBottleneck, (3, 4, 23, 3)),
    "resnetv2_152": (PreActBottleneck, (3, 8, 36, 3)),
}


def resnetv2_18(num_classes: int = 1000, in_channels: int = 3) -> ResNetV2:
    """8 basic blocks."""
    return ResNetV2(*CONFIGS["resnetv2_18"], num_classes, in_channels)


def resnetv2_34(num_classes: int = 1000, in_channels: int = 3) -> ResNetV2:
    """16 basic blocks."""
    return ResNetV2(*CONFIGS["resnetv2_34"], num_classes, in_channels)


def resnetv2_50(num_classes: int = 1000, in_channels: int = 3) -> ResNetV2:
    """16 bottlenecks."""
    return ResNetV2(*CONFIGS["resnetv2_50"], num_classes, in_channels)


def resnetv2_50d(num_classes: int = 1000, in_channels: int = 3) -> ResNetV2:
    """16 bottlenecks, with the stem and the shortcuts of ResNet-D."""
    block, depths = CONFIGS["resnetv2_50d"]
    return ResNetV2(block, depths, num_classes, in_channels, stem=bare_end(deep_stem))


def resnetv2_101(num_classes: int = 1000, in_channels: int = 3) -> ResNetV2:
    """33 bottlenecks."""
    return ResNetV2(*CONFIGS["resnetv2_101"], num_classes, in_channels)


def resnetv2_152(num_classes: int = 1000, in_channels: int = 3) -> ResNetV2:
    """50 bottlenecks."""
    return ResNetV2(*CONFIGS["resnetv2_152"], num_classes, in_channels)
