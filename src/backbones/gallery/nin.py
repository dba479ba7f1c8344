"""Figures and explorers of the chapter on Network in Network."""

import math
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn

from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.profile import profile


def two_heads() -> Picture:
    """What follows the last pool in AlexNet and in NiN, with the parameters of every layer."""
    heads = {"alexnet": "AlexNet’s head", "nin": "NiN’s head"}
    nodes, edges, totals = {}, [], []
    for column, (name, title) in enumerate(heads.items()):
        rows = [row for row in profile(name).rows if row.name.startswith("head")]
        counted = [row for row in rows if row.parameters]
        totals.append(sum(row.parameters for row in counted))
        shape = " × ".join(map(str, rows[0].shape))
        chain = [Node(f"{title}\nmaps of {shape}", 0, column, "text")]
        for level, row in enumerate(counted, 1):
            size = "dense" if row.kind == "Linear" else "1×1" if level > 1 else "3×3"
            fill, outputs = "orange" if size == "dense" else "blue", f"{row.shape[0]:,}"
            words = f"{size}, {outputs} outputs\n{row.parameters:,} parameters"
            short = f"{size}, {outputs}\n{row.parameters:,}"
            chain.append(Node(words, level, column, fill=fill, short=short))
        if name == "nin":
            words = "mean of each map\n0 parameters"
            chain.append(Node(words, 4, column, fill="green", short="mean of maps\n0"))
        chain.append(Node("1,000 scores", 5, column, "text"))
        names = [f"{name} {k}" for k in range(len(chain))]
        nodes.update(zip(names, chain, strict=True))
        edges += map(Edge, names, names[1:])
    return block_diagram(
        nodes,
        edges,
        alt="Two heads side by side. AlexNet: three dense layers, of 4,096, 4,096 and 1,000 "
        f"outputs, with {totals[0]:,} parameters together. NiN: a 3×3 and two 1×1 convolutions, "
        f"of 1,000 outputs each, and the mean of each map; {totals[1]:,} parameters together.",
        caption=f"Together {totals[0]:,} parameters on the left, {totals[1]:,} on the right.",
    )


def filter_and_mlpconv() -> Picture:
    """One position of a map: what a filter makes of a window, and what an mlpconv makes of it."""
    return fitted(
        _positions,
        "Left, a convolution: a window of three by three pixels, all channels, gives four sums, "
        "each with a ReLU. Right, an mlpconv: the same four sums with ReLUs, then a 1×1 layer that "
        "joins all four to four others, and another 1×1 layer, all at the same position.",
        "One position, four channels. The same weights serve at every other position.",
    )


def _positions(room: Room) -> str:
    cell, step, top = (9, 32, 62) if room.narrow else (14, 38, 62)
    window, dot = 3 * cell, 8
    panes = (("a convolution", 1), ("an mlpconv", 3))
    starts = (2, room.width * (0.36 if room.narrow else 0.38))
    ends = (room.width * 0.29, room.width - dot - 2)
    middle = top + 1.5 * step
    shapes = []
    for (title, columns), left, end in zip(panes, starts, ends, strict=True):
        shapes.append(room.title(left, 12, title, anchor="start", bold=True))
        for shift in (8, 4, 0):
            square = (left + shift, middle - window / 2 - shift)
            shapes.append(svg.rect(*square, window, window, fill="paper", stroke="grey"))
        shapes.append(svg.cells(left, middle - window / 2, 3, 3, cell, fill="blue", tint=0.25))
        shapes.append(room.note(left - 1, middle + window / 2 + 16, "window", anchor="start"))
        first = left + window + (34 if room.narrow else 64)
        gap = (end - first) / max(1, columns - 1)
        xs = [first + gap * k for k in range(columns)]
        sources = [(left + window + 8, middle)]
        for k, x in enumerate(xs):
            ys = [top + step * row for row in range(4)]
            fill, name = ("orange", "1×1") if k else ("blue", "3×3")
            drawn = [
                svg.line(x0, y0, x - dot, y, stroke=fill, thickness=1.2)
                for x0, y0 in sources
                for y in ys
            ]
            drawn += [svg.circle(x, y, dot, fill=fill, tint=0.5) for y in ys]
            drawn.append(room.note(x - (14 if k else 20), 40, name))
            label = f"{name}, ReLU" if columns > 1 else ""
            shapes.append(svg.part(k + 1, *drawn, label=label))
            sources = [(x + dot, y) for y in ys]
    return svg.document(room.width, top + 3 * step + 26, *shapes)


# ------------------------------------------------------------------ an MLP on one pixel

_REACH = 2.0  # both channels run from -2 to 2
_UNITS = {"one filter": 0, "2": 2, "3": 3, "4": 4, "6": 6}
_GRID = 40
_STEPS = tuple(k / 2 for k in range(-3, 4))


