"""Experiment of the NiN chapter: 1x1 layers, and a mean in place of a dense layer."""

from collections.abc import Callable
from functools import partial

from torch import nn

from backbones.experiments.convolution import accuracy_when_shifted
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, ConvNormAct
from backbones.train.augmentation import standard_augment


def mlpconv(in_channels: int, width: int) -> list[nn.Module]:
    """A 3x3, then two 1x1, each with a ReLU."""
    return [ConvNormAct(in_channels, width, 3)] + [ConvNormAct(width, width, 1) for _ in range(2)]


def mlpconv_linear(in_channels: int, width: int) -> list[nn.Module]:
    """The same with no ReLU before the last: a single 3x3, written as a product of three."""
    linear = partial(ConvNormAct, act=None)
    return [linear(in_channels, width, 3), linear(width, width, 1), ConvNormAct(width, width, 1)]


def only_3x3(in_channels: int, width: int) -> list[nn.Module]:
    """One 3x3, as wide as the MACs of the 1x1 layers allow."""
    return [ConvNormAct(in_channels, width, 3)]


def average_head(channels: int, num_classes: int) -> nn.Module:
    """The mean of the last map, then one dense layer: `Classifier`.

    A mean and a linear layer may be swapped, so this is NiN's head as well: a 1x1 that gives one
    map a class, whose mean is its score.
    """
    return Classifier(channels, num_classes)


def dense_head(channels: int, num_classes: int) -> nn.Module:
    """One dense layer on all 8 x 8 positions of the last map."""
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * 8 * 8, num_classes))


def wide_dense_head(channels: int, num_classes: int) -> nn.Module:
    """A hidden dense layer of 128 units as well, with dropout, as AlexNet and VGG have."""
    hidden = nn.Linear(channels * 8 * 8, 128), nn.ReLU(inplace=True), nn.Dropout(0.5)
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(128, num_classes))


def small_nin(
    num_classes: int,
    block: Callable[[int, int], list[nn.Module]],
    widths: tuple[int, int, int],
    head: Callable[[int, int], nn.Module] = average_head,
) -> nn.Sequential:
    """Three blocks at 32, 16 and 8 pixels with 2x2 max pools between, and a head.

    Args:
        num_classes: Outputs.
        block: Called as block(in_channels, width): layers.
        widths: Channels of the blocks.
        head: Called as head(channels, num_classes): (B, channels, 8, 8) -> (B, num_classes).
    """
    layers, channels = [], 3
    for position, width in enumerate(widths):
        layers += [nn.MaxPool2d(2)] if position else []
        layers += block(channels, width)
        channels = width
    return nn.Sequential(*layers, head(channels, num_classes))


_WIDTHS = (16, 32, 48)
_WIDER = (20, 41, 60)  # as many MACs without 1x1 layers, to a quarter of a percent
_HEADS = {"average": average_head, "dense": dense_head, "two dense": wide_dense_head}

# The rate is that of the VGG chapter's experiments, on the same pictures.
PARTS = Experiment(
    name="nin_parts",
    question="What do NiN's 1×1 layers add at equal multiplications, and what does a mean over "
    "the last map lose or gain against dense layers on it?",
    models={
        **{
            f"mlpconv, {name}": partial(small_nin, block=mlpconv, widths=_WIDTHS, head=head)
            for name, head in _HEADS.items()
        },
        "linear 1×1, average": partial(small_nin, block=mlpconv_linear, widths=_WIDTHS),
        **{
            f"no 1×1, {name}": partial(small_nin, block=only_3x3, widths=_WIDER, head=_HEADS[name])
            for name in ("average", "dense")
        },
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
    measure=accuracy_when_shifted,
)

EXPERIMENTS = (PARTS,)
