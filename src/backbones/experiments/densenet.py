"""Experiment of the DenseNet chapter: concatenation, addition, or no connection, at equal cost."""

import copy
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from backbones.data import ImageData
from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, ConvNormAct, NormActConv, init_he, relu
from backbones.train.augmentation import standard_augment
from backbones.train.evaluation import evaluate


class ConnectedBlock(nn.ModuleList):
    """3x3 layers, each on the concatenation of the block's input and the last maps before it.

    (B, C, H, W) -> (B, C + depth k, H, W): all maps, whatever the layers saw.

    Args:
        in_channels: C.
        depth: Layers.
        growth_rate: k, the channels that a layer adds.
        memory: How many of the maps before it a layer sees, the block's input being the first of
            them. None for all: a dense block.
    """

    def __init__(
        self, in_channels: int, depth: int, growth_rate: int, memory: int | None = None
    ) -> None:
        self.memory = memory or depth
        self.sizes = [in_channels] + [growth_rate] * depth  # channels of each map
        super().__init__(
            NormActConv(sum(self.sizes[: index + 1][-self.memory :]), growth_rate, 3)
            for index in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C + depth k, H, W)."""
        maps = [x]
        for layer in self:
            maps.append(layer(torch.cat(maps[-self.memory :], dim=1)))
        return torch.cat(maps, dim=1)


class AddedBlock(nn.ModuleList):
    """3x3 layers whose outputs are added to their inputs: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__(NormActConv(channels, channels, 3) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        for layer in self:
            x = x + layer(x)
        return x


class PlainBlock(AddedBlock):
    """The same layers with nothing added."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        for layer in self:
            x = layer(x)
        return x


DEPTH = 4  # layers a block


def connected_network(
    num_classes: int,
    growth_rates: tuple[int, int, int],
    memory: int | None = None,
    depth: int = DEPTH,
) -> nn.Sequential:
    """A stem, three connected blocks at 16, 8 and 4 pixels, transitions that halve the channels.

    Args:
        num_classes: Outputs.
        growth_rates: k, block by block; the stem has twice the first.
        memory: See `ConnectedBlock`.
        depth: Layers a block.
    """
    channels = 2 * growth_rates[0]
    layers = [ConvNormAct(3, channels, 3, stride=2, norm=None, act=None)]
    for index, growth_rate in enumerate(growth_rates):
        if index > 0:
            layers += [NormActConv(channels, channels // 2, 1), nn.AvgPool2d(2)]
            channels //= 2
        layers.append(ConnectedBlock(channels, depth, growth_rate, memory))
        channels += depth * growth_rate
    return _with_head(layers, channels, num_classes)


def even_network(
    num_classes: int, block: type[AddedBlock], widths: tuple[int, int, int], depth: int = DEPTH
) -> nn.Sequential:
    """The same with blocks that keep their number of channels, and transitions to each width."""
    channels = widths[0]
    layers = [ConvNormAct(3, channels, 3, stride=2, norm=None, act=None)]
    for index, width in enumerate(widths):
        if index > 0:
            layers += [NormActConv(channels, width, 1), nn.AvgPool2d(2)]
            channels = width
        layers.append(block(channels, depth))
    return _with_head(layers, channels, num_classes)


def _with_head(layers: list[nn.Module], channels: int, num_classes: int) -> nn.Sequential:
    head = nn.BatchNorm2d(channels), relu(), *Classifier(channels, num_classes)
    model = nn.Sequential(*layers, *head)
    init_he(model)
    return model


def source_weights(block: ConnectedBlock) -> list[list[float]]:
    """Mean size of each layer's weights, by the map that they read: the paper's Figure 5.

    Weights are divided by the scale of batch norm's input, which is what the layer sees: for the
    map's channels, |w| times the norm's own scale.

    Returns:
        For each layer, a number for each map that it sees, from the block's input on.
    """
    rows = []
    for index, layer in enumerate(block):
        seen = block.sizes[: index + 1][-block.memory :]
        scaled = layer.conv.weight * layer.norm.weight[:, None, None]
        rows.append([part.abs().mean().item() for part in scaled.split(seen, dim=1)])
    return rows


def cut(model: nn.Sequential) -> Iterator[tuple[str, nn.Sequential]]:
    """Copies of a network in whose last connected block no layer reads maps of a distance.

    Distance 1 is the layer just before, or for the first layer the block's input. A cut map is
    read as its mean: batch norm's output for it is only its shift.
    """
    blocks = [i for i, module in enumerate(model) if isinstance(module, ConnectedBlock)]
    if not blocks:
        return
    last = blocks[-1]
    for distance in range(1, min(len(model[last]), model[last].memory) + 1):
        hurt = copy.deepcopy(model)
        for index, layer in enumerate(hurt[last]):
            seen = hurt[last].sizes[: index + 1][-hurt[last].memory :]
            if distance <= len(seen):
                parts = layer.norm.weight.data.split(seen)
                parts[len(seen) - distance].zero_()
        yield f"without distance {distance}", hurt


def use_of_maps(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Accuracy of each `cut` copy, and `source_weights` of each block, counted from 1.

    The block's input is map 0, what layer 1 adds is map 1. Nothing for other networks.
    """
    result = {name: evaluate(hurt, data).accuracy for name, hurt in cut(model)}
    blocks = [module for module in model if isinstance(module, ConnectedBlock)]
    for number, block in enumerate(blocks, 1):
        for layer, weights in enumerate(source_weights(block), 1):
            for source, weight in enumerate(weights, layer - len(weights)):
                result[f"block {number}, layer {layer}, weight on map {source}"] = weight
    return result


# As many MACs and parameters as the dense one, to 1.3 %.
CONNECTIONS = Experiment(
    name="densenet_connections",
    question="At equal multiplications and parameters, is it better to concatenate all earlier "
    "maps, only the last two, to add, or to connect nothing?",
    models={
        "all concatenated": partial(connected_network, growth_rates=(12, 12, 12)),
        "last two concatenated": partial(connected_network, growth_rates=(14, 17, 14), memory=2),
        "added": partial(even_network, block=AddedBlock, widths=(24, 24, 30)),
        "not connected": partial(even_network, block=PlainBlock, widths=(24, 24, 30)),
    },
    data=DATA,
    recipe={"epochs": 20, "lr": 5e-3, "augment": standard_augment},
    measure=use_of_maps,
)

EXPERIMENTS = (CONNECTIONS,)
