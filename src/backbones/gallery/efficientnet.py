"""Figures and explorers of the EfficientNet chapter."""

from collections.abc import Iterable
from functools import cache
from math import ceil, log2
from typing import NamedTuple

import torch

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.models.efficientnet import (
    CONFIGS,
    TABLE_1,
    Blueprint,
    EfficientNet,
    compound_scaling,
)
from backbones.models.mobilenet_v2 import Row, scale_rows
from backbones.profile import Row as Layer
from backbones.profile import profile

BASE = 224  # pixels a side of B0's pictures
_TINT = 0.45
_FILLS = {3: "blue", 5: "orange"}  # by the side of a block's kernel


class Cost(NamedTuple):
    """What a network costs."""

    parameters: int
    macs: int
    memory: int  # bytes of all maps for one picture


def _sum(costs: Iterable[Cost]) -> Cost:
    return Cost(*(sum(column) for column in zip(*costs, strict=True)))


@cache
def _layers(width: float) -> tuple[Layer, ...]:
    """Layers of a network with two blocks a row, as `profile` finds them."""
    rows = [row._replace(repeats=2) for row in TABLE_1]
    with torch.device("meta"):
        model = EfficientNet(width, blueprint=Blueprint(rows))
    return profile(model, (3, BASE, BASE)).rows


