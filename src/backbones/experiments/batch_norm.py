"""Experiments of the chapter on batch norm: learning rates, initial scales, its place, drift."""

from functools import partial

import torch
from torch import Tensor, nn

from backbones.data import fashion_mnist
from backbones.experiments.experiment import Experiment
from backbones.experiments.resnet import some_digits
from backbones.experiments.vgg import DATA, small_vgg
from backbones.layers import Classifier, ConvNormAct, init_he, relu
from backbones.models.resnet import BasicBlock, ResNet, small_stem
from backbones.models.resnet_v2 import PreActBasicBlock, ResNetV2
from backbones.train.augmentation import standard_augment


def small_network(
    num_classes: int, batch_norm: bool, scale: float = 1.0, only: int | None = None
) -> nn.Sequential:
    """Six 3x3 convolutions at 14, 7 and 4 pixels, one dense layer on their mean.

    Args:
        num_classes: Outputs.
        batch_norm: Whether each convolution has a batch norm; otherwise it has a bias.
        scale: What He's initial weights are multiplied by.
        only: The one convolution, 0 to 5, that is scaled; all of them by default.
    """
    convolutions, channels = [], 1
    for width in (8, 16, 32):
        for stride in (2, 1):
            norm = nn.BatchNorm2d if batch_norm else None
            convolutions.append(
                ConvNormAct(channels, width, 3, stride, bias=not batch_norm, norm=norm)
            )
            channels = width
    model = nn.Sequential(*convolutions, Classifier(channels, num_classes))
    init_he(model)
    with torch.no_grad():
        for layer in convolutions if only is None else [convolutions[only]]:
            layer.conv.weight *= scale
    return model


_NORMS = {"BN": True, "no BN": False}
_DIGITS = {"digits": some_digits, "fashion_mnist": fashion_mnist}
_SGD = {
    "epochs": 15,
    "batch_size": 32,
    "optimizer": "sgd",
    "weight_decay": 0.0,
    "schedule": "cosine",
}
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)

LEARNING_RATES = Experiment(
    name="batch_norm_rates",
    question="Which learning rates train a small network, with batch norm and without it?",
    models={
        f"{name}, rate {rate:g}": partial(small_network, batch_norm=batch_norm)
        for name, batch_norm in _NORMS.items()
        for rate in RATES
    },
    data=_DIGITS,
    recipe=_SGD,
    seeds=(0, 1, 2, 3, 4),
    options={f"{name}, rate {rate:g}": {"lr": rate} for name in _NORMS for rate in RATES},
)

SCALES = (0.1, 0.3, 1.0, 3.0, 10.0)
_ADAM = {"optimizer": "adamw", "lr": 2e-3}

# The rate is one at which both networks trained in `LEARNING_RATES`.
INITIAL_SCALES = Experiment(
    name="batch_norm_scales",
    question="From which initial weights does a small network train, with batch norm and without "
    "it: all layers' multiplied by a factor, or one layer's by 100?",
    models={
        **{
            f"{name}, all × {scale:g}": partial(small_network, batch_norm=batch_norm, scale=scale)
            for name, batch_norm in _NORMS.items()
            for scale in SCALES
        },
        **{
            f"{name}, third × 100": partial(
                small_network, batch_norm=batch_norm, scale=100.0, only=2
            )
            for name, batch_norm in _NORMS.items()
        },
        **{
            f"{name}, {ending}, Adam": partial(
                small_network, batch_norm=batch_norm, scale=scale, only=2
            )
            for name, batch_norm in _NORMS.items()
            for ending, scale in {"all × 1": 1.0, "third × 100": 100.0}.items()
        },
    },
    data=_DIGITS,
    recipe={**_SGD, "lr": 0.03},
    seeds=(0, 1, 2, 3, 4),
    options={
        f"{name}, {ending}, Adam": _ADAM for name in _NORMS for ending in ("all × 1", "third × 100")
    },
)


class Drift(nn.Module):
    """In training, another scale and shift for each channel at each step: (B, C, H, W) -> same.

    Scales are drawn evenly from 0.5 to 1.5 and shifts from -0.5 to 0.5, so that what the next layer
    gets never settles to one distribution. In evaluation it does nothing.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if not self.training:
            return x
        shape = (x.shape[1], 1, 1)
        return x * (0.5 + x.new_empty(shape).uniform_()) + x.new_empty(shape).uniform_(-0.5, 0.5)


def batch_norm_with_drift(channels: int) -> nn.Sequential:
    """A batch norm whose output drifts."""
    return nn.Sequential(nn.BatchNorm2d(channels), Drift())


def two_layers(in_channels: int, width: int, norm, act_first: bool = False) -> list[nn.Module]:
    """Two 3x3, each with its norm before the ReLU, or after it."""
    layers = []
    for channels in (in_channels, width):
        conv = ConvNormAct(channels, width, 3, bias=norm is None, norm=None, act=None)
        norms = [norm(width)] if norm is not None else []
        layers += [conv, relu(), *norms] if act_first else [conv, *norms, relu()]
    return layers


def residual_network(num_classes: int, block, kind=ResNet) -> nn.Module:
    """A stem and one residual block of two 3x3 for each of three resolutions."""
    return kind(block, (1, 1, 1), num_classes, in_channels=3, widths=(8, 16, 32), stem=small_stem)


def plain_network(num_classes: int, norm, act_first: bool = False) -> nn.Module:
    """`small_vgg` of 3 times two layers, with He's initial weights."""
    stage = partial(two_layers, norm=norm, act_first=act_first)
    model = small_vgg(num_classes, stage, widths=(8, 16, 32))
    init_he(model)
    return model


# Without shortcuts BN-ReLU-conv is conv-BN-ReLU, read from another place: hence the residual pair.
# The rate is that of the VGG chapter's experiments, on the same pictures.
PLACE = Experiment(
    name="batch_norm_place",
    question="Where should a batch norm be, before the ReLU, after it, or before both ReLU and "
    "convolution; and does it still help when its output is made to drift?",
    models={
        "conv, BN, ReLU": partial(plain_network, norm=nn.BatchNorm2d),
        "conv, ReLU, BN": partial(plain_network, norm=nn.BatchNorm2d, act_first=True),
        "conv, BN, drift, ReLU": partial(plain_network, norm=batch_norm_with_drift),
        "conv, ReLU": partial(plain_network, norm=None),
        "residual: conv, BN, ReLU": partial(residual_network, block=BasicBlock),
        "residual: BN, ReLU, conv": partial(
            residual_network, block=PreActBasicBlock, kind=ResNetV2
        ),
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (LEARNING_RATES, INITIAL_SCALES, PLACE)
