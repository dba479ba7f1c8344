"""Experiment of the ShuffleNet chapter: groups with and without a shuffle, at equal cost."""

from collections.abc import Callable
from functools import partial

from torch import nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, ConvNormAct, init_he
from backbones.models.shufflenet_v1 import ShuffleUnit
from backbones.models.shufflenet_v2 import SplitUnit
from backbones.train.augmentation import standard_augment


class UnshuffledUnit(ShuffleUnit):
    """A `ShuffleUnit` without the shuffle: each group of channels keeps to itself."""

    def __init__(self, in_channels: int, out_channels: int, groups: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, groups, stride)
        self.residual[1] = nn.Identity()


def small_shufflenet(
    num_classes: int, widths: tuple[int, int, int], unit: Callable[..., nn.Module]
) -> nn.Sequential:
    """A full 3x3 of stride 2, then three units at 16, 8 and 4 pixels each, and one dense layer.

    Args:
        num_classes: Outputs.
        widths: Channels at 16, 8 and 4 pixels.
        unit: Called as unit(in_channels, out_channels, stride=stride).
    """
    channels = widths[0]
    layers: list[nn.Module] = [ConvNormAct(3, channels, 3, stride=2)]
    for index, width in enumerate(widths):
        for position in range(3):
            stride = 2 if index > 0 and position == 0 else 1
            layers.append(unit(channels, width, stride=stride))
            channels = width
    model = nn.Sequential(*layers, Classifier(channels, num_classes))
    init_he(model)
    return model


# Channels with which each number of groups costs as much, to 2 %.
_WIDTHS = {1: (40, 80, 160), 2: (56, 112, 208), 4: (80, 144, 256), 8: (96, 192, 384)}


def _of_groups(groups: int, unit: type[ShuffleUnit]) -> Callable[[int], nn.Module]:
    return partial(small_shufflenet, widths=_WIDTHS[groups], unit=partial(unit, groups=groups))


GROUPS = Experiment(
    name="shufflenet_groups",
    question="At equal multiplications, do more groups and more channels pay, what does the "
    "shuffle add, and does splitting the channels do as well?",
    models={
        "1 group": _of_groups(1, ShuffleUnit),
        **{f"{g} groups, shuffled": _of_groups(g, ShuffleUnit) for g in (2, 4, 8)},
        **{f"{g} groups, not shuffled": _of_groups(g, UnshuffledUnit) for g in (2, 4, 8)},
        "split": partial(small_shufflenet, widths=(34, 68, 132), unit=SplitUnit),
    },
    data=DATA,
    recipe={"epochs": 12, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (GROUPS,)
