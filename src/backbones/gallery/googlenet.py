"""Figures and explorers of the GoogLeNet chapter."""

from functools import cache, partial
from typing import NamedTuple

import torch
from torch import nn

from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import Branches, ConvNormAct
from backbones.models.googlenet import TABLE_1, InceptionBlock
from backbones.profile import profile

# Only what a drawing counts: weights, no biases and no norms.
bare_conv = partial(ConvNormAct, norm=None)

_FILLS = ("blue", "orange", "green", "purple")
_NAMES = ("1×1", "3×3", "5×5", "pool")
_SIZES = (28, 14, 7)  # pixels of the maps in stages 3, 4 and 5, for an image of 224


class Place(NamedTuple):
    """Where a module is: channels of its input, side of its maps, its row of Table 1."""

    in_channels: int
    size: int
    widths: tuple[int, ...]


def places() -> dict[str, Place]:
    """The nine modules of GoogLeNet by the names of Table 1 of arXiv:1409.4842: 3a to 5b."""
    found, channels = {}, 192
    for stage, (rows, size) in enumerate(zip(TABLE_1, _SIZES, strict=True), 3):
        for letter, row in zip("abcde", rows, strict=False):
            found[f"{stage}{letter}"] = Place(channels, size, row)
            channels = row[0] + row[2] + row[4] + row[5]
    return found


def module(name: str, reductions: bool = True) -> Branches:
    """A module without biases and norms, shapes only: as it is, or without any 1×1 to reduce.

    Without reductions it is Figure 2a of the paper: the pool passes on all channels.

    Raises:
        ValueError: If there is no module of this name.
    """
    if name not in places():
        raise ValueError(f"name must be one of {', '.join(places())}, got {name!r}")
    channels, _, widths = places()[name]
    with torch.device("meta"):
        if reductions:
            return InceptionBlock(channels, widths, bare_conv)
        kernels = {1: widths[0], 3: widths[2], 5: widths[4]}
        convs = [bare_conv(channels, width, kernel) for kernel, width in kernels.items()]
        return Branches([*convs, nn.Sequential(nn.MaxPool2d(3, 1, padding=1))])


class Branch(NamedTuple):
    """A branch: its layers from the input on, with the channels of each, and what it costs."""

    layers: tuple[tuple[str, int], ...]
    weights: int
    macs: int

    @property
    def channels(self) -> int:
        """What it gives to the output."""
        return self.layers[-1][1]


@cache
def branches(name: str, reductions: bool = True) -> tuple[Branch, ...]:
    """The four branches of a module: 1×1, 3×3, 5×5 and pooling.

    Raises:
        ValueError: If there is no module of this name.
    """
    made = module(name, reductions)
    channels, size, _ = places()[name]
    rows = profile(made, (channels, size, size)).rows
    found = []
    for index in range(len(made)):
        mine = [row for row in rows if f"{row.name}.".startswith(f"{index}.")]
        layers, width = [], channels
        for layer in made[index].modules():
            if isinstance(layer, nn.Conv2d):
                width = layer.out_channels
                layers.append((f"{layer.kernel_size[0]}×{layer.kernel_size[0]}", width))
            elif isinstance(layer, nn.MaxPool2d):
                layers.append(("max pool", width))
        weights, macs = sum(row.parameters for row in mine), sum(row.macs for row in mine)
        found.append(Branch(tuple(layers), weights, macs))
    return tuple(found)


def module_3a() -> Picture:
    """The first module, its four branches named."""
    place, four = places()["3a"], branches("3a")
    outputs = sum(branch.channels for branch in four)
    labels = [[f"{kind}, {width}" for kind, width in branch.layers] for branch in four]
    labels[3][0] = "3×3 max pool"
    nodes = {"x": Node(f"x\n{_times(place.in_channels, place.size)}", 0, 1.5, "text")}
    edges = []
    for column, branch in enumerate(labels):
        last, part, fill = "x", column + 1, _FILLS[column]
        for row, label in zip((2,) if len(branch) == 1 else (1, 2), branch, strict=True):
            short = "\n".join(label.removeprefix("3×3 max ").split(", "))
            nodes[f"{column} {row}"] = Node(label, row, column, fill=fill, short=short, part=part)
            edges.append(Edge(last, f"{column} {row}", part=part))
            last = f"{column} {row}"
        edges.append(Edge(last, "cat", part=part))
    nodes["cat"] = Node("concatenate channels", 3, 1.5, fill="yellow", short="concatenate")
    nodes["y"] = Node(f"y\n{_times(outputs, place.size)}", 4, 1.5, "text")
    edges.append(Edge("cat", "y"))
    widths = " + ".join(str(branch.channels) for branch in four)
    return block_diagram(
        nodes,
        edges,
        parts={number: f"the {name} branch" for number, name in enumerate(_NAMES, 1)},
        alt=f"Module 3a: the input of {_times(place.in_channels, place.size)} goes into four "
        "branches: a 1×1 convolution; a 1×1, then a 3×3; a 1×1, then a 5×5; a 3×3 max pool, then "
        f"a 1×1. Their outputs are concatenated to {widths} = {outputs} channels.",
        caption=f"Module 3a; numbers are channels. {widths} = {outputs}. Every branch keeps height "
        "and width; a ReLU follows each convolution.",
    )


