"""Figures and explorers of the MobileNet v1 chapter."""

from functools import cache
from math import sqrt
from typing import NamedTuple

import torch
from torch import nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.models.mobilenet_v1 import MobileNetV1
from backbones.profile import profile

FULL = 224  # pixels a side of the pictures that ρ = 1 stands for
ALPHAS = (0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
SIDES = (96, 128, 160, 192, 224)  # multiples of 32, so that all maps shrink by the same factor

KINDS = ("1×1", "depthwise 3×3", "full 3×3", "dense layer")
_FILLS = dict(zip(KINDS, ("blue", "orange", "grey", "green"), strict=True))
_TINT = 0.45

# Top-1 accuracy on ImageNet of the weights that the authors released, by α and side:
# github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md.
RELEASED = {
    (alpha, side): top1
    for alpha, row in {
        1.0: (70.9, 70.0, 68.0, 65.2),
        0.75: (68.4, 67.2, 65.3, 62.1),
        0.5: (63.3, 61.7, 59.1, 56.3),
        0.25: (49.8, 47.7, 45.5, 41.5),
    }.items()
    for side, top1 in zip((224, 192, 160, 128), row, strict=True)
}


class Layer(NamedTuple):
    """A layer with weights and the norm after it."""

    kind: str
    channels: int
    side: int  # of its map
    parameters: int
    macs: int


def kind_of(module: nn.Module) -> str:
    """One of `KINDS`; empty for modules that multiply by no matrix."""
    if isinstance(module, nn.Linear):
        return "dense layer"
    if not isinstance(module, nn.Conv2d):
        return ""
    if module.kernel_size == (1, 1):
        return "1×1"
    return "depthwise 3×3" if module.groups > 1 else "full 3×3"


@cache
def _at_full_size(alpha: float) -> tuple[Layer, ...]:
    with torch.device("meta"):
        model = MobileNetV1(alpha)
    found: list[Layer] = []
    for row in profile(model, (3, FULL, FULL)).rows:
        if kind := kind_of(model.get_submodule(row.name)):
            side = row.shape[-1] if len(row.shape) == 3 else 1
            found.append(Layer(kind, row.shape[0], side, row.parameters, row.macs))
        elif row.parameters:
            last = found.pop()
            found.append(last._replace(parameters=last.parameters + row.parameters))
    return tuple(found)


def layers(alpha: float, side: int = FULL) -> tuple[Layer, ...]:
    """The layers of a MobileNet of width α on pictures of a side that 32 divides.

    What `profile` finds at 224 pixels; with fewer, maps shrink by one factor, and so do the MACs of
    convolutions by its square. Nothing else changes.
    """
    return tuple(
        layer
        if layer.kind == "dense layer"
        else layer._replace(side=layer.side * side // FULL, macs=layer.macs * side**2 // FULL**2)
        for layer in _at_full_size(alpha)
    )


@cache
def totals(alpha: float, side: int = FULL) -> dict[str, tuple[int, int]]:
    """Parameters and MACs of each kind of layer."""
    found = layers(alpha, side)
    return {
        kind: (
            sum(layer.parameters for layer in found if layer.kind == kind),
            sum(layer.macs for layer in found if layer.kind == kind),
        )
        for kind in KINDS
    }


# ------------------------------------------------------------------ a product and a sum


def product_and_sum(outputs: int = 32) -> Picture:
    """Multiplications of a full and of a separable 3×3, as cells of a rectangle."""
    full, apart = 9 * outputs, 9 + outputs
    return fitted(
        lambda room: _cells(room, outputs),
        f"Multiplications for one input channel at one position, with {outputs} output channels. A "
        f"full 3×3 fills a rectangle of 9 rows and {outputs} columns, {full} cells. A separable "
        f"one fills one column of 9 cells, the depthwise 3×3, and one row of {outputs}, the 1×1: "
        f"{apart} cells, {apart / full:.0%} of the rectangle.",
        "One input channel, one position of the output; each cell is a multiplication. Point at "
        "the column or the row.",
    )


def _cells(room: Room, outputs: int) -> str:
    shapes, wide = [], room.width if room.narrow else (room.width - 44) / 2
    left = 36
    size = (wide - left - 8) / (outputs + 1)
    for number, words in enumerate(("full 3×3", "depthwise 3×3, then 1×1")):
        x0, y0 = (0, 200 * number) if room.narrow else ((wide + 44) * number, 0)
        x, y = x0 + left + size + 4, y0 + 62
        shapes.append(room.title(x0, y0 + 10, words, anchor="start", bold=True))
        shapes.append(room.note(x0 + 14, y + 4.5 * size, "9"))
        high, across = 9 * size, outputs * size
        if not number:
            shapes.append(room.note(x + across / 2, y - 14, f"{outputs} output channels"))
            said = f"{9 * outputs} multiplications: 9 for each of {outputs} outputs"
            grid = svg.cells(x, y, outputs, 9, size, fill="grey", tint=0.3)
            shapes.append(svg.part(3, grid, label=said))
            end = f"9 · {outputs} = {9 * outputs}"
        else:
            shapes.append(svg.rect(x, y, across, high, stroke="grey", dashed=True, thickness=1))
            row = svg.cells(x, y - size - 4, outputs, 1, size, fill="blue", tint=_TINT)
            column = svg.cells(x - size - 4, y, 1, 9, size, fill="orange", tint=_TINT)
            name = room.note(x + across / 2, y - size - 18, f"1×1: {outputs}")
            said = f"the 1×1 multiplies once for each of {outputs} outputs"
            shapes.append(svg.part(2, row, name, label=said))
            name = room.note(x + 10, y + high / 2, "depthwise: 9", anchor="start")
            said = "the depthwise 3×3 multiplies 9 times, whatever the number of outputs"
            shapes.append(svg.part(1, column, name, label=said))
            share = (9 + outputs) / (9 * outputs)
            end = f"9 + {outputs} = {9 + outputs}, {share:.0%} of {9 * outputs}"
        shapes.append(room.note(x + across / 2, y + high + 18, end, bold=True))
    return svg.document(room.width, 378 if room.narrow else 62 + 9 * size + 30, *shapes)


# ------------------------------------------------------------------ the two multipliers

BUDGETS = (50, 100, 200, 400)  # millions of MACs, of the curves


def budget_side(alpha: float, budget: float) -> float:
    """Side of the picture at which a MobileNet of any width α does `budget` MACs.

    Between the widths of `ALPHAS` the root of the cost is taken as straight.
    """
    low = max(a for a in ALPHAS[:-1] if a <= alpha)
    high = ALPHAS[ALPHAS.index(low) + 1]
    share = (alpha - low) / (high - low)
    dense, convs = 0.0, 0.0
    for a, part in ((low, 1 - share), (high, share)):
        costs = {kind: macs for kind, (_, macs) in totals(a).items()}
        dense += part * costs["dense layer"]
        convs += part * sqrt(sum(costs.values()) - costs["dense layer"])
    return FULL * sqrt(budget - dense) / convs


@cache
def _curve(budget: int) -> list[tuple[float, float]]:
    """Sides and widths that cost so many millions of MACs."""
    steps = [ALPHAS[0] + 0.0125 * k for k in range(60)]
    return [(budget_side(alpha, budget * 1e6), alpha) for alpha in steps]


def multipliers() -> Explorer:
    """The plane of α and the picture's side, with curves of equal cost, and what a point gives."""
    return Explorer(
        _chosen,
        title="Two ways to shrink a MobileNet",
        name="multipliers",
        alt="A plane of width and resolution, and a network that shrinks with both",
        caption="Drag the ring: up and down for the width, sideways for the picture. Curves join "
        "points of equal cost; numbers are top-1 accuracies of released weights. Which point on a "
        "curve would you take? Dashed: the whole network.",
        alpha=Axis(ALPHAS, "width α", default=0.75),
        side=Axis(SIDES, "picture", unit="px", default=160),
    )


def _chosen(alpha: float, side: int) -> Picture:
    found, whole = totals(alpha, side), totals(1.0)
    parameters, macs = (sum(both) for both in zip(*found.values(), strict=True))
    top1 = RELEASED.get((alpha, side))
    said = (
        f"α = {alpha:g}, {side} × {side} pixels",
        f"{parameters / 1e6:.2f} M parameters, {macs / 1e6:.0f} M MACs",
        f"released weights: {top1} % top-1" if top1 else "no weights were released here",
    )
    alt = ". ".join(said) + "."
    for kind, (p, m) in found.items():
        alt += f" {kind}: {p:,} parameters, {m:,} MACs."

    def layout(room: Room) -> str:
        right, top = (0, 268) if room.narrow else (364, 0)
        shapes = _plane(room, alpha, side)
        for number, line in enumerate(said):
            at = top + 12 + 22 * number
            shapes.append(room.title(right, at, line, anchor="start", bold=not number))
        y = top + 88
        shapes += _bars(room, found, whole, right, y)
        y = 532 if room.narrow else 286
        shapes += _skyline(room, alpha, side, y)
        return svg.document(room.width, y + 176, *shapes)

    return fitted(layout, alt)


def _plane(room: Room, alpha: float, side: int) -> list[str]:
    left, right, top, low = 46, 254 if room.narrow else 276, 36, 204
    across, down = (right - left) / (len(SIDES) - 1), (low - top) / (len(ALPHAS) - 1)

    def at(a: float, s: float) -> tuple[float, float]:
        x = left + across * (s - SIDES[0]) / 32
        return x, low - down * (a - ALPHAS[0]) / 0.125

    shapes = [
        room.note(3, 10, "width α", anchor="start"),
        svg.line(left - 8, top - 14, left - 8, low + 10, stroke="grey", thickness=1),
        svg.line(left - 8, low + 10, right + 8, low + 10, stroke="grey", thickness=1),
        room.note((left + right) / 2, low + 44, "side of the picture, pixels"),
    ]
    for budget in BUDGETS:
        points = [at(a, s) for s, a in _curve(budget) if SIDES[0] - 8 <= s <= FULL]
        way = "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in points[::3])
        shapes.append(svg.path(way, stroke="purple", thickness=1.2))
        _, y = points[0]
        name = room.note(right + 20, y, f"{budget} M", anchor="start", fill="purple")
        shapes.append(name)
    for s in SIDES:
        shapes.append(room.note(at(0.25, s)[0], low + 24, s))
    for a in ALPHAS[::2]:
        shapes.append(room.note(left - 14, at(a, 96)[1], f"{a:g}", anchor="end"))
    shapes += [
        svg.circle(*at(a, s), 1.6, fill="grey", stroke="none") for a in ALPHAS for s in SIDES
    ]
    for (a, s), top1 in RELEASED.items():
        x, y = at(a, s)
        shapes.append(svg.circle(x, y, 3, fill="ink", stroke="none"))
        shapes.append(room.note(x, y - 16, f"{top1:.1f}", bold=(a, s) == (alpha, side)))
    x, y = at(alpha, side)
    shapes.append(svg.draggable(svg.ring(x, y), x=("side", across), y=("alpha", -down)))
    return shapes


def _bars(room: Room, found: dict, whole: dict, left: float, y: float) -> list[str]:
    """MACs and parameters, as long as their share of the whole network's, by kind of layer."""
    shapes, long = [], room.width - left - 1
    parts: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name, index in (("MACs", 1), ("parameters", 0)):
        total = sum(both[index] for both in whole.values())
        now = sum(both[index] for both in found.values())
        words = f"{name}: {now / total:.0%} of the whole network's"
        shapes.append(room.note(left, y, words, anchor="start"))
        shapes.append(svg.rect(left, y + 12, long, 20, stroke="grey", dashed=True, thickness=1))
        x = left
        for kind in KINDS:
            wide = long * found[kind][index] / total
            parts[kind].append(
                svg.rect(x, y + 12, wide, 20, fill=_FILLS[kind], stroke="none", tint=_TINT)
            )
            x += wide
        y += 58
    y += 4
    pitch = (room.width - left) / 2
    for number, kind in enumerate(KINDS, 1):
        x, row = left + pitch * ((number - 1) % 2), y + 22 * ((number - 1) // 2)
        parts[kind].append(
            svg.rect(x, row - 6, 12, 12, fill=_FILLS[kind], stroke="none", tint=_TINT)
        )
        parts[kind].append(room.note(x + 18, row, kind, anchor="start"))
        parameters, macs = found[kind]
        said = f"{kind}: {parameters:,} parameters, {macs:,} MACs"
        shapes.append(svg.part(number, *parts[kind], label=said))
    return shapes


def _skyline(room: Room, alpha: float, side: int, y: float) -> list[str]:
    """The maps that the first layer and the 13 separable ones give: side × channels."""
    words = "Maps after each layer: as wide as their side, as high as their channels"
    if room.narrow:
        words = "Maps: wide as their side, high as channels"
    shapes = [room.note(0, y, words, anchor="start")]
    unit, gap = (0.5, 6) if room.narrow else (1.15, 8)
    base, high = y + 146, 112 / 1024
    x, places = 2.0, {}
    both = zip(layers(1.0), layers(alpha, side), strict=True)
    for before, now in both:
        if now.kind not in ("1×1", "full 3×3"):
            continue
        wide, tall = unit * before.side, high * before.channels
        shapes.append(svg.rect(x, base - tall, wide, tall, stroke="grey", dashed=True, thickness=1))
        inner, up = unit * now.side, high * now.channels
        shapes.append(svg.rect(x + (wide - inner) / 2, base - up, inner, up, fill=_FILLS[now.kind],
                               thickness=1, tint=_TINT))  # fmt: skip
        first, _ = places.get(now.side, (x, x))
        places[now.side] = first, x + wide
        x += wide + gap
    for pixels, (start, end) in places.items():
        shapes.append(room.note((start + end) / 2, base + 16, pixels))
    return shapes
