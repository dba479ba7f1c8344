"""Experiments of the MobileNet v3 chapter: SE and hard swish, and a search on a small scale."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import (
    Classifier,
    ConvNormAct,
    SqueezeExcitation,
    hard_swish,
    init_he,
    relu,
    swish,
)
from backbones.models.mobilenet_v2 import InvertedResidual
from backbones.models.mobilenet_v3 import Row
from backbones.train.augmentation import standard_augment


def network_of_rows(
    num_classes: int,
    rows: Sequence[Row],
    smooth: Callable[[], nn.Module] = hard_swish,
    stem_width: int = 16,
) -> nn.Sequential:
    """A stem of stride 2, one block for each row, a 1x1 and one dense layer.

    Args:
        num_classes: Outputs.
        rows: Blocks as in Tables 1 and 2 of arXiv:1905.02244.
        smooth: The activation of the rows marked so, and of the last 1x1 if the last row is.
        stem_width: Channels of the stem, which has ReLU.
    """
    channels = stem_width
    layers: list[nn.Module] = [ConvNormAct(3, channels, 3, stride=2)]
    for row in rows:
        hidden = row.hidden_channels
        act = smooth if row.hard_swish else relu
        attention = (
            SqueezeExcitation(hidden, max(8, hidden // 4), gate=nn.Hardsigmoid)
            if row.squeeze
            else None
        )
        conv = partial(ConvNormAct, act=act)
        layers.append(
            InvertedResidual(
                channels, hidden, row.channels, row.kernel_size, row.stride, conv, attention
            )
        )
        channels = row.channels
    layers.append(ConvNormAct(channels, 4 * channels, 1, act=act))
    model = nn.Sequential(*layers, Classifier(4 * channels, num_classes))
    init_he(model)
    return model


def _rows(squeeze: bool, smooth_from: int) -> list[Row]:
    """Six blocks at 16, 8 and 4 pixels; those from the given one on are marked for hard swish."""
    rows = []
    for index, width in enumerate((16, 24, 32)):
        for position in range(2):
            stride = 2 if index > 0 and position == 0 else 1
            smooth = len(rows) >= smooth_from
            rows.append(Row(3, 4 * width, width, squeeze, smooth, stride))
    return rows


_NONE, _DEEP, _ALL = 6, 2, 0  # the first block with hard swish

PARTS = Experiment(
    name="mobilenet_v3_parts",
    question="What do squeeze-and-excitation and hard swish add to inverted residuals, and must "
    "hard swish be everywhere?",
    models={
        "neither": partial(network_of_rows, rows=_rows(False, _NONE)),
        "SE": partial(network_of_rows, rows=_rows(True, _NONE)),
        "h-swish, all blocks": partial(network_of_rows, rows=_rows(False, _ALL)),
        "h-swish, last four": partial(network_of_rows, rows=_rows(False, _DEEP)),
        "swish, all blocks": partial(network_of_rows, rows=_rows(False, _ALL), smooth=swish),
        "SE and h-swish": partial(network_of_rows, rows=_rows(True, _ALL)),
    },
    data=DATA,
    recipe={"epochs": 12, "lr": 5e-3, "augment": standard_augment},
)


def sampled_rows(seed: int) -> list[Row]:
    """Rows at random: for each stage its kernel, expansion, width, SE, and number of blocks."""
    chance = random.Random(seed)
    rows, channels = [], 16
    for index in range(3):
        kernel_size = chance.choice((3, 5))
        expansion = chance.choice((2, 3, 4, 6))
        width = chance.choice((8, 12, 16, 24, 32))
        squeeze = chance.choice((False, True))
        for position in range(chance.choice((1, 2, 3))):
            stride = 2 if index > 0 and position == 0 else 1
            hidden = expansion * channels
            rows.append(Row(kernel_size, hidden, width, squeeze, True, stride))
            channels = width
    return rows


SAMPLES = 16

SEARCH = Experiment(
    name="mobilenet_v3_search",
    question="How do networks drawn at random from a space like MnasNet's differ in accuracy and "
    "cost, and which one does a reward for both choose?",
    models={
        f"sample {seed}": partial(network_of_rows, rows=sampled_rows(seed))
        for seed in range(SAMPLES)
    },
    data=DATA,
    recipe={"epochs": 6, "lr": 5e-3, "augment": standard_augment},
    seeds=(0, 1),
)

EXPERIMENTS = (PARTS, SEARCH)
