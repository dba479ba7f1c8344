"""Experiments of the MobileNet v1 chapter: separable against full, and the two multipliers."""

from collections.abc import Callable
from functools import partial

from torch import nn

from backbones.data import flowers
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, ConvNormAct, DepthwiseConv, init_he, relu, relu6
from backbones.models.mobilenet_v1 import MobileNetV1
from backbones.train.augmentation import standard_augment


def full(in_channels: int, out_channels: int, stride: int, act=relu6) -> list[nn.Module]:
    """A 3x3 across all channels."""
    return [ConvNormAct(in_channels, out_channels, 3, stride, act=act)]


def separable(
    in_channels: int, out_channels: int, stride: int, act=relu6, between=True
) -> list[nn.Module]:
    """A 3x3 for each channel and a 1x1 across them; an activation after both, or after the 1x1."""
    depthwise = DepthwiseConv(in_channels, 3, stride, act=act if between else None)
    return [depthwise, ConvNormAct(in_channels, out_channels, 1, act=act)]


def seven_layers(
    num_classes: int,
    layer: Callable[[int, int, int], list[nn.Module]],
    widths: tuple[int, int, int],
) -> nn.Sequential:
    """A full 3x3, then two layers at 16, 8 and 4 pixels each, and one dense layer.

    Args:
        num_classes: Outputs.
        layer: Called as layer(in_channels, out_channels, stride): what is compared.
        widths: Channels at 16, 8 and 4 pixels.
    """
    channels = widths[0]
    layers: list[nn.Module] = [ConvNormAct(3, channels, 3, stride=2)]
    for index, width in enumerate(widths):
        for position in range(2):
            stride = 2 if index > 0 and position == 0 else 1
            layers += layer(channels, width, stride)
            channels = width
    model = nn.Sequential(*layers, Classifier(channels, num_classes))
    init_he(model)
    return model


_WIDE = (44, 88, 176)

LAYERS = Experiment(
    name="mobilenet_v1_layers",
    question="What do separable convolutions lose at equal width, what do they win at equal "
    "multiplications, and does it matter which activation they have, and where?",
    models={
        "full": partial(seven_layers, layer=full, widths=(16, 32, 64)),
        "separable, equal width": partial(seven_layers, layer=separable, widths=(16, 32, 64)),
        "separable, equal cost": partial(seven_layers, layer=separable, widths=_WIDE),
        "separable, equal cost, ReLU": partial(
            seven_layers, layer=partial(separable, act=relu), widths=_WIDE
        ),
        "separable, equal cost, none between": partial(
            seven_layers, layer=partial(separable, between=False), widths=_WIDE
        ),
        "full, as cheap as separable": partial(seven_layers, layer=full, widths=(7, 13, 24)),
    },
    data=DATA,
    recipe={"epochs": 20, "lr": 5e-3, "augment": standard_augment},
)


# MobileNetV1 with half its channels and without its long row of 512: channels, stride.
ROWS = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1))


def scaled_mobilenet(num_classes: int, width_mult: float, size: int) -> nn.Sequential:
    """A small MobileNetV1, for pictures of 64 pixels that are first averaged down to a size.

    Args:
        num_classes: Outputs.
        width_mult: α.
        size: Pixels a side that the network sees, a divisor of 64.
    """
    model = MobileNetV1(width_mult, num_classes, rows=ROWS)
    return nn.Sequential(nn.AvgPool2d(64 // size), model)


_SIZES = [(1.0, 64), (0.75, 64), (0.5, 64), (0.25, 64), (1.0, 32), (1.0, 16), (0.5, 32)]

MULTIPLIERS = Experiment(
    name="mobilenet_v1_multipliers",
    question="What does accuracy lose when the width or the resolution is multiplied down?",
    models={
        f"α {width_mult:g}, {size} px": partial(scaled_mobilenet, width_mult=width_mult, size=size)
        for width_mult, size in _SIZES
    },
    data={"flowers": flowers},
    recipe={"epochs": 8, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (LAYERS, MULTIPLIERS)