def pixel_mlp(units: int) -> nn.Sequential:
    """1×1 layers on two channels that answer near (0, 0): one filter, or an MLP.

    A hidden unit is active beyond one side of a polygon; the output is 1 less what they say.

    Args:
        units: Hidden ones; 0 for the filter alone that tells most of `pixels` rightly.
    """
    if not units:
        turn, offset = _best_line()
        angles, offsets = torch.tensor([turn]), torch.tensor([offset])
    else:
        angles = torch.arange(units) * 2 * math.pi / units + math.pi / 2
        offsets = torch.full((units,), 0.73)
    first = nn.Conv2d(2, len(angles), 1)
    first.weight.data = torch.stack([angles.cos(), angles.sin()], dim=1)[:, :, None, None]
    first.bias.data = -offsets
    if not units:
        return nn.Sequential(first, nn.ReLU())
    second = nn.Conv2d(units, 1, 1)
    nn.init.constant_(second.weight, -4.0)
    nn.init.constant_(second.bias, 1.0)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


@cache
def _best_line() -> tuple[float, float]:
    """Direction and offset of a filter, of many, that tells most of `pixels` rightly."""
    places, near = pixels()
    best, found = -1, (0.0, 0.0)
    for step in range(72):
        turn = step * 2 * math.pi / 72
        along = places @ torch.tensor([math.cos(turn), math.sin(turn)])
        for tenths in range(-19, 20):
            right = int(((along > tenths / 10) == near).sum())
            if right > best:
                best, found = right, (turn, tenths / 10)
    return found


def pixels() -> tuple[Tensor, Tensor]:
    """Forty pixels with two channels, (40, 2), and which of them are near (0, 0)."""
    generator = torch.Generator().manual_seed(1)
    turn = torch.rand(40, generator=generator) * 2 * math.pi
    radius = torch.cat([torch.linspace(0.05, 0.75, 20), torch.linspace(1.1, 1.9, 20)])
    places = torch.stack([turn.cos(), turn.sin()], dim=1) * radius[:, None]
    return places, radius < 1


@cache
def answered(units: int) -> tuple[bool, ...]:
    """Whether each of `pixels` is told rightly: an output above 0 for those near (0, 0)."""
    places, near = pixels()
    with torch.no_grad():
        output = pixel_mlp(units)(places.T[None, :, None, :])[0, 0, 0]
    return tuple(((output > 0) == near).tolist())


def mlp_on_a_pixel() -> Explorer:
    """What a filter and an MLP can tell apart by two channels of one pixel."""
    return Explorer(
        _pixel,
        title="An MLP on one pixel",
        name="pixel",
        alt="The plane of two channels, and the units of an MLP",
        caption="Every point is a pixel with two channels, a and b. Blue ones are to give an "
        "output above 0, orange ones are not; the shaded pixels do. Drag the ringed pixel. Add "
        "units, and point at one to see its line.",
        units=Axis(tuple(_UNITS), "hidden units", default="3"),
        a=Axis(_STEPS, "channel a", default=0.5),
        b=Axis(_STEPS, "channel b", default=1.0),
    )


def _pixel(units: str, a: float, b: float) -> Picture:
    count = _UNITS[units]
    model, right = pixel_mlp(count), sum(answered(count))
    with torch.no_grad():
        x = torch.tensor([a, b]).view(1, 2, 1, 1)
        inner = model[:2](x).flatten().tolist() if count else []
        output = model(x).item()
    said = f"{right} of 40 pixels are told rightly."
    kind = f"an MLP with {count} hidden units" if count else "one filter"
    alt = f"With {kind}, {said} The pixel a = {a:g}, b = {b:g} gives {output:.2f}."
    if inner:
        alt += f" Hidden units: {', '.join(f'{value:.2f}' for value in inner)}."

    def layout(room: Room) -> str:
        side = 280.0 if room.narrow else 300.0
        left, top = 22.0, 8.0
        plane = _plane(room, model, (a, b), (left, top, side))
        net = (30.0, top + side + 36, 150.0) if room.narrow else (left + side + 70, top, side)
        network = _units(room, (a, b), inner, output, net)
        low = net[1] + net[2] + 44
        words = room.title(0, low, said, anchor="start", bold=True)
        return svg.document(room.width, low + 14, *plane, *network, words)

    return fitted(layout, alt.replace("-", "−"))


