"""Experiments of the chapter on training: unequal inputs, decay with Adam, decay by depth."""

from functools import partial

import torch
from torch import Tensor, nn

from backbones.data import ImageData, digits
from backbones.experiments.experiment import Experiment
from backbones.experiments.resnet import small_network
from backbones.experiments.vgg import DATA, small_vgg, two_3x3
from backbones.layers import ConvNormAct, init_he
from backbones.models.resnet import BasicBlock


class Rescaled(nn.Module):
    """x scale + shift, channel by channel: (B, 3, H, W) -> same. It undoes a normalization.

    Args:
        scale: Of each channel.
        shift: Of each channel.
    """

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale).view(-1, 1, 1))
        self.register_buffer("shift", torch.tensor(shift).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x * self.scale + self.shift


def two_biased_3x3(in_channels: int, width: int) -> list[nn.Module]:
    """Two 3x3 layers without batch norm, which would undo any scale of the input at once."""
    layer = partial(ConvNormAct, kernel_size=3, bias=True, norm=None)
    return [layer(in_channels, width), layer(width, width)]


def network_on(
    num_classes: int, scale: tuple[float, ...], shift: tuple[float, ...]
) -> nn.Sequential:
    """A small network without batch norm, whose normalized input is first rescaled."""
    model = small_vgg(num_classes, two_biased_3x3, widths=(8, 16, 32))
    init_he(model)
    return nn.Sequential(Rescaled(scale, shift), model)


# What a normalized picture is turned into: a factor and a shift for each channel. The painted
# flowers have means of 0.42 to 0.53 and deviations of 0.24 to 0.26 where pixels are from 0 to 1.
_INPUTS = {
    "normalized": ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    "0 to 1": ((0.25, 0.25, 0.25), (0.5, 0.5, 0.5)),
    "0 to 255": ((64.0, 64.0, 64.0), (128.0, 128.0, 128.0)),
    "blue × 100": ((1.0, 1.0, 100.0), (0.0, 0.0, 0.0)),
}
_RATES = {"SGD": (1e-4, 1e-3, 1e-2, 1e-1), "Adam": (1e-4, 1e-3, 1e-2)}
_OPTIMIZERS = {"SGD": "sgd", "Adam": "adamw"}

INPUTS = Experiment(
    name="training_inputs",
    question="Does a network without batch norm train on inputs that are not normalized, or when "
    "one channel has 100 times the scale of the others; and at which rates, with SGD and with "
    "Adam?",
    models={
        f"{name}, {optimizer}, rate {rate:g}": partial(network_on, scale=scale, shift=shift)
        for name, (scale, shift) in _INPUTS.items()
        for optimizer, rates in _RATES.items()
        for rate in rates
    },
    data=DATA,
    recipe={"epochs": 12, "weight_decay": 0.0},
    options={
        f"{name}, {optimizer}, rate {rate:g}": {"optimizer": _OPTIMIZERS[optimizer], "lr": rate}
        for name in _INPUTS
        for optimizer, rates in _RATES.items()
        for rate in rates
    },
)


def adam_with_l2(groups: list[dict]) -> torch.optim.Optimizer:
    """Adam whose weight decay is a penalty in the loss, so that it is scaled with the rest."""
    return torch.optim.Adam(groups, foreach=True)


def size_of_weights(model: nn.Module, data: ImageData) -> dict[str, float]:
    """L2 norm of all kernels and matrices, and of each convolution's kernels."""
    kernels = [m.weight.detach() for m in model.modules() if isinstance(m, nn.Conv2d)]
    matrices = [p.detach() for p in model.parameters() if p.ndim > 1]
    whole = torch.stack([p.square().sum() for p in matrices]).sum().sqrt().item()
    each = {f"norm of convolution {i}": w.norm().item() for i, w in enumerate(kernels, start=1)}
    return {"norm of weights": whole, **each}


_DECAYS = {"AdamW": (0.0, 0.05, 0.5, 2.0, 8.0), "Adam with L2": (1e-3, 1e-2, 1e-1, 1.0)}

# The rate is that of the VGG chapter's experiments, on the same pictures.
DECAY = Experiment(
    name="training_decay",
    question="Is L2 in the loss the same as weight decay when the optimizer is Adam, and which "
    "strength of each is best?",
    models={
        f"{name}, {decay:g}": partial(small_vgg, stage=two_3x3, widths=(8, 16, 32))
        for name, decays in _DECAYS.items()
        for decay in decays
    },
    data=DATA,
    recipe={"epochs": 25, "lr": 5e-3},
    options={
        f"{name}, {decay:g}": {
            "weight_decay": decay,
            "optimizer": {"AdamW": "adamw", "Adam with L2": adam_with_l2}[name],
        }
        for name, decays in _DECAYS.items()
        for decay in decays
    },
    measure=size_of_weights,
)


def few_digits() -> ImageData:
    """300 handwritten digits to train on, few enough to be learned by heart; 1,000 to validate."""
    data = digits()
    return ImageData(data.train.subset(300), data.validation, "300 MNIST digits", data.credit)


# The networks and the optimizer are those of the ResNet chapter's experiment on depth.
DEPTH = Experiment(
    name="training_depth",
    question="Do deeper residual networks overfit more, and does weight decay help them more?",
    models={
        f"resnet-{6 * n + 2}, decay {decay:g}": partial(small_network, block=BasicBlock, n=n)
        for n in (1, 3, 9)
        for decay in (0.0, 5e-4, 5e-3)
    },
    data={"digits": few_digits},
    recipe={"epochs": 80, "batch_size": 32, "optimizer": "sgd", "lr": 0.1, "schedule": "cosine"},
    options={
        f"resnet-{6 * n + 2}, decay {decay:g}": {"weight_decay": decay}
        for n in (1, 3, 9)
        for decay in (0.0, 5e-4, 5e-3)
    },
)

EXPERIMENTS = (INPUTS, DECAY, DEPTH)