def inception_module() -> Explorer:
    """Any of the nine modules, with and without its reductions."""
    return Explorer(
        _module,
        title="An Inception module: where its channels and its multiplications are",
        name="module",
        alt="The four branches of an Inception module",
        caption="Lengths are channels; the input has the same length throughout. Point at a branch "
        "to follow it. Take the reductions away, and watch the output and the 5×5.",
        module=Axis(tuple(places()), buttons=True),
        reductions=Axis((True, False), "1×1 reductions"),
    )


def _module(module: str, reductions: bool) -> Picture:
    place, four = places()[module], branches(module, reductions)
    outputs = sum(branch.channels for branch in four)
    macs, weights = (sum(getattr(b, kind) for b in four) for kind in ("macs", "weights"))
    said = (
        f"{name}: {branch.channels} channels, {branch.macs / macs:.0%} of the MACs"
        for name, branch in zip(_NAMES, four, strict=True)
    )
    form = "with" if reductions else "without"
    alt = (
        f"Module {module} {form} 1×1 reductions: {place.in_channels} channels in, {outputs} out, "
        f"{weights:,} weights, {macs:,} MACs. {'; '.join(said)}."
    )

    def layout(room: Room) -> str:
        flow, low = _flow(place, four, room)
        costs, end = _costs(module, four, low + 34, room)
        return svg.document(room.width, end, *flow, *costs)

    return fitted(layout, alt)


def _flow(place: Place, four: tuple[Branch, ...], room: Room) -> tuple[list[str], float]:
    """Input, branches and output as bars, from top to bottom; and where they end."""
    pitch, thick = room.width / 4, 16
    unit = (pitch - (6 if room.narrow else 18)) / place.in_channels  # pixels of a channel
    middle, top, step = room.width / 2, 32, 58
    outputs = sum(branch.channels for branch in four)
    left, low = middle - outputs * unit / 2, top + 3.2 * step + 24
    shapes = [
        room.title(middle, 12, f"input: {_times(place.in_channels, place.size)}", bold=True),
        _bar(middle, top, place.in_channels * unit, thick, "grey"),
    ]
    start = left
    for number, (name, branch) in enumerate(zip(_NAMES, four, strict=True), 1):
        fill, x, end = _FILLS[number - 1], (number - 0.5) * pitch, branch.channels * unit
        levels = {1: (2,), 2: (1, 2)}[len(branch.layers)]
        if branch.layers == (("max pool", place.in_channels),):
            levels = (1,)
        mine, last = [], (middle, top + thick)
        for level, (kind, width) in zip(levels, branch.layers, strict=True):
            y = top + 6 + step * level
            turn = [(last[0], top + thick + 14), (x, top + thick + 14)] if last[0] != x else []
            mine.append(svg.arrow([last, *turn, (x, y)], thickness=1, head=6))
            mine.append(_bar(x, y, width * unit, thick, fill))
            mine.append(_named(x, y + thick + 10, kind, width, room))
            last = (x, y + thick + 18)
        goal = start + end / 2
        mine.append(svg.arrow([last, (x, low - 18), (goal, low - 18), (goal, low)], thickness=1,
                              head=6))  # fmt: skip
        mine.append(_bar(goal, low, end, thick, fill))
        label = f"branch {name}: {branch.channels} channels, {branch.macs:,} MACs"
        shapes.append(svg.part(number, *mine, label=label))
        start += end
    y = low + thick + 14
    words = f"output: {_times(outputs, place.size)}"
    return [*shapes, room.title(middle, y, words, bold=True)], y


def _named(x: float, y: float, kind: str, width: int, room: Room) -> str:
    words = f"{kind.split()[-1] if room.narrow else kind}, {width}"
    plate = 1.1 * svg.text_width(words, room.small) + 4
    back = svg.rect(x - plate / 2, y - 8, plate, 16, fill="paper", stroke="none")
    return back + room.note(x, y, words)


def _bar(x: float, y: float, length: float, thick: float, fill: str) -> str:
    """A bar around x; the thinnest can still be seen."""
    length = max(2, length)
    return svg.rect(x - length / 2, y, length, thick, fill=fill, stroke="ink", tint=0.5,
                    thickness=0.8)  # fmt: skip


def _costs(name: str, four: tuple[Branch, ...], top: float, room: Room) -> tuple[list[str], float]:
    """The MACs of each branch as bars; the longest is as long as in the dearer form."""
    longest = max(branch.macs for form in (True, False) for branch in branches(name, form))
    left, behind = (48, 76) if room.narrow else (60, 220)
    length = room.width - left - behind
    macs, weights = (sum(getattr(b, kind) for b in four) for kind in ("macs", "weights"))
    heading = f"{_millions(macs)} MACs, {weights:,} weights"
    shapes = [room.title(0, top, heading, anchor="start", bold=True)]
    y = top
    for number, (word, branch) in enumerate(zip(_NAMES, four, strict=True), 1):
        y += 22
        end, said = length * branch.macs / longest, _millions(branch.macs)
        if branch.macs and not room.narrow:
            said += f", {branch.weights:,} weights"
        shapes.append(
            svg.part(
                number,
                room.note(0, y, word, anchor="start"),
                svg.rect(left, y - 7, end, 14, fill=_FILLS[number - 1], stroke="none"),
                room.note(left + end + 6, y, said, anchor="start"),
            )
        )
    return shapes, y + 14


def _millions(macs: int) -> str:
    return f"{macs / 1e6:.1f} M" if macs else "0"


def _times(channels: int, size: int) -> str:
    return f"{channels} × {size} × {size}"