def _at(layer: Layer, side: int) -> Cost:
    """What a layer costs with pictures of another side: each stride of 2 halves it, upwards."""
    here = there = layer.shape[-1] if len(layer.shape) == 3 else 1
    if here > 1:
        there = side
        for _ in range(round(log2(BASE / here))):
            there = ceil(there / 2)
    counts = (count * there**2 // here**2 for count in (layer.macs, layer.memory))
    return Cost(layer.parameters, *counts)


@cache
def cost(width: float, depth: float, side: int) -> Cost:
    """Of an EfficientNet of these multipliers, on pictures of a side.

    From the second one on, the blocks of a row are alike, and so are their costs.
    """
    found: dict[str, list[Cost]] = {}
    for layer in _layers(width):
        name = layer.name if layer.name.startswith("stages") else "ends"
        found.setdefault(".".join(name.split(".")[:3]), []).append(_at(layer, side))
    parts = [_sum(found.pop("ends"))]
    each = iter([_sum(costs) for costs in found.values()])
    for row in scale_rows(TABLE_1, width, depth):
        first, later = next(each), next(each)
        parts += [first, *[later] * (row.repeats - 1)]
    return _sum(parts)


def published(name: str) -> Cost:
    """Of "b0" to "b7", at the size that each is published for."""
    width, depth, side, *_ = CONFIGS[f"efficientnet_{name}"]
    return cost(width, depth, side)


def blocks(rows: Iterable[Row]) -> int:
    """How many."""
    return sum(row.repeats for row in rows)


def _side(phi: float) -> int:
    return round(compound_scaling(phi)[2])


# ------------------------------------------------------------------ a network and its picture


class _Scale(NamedTuple):
    """Units of the drawing for a pixel of the picture, a block and a channel."""

    pixel: float
    block: float
    channel: float


def _network(
    x: float, base: float, width: float, depth: float, scale: _Scale, named: bool = False
) -> list[str]:
    """A bar for each block, as high as it has channels; returns a part for each kernel size."""
    found: dict[int, list[str]] = {kernel: [] for kernel in _FILLS}
    for row in scale_rows(TABLE_1, width, depth):
        high = row.channels * scale.channel
        corners = [(x + k * scale.block, base - high) for k in range(row.repeats)]
        fill = _FILLS[row.kernel_size]
        bar = svg.bars(corners, scale.block, high, fill=fill, stroke=fill, tint=_TINT)
        found[row.kernel_size].append(bar)
        x += row.repeats * scale.block
    words = {k: f"blocks whose depthwise convolution is {k}×{k}" if named else "" for k in found}
    return [svg.part(n, *found[k], label=words[k]) for n, k in enumerate(found, 1)]


def _picture(x: float, base: float, side: int, scale: _Scale) -> str:
    long = side * scale.pixel
    return svg.rect(x, base - long, long, long, fill="green", tint=0.3, thickness=1)


def _frames(
    gap: float, base: float, width: float, depth: float, side: int, scale: _Scale
) -> list[str]:
    """Dashed, what the largest picture and the largest network take."""
    rows = scale_rows(TABLE_1, width, depth)
    sizes = (
        (1, side * scale.pixel, side * scale.pixel),
        (gap, blocks(rows) * scale.block, max(r.channels for r in rows) * scale.channel),
    )
    return [
        svg.rect(x, base - high, wide, high, stroke="grey", dashed=True, thickness=1)
        for x, wide, high in sizes
    ]


def _legend(room: Room, x: float, y: float) -> list[str]:
    """What the colours are."""
    shapes = []
    for number, (kernel, fill) in enumerate(_FILLS.items(), 1):
        mark = svg.rect(x, y - 6, 12, 12, fill=fill, stroke=fill, tint=_TINT, thickness=1)
        words = room.note(x + 18, y, f"{kernel}×{kernel} blocks", anchor="start")
        shapes.append(svg.part(number, mark, words))
        x += 104 if room.narrow else 120
    return shapes


# ------------------------------------------------------------------ four times the cost

# Depth and width multiplier, side; top-1 on ImageNet by Table 7 of the paper, which has r = 1.3.
WAYS = {
    "B0": (1.0, 1.0, 224, 77.3),
    "deeper": (4.0, 1.0, 224, 79.0),
    "wider": (1.0, 2.0, 224, 78.9),
    "larger pictures": (1.0, 1.0, 448, 79.1),
    "a little of each": (1.4, 1.2, 288, 81.1),
}


def four_ways() -> Picture:
    """EfficientNet-B0, and four ways to spend about four times its MACs."""
    alt = "Five rows, each with a square for the picture and a bar for each block of the network."
    for name, (depth, width, side, _) in WAYS.items():
        count = blocks(scale_rows(TABLE_1, width, depth))
        spent = cost(width, depth, side)
        alt += (
            f" {name}: {side} pixels a side, {count} blocks, width × {width:g}, "
            f"{spent.macs / 1e9:.2f} G MACs, {spent.parameters / 1e6:.1f} M parameters."
        )
    return fitted(
        _ways,
        alt,
        "Left: the picture. Right: a bar for each block, as high as it has channels.",
    )


def _ways(room: Room) -> str:
    scale = _Scale(0.1, 4, 0.07) if room.narrow else _Scale(0.125, 6.3, 0.095)
    left, pitch, head = (0, 76, 20) if room.narrow else (168, 68, 0)
    gap = 452 * scale.pixel + 14
    shapes = []
    for number, (name, (depth, width, side, _)) in enumerate(WAYS.items()):
        top, spent = 4 + number * pitch, cost(width, depth, side)
        base = top + head + (50 if room.narrow else 62)
        macs = f"{spent.macs / 1e9:.2f} G MACs"
        shapes.append(room.title(1, top + 8, name, anchor="start", bold=True))
        if room.narrow:
            shapes.append(room.note(room.width, top + 8, macs, anchor="end"))
        else:
            words = f"{spent.parameters / 1e6:.1f} M parameters"
            shapes.append(room.note(0, top + 28, macs, anchor="start"))
            shapes.append(room.note(0, top + 46, words, anchor="start"))
        shapes.append(_picture(left, base, side, scale))
        shapes += _network(left + gap, base, width, depth, scale, named=number == 0)
    bottom = 4 + len(WAYS) * pitch + 12
    shapes += _legend(room, left + gap, bottom)
    return svg.document(room.width, bottom + 12, *shapes)


# ------------------------------------------------------------------ φ

PHIS = tuple(range(7))
# As they are usually counted; the paper does not say which φ gave which network.
COUNTED = {f"b{n}": phi for n, phi in enumerate((0, 0.5, 1, 2, 3, 4, 5, 6))}


def phi_slider() -> Explorer:
    """The networks that the rule gives, their cost against doubling, and the published ones."""
    return Explorer(
        _ruled,
        title="One number for three sizes",
        name="phi",
        alt="MACs against φ, and the network and picture that φ stands for",
        caption="Drag the ring along the curve. Ring and dots: networks exactly by the rule. "
        "Dashed: a doubling with each step of φ. Named dots: the published B0 to B7, counted as "
        "φ = 0, 0.5, 1, 2, … 6.",
        phi=Axis(PHIS, "φ", default=2),
    )


def _ruled(phi: int) -> Picture:
    width, depth, _ = compound_scaling(phi)
    side, rows = _side(phi), scale_rows(TABLE_1, width, depth)
    spent, start = cost(width, depth, side), cost(1.0, 1.0, BASE)
    said = (
        f"φ = {phi:g}",
        f"depth × {depth:.2f}: {blocks(rows)} blocks",
        f"width × {width:.2f}",
        f"picture: {side} × {side}",
        f"{spent.macs / 1e9:.2f} G MACs, {spent.macs / start.macs:.1f} × B0’s",
        f"doubling would give {2**phi:.1f} ×",
        f"{spent.parameters / 1e6:.1f} M parameters",
    )
    alt = ". ".join(said) + "."
    return fitted(lambda room: _phi_drawn(room, phi, width, depth, side, said), alt)


def _phi_drawn(
    room: Room, phi: float, width: float, depth: float, side: int, said: tuple[str, ...]
) -> str:
    scale = _Scale(0.14, 3.7, 0.13) if room.narrow else _Scale(0.25, 7.6, 0.2)
    x0, y0, wide, high = (40, 28, 270, 180) if room.narrow else (46, 28, 330, 210)
    shapes = _curve(room, phi, x0, y0, wide, high)
    x, y = (1, y0 + high + 66) if room.narrow else (420, y0 + 12)
    pitch = 19 if room.narrow else 25
    shapes += room.headed(x, y, said, pitch)
    y += pitch * len(said)
    top = y + 4 if room.narrow else y0 + high + 66
    base = top + 600 * scale.pixel
    gap = 604 * scale.pixel + (14 if room.narrow else 20)
    last = compound_scaling(PHIS[-1])
    shapes += _frames(gap, base, *last[:2], _side(PHIS[-1]), scale)
    shapes.append(_picture(1, base, side, scale))
    shapes += _network(gap, base, width, depth, scale)
    shapes.append(room.note(0, base + 18, "picture", anchor="start"))
    shapes += _legend(room, gap, base + 18)
    return svg.document(room.width, base + 32, *shapes)


def _curve(room: Room, phi: float, x0: float, y0: float, wide: float, high: float) -> list[str]:
    """MACs by φ, and the ring."""
    start, most, doublings = cost(1.0, 1.0, BASE).macs, PHIS[-1], 7

    def at(value: float, macs: float) -> tuple[float, float]:
        return x0 + wide * value / most, y0 + high * (1 - log2(macs / start) / doublings)

    shapes = [room.note(0, 10, "MACs, as a multiple of B0’s", anchor="start")]
    for power in range(0, doublings, 2):
        x, y = at(0, start * 2**power)
        shapes.append(svg.line(x, y, x + wide, y, stroke="grey", thickness=0.6))
        shapes.append(room.note(x - 6, y, f"× {2**power}", anchor="end"))
    for value in PHIS:
        shapes.append(room.note(at(value, start)[0], y0 + high + 16, value))
    shapes.append(room.note(x0 + wide / 2, y0 + high + 36, "φ"))
    ends = at(0, start), at(most, start * 2**most)
    shapes.append(svg.line(*ends[0], *ends[1], stroke="grey", dashed=True))
    for value in PHIS:
        width, depth, _ = compound_scaling(value)
        x, y = at(value, cost(width, depth, _side(value)).macs)
        shapes.append(svg.circle(x, y, 3, fill="purple", stroke="none"))
        if value == phi:
            ring = svg.draggable(svg.ring(x, y), x=("phi", wide / (len(PHIS) - 1)))
    for name, value in COUNTED.items():
        x, y = at(value, published(name).macs)
        shapes.append(svg.circle(x, y, 3, fill="ink", stroke="none"))
        anchor, right, up = ("start", 28, 8) if name == "b0" else ("end", -6, 9)
        shapes.append(room.note(x + right, y - up, name.upper(), anchor=anchor))
    return [*shapes, ring]


# ------------------------------------------------------------------ the budget

DEPTHS = (1.0, 1.4, 2.0, 3.0, 4.0)
WIDTHS = (1.0, 1.2, 1.5, 2.0)
SIDES = (224, 288, 352, 448)
BUDGET = WAYS["a little of each"]


def spend() -> Explorer:
    """Depth, width and picture, each by itself, against a budget of MACs."""
    return Explorer(
        _spent,
        title="Spend a budget of multiplications",
        name="spend",
        alt="A network and its picture, and what they cost",
        caption="Drag the corner of the picture, and that of the network: sideways for depth, up "
        "for width. The mark on the first scale is the cost of the network that grew in all three "
        "directions. Accuracies are those of the paper’s Table 7.",
        depth=Axis(DEPTHS, "depth ×", default=1.0),
        width=Axis(WIDTHS, "width ×", default=1.0),
        side=Axis(SIDES, "picture", unit="px", default=224),
    )


def _spent(depth: float, width: float, side: int) -> Picture:
    count = blocks(scale_rows(TABLE_1, width, depth))
    now, start = cost(width, depth, side), cost(1.0, 1.0, BASE)
    most = cost(BUDGET[1], BUDGET[0], BUDGET[2]).macs
    top1 = {way[:3]: way[3] for way in WAYS.values()}.get((depth, width, side))
    said = (
        f"{count} blocks, width × {width:g}, {side} × {side} pixels",
        f"{now.macs / 1e9:.2f} G MACs: {'within' if now.macs <= most else 'over'} the budget",
        f"ImageNet: {top1} % top-1" if top1 else "not in the paper’s table",
    )
    scales = {
        "MACs": now.macs / start.macs,
        "memory of all maps": now.memory / start.memory,
        "parameters": now.parameters / start.parameters,
    }
    alt = ". ".join(said) + "."
    alt += "".join(f" {name}: {value:.1f} × B0’s." for name, value in scales.items())

    def layout(room: Room) -> str:
        scale = _Scale(0.18, 3.4, 0.13) if room.narrow else _Scale(0.3, 7.6, 0.22)
        shapes = room.headed(0, 10, said, 20)
        base = 22 + 20 * len(said) + 640 * scale.channel
        gap = 452 * scale.pixel + (20 if room.narrow else 40)
        shapes += _frames(gap, base, WIDTHS[-1], DEPTHS[-1], SIDES[-1], scale)
        shapes.append(_picture(1, base, side, scale))
        shapes += _network(gap, base, width, depth, scale)
        corner = 1 + side * scale.pixel, base - side * scale.pixel
        step = (SIDES[-1] - SIDES[0]) * scale.pixel / (len(SIDES) - 1)
        shapes.append(svg.draggable(svg.ring(*corner), x=("side", step)))
        right, top = gap + count * scale.block, base - 320 * width * scale.channel
        shapes.append(svg.line(right, top, right, base, stroke="grey", dashed=True, thickness=1))
        steps = 48 * scale.block / (len(DEPTHS) - 1), -320 * scale.channel / (len(WIDTHS) - 1)
        shapes.append(svg.draggable(svg.ring(right, top), x=("depth", steps[0]),
                                    y=("width", steps[1])))  # fmt: skip
        shapes += _legend(room, gap, base + 20)
        y = base + 52
        for name, value in scales.items():
            mark = most / start.macs if name == "MACs" else None
            shapes += _gauge(room, y, name, value, mark)
            y += 48
        for power in range(7):
            ends = {0: "start", 6: "end"}.get(power, "middle")
            x = 2 + (room.width - 14) * power / 6
            shapes.append(room.note(x - 2, y - 8, f"× {2**power}", anchor=ends))
        y += 8
        return svg.document(room.width, y, *shapes)

    return fitted(layout, alt)


def _gauge(room: Room, y: float, name: str, value: float, mark: float | None) -> list[str]:
    """A bar on a scale of doublings, from 1 to 64."""
    left, wide = 2, room.width - 14
    over = mark is not None and value > mark + 1e-9
    fill = "grey" if mark is None else "orange" if over else "green"
    shapes = [
        room.note(0, y, f"{name}: {value:.1f} × B0’s", anchor="start"),
        svg.rect(left, y + 14, wide * log2(value) / 6, 10, fill=fill, stroke="none", tint=0.6),
    ]
    for power in range(7):
        x = left + wide * power / 6
        shapes.append(svg.line(x, y + 12, x, y + 26, stroke="grey", thickness=1))
    if mark is not None:
        x = left + wide * log2(mark) / 6
        shapes.append(svg.line(x, y + 9, x, y + 29, thickness=3))
    return shapes
