"""Experiments of the Inception chapter: factorised kernels, grid reduction, label smoothing."""

from collections.abc import Callable
from functools import partial

from torch import nn

from backbones.data import ImageData
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Branches, Classifier
from backbones.models.inception_parts import normed_conv
from backbones.train.augmentation import standard_augment
from backbones.train.evaluation import evaluate


def kernels(in_channels: int, width: int, *sizes) -> list[nn.Module]:
    """A layer for each kernel size, which may be a pair (height, width)."""
    channels = [in_channels] + [width] * len(sizes)
    return [normed_conv(channels[i], width, size) for i, size in enumerate(sizes)]


def stages_of(num_classes: int, sizes, widths: tuple[int, int, int]) -> nn.Sequential:
    """A stage at 32, 16 and 8 pixels each, ended by a max pool, of layers of these kernel sizes.

    Args:
        num_classes: Outputs.
        sizes: For each stage its kernel sizes.
        widths: Channels, stage by stage.
    """
    layers, channels = [], 3
    for stage, width in zip(sizes, widths, strict=True):
        layers += [*kernels(channels, width, *stage), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, Classifier(channels, num_classes))


_PAIR = (3, 3)
_ROW_COLUMN_5 = ((1, 5), (5, 1))
_ROW_COLUMN_7 = ((1, 7), (7, 1))

# Kernel sizes of the three stages, and widths with which all cost as much as two 3x3 of 8, 16 and
# 32 channels, 2.58 million MACs, to one percent.
_FACTORS = {
    "5×5": ([(5,)] * 3, (9, 17, 34)),
    "3×3, 3×3": ([_PAIR] * 3, (8, 16, 32)),
    "1×5, 5×1": ([_ROW_COLUMN_5] * 3, (11, 21, 44)),
    "7×7": ([(7,)] * 3, (6, 11, 25)),
    "3×3, 3×3, 3×3": ([(3, 3, 3)] * 3, (6, 13, 23)),
    "1×7, 7×1": ([_ROW_COLUMN_7] * 3, (9, 18, 37)),
    "1×7, 7×1 at 32 pixels only": ([_ROW_COLUMN_7, _PAIR, _PAIR], (8, 17, 33)),
    "1×7, 7×1 below 32 pixels": ([_PAIR, _ROW_COLUMN_7, _ROW_COLUMN_7], (9, 17, 34)),
}

# The rate is that of the VGG chapter's experiments, on the same pictures.
FACTORS = Experiment(
    name="inception_factors",
    question="At equal multiplications, how do one large kernel, a stack of 3×3, and a row and a "
    "column compare, and does it matter at which resolution the row and the column are?",
    models={
        name: partial(stages_of, sizes=sizes, widths=widths)
        for name, (sizes, widths) in _FACTORS.items()
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
)


def pool_first(in_channels: int, width: int) -> list[nn.Module]:
    """A max pool, then a 3x3: the pooled map is what Szegedy et al. call a bottleneck."""
    return [nn.MaxPool2d(2), normed_conv(in_channels, width, 3)]


def convolution_first(in_channels: int, width: int) -> list[nn.Module]:
    """A 3x3 at full resolution, then a max pool: four times as dear."""
    return [normed_conv(in_channels, width, 3), nn.MaxPool2d(2)]


def side_by_side(in_channels: int, width: int) -> list[nn.Module]:
    """A max pool and a 3x3 of stride 2, concatenated: Figure 10 of arXiv:1512.00567."""
    return [Branches([nn.MaxPool2d(2), normed_conv(in_channels, width - in_channels, 3, 2)])]


def strided(in_channels: int, width: int) -> list[nn.Module]:
    """A 3x3 of stride 2 alone."""
    return [normed_conv(in_channels, width, 3, 2)]


def reducing_network(
    num_classes: int,
    reduction: Callable[[int, int], list[nn.Module]],
    widths: tuple[int, int, int],
) -> nn.Sequential:
    """3x3 layers at 32, 16 and 8 pixels, with two reductions between: seven or more layers.

    Args:
        num_classes: Outputs.
        reduction: Called as reduction(in_channels, width): halves the resolution.
        widths: Channels at 32, 16 and 8 pixels.
    """
    first, second, third = widths
    return nn.Sequential(
        *kernels(3, first, 3),
        *kernels(first, first, 3),
        *reduction(first, second),
        *kernels(second, second, 3),
        *reduction(second, third),
        *kernels(third, third, 3),
        Classifier(third, num_classes),
    )


# 4.35 million MACs, to one percent; "narrow" has the widths of "convolution first", and 2.58.
_REDUCTIONS = {
    "convolution first": (convolution_first, (8, 16, 32)),
    "pool first": (pool_first, (11, 20, 42)),
    "pool first, narrow": (pool_first, (8, 16, 32)),
    "stride": (strided, (11, 20, 42)),
    "side by side": (side_by_side, (11, 22, 46)),
}

REDUCTION = Experiment(
    name="inception_reduction",
    question="How should a network halve its resolution at equal multiplications: pool and then "
    "widen, widen and then pool, by a stride, or by pool and stride side by side?",
    models={
        name: partial(reducing_network, reduction=reduction, widths=widths)
        for name, (reduction, widths) in _REDUCTIONS.items()
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
)


def confidence(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Mean probability of the chosen class, accuracy, and loss without smoothing, on both sets.

    Where the mean probability is above the accuracy, the network is surer than it should be.
    """
    result = {}
    for name, part in {"training": data.train, "validation": data.validation}.items():
        seen = evaluate(model, part, mean=data.mean, std=data.std)
        result[f"{name} confidence"] = seen.probabilities.amax(1).double().mean().item()
        result[f"{name} accuracy"] = seen.accuracy
        result[f"{name} loss"] = seen.loss
    return result


_SMOOTHING = (0.0, 0.1, 0.3)

SMOOTHING = Experiment(
    name="inception_smoothing",
    question="What does label smoothing do to accuracy, to the loss on new pictures, and to how "
    "sure a network is?",
    models={
        f"smoothing {share:g}": partial(stages_of, sizes=[_PAIR] * 3, widths=(8, 16, 32))
        for share in _SMOOTHING
    },
    data=DATA,
    recipe={"epochs": 30, "lr": 5e-3},
    options={f"smoothing {share:g}": {"label_smoothing": share} for share in _SMOOTHING},
    seeds=(0, 1, 2, 3, 4),
    measure=confidence,
)

EXPERIMENTS = (FACTORS, REDUCTION, SMOOTHING)
