"""Experiments of the MobileNet v2 chapter: how a bottleneck ends, and how far it expands."""

from functools import partial

from torch import Tensor, nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, init_he, relu6
from backbones.models.mobilenet_v2 import InvertedResidual, Row, conv_relu6, inverted_residuals
from backbones.models.resnet import ResidualBlock, shortcut
from backbones.train.augmentation import standard_augment


class ReLUInBranch(InvertedResidual):
    """An `InvertedResidual` whose projection is followed by ReLU6, before the addition."""

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.residual.append(relu6())


class ReLUAfterSum(InvertedResidual):
    """An `InvertedResidual` with a ReLU6 after the addition, as in a ResNet."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H / S, W / S)."""
        return super().forward(x).clamp(0, 6)


class NoShortcut(InvertedResidual):
    """An `InvertedResidual` that never adds its input."""

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.has_shortcut = False


class WideEnds(ResidualBlock):
    """The reverse: the shortcut joins the wide ends, a bottleneck is in between.

    A 1x1 reduces, a depthwise convolution filters the few channels, a 1x1 expands again; ReLU6
    after each, and after the sum, as in a ResNet.
    """

    def __init__(self, in_channels: int, inner: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            conv_relu6(in_channels, inner, 1),
            conv_relu6(inner, inner, 3, stride, groups=inner),
            conv_relu6(inner, out_channels, 1, act=None),
        )
        self.shortcut = shortcut(in_channels, out_channels, stride)
        self.act = relu6()


def small_mobilenet(
    num_classes: int,
    expansion: int = 6,
    widths: tuple[int, int, int] = (8, 12, 16),
    block: type[nn.Module] = InvertedResidual,
) -> nn.Sequential:
    """Three stages of three blocks at 16, 8 and 4 pixels, as thin as MobileNetV2's first ones.

    Args:
        num_classes: Outputs.
        expansion: t, how many times wider the inside of a block is than its input.
        widths: Channels between blocks, stage by stage.
        block: Called as `InvertedResidual`.
    """
    rows = [Row(expansion, width, 3, 1 if i == 0 else 2) for i, width in enumerate(widths)]
    blocks = inverted_residuals(widths[0], rows, block)
    return _with_ends(num_classes, widths, blocks)


def wide_ends(
    num_classes: int, widths: tuple[int, int, int], hidden: tuple[int, int, int]
) -> nn.Sequential:
    """The same with blocks of `WideEnds`: channels between and inside blocks, stage by stage."""
    blocks, channels = [], widths[0]
    for index, (width, inner) in enumerate(zip(widths, hidden, strict=True)):
        for position in range(3):
            stride = 2 if index > 0 and position == 0 else 1
            blocks.append(WideEnds(channels, inner, width, stride))
            channels = width
    return _with_ends(num_classes, widths, blocks)


def _with_ends(num_classes: int, widths: tuple[int, int, int], blocks: list) -> nn.Sequential:
    head = conv_relu6(widths[-1], 64, 1), Classifier(64, num_classes)
    model = nn.Sequential(conv_relu6(3, widths[0], 3, stride=2), *blocks, *head)
    init_he(model)
    return model


BOTTLENECK = Experiment(
    name="mobilenet_v2_bottleneck",
    question="Should the thin end of an inverted residual stay linear, and should the shortcut "
    "join the thin ends or the wide ones?",
    models={
        "linear": small_mobilenet,
        "ReLU6 in the branch": partial(small_mobilenet, block=ReLUInBranch),
        "ReLU6 after the sum": partial(small_mobilenet, block=ReLUAfterSum),
        "no shortcut": partial(small_mobilenet, block=NoShortcut),
        "wide ends joined": partial(wide_ends, widths=(28, 42, 56), hidden=(12, 18, 24)),
    },
    data=DATA,
    recipe={"epochs": 12, "lr": 5e-3, "augment": standard_augment},
)

# Widths with which each expansion costs as much as 6 with 8, 12 and 16 channels.
_EQUAL_COST = {1: (29, 43, 57), 2: (15, 21, 30), 4: (10, 15, 20), 10: (6, 9, 11)}

EXPANSION = Experiment(
    name="mobilenet_v2_expansion",
    question="How far should an inverted residual expand, at equal width and at equal cost?",
    models={
        **{f"{t}×, equal width": partial(small_mobilenet, expansion=t) for t in (1, 2, 4, 6)},
        **{
            f"{t}×, equal cost": partial(small_mobilenet, expansion=t, widths=widths)
            for t, widths in _EQUAL_COST.items()
        },
    },
    data=DATA,
    recipe={"epochs": 12, "lr": 5e-3, "augment": standard_augment},
)

EXPERIMENTS = (BOTTLENECK, EXPANSION)
