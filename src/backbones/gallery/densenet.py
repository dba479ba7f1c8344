"""Figures and explorers of the DenseNet chapter."""

from functools import cache
from typing import NamedTuple

import torch

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.experiments.densenet import ConnectedBlock
from backbones.explorers import Axis, Explorer
from backbones.models.densenet import DenseBlock
from backbones.profile import profile

INPUT, SIZE = 64, 56  # channels and pixels at the first block of DenseNet-121

GROWTH_RATES = (8, 16, 24, 32, 40, 48)
DEPTHS = (2, 3, 4, 5, 6)

# Of the block's input and what each layer adds to it.
_COLOURS = ("grey", "blue", "orange", "green", "pink", "yellow", "purple")
_TINT = 0.38


class LayerCost(NamedTuple):
    """A layer of a dense block: channels that it reads, parameters, MACs for one map."""

    reads: int
    parameters: int
    macs: int


def layers(growth_rate: int, depth: int, bottleneck: bool = True) -> tuple[LayerCost, ...]:
    """The layers of a dense block on 64 × 56 × 56, with or without 1×1s before the 3×3s."""
    return _longest(growth_rate, bottleneck)[:depth]  # a layer does not see those after it


@cache
def _longest(growth_rate: int, bottleneck: bool) -> tuple[LayerCost, ...]:
    with torch.device("meta"):
        if bottleneck:
            block = DenseBlock(INPUT, DEPTHS[-1], growth_rate)
            firsts = [layer.bottleneck for layer in block]
        else:
            block = ConnectedBlock(INPUT, DEPTHS[-1], growth_rate)
            firsts = list(block)
    reads = [first.norm.num_features for first in firsts]
    costs = [[0, 0] for _ in reads]
    for row in profile(block, (INPUT, SIZE, SIZE)).rows:
        if row.kind in ("ConnectedBlock", "DenseBlock"):
            continue  # the concatenation at the end, which costs neither
        cost = costs[int(row.name.split(".")[0])]
        cost[0] += row.parameters
        cost[1] += row.macs
    return tuple(LayerCost(read, *cost) for read, cost in zip(reads, costs, strict=True))


# ------------------------------------------------------------------ a sum and a concatenation


def sum_and_concatenation() -> Picture:
    """Three layers that add to one map beside three that put theirs behind the others."""
    return fitted(
        _two_ways,
        "Two rows of maps, drawn as columns of channels, with three layers between them. Above, "
        "each layer's output is added: every column is as high as the first, and of one mixture. "
        "Below, each layer's output is put on top: the columns grow by an equal piece each time, "
        "and every piece can still be told from the others.",
        "A column is a map, its height the channels. Point at a layer: where is what it wrote?",
    )


def _two_ways(room: Room) -> str:
    step, wide = (86, 26) if room.narrow else (176, 44)
    left = (room.width - 3 * step - wide) / 2
    rows = (("adding: x + F(x)", False, 96), ("concatenating: [x, F(x)]", True, 282))
    shapes, parts = [], {number: [] for number in (1, 2, 3)}
    for words, grows, base in rows:
        shapes.append(room.title(0, 14 if not grows else 144, words, anchor="start", bold=True))
        for column in range(4):
            x = left + column * step
            shapes.append(svg.rect(x, base - 60, wide, 60, fill="grey", tint=0.25, thickness=1))
            for number in range(1, column + 1):
                if grows:
                    place = (x, base - 60 - 20 * number, wide, 20)
                else:  # a share of every channel
                    share = wide / (column + 1)
                    place = (x + number * share, base - 60, share, 60)
                look = {"fill": _COLOURS[number], "tint": _TINT, "thickness": 1}
                edge = "ink" if grows else "none"
                parts[number].append(svg.rect(*place, stroke=edge, **look))
            channels = "64" if not (grows and column) else f"64 + {32 * column}"
            shapes.append(room.note(x + wide / 2, base + 15, channels))
            if column < 3:
                parts[column + 1] += _layer(room, column + 1, (x + wide, x + step), base - 30)
    for number, drawn in parts.items():
        said = f"layer {number}: in the sum it is in every channel, below it has its own"
        shapes.append(svg.part(number, *drawn, label=said))
    return svg.document(room.width, 306, *shapes)


def _layer(room: Room, number: int, ends: tuple[float, float], y: float) -> list[str]:
    """A layer between two maps."""
    middle = sum(ends) / 2
    return [
        svg.line(ends[0], y, middle - 14, y, thickness=1),
        svg.rect(middle - 14, y - 13, 28, 26, fill=_COLOURS[number], tint=_TINT, thickness=1,
                 radius=5),
        room.note(middle, y, f"F{'₁₂₃'[number - 1]}"),
        svg.arrow([(middle + 14, y), (ends[1], y)], thickness=1, head=6),
    ]  # fmt: skip


# ------------------------------------------------------------------ the connections of a block


