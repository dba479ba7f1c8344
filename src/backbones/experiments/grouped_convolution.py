"""Experiment of the chapter on grouped convolution: how many groups, with and without exchange."""

from functools import partial

from torch import nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import ChannelShuffle, Classifier, ConvNormAct
from backbones.train.augmentation import standard_augment

CHANNELS = 0  # in the place of a number of groups: as many as there are channels


def alone(in_channels: int, out_channels: int, groups: int) -> list[nn.Module]:
    """A grouped 3x3: the groups never exchange anything."""
    return [ConvNormAct(in_channels, out_channels, 3, groups=groups)]


def shuffled(in_channels: int, out_channels: int, groups: int) -> list[nn.Module]:
    """A grouped 3x3, then a shuffle, which deals each group's channels out to the others."""
    return [*alone(in_channels, out_channels, groups), ChannelShuffle(groups)]


def with_1x1(in_channels: int, out_channels: int, groups: int) -> list[nn.Module]:
    """A grouped 3x3, then a 1x1 that sees all channels."""
    return [*alone(in_channels, in_channels, groups), ConvNormAct(in_channels, out_channels, 1)]


def grouped_network(num_classes: int, unit, groups: int, widths: tuple[int, int]) -> nn.Sequential:
    """A stem, two units at 16 x 16 and two at 8 x 8 positions, one dense layer on their mean.

    Args:
        num_classes: Outputs.
        unit: Called as unit(in_channels, out_channels, groups): layers.
        groups: Of every unit's 3x3; `CHANNELS` for a depthwise one.
        widths: Channels of the first two units (and the stem), and of the last two.
    """
    first, second = widths
    layers = [ConvNormAct(3, first, 3, stride=2)]  # 16 x 16
    for channels, width in ((first, first), (first, first), (first, second), (second, second)):
        if channels == first and width == second:
            layers.append(nn.MaxPool2d(2))  # 8 x 8
        layers += unit(channels, width, groups or channels)
    return nn.Sequential(*layers, Classifier(second, num_classes))


# All cost as much as 3x3 layers of 16 and 32 channels, 2.17 million MACs, to 4 %: with g groups
# a layer may be about √g times as wide.
_WIDTHS = {
    alone: {
        1: (16, 32),
        2: (22, 46),
        4: (32, 60),
        8: (40, 96),
        16: (64, 96),
        CHANNELS: (157, 314),
    },
    shuffled: {4: (32, 60), 8: (40, 96), 16: (64, 96)},
    with_1x1: {1: (16, 30), 2: (22, 38), 4: (28, 48), 8: (32, 64), CHANNELS: (42, 84)},
}

_NAMES = {alone: "alone", shuffled: "shuffled", with_1x1: "with 1×1"}

# As wide as with one group, and so the cheaper the more groups there are.
_EQUAL_WIDTH = ((alone, 4), (alone, CHANNELS), (with_1x1, CHANNELS))


def _name(unit, groups: int) -> str:
    count = {1: "1 group", CHANNELS: "depthwise"}.get(groups, f"{groups} groups")
    return f"{count}, {_NAMES[unit]}"


# The rate is that of the VGG chapter's experiments, on the same pictures; three times as much gave
# one group half a point more.
GROUPS = Experiment(
    name="groups",
    question="At equal multiplications, how does accuracy depend on the number of groups, when "
    "the groups never exchange anything, when a shuffle deals their channels out, and when a 1×1 "
    "layer follows each grouped one? And at equal width, where groups only save?",
    models={
        **{
            _name(unit, groups): partial(grouped_network, unit=unit, groups=groups, widths=widths)
            for unit, by_groups in _WIDTHS.items()
            for groups, widths in by_groups.items()
        },
        **{
            f"{_name(unit, groups)}, equal width": partial(
                grouped_network, unit=unit, groups=groups, widths=_WIDTHS[unit][1]
            )
            for unit, groups in _EQUAL_WIDTH
        },
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (GROUPS,)
