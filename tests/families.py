"""One tiny network of each family, for what must hold in every one."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from backbones.models.mobilenet_v1 import MobileNetV1
from backbones.models.mobilenet_v2 import MobileNetV2
from backbones.models.resnet import BasicBlock, Bottleneck, PlainBlock, ResNet, small_stem
from backbones.models.vgg import VGG


@dataclass(frozen=True)
class Family:
    """How to build the tiny network, called as build(num_classes, in_channels), and its inputs."""

    build: Callable[[int, int], nn.Module]
    size: int = 32  # images that it is tested and trained on
    other_sizes: tuple[int, ...] = (64, 45)  # must work as well
    maps: tuple[int, ...] | None = None  # sizes of its feature maps at `size`


FAMILIES = {
    "vgg": Family(
        lambda classes, channels: VGG(
            (1, 1, 2), classes, channels, widths=(8, 16, 16), hidden=32, batch_norm=True
        ),
        maps=(16, 8, 4),
    ),
    "resnet": Family(
        lambda classes, channels: ResNet(
            BasicBlock, (1, 1), classes, channels, widths=(8, 16), stem=small_stem
        ),
        maps=(32, 16),
    ),
    "bottleneck resnet": Family(
        lambda classes, channels: ResNet(Bottleneck, (1, 1, 1), classes, channels, (4, 8, 16)),
        maps=(8, 4, 2),
    ),
    "plain": Family(
        lambda classes, channels: ResNet(
            PlainBlock, (1, 1), classes, channels, widths=(8, 16), stem=small_stem
        ),
        maps=(32, 16),
    ),
    "mobilenet v1": Family(
        lambda classes, channels: MobileNetV1(
            0.5, classes, channels, rows=((16, 1), (32, 2), (32, 1), (64, 2))
        ),
        maps=(16, 8, 4),
    ),
    "mobilenet v2": Family(
        lambda classes, channels: MobileNetV2(
            0.5,
            classes,
            channels,
            rows=((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 1, 2)),
            head_channels=64,
        ),
        maps=(16, 8, 4),
    ),
}
