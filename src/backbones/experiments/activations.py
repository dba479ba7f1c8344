"""Experiment of the chapter on activations: which of them a deep plain network trains with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from backbones.data import ImageData, fashion_mnist
from backbones.experiments.experiment import Experiment
from backbones.experiments.resnet import first_and_last_gradient, some_digits
from backbones.layers import Classifier, ConvNormAct
from backbones.train.evaluation import predict

# Activation, and the gain of its initial weights: `torch.nn.init.calculate_gain`'s, and ReLU's for
# the ones that are nearly a ReLU.
_ACTIVATIONS = {
    "sigmoid": (nn.Sigmoid, 1.0),
    "tanh": (nn.Tanh, 5 / 3),
    "ReLU": (nn.ReLU, 2**0.5),
    "ReLU6": (nn.ReLU6, 2**0.5),
    "swish": (nn.SiLU, 2**0.5),
    "h-swish": (nn.Hardswish, 2**0.5),
    "GELU": (nn.GELU, 2**0.5),
}
_KINDS = tuple(act for act, _ in _ACTIVATIONS.values())


def deep_network(
    num_classes: int, act: Callable[[], nn.Module], gain: float, batch_norm: bool
) -> nn.Sequential:
    """20 layers with weights and no shortcut: 6 at 14 x 14 positions, 6 at 7 x 7, 7 at 4 x 4.

    Args:
        num_classes: Outputs.
        act: The activation after each of the 19 convolutions.
        gain: Weights start normal, with the variance gain² / (inputs of a unit).
        batch_norm: Whether a batch norm stands before each activation.
    """
    layers, channels = [], 1
    for width, depth in ((8, 6), (16, 6), (32, 7)):
        for position in range(depth):
            stride = 2 if position == 0 else 1
            norm = nn.BatchNorm2d if batch_norm else None
            layers.append(
                ConvNormAct(channels, width, 3, stride, bias=not batch_norm, norm=norm, act=act)
            )
            nn.init.normal_(layers[-1].conv.weight, std=gain / (9 * channels) ** 0.5)
            channels = width
    return nn.Sequential(*layers, Classifier(channels, num_classes))


@contextmanager
def every_activation(
    model: nn.Module, change: Callable[[nn.Module, Tensor], Tensor]
) -> Iterator[None]:
    """Replace what each activation gives by change(layer, what it gives)."""
    handles = [
        layer.register_forward_hook(lambda layer, _, output: change(layer, output))
        for layer in model.modules()
        if isinstance(layer, _KINDS)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def quantize(x: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """The nearest of 2^bits evenly spaced values from low to high; what lies outside is cut off."""
    step = (high - low) / (2**bits - 1)
    return low + ((x.clamp(low, high) - low) / step).round() * step


def accuracy_in_few_bits(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Validation accuracy when each activation's output is kept in 8, 6, 4 or 3 bits.

    The range that the bits divide is set for each layer by 500 training pictures: from the least to
    the largest value, or without the outermost thousandth at both ends.
    """
    options = {"mean": data.mean, "std": data.std}
    outputs: dict[nn.Module, list[Tensor]] = {}
    with every_activation(model, lambda layer, y: outputs.setdefault(layer, []).append(y)):
        predict(model, data.train.images[:500], **options)
    values = {layer: torch.cat(seen).flatten().sort().values for layer, seen in outputs.items()}
    labels = data.validation.labels

    def accuracy(bits: int, cut: float) -> float:
        ranges = {
            layer: (x[int(cut * len(x))], x[-1 - int(cut * len(x))]) for layer, x in values.items()
        }
        with every_activation(model, lambda layer, y: quantize(y, *ranges[layer], bits)):
            scores = predict(model, data.validation.images, **options)
        return (scores.argmax(1) == labels).double().mean().item()

    return {
        f"accuracy in {bits} bits, {name}": accuracy(bits, cut)
        for name, cut in (("whole range", 0.0), ("999 of 1000", 0.001))
        for bits in (8, 6, 4, 3)
    }


# The rate: of 5e-4, 2e-3 and 5e-3 the one at which ReLU, tanh and swish all reached a training loss
# of 0.01 without batch norm; sigmoid stayed at chance at each of them.
DEEP = Experiment(
    name="activations_deep",
    question="With which activations does a plain network of 20 layers train, without batch norm "
    "and with it?",
    models={
        name + ending: partial(deep_network, act=act, gain=gain, batch_norm=batch_norm)
        for ending, batch_norm in {"": False, ", BN": True}.items()
        for name, (act, gain) in _ACTIVATIONS.items()
    },
    data={"digits": some_digits, "fashion_mnist": fashion_mnist},
    recipe={"epochs": 30, "lr": 2e-3},
    trace=first_and_last_gradient,
    measure=accuracy_in_few_bits,
)

EXPERIMENTS = (DEEP,)
