"""One tiny network of each family, for what must hold in every one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from backbones.models.alexnet import AlexNet
from backbones.models.anynet import AnyNet, Stage
from backbones.models.densenet import DenseNet
from backbones.models.efficientnet import Blueprint, EfficientNet
from backbones.models.efficientnet_lite import LITE
from backbones.models.ghostnet import GhostNet
from backbones.models.ghostnet_v2 import GhostNetV2
from backbones.models.googlenet import CONFIGS as GOOGLENETS
from backbones.models.googlenet import GoogLeNet
from backbones.models.hybrid_vit import resnet_embedding
from backbones.models.inception import V2, V3, Inception, Layout
from backbones.models.inception_v4 import RESNET_V1, RESNET_V2, V4
from backbones.models.lenet import LeNet
from backbones.models.mobilenet_v1 import MobileNetV1
from backbones.models.mobilenet_v2 import MobileNetV2
from backbones.models.mobilenet_v3 import MobileNetV3
from backbones.models.nin import CLASSES, Mlpconv, NiN
from backbones.models.resnet import BasicBlock, Bottleneck, PlainBlock, ResNet, small_stem
from backbones.models.resnet_cifar import cifar_resnet
from backbones.models.resnet_v2 import PreActBasicBlock, PreActBottleneck, ResNetV2, bare_conv
from backbones.models.resnet_variants import BottleneckA, BottleneckD, deep_stem
from backbones.models.resnext import ConcatenatedPaths, GroupedPaths, ResNeXtBlock, SummedPaths
from backbones.models.senet import with_se
from backbones.models.shufflenet_v1 import ShuffleNetV1
from backbones.models.shufflenet_v2 import ShuffleNetV2
from backbones.models.vgg import VGG
from backbones.models.vit import Size, VisionTransformer
from backbones.models.vovnet import Config, VoVNet


@dataclass(frozen=True)
class Family:
    """How to build the tiny network, called as build(num_classes, in_channels), and its inputs."""

    build: Callable[[int, int], nn.Module]
    size: int = 32  # images that it is tested and trained on
    other_sizes: tuple[int, ...] = (64, 45)  # must work as well
    maps: tuple[int, ...] | None = None  # sizes of its feature maps at `size`


# Three stages at 1/2, 1/4 and 1/8 of the image's size.
EFFICIENT_ROWS = ((1, 16, 1, 1, 3), (4, 24, 2, 2, 3), (4, 32, 1, 2, 5))
GHOST_ROWS = (
    (3, 16, 16, False, 1),
    (3, 48, 24, False, 2),
    (5, 48, 24, True, 1),
    (3, 64, 32, True, 2),
)


def short(layout: Layout) -> Layout:
    """Two blocks a stage."""
    return layout._replace(stages=[stage[:2] for stage in layout.stages])


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
    "mobilenet v3": Family(
        lambda classes, channels: MobileNetV3(
            ((3, 16, 16, False, False, 1), (3, 48, 24, True, False, 2), (5, 72, 24, True, True, 2)),
            64,
            classes,
            channels,
        ),
        maps=(16, 8, 4),
    ),
    "shufflenet v1": Family(
        lambda classes, channels: ShuffleNetV1(2, classes, channels, 0.25, depths=(2, 1)),
        maps=(4, 2),
    ),
    "shufflenet v2": Family(
        lambda classes, channels: ShuffleNetV2((24, 32), 64, classes, channels, depths=(2, 1)),
        maps=(4, 2),
    ),
    "ghostnet": Family(
        lambda classes, channels: GhostNet(1.0, classes, channels, GHOST_ROWS, 64),
        maps=(16, 8, 4),
    ),
    "ghostnet v2": Family(
        lambda classes, channels: GhostNetV2(1.0, classes, channels, GHOST_ROWS, 64),
        maps=(16, 8, 4),
    ),
    "efficientnet": Family(
        lambda classes, channels: EfficientNet(
            num_classes=classes,
            in_channels=channels,
            blueprint=Blueprint(EFFICIENT_ROWS, head_channels=64),
        ),
        maps=(16, 8, 4),
    ),
    "efficientnet lite": Family(
        lambda classes, channels: EfficientNet(
            num_classes=classes,
            in_channels=channels,
            blueprint=replace(LITE, rows=EFFICIENT_ROWS, head_channels=64),
        ),
        maps=(16, 8, 4),
    ),
    "cifar resnet": Family(
        lambda classes, channels: cifar_resnet(8, classes, channels, 4, stochastic_depth=0.2),
        maps=(32, 16, 8),
    ),
    "resnet a": Family(
        lambda classes, channels: ResNet(BottleneckA, (1, 1, 1), classes, channels, (4, 8, 16)),
        maps=(8, 4, 2),
    ),
    "resnet d": Family(
        lambda classes, channels: ResNet(
            BottleneckD, (1, 1, 1), classes, channels, (4, 8, 16), deep_stem
        ),
        maps=(8, 4, 2),
    ),
    "basic resnet v2": Family(
        lambda classes, channels: ResNetV2(
            PreActBasicBlock, (1, 1), classes, channels, (8, 16), partial(bare_conv, kernel_size=3)
        ),
        maps=(32, 16),
    ),
    "bottleneck resnet v2": Family(
        lambda classes, channels: ResNetV2(
            partial(PreActBottleneck, pool=True), (2, 1, 1), classes, channels, (4, 8, 16)
        ),
        maps=(8, 4, 2),
    ),
    **{
        f"resnext, {form.__name__}": Family(
            lambda classes, channels, form=form: ResNet(
                partial(ResNeXtBlock, cardinality=4, path_width=16, form=form),
                (1, 1),
                classes,
                channels,
                (8, 16),
                small_stem,
            ),
            maps=(32, 16),
        )
        for form in (SummedPaths, ConcatenatedPaths, GroupedPaths)
    },
    "senet": Family(
        lambda classes, channels: ResNet(
            with_se(BasicBlock, 4), (1, 1), classes, channels, (8, 16), small_stem
        ),
        maps=(32, 16),
    ),
    **{
        f"densenet{', saving memory' * saving}": Family(
            lambda classes, channels, saving=saving: DenseNet(
                (2, 2), 8, classes, channels, small_stem, memory_saving=saving
            ),
            maps=(32, 16),
        )
        for saving in (False, True)
    },
    "vovnet": Family(
        lambda classes, channels: VoVNet(
            Config((1, 1), ((8, 16), (8, 32)), 2, stem=(8, 8, 16)), classes, channels
        ),
        maps=(8, 4),
    ),
    "vovnet v2": Family(
        lambda classes, channels: VoVNet(
            Config((1, 2), ((8, 16), (8, 32)), 2, v2=True, stem=(8, 8, 16)), classes, channels
        ),
        maps=(8, 4),
    ),
    "separable vovnet": Family(
        lambda classes, channels: VoVNet(
            Config((1, 2), ((8, 16), (8, 32)), 2, True, separable=True, stem=(8, 8, 16)),
            classes,
            channels,
        ),
        maps=(8, 4),
    ),
    "regnet x": Family(
        lambda classes, channels: AnyNet(
            [Stage(1, 16, 8), Stage(2, 32, 8, 2)], classes, channels, stem_width=8
        ),
        maps=(8, 4),
    ),
    "regnet y": Family(
        lambda classes, channels: AnyNet(
            [Stage(1, 16, 8), Stage(2, 32, 8, 2)], classes, channels, se_ratio=0.25, stem_width=8
        ),
        maps=(8, 4),
    ),
    "lenet": Family(
        lambda classes, channels: LeNet(classes, channels, image_size=32),
        maps=(16, 6),
    ),
    "lenet with batch norm": Family(
        lambda classes, channels: LeNet(classes, channels, 32, batch_norm=True, padding=0),
        maps=(14, 5),
    ),
    "alexnet": Family(
        lambda classes, channels: AlexNet(
            (8, 16, 24, 16, 16), classes, channels, hidden=32, stride=1
        ),
        maps=(12, 5),
    ),
    "alexnet of the paper": Family(
        lambda classes, channels: AlexNet(
            (8, 16, 24, 24, 16), classes, channels, paper=True, hidden=64, stride=1
        ),
        maps=(12, 5),
    ),
    "nin": Family(
        lambda classes, channels: NiN(
            (Mlpconv((16, 16, 8), 5), Mlpconv((16,) * 3, 3), Mlpconv((16, 16, CLASSES), 3)),
            classes,
            channels,
        ),
        maps=(15,),
    ),
    "googlenet": Family(
        lambda classes, channels: GoogLeNet(
            GOOGLENETS["googlenet"], classes, channels, width_mult=0.125
        ),
        maps=(4, 2, 1),
    ),
    "googlenet of the paper": Family(
        lambda classes, channels: GoogLeNet(
            GOOGLENETS["googlenet_paper"], classes, channels, width_mult=0.125
        ),
        maps=(4, 2, 1),
    ),
    "inception v2": Family(
        lambda classes, channels: Inception(short(V2), classes, channels, width_mult=0.125),
        maps=(4, 2, 1),
    ),
    "inception v3": Family(
        lambda classes, channels: Inception(short(V3), classes, channels, width_mult=0.125),
        size=96,
        other_sizes=(128, 107),
        maps=(9, 4, 1),
    ),
    "inception v4": Family(
        lambda classes, channels: Inception(short(V4), classes, channels, width_mult=0.125),
        size=96,
        other_sizes=(128, 107),
        maps=(9, 4, 1),
    ),
    "inception-resnet v1": Family(
        lambda classes, channels: Inception(short(RESNET_V1), classes, channels, width_mult=0.125),
        size=96,
        other_sizes=(128, 107),
        maps=(9, 4, 1),
    ),
    "inception-resnet v2": Family(
        lambda classes, channels: Inception(short(RESNET_V2), classes, channels, width_mult=0.125),
        size=96,
        other_sizes=(128, 107),
        maps=(9, 4, 1),
    ),
    "vit": Family(
        lambda classes, channels: VisionTransformer(Size(2, 32, 4), 8, classes, channels, 32),
        other_sizes=(),  # needs `resize`: test_vit.py
        maps=(4,),
    ),
    "hybrid vit": Family(
        lambda classes, channels: VisionTransformer(
            Size(2, 32, 4),
            8,
            classes,
            channels,
            32,
            stem=partial(resnet_embedding, depths=(1, 1), width=8),
        ),
        other_sizes=(),
        maps=(4,),
    ),
}
