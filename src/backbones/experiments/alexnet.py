"""Experiments of the AlexNet chapter: its parts one by one, and ReLU against tanh and sigmoid."""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from backbones.data import ImageData, flowers
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import small_flowers
from backbones.layers import ConvNormAct
from backbones.models.alexnet import local_norm
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

EXPERIMENTS = (PARTS, SATURATION)
