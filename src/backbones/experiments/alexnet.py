"""Experiments of the AlexNet chapter: its parts one by one, and ReLU against tanh and sigmoid."""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from backbones.data import ImageData, ImageSet, flowers
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import small_flowers
from backbones.layers import ConvNormAct
from backbones.models.alexnet import local_norm
from backbones.normalization import LocalResponseNorm
from backbones.train.augmentation import standard_augment
from backbones.train.evaluation import evaluate
from backbones.train.history import History
from backbones.train.loop import fit
from backbones.train.repetition import seeded


def init_by_fan_in(model: nn.Module) -> None:
    """He initialisation that keeps the size of the activations, in place; biases start at 0.

    The other form, `init_he`, keeps that of the gradients. It would start an 11x11 of stride 4
    nearly three times too small, and a 1x1 to very few channels far too large.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def small_alexnet(
    num_classes: int,
    act: Callable[[], nn.Module] = nn.ReLU,
    norm: Callable[[], nn.Module] = local_norm,
    overlapping: bool = True,
    dropout: float = 0.5,
    middle: int = 3,
) -> nn.Sequential:
    """AlexNet for 64 x 64 pixels: 11x11 of stride 4, a 5x5, three 3x3, three dense layers.

    Args:
        num_classes: Outputs.
        act: The activation after each layer but the last.
        norm: What comes after the first two activations.
        overlapping: Whether pools are 3x3 of stride 2, as in the paper, or 2x2 of stride 2.
        dropout: Share of the two hidden dense layers' outputs that is dropped in training.
        middle: How many 3x3 there are.
    """
    conv = partial(ConvNormAct, bias=True, norm=None, act=act)
    pool = partial(nn.MaxPool2d, 3, 2, padding=1) if overlapping else partial(nn.MaxPool2d, 2)
    layers = [
        *[conv(3, 24, 11, stride=4), norm(), pool()],  # 16 x 16, then 8 x 8
        *[conv(24, 48, 5), norm(), pool()],  # 4 x 4
        *[conv(48, 48, 3) for _ in range(middle)],
        pool(),  # 2 x 2
        nn.Flatten(),
    ]
    for in_features in (48 * 2 * 2, 128):
        layers += [nn.Linear(in_features, 128), act(), nn.Dropout(dropout)]
    model = nn.Sequential(*layers, nn.Linear(128, num_classes))
    init_by_fan_in(model)
    return model


class Divide(nn.Module):
    """Divides by a constant, by default k^beta: local normalisation where neighbours are silent."""

    def __init__(self, by: float = 2.0**0.75) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> same."""
        return x / self.by


# The paper's α is for pixels from 0 to 255, less their mean. `fit` divides by their deviation too,
# about 60 for flowers, so that activations are some 60 times smaller, and squares 3,600 times.
local_norm_of_pixels = partial(LocalResponseNorm, 5, alpha=5e-4 * 60**2, beta=0.75, k=2.0)


