"""Experiment of the chapter on ResNet's variants: each change by itself, beside the original."""

from collections.abc import Callable
from functools import partial

from torch import nn

from backbones.data import flowers
from backbones.experiments.experiment import Experiment
from backbones.models.resnet import Bottleneck, ResNet, imagenet_stem
from backbones.models.resnet_v2 import PreActBottleneck, ResNetV2, preact_stem
from backbones.models.resnet_variants import (
    BottleneckA,
    BottleneckD,
    add_stochastic_depth,
    deep_stem,
)
from backbones.train.augmentation import standard_augment


def small_resnet(
    num_classes: int,
    block: Callable[[int, int, int], nn.Module] = Bottleneck,
    depth: int = 1,
    stem: Callable[[int, int], nn.Module] = imagenet_stem,
    kind: type[ResNet] = ResNet,
    stochastic_depth: float = 0.0,
) -> ResNet:
    """ResNet-50's stem and blocks, thinner, in three stages at 16, 8 and 4 pixels.

    Args:
        num_classes: Outputs.
        block: Called as block(in_channels, width, stride).
        depth: Blocks a stage.
        stem: Called as stem(in_channels, width).
        kind: `ResNet`, or `ResNetV2` for blocks with pre-activation.
        stochastic_depth: Probability that a picture skips the last block in training.
    """
    model = kind(block, (depth,) * 3, num_classes, widths=(12, 24, 48), stem=stem)
    if stochastic_depth:
        add_stochastic_depth(model, stochastic_depth)
    return model


VARIANTS = Experiment(
    name="resnet_variants",
    question="What does each of the common changes to a ResNet give and cost: where a block "
    "strides, a stem of 3×3, pooling shortcuts, pre-activation, width for depth, stochastic depth?",
    models={
        "A": partial(small_resnet, block=BottleneckA),
        "B": small_resnet,
        "C": partial(small_resnet, stem=deep_stem),
        "D": partial(small_resnet, block=BottleneckD, stem=deep_stem),
        "D's shortcut alone": partial(small_resnet, block=BottleneckD),
        "pre-activation": partial(
            small_resnet, block=PreActBottleneck, stem=preact_stem, kind=ResNetV2
        ),
        # These three cost 1.8 to 1.9 times as much as B.
        "twice as wide inside": partial(small_resnet, block=partial(Bottleneck, widen=2)),
        "three times as deep": partial(small_resnet, depth=3),
        "three times as deep, stochastic depth": partial(
            small_resnet, depth=3, stochastic_depth=0.2
        ),
    },
    data={"flowers": flowers},
    recipe={"epochs": 15, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (VARIANTS,)
