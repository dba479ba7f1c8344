"""Figures and explorers of the ResNeXt chapter."""

from functools import cache
from math import log2
from typing import NamedTuple

import torch

from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.models.resnext import GroupedPaths
from backbones.profile import profile

CHANNELS, SIZE = 256, 56  # of the maps in the first stage of ResNet-50

CARDINALITIES = (1, 2, 4, 8, 16, 32, 64)
# Path widths by cost, for each cardinality: those that come nearest to half of the multiplications
# of ResNet-50's block, to all of them, and to twice as many.
WIDTHS = {
    "half": (40, 24, 14, 8, 4, 2, 1),
    "as ResNet-50": (64, 40, 24, 14, 8, 4, 2),
    "double": (99, 64, 40, 24, 14, 8, 4),
}
FORMS = ("(a) summed", "(b) concatenated", "(c) grouped")

_FILLS = ("blue", "orange", "green")
_LAYERS = ("1×1, reduce", "3×3, transform", "1×1, expand")


class Block(NamedTuple):
    """Paths of a block without its shortcut: weights of its three layers, and their MACs."""

    cardinality: int
    path_width: int
    weights: tuple[int, ...]
    layer_macs: tuple[int, ...]

    @property
    def width(self) -> int:
        """Channels between the 1×1s."""
        return self.cardinality * self.path_width

    @property
    def total(self) -> int:
        """All weights."""
        return sum(self.weights)

    @property
    def macs(self) -> int:
        """All multiplications for one map."""
        return sum(self.layer_macs)


@cache
def block(cardinality: int, path_width: int) -> Block:
    """What C paths of width d cost on 256 × 56 × 56, norms left out."""
    with torch.device("meta"):
        paths = GroupedPaths(CHANNELS, CHANNELS, 1, cardinality, path_width)
    rows = [r for r in profile(paths, (CHANNELS, SIZE, SIZE)).rows if r.kind == "Conv2d"]
    weights, macs = tuple(r.parameters for r in rows), tuple(r.macs for r in rows)
    return Block(cardinality, path_width, weights, macs)


# ------------------------------------------------------------------ one 3×3, dense and grouped


def dense_and_grouped() -> Picture:
    """Two 3×3 as tables of who reads whom, to scale, and what the three layers of each cost."""
    two = block(1, 64), block(32, 4)
    said = [f"{b.width} channels: {', '.join(f'{w:,}' for w in b.weights)}" for b in two]
    return fitted(
        lambda room: _tables(room, two),
        "Which input channel each output channel of a 3×3 reads. Dense, 64 channels: a full "
        "square. 32 groups, 128 channels: 32 small squares on the diagonal of one twice as wide. "
        f"Weights of the layers of a block, {'; '.join(said)}.",
        "To scale. Below: weights of the block's three layers, for 256 channels in and out. Point "
        "at a layer.",
    )


