"""Figures and explorers of the VGG chapter."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import torch
from torch import nn

from backbones.arithmetic import conv_parameters, receptive_field
from backbones.diagrams import FeatureMap, Picture, Share, feature_maps, share_bars, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import ConvNormAct
from backbones.models.vgg import CONFIGS, VGG
from backbones.profile import profile

# Table 1 of arXiv:1409.1556. C has a 1x1 as the last convolution of its stages 3, 4 and 5.
_CONFIGURATIONS = {"A": "vgg11", "B": "vgg13", "C": "vgg16", "D": "vgg16", "E": "vgg19"}


def configuration(letter: str) -> VGG:
    """A configuration of the VGG paper, "A" to "E", with shapes but without numbers (meta device).

    Raises:
        ValueError: If there is no such configuration.
    """
    if letter not in _CONFIGURATIONS:
        known = ", ".join(_CONFIGURATIONS)
        raise ValueError(f"letter must be one of {known}, got {letter!r}")
    with torch.device("meta"):
        model = VGG(CONFIGS[_CONFIGURATIONS[letter]])
        if letter == "C":
            for stage in model.stages[2:]:
                width = stage[2].conv.out_channels
                stage[2] = ConvNormAct(width, width, 1, bias=True, norm=None)
    return model


class Cost(NamedTuple):
    """What a layer costs: numbers it holds, MACs for one image, bytes of what it puts out."""

    name: str
    parameters: int
    macs: int
    memory: int

    @property
    def dense(self) -> bool:
        """Whether it is one of the three dense layers."""
        return self.name.startswith("fc")


@cache
def layer_costs(letter: str) -> tuple[Cost, ...]:
    """Costs of the layers of a configuration that hold or make numbers, for one image.

    They are the rows of `profile`, named as the field names them: conv1_1, pool1, fc6.

    Raises:
        ValueError: If there is no such configuration.
    """
    model = configuration(letter)
    kinds = ("Conv2d", "MaxPool2d", "Linear")  # what is left out works in place, or copies
    rows = [row for row in profile(model).rows if row.kind in kinds]
    names = _names(model.get_submodule(row.name) for row in rows)
    return tuple(
        Cost(name, row.parameters, row.macs, row.memory)
        for row, name in zip(rows, names, strict=True)
    )


def _names(layers: Iterable[nn.Module]) -> Iterator[str]:
    stage, index, dense = 1, 0, 5
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            index += 1
            side = layer.kernel_size[0]
            yield f"conv{stage}_{index} {side}×{side}"
        elif isinstance(layer, nn.MaxPool2d):
            yield f"pool{stage} 2×2"
            stage, index = stage + 1, 0
        else:
            dense += 1
            yield f"fc{dense}"


def shrinking_maps() -> Picture:
    """VGG-16's maps after each stage, as slabs."""
    stages = [row for row in profile("vgg16", depth=2).rows if row.name.startswith("stages.")]
    maps = [FeatureMap(3, 224, "image")]
    for index, row in enumerate(stages, start=1):
        channels, size, _ = row.shape
        maps.append(FeatureMap(channels, size, f"after stage {index}"))
    return feature_maps(
        maps,
        alt="VGG-16 as a column of slabs: from 3 × 224 × 224 each stage halves the size, and the "
        "channels grow from 64 to 512.",
        caption="Each stage halves the resolution; the channels double until they are 512.",
    )


def stack_and_kernel() -> Picture:
    """Two 3x3 layers and one 5x5 layer in cross-section: both see five pixels a side."""
    cell, top, pitch, middle = 30, 42, 62, 262
    shapes = []
    for x, rows in ((0, (1, 3, 5)), (middle, (1, 5))):
        levels = [(5 - count) / 2 * cell + x for count in rows]
        heights = [top + pitch * (2 if count == 5 else k) for k, count in enumerate(rows)]
        for k in range(len(rows) - 1):
            (left, below), (y, under) = levels[k : k + 2], heights[k : k + 2]
            corners = [
                (left, y + cell),
                (left + rows[k] * cell, y + cell),
                (below + rows[k + 1] * cell, under),
                (below, under),
            ]
            shapes.append(svg.polygon(corners, fill="blue", stroke="blue", tint=0.14, thickness=1))
        for k, (count, left, y) in enumerate(zip(rows, levels, heights, strict=True)):
            fill = "orange" if k == 0 else "blue"
            shapes.append(svg.cells(left, y, count, 1, cell, fill=fill, tint=0.4))
    side, low = 5 * cell + 8, top + 2 * pitch
    words = (
        (75, 14, "two 3×3 layers", True, "middle"),
        (middle + 75, 14, "one 5×5 layer", True, "middle"),
        (side - 40, top + 15, "output", False, "start"),
        (side - 10, top + pitch + 15, "3×3, ReLU", False, "start"),
        (side, low + 15, "input", False, "start"),
        (middle + side - 40, top + 15, "output", False, "start"),
        (middle + side, low + 15, "input", False, "start"),
        (75, low + cell + 20, "9C² + 9C² = 18C² weights", False, "middle"),
        (75, low + cell + 40, "two ReLUs", False, "middle"),
        (middle + 75, low + cell + 20, "25C² weights", False, "middle"),
        (middle + 75, low + cell + 40, "one ReLU", False, "middle"),
    )
    shapes += [
        svg.text(x + 18, y, label, size=svg.FONT_SIZE if bold else svg.SMALL, anchor=a, bold=bold)
        for x, y, label, bold, a in words
    ]
    moved = svg.group(*shapes[: -len(words)], x=18)
    drawing = svg.document(middle + side + 62, low + cell + 54, moved, *shapes[-len(words) :])
    return Picture(
        drawing,
        "Cross-section of two 3×3 layers beside one 5×5 layer: in both, one output value depends "
        "on five input pixels; the stack has a row of three values and a ReLU in between.",
        "Along one axis. What one output value sees, layer by layer; C channels everywhere.",
    )