def _plane(
    room: Room, model: nn.Sequential, at: tuple[float, float], where: tuple[float, float, float]
) -> list[str]:
    left, top, side = where
    scale = side / (2 * _REACH)

    def place(a: float, b: float) -> tuple[float, float]:
        return left + (a + _REACH) * scale, top + (_REACH - b) * scale

    shapes = [_region(model, where), svg.rect(left, top, side, side, stroke="grey")]
    first = model[0]
    if len(model) > 2:
        rows = zip(first.weight.flatten(1).tolist(), first.bias.tolist(), strict=True)
        for number, ((u, v), bias) in enumerate(rows, 1):
            ends = _line(u, v, bias)
            line = svg.line(*place(*ends[0]), *place(*ends[1]), thickness=1.5, dashed=True)
            shapes.append(svg.part(number, line))
    places, near = pixels()
    for (a, b), inside in zip(places.tolist(), near.tolist(), strict=True):
        fill = "blue" if inside else "orange"
        shapes.append(svg.circle(*place(a, b), 4, fill=fill, stroke="none"))
    x, y = place(*at)
    hold = svg.rect(x - 20, y - 20, 40, 40, fill="ink", stroke="none", tint=0)
    ring = svg.circle(x, y, 9, fill="paper", tint=0.6) + svg.circle(x, y, 2.5, fill="ink")
    # Downwards is to a lower b.
    drag = {"x": ("a", scale / 2), "y": ("b", -scale / 2)}
    shapes.append(svg.draggable(hold, ring, **drag))
    shapes.append(room.note(left + side / 2, top + side + 14, "channel a"))
    shapes.append(room.note(left - 10, top + 12, "b"))
    return shapes


def _line(u: float, v: float, bias: float) -> list[tuple[float, float]]:
    """Where u a + v b + bias = 0 meets the border of the plane."""
    found = []
    for edge in (-_REACH, _REACH):
        if abs(v) > 1e-6 and abs(b := -(bias + u * edge) / v) <= _REACH:
            found.append((edge, b))
        if abs(u) > 1e-6 and abs(a := -(bias + v * edge) / u) <= _REACH:
            found.append((a, edge))
    return [found[0], found[-1]]


def _region(model: nn.Sequential, where: tuple[float, float, float]) -> str:
    """Where the output is above 0, in rows of small cells."""
    left, top, side = where
    cell = side / _GRID
    ticks = (torch.arange(_GRID) + 0.5) / _GRID * 2 * _REACH - _REACH
    b, a = torch.meshgrid(ticks.flip(0), ticks, indexing="ij")
    with torch.no_grad():
        above = (model(torch.stack([a, b])[None])[0, 0] > 0).tolist()
    commands = ""
    for row, values in enumerate(above):
        if any(values):  # one run, as the region is convex
            start, length = values.index(True), sum(values)
            x, y = svg.number(left + start * cell), svg.number(top + row * cell)
            wide, high = svg.number(length * cell), svg.number(cell)
            commands += f"M{x} {y}h{wide}v{high}h-{wide}z"
    return svg.path(commands, fill="blue", stroke="none", tint=0.2)


def _units(
    room: Room,
    at: tuple[float, float],
    inner: Sequence[float],
    output: float,
    where: tuple[float, float, float],
) -> list[str]:
    """Inputs, hidden units and output as circles, from left to right, with their values."""
    left, top, side = where
    right, dot = room.width - 32, 17
    ins, out = [(left, top + side * k) for k in (0.3, 0.8)], (right, top + side / 2)
    hidden = [((left + right) / 2, top + side * (k + 0.5) / len(inner)) for k in range(len(inner))]
    size = 11 if room.narrow and len(inner) > 4 else dot
    shapes = [] if hidden else [_edge(i, out, dot) for i in ins]
    for number, (place, value) in enumerate(zip(hidden, inner, strict=True), 1):
        lines = [_edge(i, place, dot, size) for i in ins] + [_edge(place, out, size, dot + 2)]
        ball = svg.circle(*place, size, fill="green", tint=round(min(1, value) * 0.4, 2))
        words = room.note(*place, f"{value:.1f}") if size == dot else ""
        shapes.append(svg.part(number, *lines, ball, words, label=f"unit {number}: {value:.2f}"))
    for name, place, value in zip("ab", ins, at, strict=True):
        shapes.append(svg.circle(*place, dot))
        shapes.append(room.note(*place, f"{value:g}".replace("-", "−")))
        shapes.append(room.note(place[0], place[1] - dot - 9, name))
    shapes.append(svg.circle(*out, dot + 2, fill="blue", tint=round(min(1, output) * 0.4, 2)))
    shapes.append(room.note(*out, f"{output:.1f}"))
    shapes.append(room.note(out[0], out[1] + dot + 13, "output"))
    return shapes


def _edge(
    start: tuple[float, float], end: tuple[float, float], before: float, after: float = 19
) -> str:
    """A line from one circle to another, by their centres and radii."""
    (x0, y0), (x1, y1), length = start, end, math.dist(start, end)
    u, v = (x1 - x0) / length, (y1 - y0) / length
    ends = x0 + u * before, y0 + v * before, x1 - u * after, y1 - v * after
    return svg.line(*ends, stroke="grey", thickness=1)