def _tables(room: Room, two: tuple[Block, ...]) -> str:
    unit = 1.1 if room.narrow else 1.7
    pitch, low = room.width / 2, 44 + 128 * unit
    shapes = []
    for k, (b, name) in enumerate(zip(two, ("dense", "32 groups"), strict=True)):
        side, step, left = b.width * unit, b.path_width * unit, k * pitch + (pitch - 128 * unit) / 2
        top = low - side
        frame = svg.rect(left, top, side, side, stroke="grey", thickness=1)
        corners = [(left + i * step, top + i * step) for i in range(b.cardinality)]
        filled = svg.bars(corners, step, step, fill="orange", tint=0.45)
        shapes.append(svg.part(2, frame, filled))
        shapes.append(room.title(left, top - 14, f"3×3, {name}", anchor="start", bold=True))
        shapes.append(room.note(left, low + 16, f"{b.width} channels", anchor="start"))
    y, left = low + 46, 104 if room.narrow else 130
    longest = max(max(b.weights) for b in two)
    length = (room.width - left - (56 if room.narrow else 64)) / longest
    for number, (layer, fill) in enumerate(zip(_LAYERS, _FILLS, strict=True), 1):
        pieces = [room.note(0, y + 9, layer, anchor="start")]
        for row, b in enumerate(two):
            weights = b.weights[number - 1]
            bar = (left, y + 18 * row - 7, length * weights, 14)
            pieces.append(svg.rect(*bar, fill=fill, stroke="none", tint=0.9 - 0.45 * row))
            pieces.append(room.note(left + length * weights + 6, y + 18 * row, f"{weights:,}",
                                    anchor="start"))  # fmt: skip
        label = ", ".join(f"{b.weights[number - 1]:,} weights {n}" for b, n in
                          zip(two, ("dense", "in 32 groups"), strict=True))  # fmt: skip
        shapes.append(svg.part(number, *pieces, label=f"{layer}: {label}"))
        y += 46
    totals = f"upper bars: dense, {two[0].total:,} in all; lower: grouped, {two[1].total:,}"
    for line in room.wrapped(totals, room.width):
        shapes.append(room.note(0, y - 4, line, anchor="start"))
        y += 18
    return svg.document(room.width, y - 10, *shapes)


# ------------------------------------------------------------------ a bottleneck and its paths


def bottleneck_and_paths() -> Picture:
    """ResNet's bottleneck beside a block of 32 paths, layer by layer."""
    nodes, edges = {}, []
    columns = {"": (0, 64), "1": (2, 4), "32": (4, 4)}
    nodes["x"] = Node("x: 256", 0, 0, "text")
    nodes["x paths"] = Node("x: 256", 0, 3, "text")
    for name, (column, width) in columns.items():
        above = "x paths" if name else "x"
        for row, (kind, out) in enumerate((("1×1", width), ("3×3", width), ("1×1", 256)), 1):
            key = f"{row} {name}"
            nodes[key] = Node(f"{kind}, {out}", row, column, fill=_FILLS[row - 1], part=row,
                              short=f"{kind}\n{out}")  # fmt: skip
            edges.append(Edge(above, key, part=row))
            above = key
        edges.append(Edge(above, "sum paths" if name else "sum", part=3 if name else 0))
    for row in (1, 2, 3):
        nodes[f"more {row}"] = Node("… 32 …" if row == 2 else "…", row, 3, "text")
    nodes["sum paths"] = Node("+", 4, 3, "op", fill="green")
    nodes["sum"] = Node("+", 4.9, 0, "op", fill="grey")
    nodes["add paths"] = Node("+", 4.9, 3, "op", fill="grey")
    edges.append(Edge("sum paths", "add paths"))
    edges.append(Edge("x", "sum", via=0.9))
    edges.append(Edge("x paths", "add paths", via=5))
    nodes["y"] = Node("256", 5.8, 0, "text")
    nodes["y paths"] = Node("256", 5.8, 3, "text")
    edges += [Edge("sum", "y"), Edge("add paths", "y paths")]
    return block_diagram(
        nodes,
        edges,
        parts={1: "reduce", 2: "transform", 3: "expand, and merge by a sum"},
        alt="Left, ResNet's bottleneck: 1×1 to 64 channels, 3×3 on 64, 1×1 to 256, and a shortcut "
        "that is added. Right, ResNeXt's block: 32 equal paths, each a 1×1 to 4 channels, a 3×3 on "
        "4 and a 1×1 to 256; the paths are summed, then the shortcut is added.",
        caption="A bottleneck (left) and 32 paths (right); two of them are drawn. Numbers are "
        "channels. Norms and ReLUs are left out.",
    )


# ------------------------------------------------------------------ cardinality and path width


