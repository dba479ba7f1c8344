"""Experiment of the EfficientNet chapter: four times the cost in one dimension or in several."""

from functools import partial

from torch import nn

from backbones.data import ImageData, flowers
from backbones.experiments.experiment import Experiment
from backbones.layers import Classifier, SqueezeExcitation, init_he
from backbones.models.efficientnet import conv_swish
from backbones.models.mobilenet_v2 import InvertedResidual, Row, inverted_residuals
from backbones.train.augmentation import standard_augment


def small_efficientnet(
    num_classes: int,
    depth: int = 2,
    widths: tuple[int, int, int] = (8, 12, 16),
    resolution: int = 32,
) -> nn.Sequential:
    """Three stages of EfficientNet's blocks, behind a stem of stride 2.

    Args:
        num_classes: Outputs.
        depth: Blocks a stage.
        widths: Channels between blocks, stage by stage; the stem has the first.
        resolution: Pixels a side that the pictures are averaged to first.
    """

    def block(in_channels: int, hidden: int, *sizes: int) -> InvertedResidual:
        squeeze = SqueezeExcitation(hidden, max(1, in_channels // 4))
        return InvertedResidual(in_channels, hidden, *sizes, conv_swish, squeeze)

    rows = [Row(4, width, depth, 1 if i == 0 else 2) for i, width in enumerate(widths)]
    model = nn.Sequential(
        nn.AdaptiveAvgPool2d(resolution),
        conv_swish(3, widths[0], 3, stride=2),
        *inverted_residuals(widths[0], rows, block),
        conv_swish(widths[-1], 4 * widths[-1], 1),
        Classifier(4 * widths[-1], num_classes),
    )
    init_he(model)
    return model


def larger_flowers() -> ImageData:
    """2,000 painted flowers of 64 x 64 pixels to train on, 2,000 others to validate on."""
    return flowers(size=64, train=2000, validation=2000)


SCALING = Experiment(
    name="efficientnet_scaling",
    question="At four times the cost, is a network better made deeper, wider, given larger "
    "pictures, or a little of each?",
    models={
        "base": small_efficientnet,
        "depth": partial(small_efficientnet, depth=9),
        "width": partial(small_efficientnet, widths=(18, 26, 36)),
        "resolution": partial(small_efficientnet, resolution=64),
        "depth and width": partial(small_efficientnet, depth=4, widths=(13, 18, 24)),
        "compound": partial(small_efficientnet, depth=3, widths=(10, 15, 20), resolution=44),
    },
    data={"flowers": larger_flowers},
    recipe={"epochs": 12, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (SCALING,)
