"""Figures and explorers of the VGG chapter."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn

from backbones.arithmetic import conv_parameters, receptive_field
from backbones.diagrams import (
    FeatureMap,
    Picture,
    Room,
    Share,
    feature_maps,
    fitted,
    share_bars,
    svg,
)
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
    return fitted(
        _cross_sections,
        "Cross-section of two 3×3 layers beside one 5×5 layer: in both, one output value depends "
        "on five input pixels; the stack has a row of three values and a ReLU in between.",
        "Along one axis. What one output value sees, layer by layer; C channels everywhere.",
    )


def _cross_sections(room: Room) -> str:
    cell, left, pitch = (22, 74, 138) if room.narrow else (40, 110, 300)
    top, step = 30, 56 if room.narrow else 70
    ys = [top + step * k for k in range(3)]  # of output, the values in between, input
    shapes = [
        room.note(0, y + cell / 2, word, anchor="start")
        for y, word in zip(ys, ("output", "after 3×3", "input"), strict=True)
    ]
    weights = (
        ((1, "9C²"), " + ", (2, "9C²"), " = 18C²"),
        ((3, "25C²"),),
    )
    names = {1: "the upper 3×3: 9C² weights", 2: "the lower 3×3: 9C²", 3: "the 5×5: 25C² weights"}
    panes = (("two 3×3 layers", (0, 1, 2), "two ReLUs"), ("one 5×5 layer", (0, 2), "one ReLU"))
    low, first_part = ys[2] + cell + 18, 1
    for x, (title, levels, relus), words in zip((left, left + pitch), panes, weights, strict=True):
        middle = x + 2.5 * cell
        shapes.append(room.title(middle, 12, title, bold=True))
        for part, (above, below) in enumerate(pairwise(levels), first_part):
            cone = _cone(middle, cell, (above, ys[above]), (below, ys[below]))
            shapes.append(svg.part(part, cone, label=names[part]))
        first_part += len(levels) - 1
        for level in levels:
            count = 2 * level + 1
            corner = (middle - count * cell / 2, ys[level])
            fill = "blue" if level else "orange"
            shapes.append(svg.cells(*corner, count, 1, cell, fill=fill, tint=0.4))
        shapes += [
            room.title(middle, low, *words),
            room.note(middle, low + 20, "weights"),
            room.note(middle, low + 40, relus),
        ]
    return svg.document(room.width, low + 54, *shapes)


def _cone(middle: float, cell: float, above: tuple[int, float], below: tuple[int, float]) -> str:
    """What a value sees of a level below it; levels have 1, 3 and 5 values."""
    (upper, y0), (lower, y1) = above, below
    wide, wider = (2 * upper + 1) * cell / 2, (2 * lower + 1) * cell / 2
    corners = [
        (middle - wide, y0 + cell),
        (middle + wide, y0 + cell),
        (middle + wider, y1),
        (middle - wider, y1),
    ]
    return svg.polygon(corners, fill="blue", stroke="blue", tint=0.14, thickness=1)


def stacked_kernels() -> Explorer:
    """A stack of 3x3 layers against the one layer that sees as much."""
    return Explorer(
        _stack,
        title="A stack of 3×3 layers against one large kernel",
        name="stack",
        alt="A stack of 3 by 3 layers beside one layer with a larger kernel",
        caption="Both see the same square of the input. Biases are left out. Point at a layer to "
        "see its weights. Try 3 channels in, those of a colour image.",
        layers=Axis(range(1, 6), "3×3 layers", default=2),
        in_channels=Axis((3, 64, 128, 256), "channels in", default=256),
        channels=Axis((64, 256), "channels out", default=256),
    )


def _stack(layers: int, in_channels: int, channels: int) -> Picture:
    size = receptive_field([(3, 1)] * layers).size
    inputs = [in_channels] + [channels] * (layers - 1)
    small = [conv_parameters(inside, channels, 3, bias=False) for inside in inputs]
    large = conv_parameters(in_channels, channels, size, bias=False)
    alt = (
        f"A stack of {layers} 3×3 and one {size}×{size} layer, {in_channels} channels in and "
        f"{channels} out: both see {size} by {size} inputs; {sum(small):,} against {large:,} "
        f"weights, {layers} against 1 non-linearities."
    )
    share = sum(small) / large
    said = (
        f"The stack has {share:.0%} of the weights."
        if layers > 1
        else "The two are the same layer."
    )
    square = "C²" if in_channels == channels else f"·{in_channels}·C"
    terms = [f"9{square}", *["9C²"] * (layers - 1)]
    plural = "s" if layers > 1 else ""
    panes = (
        (f"{layers} layer{plural} of 3×3", terms, small, list(range(1, layers + 1))),
        (f"1 layer of {size}×{size}", [f"{size**2}{square}"], [large], [layers + 1]),
    )

    def layout(room: Room) -> str:
        wide = (room.width - (16 if room.narrow else 60)) / 2
        shapes = []
        for k, (name, terms, weights, numbers) in enumerate(panes):
            x = k * (room.width - wide)
            shapes.append(room.title(x + wide / 2, 12, name, bold=True))
            shapes += _nested(x, wide, size, weights, numbers, room)
            longest = max(sum(small), large)
            shapes += _weighed(x, wide, terms, weights, numbers, longest, room)
        low = 34 + _pane(room) + (114 if room.narrow else 96)
        shapes.append(room.title(0, low, said, anchor="start", bold=True))
        shapes.append(
            room.note(0, low + 22, f"Both see {size} × {size}. C = {channels}.", anchor="start")
        )
        return svg.document(room.width, low + 36, *shapes)

    return fitted(layout, alt)


def _pane(room: Room) -> float:
    """Side of the squares in `_nested`."""
    return 154 if room.narrow else 220


def _nested(
    x: float, wide: float, size: int, weights: list[int], numbers: list[int], room: Room
) -> list[str]:
    """What the output sees of every layer of a pane, from the input up: squares in each other."""
    cell = _pane(room) / size
    left, top = x + wide / 2 - size * cell / 2, 28
    shapes = [svg.cells(left, top, size, size, cell, stroke="grey")]
    for k, (number, count) in enumerate(zip(numbers, weights, strict=True)):
        inset, side = k * cell, (size - 2 * k) * cell
        square = (left + inset, top + inset, side, side)
        label = f"layer {k + 1}: {count:,} weights"
        frame = svg.rect(*square, fill="blue", stroke="blue", tint=0.2)
        shapes.append(svg.part(number, frame, label=label))
    middle = (size - 1) / 2 * cell
    shapes.append(svg.rect(left + middle, top + middle, cell, cell, fill="orange", stroke="none"))
    return shapes


def _weighed(
    x: float,
    wide: float,
    terms: list[str],
    weights: list[int],
    numbers: list[int],
    longest: int,
    room: Room,
) -> list[str]:
    """The weights of the layers of a pane as a sum and as a bar of pieces."""
    y = 28 + _pane(room) + 20
    terms_in_line = 3 if room.narrow else len(terms)
    pairs, shapes = list(zip(numbers, terms, strict=True)), []
    for k in range(0, len(pairs), terms_in_line):
        line = [piece for pair in pairs[k : k + terms_in_line] for piece in (" + ", pair)]
        shapes.append(
            room.note(x, y + 18 * k / terms_in_line, *line[0 if k else 1 :], anchor="start")
        )
    y += 18 if room.narrow else 0  # of the last line that the sum may take
    relus = f"{len(terms)} non-linearit{'ies' if len(terms) > 1 else 'y'}"
    shapes += [
        room.note(x, y + 20, f"= {sum(weights):,} weights", anchor="start", bold=True),
        room.note(x, y + 60, relus, anchor="start"),
    ]
    start = x
    for number, count in zip(numbers, weights, strict=True):
        length = wide * count / longest
        piece = svg.rect(start, y + 34, max(1, length - 1), 14, fill="blue", stroke="none")
        shapes.append(svg.part(number, piece))
        start += length
    return shapes


def vgg_costs() -> Explorer:
    """Where a VGG keeps its parameters, spends its MACs and holds its activations."""
    return Explorer(
        _costs,
        title="Where VGG's parameters, multiplications and memory are",
        name="costs",
        alt="Bars with the cost of each layer of a VGG",
        caption="One image of 224 × 224. Change what is counted, and watch the long bars move from "
        "the end of the network to its beginning. An empty line is a layer that only larger "
        "configurations have.",
        count=("parameters", "MACs", "memory"),
        configuration=Axis(tuple(_CONFIGURATIONS), default="D"),
    )


def _costs(count: str, configuration: str) -> Picture:
    field, unit = _COUNTS[count]
    values = {cost: getattr(cost, field) for cost in layer_costs(configuration)}
    total, longest = sum(values.values()), max(values.values())
    dense = sum(value for cost, value in values.items() if cost.dense)
    most = next(cost.name for cost, value in values.items() if value == longest)
    alt = (
        f"Configuration {configuration}: {total:,} {unit}, {dense / total:.1%} of them in the "
        f"dense layers; most, {longest / total:.1%}, in {most}."
    )
    shares = []
    for name in _slots():
        found = [cost for cost in values if cost.name.split()[0] == name]
        stage = name[4] if name[4:] else "dense"
        if found:
            fill = "orange" if found[0].dense else "blue"
            shares.append(Share(found[0].name, values[found[0]], fill=fill, group=stage))
        else:
            shares.append(Share("", 0, group=stage))
    return share_bars(shares, total_label=unit, alt=alt)


# What is counted: a field of `Cost`, and its unit.
_COUNTS = {
    "parameters": ("parameters", "parameters"),
    "MACs": ("macs", "MACs"),
    "memory": ("memory", "bytes of activations"),
}


def _slots() -> list[str]:
    """Names of all layers that a configuration may have: E has them all."""
    return [cost.name.split()[0] for cost in layer_costs("E")]
