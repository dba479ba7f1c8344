"""Figures and explorers of the chapter on grouped convolution."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.fields import reached
from backbones.layers import ChannelShuffle
from backbones.profile import profile

_FILLS = ("blue", "orange", "green", "purple")


def conv(in_channels: int, out_channels: int, size: int, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the resolution, without bias."""
    pad = size // 2
    return nn.Conv2d(in_channels, out_channels, size, padding=pad, groups=groups, bias=False)


# ------------------------------------------------------------------ four kinds, side by side

_INPUTS = 4
_PANELS = {  # title: groups, outputs
    "standard": (1, 4),
    "2 groups": (2, 4),
    "depthwise": (4, 4),
    "depthwise, twice": (4, 8),
}


def four_kinds() -> Picture:
    """What reads what in a standard layer, in two groups, depthwise, and with a multiplier."""
    counts = {
        name: conv(_INPUTS, outputs, 3, groups).weight.numel()
        for name, (groups, outputs) in _PANELS.items()
    }
    said = ", ".join(f"{name} {count}" for name, count in counts.items())
    return fitted(
        lambda room: _kinds(room, counts),
        f"Four layers that read four channels. Standard: each of four outputs reads all inputs. "
        "Two groups: each output reads two. Depthwise: each reads one. Depthwise with a multiplier "
        f"of two: eight outputs read one each, two the same. Weights of 3×3 kernels: {said}.",
        "Each line is a slice of 3×3 weights, from an input channel, above, to an output channel. "
        "Colours are groups: point at one.",
    )