def stacked_kernels() -> Explorer:
    """A stack of 3x3 layers against the one layer that sees as much."""
    return Explorer(
        _stack,
        title="A stack of 3×3 layers against one large kernel",
        alt="A stack of 3 by 3 layers beside one layer with a larger kernel",
        caption="Both see the same square of the input. Biases are left out. Try 3 channels in, "
        "those of a colour image.",
        layers=Axis(range(1, 6), "3×3 layers", default=2),
        in_channels=Axis((3, 64, 128, 256), "channels in", default=256),
        channels=Axis((64, 256), "channels out", default=256),
    )


def _stack(layers: int, in_channels: int, channels: int) -> Picture:
    size = receptive_field([(3, 1)] * layers).size
    inputs = [in_channels] + [channels] * (layers - 1)
    small = sum(conv_parameters(inside, channels, 3, bias=False) for inside in inputs)
    large = conv_parameters(in_channels, channels, size, bias=False)
    top, middle, pane = 34, 220, 165
    cell = min(24, pane // size)
    shapes = []
    for center, nested in ((105, layers), (middle + 115, 1)):
        x, y = center - size * cell / 2, top + (pane - size * cell) / 2
        shapes.append(svg.cells(x, y, size, size, cell, stroke="grey"))
        # What the output sees of the layers in between, from the input up.
        for k in range(nested):
            inset, side = k * cell, (size - 2 * k) * cell
            shapes.append(
                svg.rect(x + inset, y + inset, side, side, fill="blue", stroke="blue", tint=0.2)
            )
        dot = (center - cell / 2, top + pane / 2 - cell / 2, cell, cell)
        shapes.append(svg.rect(*dot, fill="orange", stroke="none"))
    words = ((f"{layers} × 3×3", layers, small), (f"1 × {size}×{size}", 1, large))
    y = top + pane + 22
    for x, (name, relus, count) in zip((0, middle), words, strict=True):
        plural = "ies" if relus > 1 else "y"
        shapes += [
            svg.text(x + 105, 14, name, bold=True),
            svg.text(x, y, f"sees {size} × {size}", anchor="start"),
            svg.text(x, y + 21, f"{relus} non-linearit{plural}", anchor="start"),
            svg.text(x, y + 42, f"{count:,} weights", anchor="start"),
            svg.rect(x, y + 56, 200 * count / max(small, large), 14, fill="blue", stroke="none"),
        ]
    saved = f"The stack has {small / large:.0%} of the weights."
    said = saved if layers > 1 else "The two are the same layer."
    shapes.append(svg.text(0, y + 90, said, anchor="start", bold=True))
    alt = (
        f"A stack of {layers} 3×3 and one {size}×{size} layer, {in_channels} channels in and "
        f"{channels} out: both see {size} by {size} inputs; {small:,} against {large:,} weights, "
        f"{layers} against 1 non-linearities."
    )
    return Picture(svg.document(430, y + 104, *shapes), alt)


def vgg_costs() -> Explorer:
    """Where a VGG keeps its parameters, spends its MACs and holds its activations."""
    return Explorer(
        _costs,
        title="Where VGG's parameters, multiplications and memory are",
        alt="Bars with the cost of each layer of a VGG",
        caption="One image of 224 × 224. Change what is counted, and watch the long bars move from "
        "the end of the network to its beginning.",
        count=("parameters", "MACs", "memory"),
        configuration=Axis(tuple(_CONFIGURATIONS), default="D"),
    )


def _costs(count: str, configuration: str) -> Picture:
    costs = layer_costs(configuration)
    field, unit = {
        "parameters": ("parameters", "parameters"),
        "MACs": ("macs", "MACs"),
        "memory": ("memory", "bytes of activations"),
    }[count]
    values = [getattr(cost, field) for cost in costs]
    shares = [
        Share(cost.name, value, fill="orange" if cost.dense else "blue")
        for cost, value in zip(costs, values, strict=True)
    ]
    total, longest = sum(values), max(values)
    dense = sum(value for cost, value in zip(costs, values, strict=True) if cost.dense)
    most = costs[values.index(longest)].name
    alt = (
        f"Configuration {configuration}: {total:,} {unit}, {dense / total:.1%} of them in the "
        f"dense layers; most, {longest / total:.1%}, in {most}."
    )
    return share_bars(shares, total_label=unit, alt=alt)
