"""VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks", arXiv:1409.1556.

Departs from the paper, as torchvision does: the variants ending in ``_bn`` have batch norm behind
every convolution (the paper is older than batch norm), and the last feature map is average-pooled
to 7x7, so that other inputs than 224x224 fit. The paper's configuration C, configuration D with
three 1x1 convolutions in place of 3x3, is left out, and so is A-LRN, which was no better than A.
"""

from collections.abc import Sequence

from torch import nn

from backbones.checks import check_positive
from backbones.layers import Backbone, ConvNormAct, init_he


class VGGStage(nn.Sequential):
    """Some 3x3 convolutions, then a 2x2 max pool: (B, in, H, W) -> (B, out, H / 2, W / 2)."""

    def __init__(self, in_channels: int, out_channels: int, depth: int, batch_norm: bool) -> None:
        norm = nn.BatchNorm2d if batch_norm else None
        convs = []
        for _ in range(depth):
            convs.append(ConvNormAct(in_channels, out_channels, 3, bias=True, norm=norm))
            in_channels = out_channels
        super().__init__(*convs, nn.MaxPool2d(2))


class VGG(Backbone):
    """Stages of 3x3 convolutions, then three dense layers, which hold most of the parameters.

    Stage i returns its feature map at 1 / 2^(i + 1) of the input's resolution.

    Args:
        depths: Convolutions per stage.
        num_classes: Outputs.
        in_channels: Channels of the images.
        batch_norm: Whether a batch norm follows every convolution.
        widths: Channels per stage.
        hidden: Width of the two hidden dense layers.

    Raises:
        ValueError: If ``depths`` and ``widths`` differ in length, or a size is below 1.
    """

    def __init__(
        self,
        depths: Sequence[int],
        num_classes: int = 1000,
        in_channels: int = 3,
        batch_norm: bool = False,
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        hidden: int = 4096,
    ) -> None:
        if len(depths) != len(widths):
            raise ValueError(f"depths must name {len(widths)} stages as widths does, got {depths}")
        check_positive(num_classes=num_classes, in_channels=in_channels, hidden=hidden)
        channels = (in_channels, *widths)
        stages = [
            VGGStage(channels[i], channels[i + 1], depth, batch_norm)
            for i, depth in enumerate(depths)
        ]
        head = nn.Sequential(
            nn.AdaptiveAvgPool2d(7),
            nn.Flatten(),  # (B, C, 7, 7) -> (B, 49 C)
            nn.Linear(widths[-1] * 7 * 7, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden, num_classes),
        )
        super().__init__(nn.Identity(), stages, head, in_channels)
        init_he(self)


# Table 1 of the paper: 3x3 convolutions per stage, in configurations A, B, D and E.
CONFIGS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
CONFIGS |= {f"{name}_bn": depths for name, depths in CONFIGS.items()}


def vgg11(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration A: 8 convolutions, 3 dense layers."""
    return VGG(CONFIGS["vgg11"], num_classes, in_channels)


def vgg13(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration B: 10 convolutions, 3 dense layers."""
    return VGG(CONFIGS["vgg13"], num_classes, in_channels)


def vgg16(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration D: 13 convolutions, 3 dense layers."""
    return VGG(CONFIGS["vgg16"], num_classes, in_channels)


def vgg19(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration E: 16 convolutions, 3 dense layers."""
    return VGG(CONFIGS["vgg19"], num_classes, in_channels)


def vgg11_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration A with batch norm."""
    return VGG(CONFIGS["vgg11_bn"], num_classes, in_channels, batch_norm=True)


def vgg13_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration B with batch norm."""
    return VGG(CONFIGS["vgg13_bn"], num_classes, in_channels, batch_norm=True)


def vgg16_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration D with batch norm."""
    return VGG(CONFIGS["vgg16_bn"], num_classes, in_channels, batch_norm=True)


def vgg19_bn(num_classes: int = 1000, in_channels: int = 3) -> VGG:
    """Configuration E with batch norm."""
    return VGG(CONFIGS["vgg19_bn"], num_classes, in_channels, batch_norm=True)