def dense_block() -> Explorer:
    """All connections of a dense block, and the channels that they bring to each layer."""
    return Explorer(
        _block,
        title="Who reads whom in a dense block",
        name="dense-block",
        alt="The connections of a dense block",
        caption="Point at a layer, or step through them with Tab: its arcs and its bar show what "
        "it reads. Drag the ring sideways for the growth rate, down for more layers. When do the "
        "1×1s pay?",
        growth_rate=Axis(GROWTH_RATES, "growth rate k", default=32),
        depth=Axis(DEPTHS, "layers", default=6),
        bottleneck=Axis((True, False), "1×1 before each 3×3"),
    )


def _block(growth_rate: int, depth: int, bottleneck: bool) -> Picture:
    found = layers(growth_rate, depth, bottleneck)
    out = INPUT + depth * growth_rate
    parameters, macs = sum(c.parameters for c in found), sum(c.macs for c in found)
    cost = f"{parameters:,} parameters, {macs / 1e6:,.0f} M MACs at {SIZE} × {SIZE}"
    arcs = depth * (depth + 1) // 2
    reads = ", ".join(str(c.reads) for c in found)
    alt = f"{depth} layers, {arcs} connections. They read {reads} channels; {out} leave. {cost}."

    def layout(room: Room) -> str:
        shapes = [
            room.title(0, 10, f"{depth} layers, {arcs} connections", anchor="start", bold=True),
            room.title(0, 31, cost if not room.narrow else cost.split(" at ")[0], anchor="start"),
        ]
        y, pitch = (150, 46) if room.narrow else (186, 92)
        radius = 13 if room.narrow else 16
        places = [radius + 4 + pitch * k for k in range(depth + 1)]
        steep = 16 if room.narrow else 23
        parts = [_arcs(places, y - radius, number, steep) for number in range(1, depth + 1)]
        for number, x in enumerate(places):
            node = [
                svg.circle(x, y, radius, fill="paper", stroke="none"),
                svg.circle(x, y, radius, fill=_COLOURS[number], tint=_TINT),
                room.note(x, y, number or "x"),
            ]
            if number:
                parts[number - 1] += node
            else:
                shapes += node
        return svg.document(room.width, y + 58 + 25 * DEPTHS[-1], *shapes,
                            *_rows(room, found, parts, y + 34, growth_rate, out))  # fmt: skip

    return fitted(layout, alt)


def _arcs(places: list[float], y: float, reader: int, steep: float) -> list[str]:
    """From the tops of all nodes before a layer to its own, in the colours of their maps."""
    arcs, x = [], places[reader]
    for source, start in enumerate(places[:reader]):
        rise = steep * (reader - source)
        way = f"M{svg.number(start)} {svg.number(y)}"
        way += f"C{svg.number(start)} {svg.number(y - rise)} "
        way += f"{svg.number(x)} {svg.number(y - rise)} {svg.number(x)} {svg.number(y)}"
        arcs.append(svg.path(way, stroke=_COLOURS[source], thickness=2))
    return arcs


def _rows(
    room: Room, found: tuple[LayerCost, ...], parts: list[list[str]], y: float, growth_rate: int,
    out: int,
) -> list[str]:  # fmt: skip
    """What each layer reads, as a bar; the last one is the block's output."""
    left = 58 if room.narrow else 78
    unit = (room.width - left - 44) / (INPUT + DEPTHS[-1] * GROWTH_RATES[-1])
    shapes = []

    def bar(y: float, pieces: int) -> list[str]:
        drawn, x = [], left
        for source in range(pieces):
            wide = unit * (growth_rate if source else INPUT)
            drawn.append(svg.rect(x, y - 8, wide - 1, 16, fill=_COLOURS[source], stroke="none",
                                  tint=_TINT))  # fmt: skip
            x += wide
        return drawn

    for number, (cost, drawn) in enumerate(zip(found, parts, strict=True), 1):
        label = f"layer {number} reads {cost.reads} channels: {INPUT} of x"
        if number > 1:
            label += f" and {growth_rate} of each of {number - 1} layers before it"
        label += f"; {cost.parameters:,} parameters, {cost.macs / 1e6:,.0f} M MACs"
        name = room.note(0, y, f"{number} reads", anchor="start")
        end = room.note(left + unit * cost.reads + 6, y, cost.reads, anchor="start")
        shapes.append(svg.part(number, *drawn, name, *bar(y, number), end, label=label))
        y += 25
    x = left + unit * out
    shapes.append(room.note(0, y, "output", anchor="start"))
    shapes += bar(y, len(found) + 1)
    shapes.append(room.note(x + 14, y, out, anchor="start", bold=True))
    step = unit * len(found) * (GROWTH_RATES[1] - GROWTH_RATES[0])
    return [*shapes, svg.draggable(svg.ring(x, y), x=("growth_rate", step), y=("depth", 25))]
