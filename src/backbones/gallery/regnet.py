"""Figures and explorers of the RegNet chapter."""

from collections.abc import Sequence
from functools import cache
from math import log2, log10, prod
from typing import NamedTuple

import torch
from torch import nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import Classifier, ConvNormAct
from backbones.models.anynet import Stage, XBlock
from backbones.models.regnet import CONFIGS, regnet_stages
from backbones.profile import profile

SIDE, STEM, CLASSES = 224, 32, 1000
_COLOURS = ("blue", "orange", "green", "pink", "yellow", "purple", "grey")
_TINT = 0.45


class Cost(NamedTuple):
    """What a network takes for one picture; activations are outputs of all convolutions."""

    parameters: int
    macs: int
    activations: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, count: int) -> "Cost":
        """The cost of several such modules."""
        return Cost(*(count * number for number in self))


def measured(module: nn.Module, shape: tuple[int, ...]) -> Cost:
    """The cost of a module for one input of a shape, as `profile` counts it."""
    found = profile(module, shape)
    outputs = [prod(row.shape) for row in found.rows if row.kind == "Conv2d"]
    return Cost(found.parameters, found.macs, sum(outputs))


@cache
def _block(
    channels: int, width: int, stride: int, group: int, bottleneck: int, se: float, side: int
) -> Cost:
    """A block on maps of a side."""
    with torch.device("meta"):
        block = XBlock(channels, width, stride, group, bottleneck, se)
    return measured(block, (channels, side, side))


@cache
def _ends(width: int) -> Cost:
    with torch.device("meta"):
        stem, head = ConvNormAct(3, STEM, 3, stride=2), Classifier(width, CLASSES)
    return measured(stem, (3, SIDE, SIDE)) + measured(head, (width, 7, 7))


def stage_costs(stages: Sequence[Stage], se_ratio: float = 0.0) -> list[Cost]:
    """Cost of each stage of an AnyNet for a picture of 224 × 224, from the `profile` of its blocks.

    A block is profiled once, however often it is repeated: that is quicker than whole networks.
    """
    channels, side, costs = STEM, SIDE // 2, []
    for depth, width, group, bottleneck in stages:
        first = _block(channels, width, 2, group, bottleneck, se_ratio, side)
        side, channels = (side + 1) // 2, width
        rest = _block(width, width, 1, group, bottleneck, se_ratio, side)
        costs.append(first + rest.times(depth - 1))
    return costs


def cost(stages: Sequence[Stage], se_ratio: float = 0.0) -> Cost:
    """The whole AnyNet: stem, stages and head."""
    whole = _ends(stages[-1].width)
    for stage in stage_costs(stages, se_ratio):
        whole += stage
    return whole


# ------------------------------------------------------------------ a space of networks

_KNOBS = (
    ("d", "blocks", "1 to 16", 16),
    ("w", "channels", "8, 16, … 1,024", 128),
    ("b", "bottleneck ratio", "1, 2, 4", 3),
    ("g", "group width", "1, 2, 4, … 32", 6),
)


def anynet_space() -> Picture:
    """Stem, four stages and head, and the four numbers of each stage."""
    counts = ", ".join(f"{name} {count}" for _, name, _, count in _KNOBS)
    return fitted(
        _space,
        "A network as a row of boxes: stem, four stages, head. Stem and head are fixed. Under each "
        f"stage are four numbers to choose, with so many values: {counts}.",
        "AnyNetX: four numbers for each of four stages. Point at a number.",
    )