def cardinality_and_width() -> Explorer:
    """A block's paths, moved along a curve of equal cost, in three forms."""
    return Explorer(
        _paths,
        title="Many thin paths or few wide ones",
        name="paths-at-equal-cost",
        alt="The paths of a ResNeXt block",
        caption="Drag the ring along its curve: every point of a curve costs nearly the same. Drag "
        "it up or down to another budget. Then compare the three forms: only the drawing changes. "
        "Point at a layer to light it up.",
        cardinality=Axis(CARDINALITIES, "paths C", default=4),
        cost=Axis(tuple(WIDTHS), "cost", default="as ResNet-50"),
        form=Axis(FORMS, "form"),
    )


def _paths(cardinality: int, cost: str, form: str) -> Picture:
    index = CARDINALITIES.index(cardinality)
    b = block(cardinality, WIDTHS[cost][index])
    many = f"{b.cardinality} paths" if b.cardinality > 1 else "1 path"
    said = (
        f"{many} of {b.path_width}: {b.width} channels inside",
        f"{b.total:,} weights, {b.macs / 1e6:.0f} M MACs at {SIZE} × {SIZE}",
    )
    layers = "; ".join(f"{n}: {w:,} weights" for n, w in zip(_LAYERS, b.weights, strict=True))
    alt = f"Form {form}: {'. '.join(said)}. {layers}."

    def layout(room: Room) -> str:
        left, top = (0, 232) if room.narrow else (256, 0)
        shapes = _curves(room, index, cost)
        shapes += _flow(room, b, FORMS.index(form), left, top)
        y = top + 276
        for line in said:
            shapes.append(room.title(0, y, line, anchor="start", bold=line == said[0]))
            y += 21
        costs, y = _costs(room, b, y + 6)
        return svg.document(room.width, y, *shapes, *costs)

    return fitted(layout, alt)


def _curves(room: Room, index: int, cost: str) -> list[str]:
    """Path width against cardinality, both by powers of two, and where we are."""
    left, top = 30, 30
    right, low = (room.width - 96, 162) if room.narrow else (150, 196)
    across, down = (right - left) / 6, (low - top) / 6.7

    def at(k: int, d: float) -> tuple[float, float]:
        return left + across * k, low - down * log2(d)

    shapes = [
        svg.line(left, top - 8, left, low + 8, stroke="grey", thickness=1),
        svg.line(left, low + 8, right + 8, low + 8, stroke="grey", thickness=1),
        room.note(0, 10, "path width d", anchor="start"),
        room.note((left + right) / 2, low + 42, "paths C"),
    ]
    for power in (0, 2, 4, 6):
        x, y = at(power, 2**power)
        shapes.append(room.note(left - 8, y, 2**power, anchor="end"))
        shapes.append(room.note(x, low + 22, 2**power))
    for name, widths in WIDTHS.items():
        points = [at(k, d) for k, d in enumerate(widths)]
        way = "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in points)
        chosen = name == cost
        colour = "purple" if chosen else "grey"
        shapes.append(svg.path(way, stroke=colour, thickness=2 if chosen else 1))
        shapes += [svg.circle(x, y, 2.5, fill=colour, stroke="none") for x, y in points]
        x, y = points[-1]
        shapes.append(room.note(x + 12, y, name.replace("as ", ""), anchor="start", bold=chosen))
    x, y = at(index, WIDTHS[cost][index])
    shapes.append(svg.draggable(svg.ring(x, y), x=("cardinality", across), y=("cost", -down)))
    return shapes


