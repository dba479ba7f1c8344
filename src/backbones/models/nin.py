"""NiN: Lin, Chen and Yan, "Network in Network", arXiv:1312.4400.

`nin` is the ImageNet network as in "Dive into Deep Learning" (d2l), AlexNet's convolutions with
two 1x1 behind each; `nin_cifar` is the paper's for CIFAR, with the widths of its authors' code
(the paper gives none), and dropout behind every pool.

Departs from the paper, as d2l does, in `nin`: the last block has as many channels as there are
classes in all three convolutions, and there is dropout before that block only.
"""

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from backbones.checks import check_positive
from backbones.layers import Backbone, ConvNormAct, init_he


class Mlpconv(NamedTuple):
    """One mlpconv layer, as the paper calls a convolution with an MLP over its channels."""

    widths: tuple[int, int, int]  # channels of its three convolutions; CLASSES: as many as classes
    kernel_size: int  # of the first; the others are 1x1
    stride: int = 1
    padding: int | None = None  # None keeps the size
    dropout: float = 0.0  # before it


CLASSES = 0


class NiNBlock(nn.Sequential):
    """A convolution, then two 1x1: at every position a small MLP over the channels.

    (B, in_channels, H, W) -> (B, widths[2], H', W').
    """

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int],
        kernel_size: int,
        stride: int = 1,
        padding: int | None = None,
    ) -> None:
        first, second, third = widths
        super().__init__(
            ConvNormAct(
                in_channels, first, kernel_size, stride, padding=padding, bias=True, norm=None
            ),
            ConvNormAct(first, second, 1, bias=True, norm=None),
            ConvNormAct(second, third, 1, bias=True, norm=None),
        )


class NiN(Backbone):
    """Blocks with max pools between; the last gives one map a class, whose mean is its score.

    There is no dense layer: the maps show where in the image each class is seen.

    Args:
        layers: Blocks, of which the last is the head.
        num_classes: Outputs.
        in_channels: Channels of the images.
        ceil_mode: Whether pools round up, which makes 16x16 of 32x32 and not 15x15.

    Raises:
        ValueError: If ``layers`` are fewer than two.
    """

    def __init__(
        self,
        layers: Sequence[Mlpconv],
        num_classes: int = 1000,
        in_channels: int = 3,
        ceil_mode: bool = False,
    ) -> None:
        if len(layers) < 2:
            raise ValueError(f"layers must be at least 2, got {len(layers)}")
        check_positive(num_classes=num_classes)
        parts = []
        channels = in_channels
        for position, layer in enumerate(layers):
            widths = [width or num_classes for width in layer.widths]
            pool = [nn.MaxPool2d(3, stride=2, ceil_mode=ceil_mode)] if position else []
            dropout = [nn.Dropout(layer.dropout)] if layer.dropout else []
            block = NiNBlock(channels, widths, layer.kernel_size, layer.stride, layer.padding)
            parts.append(nn.Sequential(*pool, *dropout, block))
            channels = widths[-1]
        stem, *stages, last = parts
        head = nn.Sequential(last, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        super().__init__(stem, stages, head, in_channels)
        init_he(self)
        # A class that the last ReLU cuts off for every image gets no gradient: all start above 0.
        nn.init.normal_(last[-1][-1][0].weight, std=0.01)
        nn.init.ones_(last[-1][-1][0].bias)


CONFIGS = {
    # d2l 1.0, section 8.3.
    "nin": (
        Mlpconv((96, 96, 96), 11, stride=4, padding=0),
        Mlpconv((256, 256, 256), 5),
        Mlpconv((384, 384, 384), 3),
        Mlpconv((CLASSES, CLASSES, CLASSES), 3, dropout=0.5),
    ),
    # Figure 2 of the paper.
    "nin_cifar": (
        Mlpconv((192, 160, 96), 5),
        Mlpconv((192, 192, 192), 5, dropout=0.5),
        Mlpconv((192, 192, CLASSES), 3, dropout=0.5),
    ),
}


def nin(num_classes: int = 1000, in_channels: int = 3) -> NiN:
    """d2l's NiN: 4 blocks, 12 convolutions."""
    return NiN(CONFIGS["nin"], num_classes, in_channels)


def nin_cifar(num_classes: int = 10, in_channels: int = 3) -> NiN:
    """The paper's for CIFAR: 3 blocks, 9 convolutions, for images of 32x32."""
    return NiN(CONFIGS["nin_cifar"], num_classes, in_channels, ceil_mode=True)