def accuracy_without_dropout(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Accuracy on the training pictures as they are, in evaluation mode: nothing is dropped."""
    return {"training accuracy": evaluate(model, data.train, mean=data.mean, std=data.std).accuracy}


# The rate: of 1e-3 and 3e-3 the one at which all parts together did better.
PARTS = Experiment(
    name="alexnet_parts",
    question="What does a small AlexNet lose when one of its parts is taken out: ReLU, local "
    "response normalisation, overlapping pooling, dropout, a middle layer, or augmentation?",
    models={
        "all parts": small_alexnet,
        "tanh for ReLU": partial(small_alexnet, act=nn.Tanh),
        "no local norm": partial(small_alexnet, norm=nn.Identity),
        "a constant for local norm": partial(small_alexnet, norm=Divide),
        "local norm at the pixels' scale": partial(small_alexnet, norm=local_norm_of_pixels),
        "plain pooling": partial(small_alexnet, overlapping=False),
        "no dropout": partial(small_alexnet, dropout=0.0),
        "one middle layer less": partial(small_alexnet, middle=2),
        "no augmentation": small_alexnet,
        "no augmentation, no dropout": partial(small_alexnet, dropout=0.0),
    },
    data={"flowers": flowers},
    recipe={"epochs": 25, "lr": 1e-3, "weight_decay": 5e-4, "augment": standard_augment},
    options={
        name: {"augment": None} for name in ("no augmentation", "no augmentation, no dropout")
    },
    measure=accuracy_without_dropout,
)


def few_flowers(n: int) -> ImageData:
    """Painted flowers, n to learn from, so often that an epoch has as many steps as with 2,500.

    Raises:
        ValueError: If n does not divide 2,500.
    """
    data = flowers()
    if len(data.train) % n:
        raise ValueError(f"n must divide {len(data.train):,}, got {n}")
    few, times = data.train.subset(n), len(data.train) // n
    train = ImageSet(few.images.repeat(times, 1, 1, 1), few.labels.repeat(times), few.classes)
    return ImageData(train, data.validation, f"{n:,} painted flowers, {times} times each")


# As "no dropout" of `PARTS`, which is the run with all 2,500 pictures.
PICTURES = Experiment(
    name="alexnet_pictures",
    question="How does a small AlexNet's accuracy grow with the number of pictures that it learns "
    "from, in the same number of steps?",
    models={"small AlexNet": partial(small_alexnet, dropout=0.0)},
    data={
        "flowers_100": partial(few_flowers, 100),
        "flowers_500": partial(few_flowers, 500),
        "flowers_1250": partial(few_flowers, 1250),
    },
    recipe=dict(PARTS.recipe),
)


def to_length_one(x: Tensor) -> Tensor:
    """Vectors along the last axis, divided by their length; a vector of zeros stays."""
    return x / (x.square().sum(-1, keepdim=True) + 1e-10).sqrt()


def oriented_gradients(images: Tensor) -> Tensor:
    """Histograms of oriented gradients, as Dalal and Triggs (CVPR 2005): (B, C, H, W) -> (B, N).

    Each cell of 8 x 8 pixels has a histogram of 9 directions, from 0 to 180 degrees, in which a
    pixel counts as much as its gradient is long; of several channels, the longest gradient counts.
    Each block of 2 x 2 cells is normalised: to length 1, cut off at 0.2, and to length 1 again.
    Nothing is learned. 64 x 64 pixels give 7 x 7 blocks of 36 numbers.
    """
    x = images.float()
    down, right = torch.zeros_like(x), torch.zeros_like(x)
    down[..., 1:-1, :] = x[..., 2:, :] - x[..., :-2, :]
    right[..., 1:-1] = x[..., 2:] - x[..., :-2]
    longest = torch.hypot(down, right).argmax(1, keepdim=True)
    down, right = down.gather(1, longest), right.gather(1, longest)
    direction = torch.rad2deg(torch.atan2(down, right)) % 180
    place = (direction / 20).long().clamp(max=8)
    counts = torch.zeros(len(x), 9, *x.shape[2:]).scatter_(1, place, torch.hypot(down, right))
    cells = nn.functional.avg_pool2d(counts, 8)  # (B, 9, H / 8, W / 8)
    blocks = cells.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 4, 5, 1).flatten(3)
    return to_length_one(to_length_one(blocks).clamp(max=0.2)).flatten(1)


# With the recipe of `PARTS` the kernels hardly leave their random start (cosine 0.97), which hides
# what they learned. A strong decay takes away of the start what no gradient holds up.
FILTERS_RECIPE = {"epochs": 30, "lr": 3e-3, "weight_decay": 2.0, "augment": standard_augment}
_FILTERS = "alexnet_filters.npy"


def first_layer_filters() -> Tensor:
    """Kernels that a small AlexNet without dropout learned from 64 px flowers: (24, 3, 11, 11).

    By `FILTERS_RECIPE`, seed 0; its validation accuracy was 81.4 %. Kept in half precision beside
    the records; `keep_first_layer_filters` makes the file anew, in about a minute.
    """
    path = files("backbones.experiments") / "results" / _FILTERS
    with path.open("rb") as file:
        return torch.from_numpy(np.load(file)).float()


def keep_first_layer_filters(folder: Path) -> History:
    """Train that network, and keep its first kernels in a file of 17 KB."""
    data = flowers()
    model = seeded(partial(small_alexnet, len(data.classes), dropout=0.0), seed=0)
    history = fit(model, data, seed=0, **FILTERS_RECIPE)
    np.save(folder / _FILTERS, model[0].conv.weight.detach().half().numpy())
    return history


def four_layers(num_classes: int, act: Callable[[], nn.Module], gain: float) -> nn.Sequential:
    """Three convolutions, each max-pooled, and a dense layer, without any regularisation.

    Args:
        num_classes: Outputs.
        act: The activation after each convolution.
        gain: Weights start normal, with the variance gain² / (inputs of a unit).
    """
    layers, channels = [], 3
    for width in (16, 32, 32):
        conv = ConvNormAct(channels, width, 5, bias=True, norm=None, act=act)
        nn.init.normal_(conv.conv.weight, std=gain / (25 * channels) ** 0.5)
        nn.init.zeros_(conv.conv.bias)
        layers += [conv, nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * 4 * 4, num_classes))


_GAINS = {"ReLU": (nn.ReLU, 2**0.5), "tanh": (nn.Tanh, 5 / 3), "sigmoid": (nn.Sigmoid, 1.0)}
SATURATION_RATES = (0.005, 0.01, 0.02, 0.04)

# As the paper's Figure 1, on other pictures: no regularisation, no augmentation, and each
# activation at several rates, of which a reader takes its best.
SATURATION = Experiment(
    name="alexnet_relu",
    question="How many epochs does a network of four layers take to a training error of 25 %, with "
    "ReLU, with tanh and with sigmoid, each at its best learning rate?",
    models={
        f"{name}, rate {rate:g}": partial(four_layers, act=act, gain=gain)
        for name, (act, gain) in _GAINS.items()
        for rate in SATURATION_RATES
    },
    data={"flowers": small_flowers},
    recipe={"epochs": 20, "optimizer": "sgd", "weight_decay": 0.0, "schedule": "constant"},
    options={
        f"{name}, rate {rate:g}": {"lr": rate} for name in _GAINS for rate in SATURATION_RATES
    },
)

EXPERIMENTS = (PARTS, PICTURES, SATURATION)
