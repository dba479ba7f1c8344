"""Experiment of the ResNeXt chapter: cardinality against width and depth, at equal cost."""

from functools import partial

from torch import nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.models.resnet import ResidualBlock, ResNet, shortcut, small_stem
from backbones.models.resnext import GroupedPaths
from backbones.train.augmentation import standard_augment

_WIDTHS = (16, 32, 64)  # a quarter of the channels of each stage


class PathsBlock(ResidualBlock):
    """A ResNeXt block that is told how wide its paths are at each width: any number will do.

    Args:
        in_channels: Channels of the input.
        width: A quarter of the output's channels.
        stride: Of the 3x3.
        cardinality: C, the number of paths.
        path_widths: d by width.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int,
        cardinality: int,
        path_widths: dict[int, int],
    ) -> None:
        super().__init__()
        self.out_channels = 4 * width
        self.residual = GroupedPaths(
            in_channels, self.out_channels, stride, cardinality, path_widths[width]
        )
        self.shortcut = shortcut(in_channels, self.out_channels, stride)
        self.act = nn.ReLU(inplace=True)


def small_resnext(
    num_classes: int, cardinality: int, path_widths: tuple[int, int, int], depth: int = 1
) -> ResNet:
    """Three stages at 16, 8 and 4 pixels, of 64, 128 and 256 channels.

    Args:
        num_classes: Outputs.
        cardinality: C.
        path_widths: d, stage by stage.
        depth: Blocks a stage.
    """
    by_width = dict(zip(_WIDTHS, path_widths, strict=True))
    block = partial(PathsBlock, cardinality=cardinality, path_widths=by_width)
    stem = partial(small_stem, stride=2)
    return ResNet(block, (depth,) * 3, num_classes, widths=_WIDTHS, stem=stem)


# A block takes about 8 w C d + 9 C d² multiplications a position. With these d the whole costs as
# much as with C = 1, to 12 %; the last three cost 1.7 to 2 times as much.
_PATHS = {
    "1 path": (1, (16, 32, 64), 1),
    "2 paths": (2, (10, 20, 40), 1),
    "4 paths": (4, (6, 12, 24), 1),
    "8 paths": (8, (3, 7, 14), 1),
    "16 paths": (16, (2, 4, 8), 1),
    "32 paths": (32, (1, 2, 4), 1),
    "1 path, wider": (1, (25, 50, 99), 1),
    "1 path, twice as deep": (1, (16, 32, 64), 2),
    "32 paths, wider": (32, (2, 4, 8), 1),
}

CARDINALITY = Experiment(
    name="resnext_cardinality",
    question="At equal multiplications, does a residual network gain by more and thinner paths, "
    "and is doubled cost better spent on wider paths or on depth?",
    models={
        name: partial(small_resnext, cardinality=cardinality, path_widths=widths, depth=depth)
        for name, (cardinality, widths, depth) in _PATHS.items()
    },
    data=DATA,
    recipe={"epochs": 20, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (CARDINALITY,)
