"""Figures and explorers of the VoVNet chapter."""

import math
from functools import cache
from typing import NamedTuple

import torch

from backbones.arithmetic import conv_macs, memory_access_cost
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.experiments.vovnet import DenselyAggregated
from backbones.explorers import Axis, Explorer
from backbones.models.vovnet import OSABlock
from backbones.profile import profile

# Equal products, so that a 1x1 between them has equally many multiplications.
_FEW = (36, 48, 54, 64, 72, 96, 108, 128, 144)
PAIRS = tuple((c, 144**2 // c) for c in (*_FEW, *(144**2 // c for c in _FEW[-2::-1])))
SIZES = (7, 14, 28, 56)

INPUT, OUTPUT, SIZE = 128, 256, 28  # channels and pixels of a block
WIDTHS = (32, 64, 96, 128, 160)
DEPTHS = (2, 3, 4, 5)

# Of a block's input and of what its layers write.
_COLOURS = ("grey", "blue", "orange", "green", "pink", "yellow")
_TINT = 0.4


class LayerCost(NamedTuple):
    """A convolution: channels that it reads and writes, MACs, numbers that it moves."""

    reads: int
    writes: int
    macs: int
    moved: int


class BlockCost(NamedTuple):
    """Layers of a block, width of its 3x3s, numbers that its concatenations read and write."""

    layers: tuple[LayerCost, ...]
    width: int
    copied: int

    @property
    def macs(self) -> int:
        """Of all layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def moved(self) -> int:
        """By all layers, without the concatenations."""
        return sum(layer.moved for layer in self.layers)


@cache
def block(width: int, depth: int, dense: bool) -> BlockCost:
    """A block on 128 × 28 × 28 that concatenates once, or densely with about as many MACs."""
    target = block(width, depth, False).macs if dense else 0
    if dense:
        width = min(range(1, width + 1), key=lambda k: abs(_dense_macs(k, depth) - target))
    with torch.device("meta"):
        made = (DenselyAggregated if dense else OSABlock)(INPUT, width, OUTPUT, depth)
        convs = [conv[0] for conv in (*made.convs, made.aggregate)]
    found = profile(made, (INPUT, SIZE, SIZE))
    macs = [row.macs for row in found.rows if row.macs]
    layers = tuple(
        LayerCost(c.in_channels, c.out_channels, m,
                  memory_access_cost(c.in_channels, c.out_channels, c.kernel_size[0], SIZE))
        for c, m in zip(convs, macs, strict=True)
    )  # fmt: skip
    joined = [layer.reads for layer in (layers[1:] if dense else layers[-1:])]
    return BlockCost(layers, width, 2 * SIZE**2 * sum(joined))


def _dense_macs(growth_rate: int, depth: int) -> int:
    reads = [INPUT + growth_rate * i for i in range(depth + 1)]
    layers = sum(conv_macs(c, growth_rate, 3, SIZE) for c in reads[:-1])
    return layers + conv_macs(reads[-1], OUTPUT, 1, SIZE)


def _millions(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value < 1e7 else f"{value / 1e6:,.0f} M"


# ------------------------------------------------------------------ who reads whom


def dense_and_once() -> Picture:
    """A block whose every layer reads all maps before it, above one that joins them once."""
    return fitted(
        _two_blocks,
        "Two rows of boxes: an input x, three 3×3 layers, and a 1×1 at the end. Above, densely: an "
        "arc from every box to every later one. Below, once: each layer reads only the box before "
        "it, and the last 1×1 has an arc from every box.",
        "Point at a layer: its arcs show what it reads. Only the last one is alike in both.",
    )


def _two_blocks(room: Room) -> str:
    wide, tall = (38, 30) if room.narrow else (64, 34)
    pitch = (room.width - wide - 2) / 4
    places = [1 + pitch * k for k in range(5)]
    names = ("x", "3×3", "3×3", "3×3", "1×1")
    shapes, parts = [], {number: [] for number in range(1, 5)}
    titles = ("densely: a layer reads all before it", "once: only the last one does")
    rows = zip(titles, (True, False), (118, 306), strict=True)
    for words, dense, y in rows:
        shapes.append(room.title(0, y - 104, words, anchor="start", bold=True))
        for number, (x, name) in enumerate(zip(places, names, strict=True)):
            box = [
                svg.rect(x, y, wide, tall, fill="paper", stroke="none"),
                svg.rect(x, y, wide, tall, fill=(*_COLOURS[:4], "purple")[number], tint=_TINT,
                         thickness=1, radius=5),
                room.note(x + wide / 2, y + tall / 2, name),
            ]  # fmt: skip
            if not number:
                shapes += box
                continue
            every = dense or number == 4
            for source in range(0 if every else number - 1, number):
                parts[number].append(_link(places, source, number, wide, y, tall))
            parts[number] += box
            reads = f"{number} maps" if every and number > 1 else "1 map"
            end = {"anchor": "end"} if number == 4 else {}
            at = x + (wide if number == 4 else wide / 2)
            parts[number].append(room.note(at, y + tall + 14, reads, **end))
    for number, drawn in parts.items():
        name = "the last 1×1" if number == 4 else f"layer {number}"
        said = f"{name}: densely it reads {number} of the maps before it"
        said += ", once all of them too" if number == 4 else ", once only the last one"
        shapes.append(svg.part(number, *drawn, label=said))
    return svg.document(room.width, 366, *shapes)


def _link(places: list[float], source: int, reader: int, wide: float, y: float, tall: float) -> str:
    """An arrow to the next box, or an arc over those between."""
    if reader == source + 1:
        ends = [(places[source] + wide, y + tall / 2), (places[reader], y + tall / 2)]
        return svg.arrow(ends, thickness=1.5, head=6)
    start, end = places[source] + 0.6 * wide, places[reader] + 0.5 * wide - 5 * (reader - source)
    rise = 26 * (reader - source)
    way = f"M{svg.number(start)} {svg.number(y)}C{svg.number(start)} {svg.number(y - rise)} "
    way += f"{svg.number(end)} {svg.number(y - rise)} {svg.number(end)} {svg.number(y)}"
    return svg.path(way, stroke=_COLOURS[source], thickness=2)


# ------------------------------------------------------------------ one layer as a rectangle


def layer_rectangle() -> Explorer:
    """A 1x1 as a rectangle of fixed area, whose sides a reader draws out."""
    return Explorer(
        _rectangle,
        title="One layer, equal multiplications",
        name="layer-rectangle",
        alt="A layer as a rectangle of its channels",
        caption="Drag the ring along the dashed curve: the area, and so the multiplications, stay. "
        "Where are fewest numbers moved? On which maps does it matter?",
        channels=Axis(
            tuple(range(len(PAIRS))),
            "channels read and written",
            default=3,
            format=lambda i: f"{PAIRS[i][0]} to {PAIRS[i][1]}",
        ),
        size=Axis(SIZES, "side of the map", default=28),
    )


def _rectangle(channels: int, size: int) -> Picture:
    reads, writes = PAIRS[channels]
    moved = [memory_access_cost(a, b, 1, size) for a, b in PAIRS]
    here, least = moved[channels], min(moved)
    macs = conv_macs(reads, writes, 1, size)
    words = (
        f"{reads} to {writes} channels at {size} × {size}",
        f"{_millions(macs)} MACs",
        f"{here:,} numbers moved: {here / least:.2f} of the least",
    )

    def layout(room: Room) -> str:
        side = 262
        unit = side / (PAIRS[-1][0] + 20)
        wide, tall, base = reads * unit, writes * unit, 84 + side
        curve = "L".join(f"{svg.number(1 + a * unit)} {svg.number(base - b * unit)}"
                         for a, b in PAIRS)  # fmt: skip
        nearest = PAIRS[channels + (1 if channels + 1 < len(PAIRS) else -1)][0]
        corner = (1 + wide, base - tall)
        left, low, high = (4, base + 170, 110) if room.narrow else (side + 70, base, side - 60)
        across = room.width - left - 12
        shapes = [
            *(room.title(0, 10 + 21 * line, text, anchor="start", bold=not line)
              for line, text in enumerate(words)),
            svg.rect(1, base - tall, wide, tall, fill="blue", tint=0.3),
            svg.path(f"M{curve}", dashed=True, thickness=1),
            room.note(side / 2, base + 16, "channels read"),
            room.note(side - 6, 92, "written: height", anchor="end"),
            *_cost_curve(room, moved, channels, (left, low, across, high)),
        ]  # fmt: skip
        ring = svg.ring(*corner, fill="blue")
        grip = svg.draggable(ring, x=("channels", max(5, unit * abs(nearest - reads))))
        return svg.document(room.width, low + 30, *shapes, grip)

    return fitted(layout, ". ".join(words) + ".")


def _cost_curve(
    room: Room, moved: list[int], chosen: int, place: tuple[float, float, float, float]
) -> list[str]:
    """Numbers moved by each pair of channels, from zero, and a dot at the one that is chosen."""
    left, low, across, high = place
    logs = [math.log(reads) for reads, _ in PAIRS]
    xs = [left + across * (x - logs[0]) / (logs[-1] - logs[0]) for x in logs]
    ys = [low - high * value / max(moved) for value in moved]
    way = "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in zip(xs, ys, strict=True))
    return [
        svg.line(left, low, left + across, low, thickness=1),
        svg.path(f"M{way}", stroke="orange", thickness=2),
        svg.line(xs[chosen], low, xs[chosen], ys[chosen], stroke="orange", thickness=1),
        svg.circle(xs[chosen], ys[chosen], 6, fill="orange", tint=0.6),
        room.note(left, low - high - 16, "numbers moved, from 0", anchor="start"),
        room.note(left, low + 16, "more written", anchor="start"),
        room.note(left + across, low + 16, "more read", anchor="end"),
    ]


# ------------------------------------------------------------------ the layers of a block


def block_rectangles() -> Explorer:
    """All layers of two blocks of equal cost as rectangles, striped by the maps they read."""
    return Explorer(
        _blocks,
        title="The layers of two blocks, as rectangles",
        name="block-rectangles",
        alt="The layers of two blocks as rectangles",
        caption="Width: channels read, striped by the maps they come from. Height: channels "
        "written. Point at a layer, or step through them with Tab. Drag the ring sideways for the "
        "width, down for more layers.",
        width=Axis(WIDTHS, "width of the 3×3s", default=128),
        depth=Axis(DEPTHS, "3×3 layers", default=5),
    )


def _blocks(width: int, depth: int) -> Picture:
    dense, once = block(width, depth, True), block(width, depth, False)
    told = [
        f"{name}, {depth} layers of {cost.width}: {cost.macs / 1e6:,.0f} M MACs, convolutions "
        f"move {_millions(cost.moved)} numbers, concatenations {_millions(cost.copied)}."
        for name, cost in (("Densely", dense), ("Once", once))
    ]

    def layout(room: Room) -> str:
        parts = {number: [] for number in range(1, depth + 2)}
        shapes, grips, second = [], [], (0, 364) if room.narrow else (350, 0)
        for name, cost, (left, top) in (("densely", dense, (0, 0)), ("once", once, second)):
            drawn, held = _panel(room, name, cost, parts, left, top)
            shapes, grips = shapes + drawn, grips + held
        for number, drawn in parts.items():
            a, b = dense.layers[number - 1], once.layers[number - 1]
            title = "the last 1×1" if number > depth else f"layer {number}"
            said = f"{title}: densely {_reading(a)}; once {_reading(b)}"
            shapes.append(svg.part(number, *drawn, label=said))
        # The ring lies over the layers, or a mouse could not take it.
        return svg.document(room.width, (726 if room.narrow else 362), *shapes, *grips)

    return fitted(layout, " ".join(told))


def _reading(cost: LayerCost) -> str:
    words = f"{cost.reads} channels to {cost.writes}, {cost.macs / 1e6:,.0f} M MACs"
    return f"{words}, {_millions(cost.moved)} numbers moved"


def _panel(
    room: Room, name: str, cost: BlockCost, parts: dict[int, list[str]], left: float, top: float
) -> tuple[list[str], list[str]]:
    """One block: totals, and a row for each layer with the maps that it reads; and its ring."""
    depth, start, unit = len(cost.layers) - 1, left + 78, 0.196
    size = f"width {cost.width}" if name == "once" else f"growth rate {cost.width}"
    shapes = [
        room.title(left, top + 10, f"{name}, {size}", anchor="start", bold=True),
        room.note(left, top + 31, f"{cost.macs / 1e6:,.0f} M MACs", anchor="start"),
        room.note(left, top + 50, f"convolutions move {_millions(cost.moved)}", anchor="start"),
        room.note(left, top + 69, f"concatenations move {_millions(cost.copied)}", anchor="start"),
        *(room.note(left + 6 + 12 * j, top + 92, j or "x") for j in range(depth + 1)),
    ]
    y, grips = top + 104, []
    for number, layer in enumerate(cost.layers, 1):
        tall, wide, drawn = layer.writes * unit, layer.reads * unit, parts[number]
        every = name == "densely" or number > depth
        sources = range(number) if every else (number - 1,)
        row, x = max(18, tall), start
        for source in sources:
            drawn.append(svg.circle(left + 6 + 12 * source, y + row / 2, 4.5,
                                    fill=_COLOURS[source], stroke="none"))  # fmt: skip
            piece = unit * (cost.width if source else INPUT)
            drawn.append(svg.rect(x, y + (row - tall) / 2, piece, tall, fill=_COLOURS[source],
                                  stroke="none", tint=_TINT))  # fmt: skip
            x += piece
        drawn.append(svg.rect(start, y + (row - tall) / 2, wide, tall, thickness=1))
        if number <= depth:
            words, at = f"{layer.reads} → {layer.writes}", (x + 6, y + row / 2)
        else:
            words, at = f"1×1: {layer.reads} → {layer.writes}", (start, y + row + 13)
        drawn.append(room.note(*at, words, anchor="start"))
        y += row + 5
    if name == "once":
        middle, step = y - 5 - tall / 2, depth * unit * (WIDTHS[1] - WIDTHS[0])
        pitch = max(18, cost.width * unit) + 5
        ring = svg.ring(x, middle)
        grips.append(svg.draggable(ring, x=("width", step), y=("depth", pitch)))
    return shapes, grips
