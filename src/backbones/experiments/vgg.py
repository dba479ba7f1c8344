"""Experiments of the VGG chapter: a stack against one large filter, and depth at equal cost."""

from functools import partial

from torch import nn

from backbones.data import ImageData, cifar10, flowers
from backbones.experiments.experiment import Experiment
from backbones.layers import Classifier, ConvNormAct
from backbones.train.augmentation import standard_augment


def one_5x5(in_channels: int, width: int) -> list[nn.Module]:
    """One layer that sees 5 x 5 pixels."""
    return [ConvNormAct(in_channels, width, 5)]


def two_3x3(in_channels: int, width: int) -> list[nn.Module]:
    """Two layers that see 5 x 5 pixels, with a ReLU between them."""
    return [ConvNormAct(in_channels, width, 3), ConvNormAct(width, width, 3)]


def two_3x3_linear(in_channels: int, width: int) -> list[nn.Module]:
    """The same without the ReLU between them: only the norm is left there."""
    return [ConvNormAct(in_channels, width, 3, act=None), ConvNormAct(width, width, 3)]


def product_5x5(in_channels: int, width: int) -> list[nn.Module]:
    """One layer that sees 5 x 5 pixels, its kernel written as a product of two 3 x 3 kernels.

    Nothing stands between the two, and all padding is before the first: at the border too, the
    two are one 5 x 5 convolution.
    """
    first = ConvNormAct(in_channels, width, 3, padding=2, norm=None, act=None)
    return [first, ConvNormAct(width, width, 3, padding=0)]


def some_3x3(in_channels: int, width: int, depth: int) -> list[nn.Module]:
    """As many 3x3 layers as are asked for."""
    channels = [in_channels] + [width] * depth
    return [ConvNormAct(channels[i], width, 3) for i in range(depth)]


def small_vgg(num_classes: int, stage, widths: tuple[int, ...]) -> nn.Sequential:
    """Stages of convolutions, each ended by a 2x2 max pool; one dense layer on their mean.

    Args:
        num_classes: Outputs.
        stage: Called as stage(in_channels, width): the convolutions of a stage.
        widths: Channels, stage by stage.
    """
    layers, channels = [], 3
    for width in widths:
        layers += [*stage(channels, width), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, Classifier(channels, num_classes))


def small_flowers() -> ImageData:
    """2,000 painted flowers of 32 x 32 pixels to train on, 2,000 others to validate on."""
    return flowers(size=32, train=2000, validation=2000)


DATA = {"flowers": small_flowers, "cifar10": cifar10}

STACK = Experiment(
    name="vgg_stack",
    question="Do two 3×3 layers learn better than one 5×5 layer that sees as much, at equal width "
    "or at equal cost, and what does the ReLU between them add?",
    models={
        "3×3, 3×3": partial(small_vgg, stage=two_3x3, widths=(8, 16, 32)),
        "3×3, 3×3, no ReLU": partial(small_vgg, stage=two_3x3_linear, widths=(8, 16, 32)),
        "5×5, equal width": partial(small_vgg, stage=one_5x5, widths=(8, 16, 32)),
        "5×5 as a product": partial(small_vgg, stage=product_5x5, widths=(8, 16, 32)),
        # As many parameters and as many MACs as the stack, to half a percent.
        "5×5, equal cost": partial(small_vgg, stage=one_5x5, widths=(9, 18, 30)),
    },
    data=DATA,
    recipe={"epochs": 30, "lr": 5e-3, "augment": standard_augment},
    seeds=(0, 1, 2, 3, 4),
)

DEPTH = Experiment(
    name="vgg_depth",
    question="At equal multiplications, does a VGG learn better the deeper it is?",
    models={
        f"{3 * depth} layers": partial(
            small_vgg, stage=partial(some_3x3, depth=depth), widths=widths
        )
        for depth, widths in {
            1: (15, 31, 61),
            2: (8, 16, 32),
            3: (6, 12, 25),
            4: (5, 10, 22),
            6: (4, 8, 17),
        }.items()
    },
    data=DATA,
    recipe={"epochs": 30, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (STACK, DEPTH)