def _space(room: Room) -> str:
    names = ("stem", "stage 1", "stage 2", "stage 3", "stage 4", "head")
    slot = room.width / 6
    box, left = slot - (12 if room.narrow else 30), 6 if room.narrow else 15
    tops, pitch = (28, 74), 36
    shapes, parts = [], {number: [] for number in range(1, 5)}
    for column, name in enumerate(names):
        x = column * slot + left
        stage = 0 < column < 5
        top, low = (tops[0], tops[0] + 30) if not stage else (14, 72)
        look = {"fill": "grey", "tint": 0.12 if stage else 0.3, "thickness": 1, "radius": 4}
        shapes.append(svg.rect(x, top, box, low - top, **look))
        words = name.split() if room.narrow else [name]
        for k, word in enumerate(words):
            y = (top + low) / 2 + 15 * (k - (len(words) - 1) / 2)
            shapes.append(room.note(x + box / 2, y, word, bold=stage))
        if column:
            ends = [(x - slot + box + 1, 43), (x - 1, 43)]
            shapes.append(svg.arrow(ends, thickness=1, head=5))
        if not stage:
            continue
        shapes.append(svg.line(x + box / 2, 72, x + box / 2, 86, stroke="grey", thickness=1))
        for number, (letter, *_) in enumerate(_KNOBS, 1):
            y = 86 + pitch * (number - 1)
            fill = _COLOURS[number - 1]
            parts[number] += [
                svg.rect(x, y, box, 30, fill=fill, tint=_TINT, thickness=1, radius=6),
                room.title(x + box / 2, y + 15, letter + "₁₂₃₄"[column - 1]),
            ]
    y = 86 + pitch * 4 + 10
    for number, (letter, name, values, count) in enumerate(_KNOBS, 1):
        row = y + 22 * (number - 1)
        said = f"{letter}, {name}: {values}: {count} values"
        parts[number] += [
            svg.rect(0, row - 7, 14, 14, fill=_COLOURS[number - 1], tint=_TINT, stroke="none"),
            room.note(22, row, said, anchor="start"),
        ]
        label = f"{name} of a stage: {count} values"
        shapes.append(svg.part(number, *parts[number], label=label))
    return svg.document(room.width, y + 22 * 3 + 14, *shapes)


# ------------------------------------------------------------------ a line and its steps


def line_and_steps(name: str = "regnet_x_400mf") -> Picture:
    """The line of a published RegNet and the widths that it is rounded to."""
    depth, w0, wa, *_ = CONFIGS[name]
    stages = regnet_stages(*CONFIGS[name])
    told = ", ".join(f"{s.depth} of {s.width}" for s in stages)
    return fitted(
        lambda room: _steps(room, depth, w0, wa, stages),
        f"Channels of {depth} blocks. A straight line rises from {w0}, {wa:g} per block. Steps "
        f"follow it: blocks and channels of the stages are {told}.",
        "RegNetX-400MF. Purple: the line. Columns: the blocks, at the widths that are built. Point "
        "at a stage.",
    )