# ------------------------------------------------------------------ the last map, moved

MAP = 7
_BLOB = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
ORDERS = ("in order", "shuffled afterwards", "shuffled in training too")


def evidence(row: int, column: int, mixed: bool = False) -> Tensor:
    """A last map (7, 7) that sees something at one place, its sum is 1; or its numbers shuffled."""
    seen = torch.zeros(MAP, MAP)
    seen[row - 1 : row + 2, column - 1 : column + 2] = _BLOB
    order = torch.randperm(MAP * MAP, generator=torch.Generator().manual_seed(0))
    return seen.flatten()[order].view(MAP, MAP) if mixed else seen


@cache
def dense_weights(mixed: bool) -> Tensor:
    """Weights (7, 7) of the smallest dense layer that scores 1 for nine places in the middle.

    Args:
        mixed: Whether the maps that it has seen were shuffled.
    """
    maps = [evidence(row, column, mixed) for row in (2, 3, 4) for column in (2, 3, 4)]
    rows = torch.stack(maps).flatten(1).double()
    return (torch.linalg.pinv(rows) @ torch.ones(9, dtype=torch.float64)).view(MAP, MAP)


def scores(order: str, row: int, column: int) -> tuple[float, float]:
    """What the dense layer and the mean (times 49) say of evidence at a place."""
    last, weights = evidence(row, column, order != ORDERS[0]), dense_weights(order == ORDERS[2])
    return float((weights * last).sum()), float(last.mean() * MAP**2)


def moved_evidence() -> Explorer:
    """What a dense layer and a mean make of a map that is moved or shuffled."""
    return Explorer(
        _moved,
        title="What two heads make of the last map",
        name="heads",
        alt="A map with evidence at one place, the weights of a dense layer, and two scores",
        caption="A map of one class, which sees something at one place. The dense layer has "
        "learned from that place and its eight neighbours, all in the middle. Drag the evidence "
        "away; then shuffle the positions of the map.",
        order=Axis(ORDERS, "positions"),
        row=Axis(range(1, MAP - 1), "row", default=3),
        column=Axis(range(1, MAP - 1), "column", default=3),
    )


def _moved(order: str, row: int, column: int) -> Picture:
    last = evidence(row, column, order != ORDERS[0])
    weights, said = dense_weights(order == ORDERS[2]), scores(order, row, column)
    dense, mean = (f"{value + 0.0:.2f}".replace("-", "−") for value in said)
    alt = (
        f"Positions {order}, evidence at row {row}, column {column}: the dense layer scores "
        f"{dense}, the mean {mean}."
    )

    def layout(room: Room) -> str:
        cell = 21 if room.narrow else 26
        side, gap = cell * MAP, 24 if room.narrow else 60
        right = 1 + side + gap
        shapes = []
        for x, name, values, fill in (
            (1, "the map", last, "blue"),
            (right, "dense weights", weights.float(), "orange"),
        ):
            shapes.append(room.title(x, 12, name, anchor="start", bold=True))
            shapes.append(_tinted(x, 28, cell, values, fill))
        hold = svg.rect(1 + (column - 1) * cell, 28 + (row - 1) * cell, 3 * cell, 3 * cell,
                        stroke="ink" if order == ORDERS[0] else "none", fill="ink",
                        tint=0, thickness=2)  # fmt: skip
        shapes.append(svg.draggable(hold, x=("column", cell), y=("row", cell)))
        left, y = (1, 28 + side + 22) if room.narrow else (right + side + gap, 60)
        for name, words, value in (("dense layer", dense, said[0]), ("mean", mean, said[1])):
            longest = room.width - left - 50
            bar = longest * max(0, min(1.2, value)) / 1.2
            fill = "orange" if name == "dense layer" else "green"
            shapes.append(room.note(left, y, f"score of the {name}", anchor="start"))
            shapes.append(svg.rect(left, y + 12, max(1, bar), 16, fill=fill, stroke="none"))
            shapes.append(room.note(left + bar + 6, y + 20, words, anchor="start", bold=True))
            y += 62
        return svg.document(room.width, y - 16 if room.narrow else 28 + side + 6, *shapes)

    return fitted(layout, alt)


def _tinted(x: float, y: float, cell: float, values: Tensor, fill: str) -> str:
    """A map as squares, the more colourful the larger the number."""
    top = values.max().item()
    shapes = []
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            tint = round(value / top, 1)
            if tint > 0:
                place = (x + column * cell, y + row * cell, cell, cell)
                shapes.append(svg.rect(*place, fill=fill, stroke="none", tint=tint))
    return "".join(shapes) + svg.cells(x, y, MAP, MAP, cell, stroke="grey")
