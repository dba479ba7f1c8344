"""Experiments of the VoVNet chapter: when maps are aggregated, gates, and stacked modules."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.resnet import first_and_last_gradient
from backbones.experiments.vgg import DATA
from backbones.layers import (
    Classifier,
    ConvNormAct,
    EffectiveSqueezeExcitation,
    SqueezeExcitation,
    init_he,
)
from backbones.models.vovnet import OSABlock, conv3x3
from backbones.train.augmentation import standard_augment


class DenselyAggregated(OSABlock):
    """An `OSABlock` each of whose 3x3s sees the input and the outputs of all before it."""

    def __init__(self, in_channels: int, width: int, out_channels: int, depth: int) -> None:
        super().__init__(in_channels, width, out_channels, depth)
        self.convs = nn.ModuleList(conv3x3(in_channels + i * width, width) for i in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W)."""
        maps = [x]
        for conv in self.convs:
            maps.append(conv(torch.cat(maps, dim=1)))
        return self.aggregate(torch.cat(maps, dim=1))


class NotAggregated(OSABlock):
    """An `OSABlock` whose last 1x1 sees the last 3x3 alone."""

    def __init__(self, in_channels: int, width: int, out_channels: int, depth: int) -> None:
        super().__init__(in_channels, width, out_channels, depth)
        self.aggregate = ConvNormAct(width, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W)."""
        for conv in self.convs:
            x = conv(x)
        return self.aggregate(x)


class Module(nn.Module):
    """A block, what weighs its channels, and the identity where shapes allow it.

    Args:
        block: (B, in_channels, H, W) -> (B, out_channels, H, W).
        gates: What follows it.
        identity: Whether the input is added.
    """

    def __init__(self, block: nn.Module, gates: nn.Module, identity: bool) -> None:
        super().__init__()
        self.block = block
        self.gates = gates
        self.identity = identity

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W)."""
        y = self.gates(self.block(x))
        return x + y if self.identity else y


def small_vovnet(
    num_classes: int,
    widths: tuple[int, int, int],
    kind: type[OSABlock] = OSABlock,
    modules: int = 2,
    depth: int = 3,
    gates: Callable[[int], nn.Module] | None = None,
    identity: bool = False,
) -> nn.Sequential:
    """A stem, and stages of modules at 16, 8 and 4 pixels, that end in 24, 48 and 96 channels.

    Args:
        num_classes: Outputs.
        widths: Channels of the 3x3s, stage by stage.
        kind: Of block.
        modules: A stage.
        depth: 3x3s a module.
        gates: Called with the channels: what ends the last module of a stage, as in version 2.
        identity: Whether a module's input is added, where it has as many channels as the output.
    """
    channels = 24
    layers: list[nn.Module] = [conv3x3(3, channels, stride=2)]
    for index, width in enumerate(widths):
        out_channels = 24 * 2**index
        if index > 0:
            layers.append(nn.MaxPool2d(2))
        for position in range(modules):
            last = position == modules - 1
            gate = gates(out_channels) if gates is not None and last else nn.Identity()
            block = kind(channels, width, out_channels, depth)
            layers.append(Module(block, gate, identity and channels == out_channels))
            channels = out_channels
    model = nn.Sequential(*layers, Classifier(channels, num_classes))
    init_he(model)
    return model


def se(channels: int) -> SqueezeExcitation:
    """Squeeze-and-excitation that reduces to a quarter."""
    return SqueezeExcitation(channels, channels // 4)


_WIDTHS = (12, 24, 48)

PARTS = Experiment(
    name="vovnet_parts",
    question="At equal multiplications, should maps be aggregated at each layer, once, or not at "
    "all; and what do the identity, SE and eSE add?",
    models={
        "densely": partial(small_vovnet, widths=(7, 14, 28), kind=DenselyAggregated),
        "once": partial(small_vovnet, widths=_WIDTHS),
        "not": partial(small_vovnet, widths=(14, 27, 54), kind=NotAggregated),
        "once, identity": partial(small_vovnet, widths=_WIDTHS, identity=True),
        "once, identity, SE": partial(small_vovnet, widths=_WIDTHS, identity=True, gates=se),
        "once, identity, eSE": partial(
            small_vovnet, widths=_WIDTHS, identity=True, gates=EffectiveSqueezeExcitation
        ),
    },
    data=DATA,
    recipe={"epochs": 10, "lr": 5e-3, "augment": standard_augment},
)

_MODULES = (1, 2, 4, 8)  # a stage

# Without augmentation: what is asked is how well the training pictures are fitted.
DEPTH = Experiment(
    name="vovnet_depth",
    question="How many one-shot aggregation modules can be stacked, with and without the identity?",
    models={
        f"{3 * modules} modules{', identity' if identity else ''}": partial(
            small_vovnet, widths=(6, 12, 24), modules=modules, depth=3, identity=identity
        )
        for identity in (False, True)
        for modules in _MODULES
    },
    data=DATA,
    recipe={"epochs": 8, "optimizer": "sgd", "lr": 0.1, "weight_decay": 1e-4},
    trace=first_and_last_gradient,
)

EXPERIMENTS = (PARTS, DEPTH)