def _steps(room: Room, depth: int, w0: int, wa: float, stages: Sequence[Stage]) -> str:
    left, right, top, low = 40, room.width - 4, 28, 246
    across = (right - left) / depth
    unit = (low - top) / max(w0 + wa * (depth - 1), stages[-1].width)
    shapes = [room.note(0, 10, "channels", anchor="start")]
    for mark in range(0, 501, 100):
        y = low - unit * mark
        shapes.append(room.note(left - 6, y, mark, anchor="end"))
        shapes.append(svg.line(left, y, right, y, stroke="grey", thickness=0.5))
    start, columns = 0, 1 if room.narrow else 2
    for number, stage in enumerate(stages, 1):
        high, fill = unit * stage.width, _COLOURS[number - 1]
        corners = [(left + across * (start + k) + 1, low - high) for k in range(stage.depth)]
        x = room.width / columns * ((number - 1) % columns)
        y = low + 56 + 22 * ((number - 1) // columns)
        said = f"stage {number}: {stage.depth} block{'s' * (stage.depth > 1)} of {stage.width}"
        drawn = [
            svg.bars(corners, across - 2, high, fill=fill, tint=_TINT),
            svg.rect(x, y - 7, 14, 14, fill=fill, tint=_TINT, stroke="none"),
            room.note(x + 22, y, said, anchor="start"),
        ]
        shapes.append(svg.part(number, *drawn, label=f"{said} channels"))
        start += stage.depth
    for block in range(0, depth, 3):
        shapes.append(room.note(left + across * (block + 0.5), low + 14, block))
    shapes.append(room.note(right, low + 34, "block j", anchor="end"))
    ends = [(left + across * (j + 0.5), low - unit * (w0 + wa * j)) for j in (0, depth - 1)]
    shapes.append(svg.line(*ends[0], *ends[1], stroke="purple", thickness=2))
    words = f"u = {w0} + {wa:g} j"
    shapes.append(room.title(left + 12, top + 30, words, fill="purple", anchor="start", bold=True))
    return svg.document(room.width, low + 70 + 22 * ((len(stages) - 1) // columns), *shapes)


# ------------------------------------------------------------------ the width rule, moved

GROUP = 16
DEPTHS = (13, 16, 19, 22)
W0 = (24, 48, 80)
WA = (8, 16, 24.48, 40)
WM = (2.0, 2.54, 3.0)
_LOW, _HIGH, _MOST = 16, 1024, 27  # channels of the axis, and blocks
_NAMED = ("400MF", "3.2GF", "32GF")


@cache
def published() -> dict[str, Cost]:
    """The RegNetX of the package by the paper's short names."""
    return {
        name.removeprefix("regnet_x_").replace("_", ".").upper(): cost(
            regnet_stages(*CONFIGS[name])
        )
        for name in CONFIGS
        if "_x_" in name
    }


def width_rule() -> Explorer:
    """The line, the ladder that it is rounded to, the stages, and what the network costs."""
    return Explorer(
        _ruled,
        title="Five numbers make a network",
        name="width-rule",
        alt="A line of widths, the steps that it is rounded to, and the network that they make",
        caption="Drag the left ring up for a wider first block, the ring at the end of the line "
        "for its slope and for the depth, the ring on the dashed rung for the factor between "
        "widths. Channels double with each line of the grid, so rungs are equally far apart. "
        f"Group width {GROUP}. Point at a stage.",
        depth=Axis(DEPTHS, "blocks d", default=22),
        w0=Axis(W0, "first width w0", default=24),
        wa=Axis(WA, "slope wa", default=24.48),
        wm=Axis(WM, "factor wm", default=2.54),
    )


def _ruled(depth: int, w0: int, wa: float, wm: float) -> Picture:
    stages = regnet_stages(depth, w0, wa, wm, GROUP)
    costs, whole = stage_costs(stages), cost(stages)
    many = f"{len(stages)} stages, {depth} blocks"
    kept = "as many stages as in the paper" if len(stages) == 4 else "the paper keeps 4 stages"
    size = f"{whole.parameters / 1e6:.2f} M parameters, {whole.macs / 1e9:.2f} G MACs"
    said, rows = (many, kept, size), []
    for stage, part in zip(stages, costs, strict=True):
        groups = stage.width // stage.group_width
        row = f"{stage.depth} × {stage.width}, {groups} group{'s' * (groups > 1)}, "
        rows.append(f"{row}{part.macs / whole.macs:.0%}")
    told = "; ".join(f"stage {k}: {row} of MACs" for k, row in enumerate(rows, 1))
    alt = f"{'. '.join(said)}. {told}."

    def layout(room: Room) -> str:
        shapes = _ladder(room, (depth, w0, wa, wm), stages)
        x, y = (0, 296) if room.narrow else (416, 12)
        wide = room.width - x
        shapes += room.headed(x, y, said, 20)
        y = 364 if room.narrow else 80
        shapes.append(room.note(x, y, "blocks × width, groups, MACs", anchor="start"))
        y += 21
        for number, row in enumerate(rows, 1):
            words = room.note(x + 20, y, row, anchor="start")
            chip = svg.rect(x, y - 7, 14, 14, fill=_COLOURS[number - 1], tint=_TINT, stroke="none")
            label = f"stage {number}" if number < 7 else ""
            shapes.append(svg.part(number, chip, words, label=label))
            y += 19
        top = 500 if room.narrow else 236
        shapes += _plane(room, x, top, wide, whole)
        return svg.document(room.width, top + 182, *shapes)

    return fitted(layout, alt)


def _ladder(
    room: Room,
    numbers: tuple[int, int, float, float],
    stages: Sequence[Stage],
) -> list[str]:
    depth, w0, wa, wm = numbers
    left, right, top, low = (44, 324, 32, 240) if room.narrow else (46, 398, 32, 360)
    across, octave = (right - left) / _MOST, (low - top) / log2(_HIGH / _LOW)

    def at(block: float, channels: float) -> tuple[float, float]:
        return left + across * (block + 0.5), low - octave * log2(channels / _LOW)

    shapes = [room.note(0, 10, "channels", anchor="start")]
    for mark in (16, 32, 64, 128, 256, 512, 1024):
        y = at(0, mark)[1]
        shapes.append(room.note(left - 6, y, mark, anchor="end"))
        shapes.append(svg.line(left, y, right, y, stroke="grey", thickness=0.5))
    start = 0
    for number, stage in enumerate(stages, 1):
        x, y = left + across * start, at(0, stage.width)[1]
        column = svg.rect(x, y, across * stage.depth, low - y, fill=_COLOURS[number - 1],
                          tint=_TINT, thickness=1)  # fmt: skip
        shapes.append(svg.part(number, column))
        start += stage.depth
    rung, last = 0, w0 + wa * (depth - 1)
    while (width := w0 * wm**rung) < last * wm**0.5:
        y = at(0, width)[1]
        shapes.append(svg.line(left, y, right, y, thickness=1, dashed=True))
        rung += 1
    for block in range(0, _MOST, 7):
        shapes.append(room.note(at(block, _LOW)[0], low + 14, block))
    shapes.append(room.note(right, low + 34, "block j", anchor="end"))
    bends = [j for j in (0, 1, 2, 3, 5, 7, 10, 14, 19) if j < depth - 1] + [depth - 1]
    line = "L".join("{} {}".format(*map(svg.number, at(j, w0 + wa * j))) for j in bends)
    shapes.append(svg.path(f"M{line}", stroke="purple", thickness=2))
    span = octave * log2(W0[-1] / W0[0]) / (len(W0) - 1)
    shapes.append(svg.draggable(svg.ring(*at(0, w0)), y=("w0", -span)))
    ends = [w0 + slope * (depth - 1) for slope in (WA[0], WA[-1])]
    span = octave * log2(ends[1] / ends[0]) / (len(WA) - 1)
    step = across * (DEPTHS[1] - DEPTHS[0])
    ring = svg.ring(*at(depth - 1, last))
    shapes.append(svg.draggable(ring, x=("depth", step), y=("wa", -span)))
    span = octave * log2(WM[-1] / WM[0]) / (len(WM) - 1)
    ring = svg.ring(*at(_MOST - 1, w0 * wm))
    return [*shapes, svg.draggable(ring, y=("wm", -span))]


def _plane(room: Room, x: float, top: float, wide: float, whole: Cost) -> list[str]:
    """Parameters against MACs, both by powers of ten: this network among the published ones."""
    left, right, low = x + 34, x + wide - 34, top + 138

    def at(found: Cost) -> tuple[float, float]:
        across = (right - left) * (log10(found.macs / 1e9) + 1.7) / 3.4
        return left + across, low - (low - top - 22) * (log10(found.parameters / 1e6) + 0.5) / 2.6

    shapes = [
        room.note(x, top, "parameters, M", anchor="start"),
        svg.line(left, top + 14, left, low, stroke="grey", thickness=1),
        svg.line(left, low, x + wide - 2, low, stroke="grey", thickness=1),
        room.note(x + wide - 2, low + 34, "G MACs; dots: the published ones", anchor="end"),
    ]
    for mark in (1, 10, 100):
        shapes.append(room.note(left - 6, at(Cost(mark * 10**6, 1, 1))[1], mark, anchor="end"))
    for mark in (0.1, 1, 10):
        there = at(Cost(1, int(mark * 1e9), 1))[0]
        shapes.append(room.note(there, low + 15, f"{mark:g}"))
    for name, found in published().items():
        px, py = at(found)
        shapes.append(svg.circle(px, py, 3.5, fill="ink", stroke="none"))
        if name in _NAMED:
            shapes.append(room.note(px - 7, py - 9, name, anchor="end"))
    return [*shapes, svg.circle(*at(whole), 6, fill="purple", stroke="ink")]