def _flow(room: Room, b: Block, form: int, left: float, top: float) -> list[str]:
    """Input, paths and output from top to bottom; lengths are channels."""
    wide = room.width - left - 1
    unit, middle, thick = wide / CHANNELS, left + wide / 2, 14
    start, pitch = middle - b.width * unit / 2, b.path_width * unit
    gap = 0.25 * pitch if b.cardinality > 1 else 0
    at, reduce, transform, out = (top + y for y in (24, 78, 132, 218))
    ends, xs = (start, start + b.width * unit), [
        start + (k + 0.5) * pitch for k in range(b.cardinality)
    ]  # fmt: skip

    def strip(y: float, fill: str, parted: bool) -> str:
        if parted:
            corners = [(x - (pitch - gap) / 2, y) for x in xs]
            return svg.bars(corners, pitch - gap, thick, fill=fill, stroke="none", tint=0.75)
        return svg.rect(start, y, b.width * unit, thick, fill=fill, stroke="none", tint=0.75)

    def lines(way: str, fill: str) -> str:
        return svg.path(way, stroke=fill, thickness=1 if b.cardinality > 16 else 1.5)

    def funnel(y: float, low: float, narrow_above: bool, fill: str) -> str:
        full = (left, left + wide)
        above, below = (ends, full) if narrow_above else (full, ends)
        corners = [(above[0], y), (above[1], y), (below[1], low), (below[0], low)]
        return svg.polygon(corners, fill=fill, stroke="none", tint=0.3)

    number = svg.number
    fan = "".join(f"M{number(middle)} {at + thick:g}L{number(x)} {reduce:g}" for x in xs)
    corners = [(x - (pitch - gap) / 2, reduce + thick) for x in xs]
    drop = svg.bars(corners, pitch - gap, transform - reduce - thick, fill="orange",
                    stroke="none", tint=0.3)  # fmt: skip
    first = [funnel(at + thick, reduce, False, "blue") if form == 2 else lines(fan, "blue")]
    first.append(strip(reduce, "blue", form < 2))
    second = [drop, strip(transform, "orange", form < 2)]
    if form == 2:  # groups are cuts in one bar
        cuts = "".join(f"M{number(x - pitch / 2)} {transform:g}v{thick}" for x in xs[1:])
        second.append(svg.path(cuts, stroke="paper", thickness=min(2, pitch / 4)) if cuts else "")
    if form == 0:
        last = "".join(f"M{number(x)} {transform + thick:g}L{number(middle)} {out - 30:g}"
                       for x in xs)  # fmt: skip
        third = [lines(last, "green"), svg.circle(middle, out - 24, 9, fill="paper"),
                 svg.text(middle, out - 24, "+"),
                 svg.arrow([(middle, out - 15), (middle, out)], thickness=1, head=6)]  # fmt: skip
    elif form == 1:
        join = transform + thick + 22
        last = "".join(f"M{number(x)} {transform + thick:g}V{join:g}" for x in xs)
        frame = svg.rect(start, join, b.width * unit, 8, stroke="green", thickness=1)
        third = [lines(last, "green"), frame, funnel(join + 8, out, True, "green")]
    else:
        third = [funnel(transform + thick, out, True, "green")]
    ends_of = [svg.rect(left, y, wide, thick, fill="grey", stroke="none", tint=0.6)
               for y in (at, out)]  # fmt: skip
    parts = [svg.part(k, *p) for k, p in enumerate((first, second, third), 1)]
    return [
        room.note(middle, top + 10, f"x: {CHANNELS} channels"),
        *ends_of,
        *parts,
        room.note(middle, out + thick + 14, f"F(x): {CHANNELS} channels"),
    ]


def _costs(room: Room, b: Block, y: float) -> tuple[list[str], float]:
    """Weights of the three layers as bars."""
    left = 108 if room.narrow else 130
    longest = max(max(block(c, d).weights) for row in WIDTHS.values()
                  for c, d in zip(CARDINALITIES, row, strict=True))  # fmt: skip
    unit, shapes = (room.width - left - 64) / longest, []
    for number, (layer, weights) in enumerate(zip(_LAYERS, b.weights, strict=True), 1):
        end = unit * weights
        macs = b.layer_macs[number - 1]
        shapes.append(
            svg.part(
                number,
                room.note(0, y, layer, anchor="start"),
                svg.rect(left, y - 7, end, 14, fill=_FILLS[number - 1], stroke="none", tint=0.75),
                room.note(left + end + 6, y, f"{weights:,}", anchor="start"),
                label=f"{layer}: {weights:,} weights, {macs / 1e6:.1f} M MACs",
            )
        )
        y += 21
    return shapes, y