def _kinds(room: Room, counts: dict[str, int]) -> str:
    per_row, high = (2, 222) if room.narrow else (4, 210)
    pitch, drop, side, shapes = room.width / per_row, 92, 14, []
    for k, (name, (groups, outputs)) in enumerate(_PANELS.items()):
        middle, top = pitch * (k % per_row + 0.5), high * (k // per_row) + 36
        wide = pitch - 30
        upper = [middle + wide * ((i + 0.5) / _INPUTS - 0.5) for i in range(_INPUTS)]
        lower = [middle + wide * ((o + 0.5) / outputs - 0.5) for o in range(outputs)]
        sees = reached(conv(_INPUTS, outputs, 3, groups), _INPUTS)
        for group in range(groups):
            fill = _FILLS[group]
            ins, outs = (
                range(group * n // groups, (group + 1) * n // groups) for n in (_INPUTS, outputs)
            )
            lines = [
                svg.line(upper[i], top + side, lower[o], top + drop, stroke=fill)
                for o in outs
                for i in ins
                if sees[o, i]
            ]
            squares = [_square(upper[i], top, side, fill) for i in ins]
            squares += [_square(lower[o], top + drop, side, fill) for o in outs]
            label = f"group {group + 1}" if name == "depthwise" else ""
            shapes.append(svg.part(group + 1, *lines, *squares, label=label))
        each = int(sees[0].sum())
        low = top + drop + side
        shapes += [
            room.title(middle, top - 22, name, bold=True),
            room.note(middle, low + 20, f"{outputs} · {each} · 9 weights"),
            room.note(middle, low + 40, f"= {counts[name]}"),
        ]
    rows = len(_PANELS) // per_row
    return svg.document(room.width, high * rows - (12 if room.narrow else 8), *shapes)


def _square(x: float, y: float, side: float, fill: str, tint: float = 0.45) -> str:
    """A channel, by the middle of its upper edge."""
    return svg.rect(x - side / 2, y, side, side, fill=fill, tint=tint, thickness=1)


# ------------------------------------------------------------------ one kernel, many strengths


def kernel_and_strengths() -> Picture:
    """The slices that read one input channel: any four, or one kernel times four numbers."""
    torch.manual_seed(3)
    free = torch.randn(4, 3, 3)
    left, sizes, right = torch.linalg.svd(free.flatten(1), full_matrices=False)
    numbers, kernel = left[:, 0] * sizes[0], right[0].view(3, 3)
    if numbers[0] < 0:
        numbers, kernel = -numbers, -kernel
    tied = numbers[:, None, None] * kernel
    return fitted(
        lambda room: _strengths(room, free, kernel, numbers, tied),
        "What four outputs read of one input channel. Above: a standard layer, four different "
        "kernels of 3 by 3, 36 numbers. Below: a separable layer, one kernel and four numbers, "
        "13 in all; the four products have the same pattern, stronger or weaker, or negated.",
        "Blue is positive, orange negative, full colour is strong. One input channel, four "
        "outputs. The lower row is the best separable approximation of the upper one.",
    )


def _strengths(room: Room, free: Tensor, kernel: Tensor, numbers: Tensor, tied: Tensor) -> str:
    cell = 14 if room.narrow else 22
    side, gap = 3 * cell, 20 if room.narrow else 60
    strongest = free.abs().max().item()
    left = room.width - 4 * side - 3 * gap - 12
    xs = [left + k * (side + gap) for k in range(4)]
    top, low = 34, 34 + side + 78
    shapes = [
        room.title(0, 12, "standard: 4 · 9 = 36 weights", anchor="start", bold=True),
        room.title(0, low - 22, "separable: 9 + 4 = 13 weights", anchor="start", bold=True),
    ]
    kernels = [_kernel(x, top, cell, k, strongest) for x, k in zip(xs, free, strict=True)]
    shapes.append(svg.part(1, *kernels, label="four kernels of their own"))
    shapes += [room.note(x + side / 2, top + side + 14, f"output {k}") for k, x in enumerate(xs, 1)]
    own = _kernel(1, low, cell, kernel, kernel.abs().max().item())
    shapes.append(svg.part(2, own, label="one depthwise kernel D"))
    shapes.append(room.note(1 + side / 2, low + side + 14, "D"))
    pieces = []
    for x, number, product in zip(xs, numbers, tied, strict=True):
        pieces.append(_kernel(x, low, cell, product, strongest))
        words = f"{number:+.1f}".replace("-", "−") + " · D"
        pieces.append(room.note(x + side / 2, low + side + 14, words))
    shapes.append(svg.part(3, *pieces, label="four numbers P times the kernel"))
    shapes.append(room.title((1 + side + left) / 2, low + side / 2, "→"))
    return svg.document(room.width, low + side + 28, *shapes)


def _kernel(x: float, y: float, cell: float, values: Tensor, strongest: float) -> str:
    """Nine weights as colours."""
    shapes = []
    for row in range(3):
        for column in range(3):
            value = round(values[row, column].item() / strongest, 2)
            square = (x + column * cell, y + row * cell, cell, cell)
            fill = "blue" if value > 0 else "orange"
            shapes.append(svg.rect(*square, fill=fill, stroke="none", tint=min(1, abs(value))))
    return "".join(shapes) + svg.cells(x, y, 3, 3, cell, stroke="grey")


# ------------------------------------------------------------------ two layers, path by path

CHANNELS = 8
SIZE = 14  # pixels of the map on which multiplications are counted

KINDS = {  # of the first layer: groups, channels that it makes
    "standard": (1, CHANNELS),
    "2 groups": (2, CHANNELS),
    "4 groups": (4, CHANNELS),
    "depthwise": (CHANNELS, CHANNELS),
    "depthwise ×2": (CHANNELS, 2 * CHANNELS),
}
THEN = ("the same again", "shuffle and again", "1×1")


class Level(NamedTuple):
    """A layer of a pair: its name, what reads what, and what it costs."""

    name: str
    sees: tuple[tuple[bool, ...], ...]  # by output and input channel
    weights: int
    macs: int


@cache
def levels(kind: str, then: str) -> tuple[Level, ...]:
    """The layers of a pair, in their order: a 3×3, perhaps a shuffle, and what follows.

    Raises:
        ValueError: If there is no such kind of layer, or nothing of the name to follow it.
    """
    for name, value, known in (("kind", kind, KINDS), ("then", then, THEN)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    groups, middle = KINDS[kind]
    grouped = f"3×3, {groups} group{'s' if groups > 1 else ''}"
    parts = {f"first {grouped}": conv(CHANNELS, middle, 3, groups)}
    if then == "shuffle and again":
        parts["shuffle"] = ChannelShuffle(groups)
    if then == "1×1":
        parts["1×1"] = conv(middle, CHANNELS, 1)
    else:
        parts[f"second {grouped}"] = conv(middle, CHANNELS, 3, groups)
    found, channels = [], CHANNELS
    for name, layer in parts.items():
        cost = profile(layer, (channels, SIZE, SIZE))
        sees = reached(layer, channels)
        found.append(Level(name, _truths(sees), cost.parameters, cost.macs))
        channels = len(sees)
    return tuple(found)


def _truths(table: Tensor) -> tuple[tuple[bool, ...], ...]:
    return tuple(map(tuple, table.tolist()))


def paths(pair: Sequence[Level], output: int) -> list[set[int]]:
    """Channels that an output depends on: of the input, of every map in between, itself."""
    found = [{output}]
    for level in reversed(pair):
        found.append({i for o in found[-1] for i, seen in enumerate(level.sees[o]) if seen})
    return found[::-1]


def channel_paths() -> Explorer:
    """What one output reads through two layers, by groups and by what follows the first layer."""
    return Explorer(
        _paths,
        title="Which inputs does an output depend on?",
        name="paths",
        alt="Channels of two layers as squares, and the lines between them",
        caption="Input channels on the left. Drag an output on the right up or down, and see what "
        "it depends on. Take many groups, then let a shuffle or a 1×1 layer follow. Point at a "
        "layer to light it up.",
        kind=Axis(tuple(KINDS), "first layer", default="4 groups"),
        then=Axis(THEN, "followed by"),
        output=Axis(range(CHANNELS), "output", format=lambda k: str(k + 1), default=2),
    )


def _paths(kind: str, then: str, output: int) -> Picture:
    pair = levels(kind, then)
    seen = paths(pair, output)
    weights, macs = (sum(getattr(level, cost) for level in pair) for cost in ("weights", "macs"))
    whole = sum(level.weights for level in levels("standard", "the same again"))
    said = f"Output {output + 1} depends on {len(seen[0])} of {CHANNELS} inputs."
    cost = f"{weights:,} weights, {macs:,} MACs on maps of {SIZE} × {SIZE}."
    share = f"Two standard 3×3 layers have {whole:,} weights."
    names = ", then ".join(level.name for level in pair)
    inputs = ", ".join(str(k + 1) for k in sorted(seen[0]))
    they = "They are" if len(seen[0]) > 1 else "It is"
    alt = f"{names}. {said} {they} {inputs}. {cost}"

    def layout(room: Room) -> str:
        return _network(room, pair, seen, (said, cost, share))

    return fitted(layout, alt)


def _network(
    room: Room, pair: Sequence[Level], seen: list[set[int]], words: tuple[str, ...]
) -> str:
    top, high, side = 62, 272, 14
    left, right = side / 2 + 22, room.width - side / 2 - 24
    places = (0, 0.4, 0.6, 1) if len(pair) == 3 else (0, 0.5, 1)
    xs = [left + place * (right - left) for place in places]
    counts = [CHANNELS, *(len(level.sees) for level in pair)]

    def y(column: int, channel: int) -> float:
        return top + high * (channel + 0.5) / counts[column]

    shapes = []
    for k, level in enumerate(pair):
        quiet, strong = "", ""
        for o, row in enumerate(level.sees):
            for i in (i for i, sees in enumerate(row) if sees):
                way = f"M{xs[k] + side / 2:g} {y(k, i):g}L{xs[k + 1] - side / 2:g} {y(k + 1, o):g}"
                if o in seen[k + 1]:
                    strong += way
                else:
                    quiet += way
        lines = svg.path(quiet, stroke="grey", thickness=0.8) if quiet else ""
        lines += svg.path(strong, stroke="blue", thickness=2)
        middle = (xs[k] + xs[k + 1]) / 2
        title = level.name.replace("first ", "").replace("second ", "")
        cost = f"{level.weights:,} weights"
        if title == "shuffle":
            name = room.note(middle, top - 6, title)
        else:
            name = room.title(middle, 12, title, bold=True) + room.note(middle, 32, cost)
        label = f"{level.name}: {cost}, {level.macs:,} MACs"
        shapes.append(svg.part(k + 1, lines, name, label=label))
    for column, (x, count) in enumerate(zip(xs, counts, strict=True)):
        size = side if count == CHANNELS else 11
        for channel in range(count):
            used = channel in seen[column]
            square = (x - size / 2, y(column, channel) - size / 2, size, size)
            fill = "orange" if used else "paper"
            shapes.append(svg.rect(*square, fill=fill, stroke="ink" if used else "grey"))
    chosen = y(len(pair), next(iter(seen[-1])))
    shapes += [room.note(xs[0], top - 6, "inputs"), room.note(xs[-1], top - 6, "outputs")]
    shapes += [
        room.note(xs[0] - 14, y(0, i), i + 1, anchor="end", bold=i in seen[0])
        for i in range(CHANNELS)
    ]
    # Where a finger can take hold of it; invisible.
    hold = svg.rect(xs[-1] - 24, chosen - 20, 48, 40, fill="ink", stroke="none", tint=0)
    ring = svg.circle(xs[-1], chosen, 13, stroke="blue")
    shapes.append(svg.draggable(hold, ring, y=("output", high / CHANNELS)))
    low = top + high + 20
    shapes.append(room.title(0, low, words[0], anchor="start", bold=True))
    lines = [line for text in words[1:] for line in room.wrapped(text, room.width)]
    for k in range(3):
        if k < len(lines):
            shapes.append(room.note(0, low + 22 + 19 * k, lines[k], anchor="start"))
    return svg.document(room.width, low + (70 if room.narrow else 52), *shapes)
