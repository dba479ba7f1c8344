"""Figures and explorers of the ShuffleNet chapter."""

import copy
import itertools
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones import fields
from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.experiments.shufflenet import UnshuffledUnit
from backbones.explorers import Axis, Explorer
from backbones.layers import channel_shuffle
from backbones.models.mobilenet_v1 import mobilenetv1_100
from backbones.models.resnet import Bottleneck
from backbones.models.resnext import ResNeXtBlock
from backbones.models.shufflenet_v1 import ShuffleUnit
from backbones.profile import Profile, profile

_COLOURS = ("blue", "orange", "green", "purple", "pink", "yellow")


def reached(model: nn.Module, channels: int, size: int = 1) -> Tensor:
    """Which input channels (columns) the output channels (rows) depend on, by the derivative.

    The model's weights are all made positive in a copy, so that no ReLU hides a path and no two
    paths cancel.

    Args:
        model: (1, channels, size, size) -> (1, C_out, H, W).
        channels: Of its input.
        size: Pixels of the input.

    Returns:
        Truth values, (C_out, channels).
    """
    model = copy.deepcopy(model).eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    return fields.reached(model, channels, size)


# ------------------------------------------------------------------ what the 1x1s cost


class Work(NamedTuple):
    """Multiplications of a block or a network, by the kernel of its layers."""

    pointwise: int
    spatial: int  # 3×3
    other: int

    @property
    def share(self) -> float:
        """Of the 1×1s."""
        return self.pointwise / sum(self)


def work(model: nn.Module, input_size: tuple[int, int, int]) -> Work:
    """Multiply-accumulates of the 1×1 convolutions, the 3×3 ones, and everything else."""
    return _by_kernel(model, profile(model, input_size))


def _by_kernel(model: nn.Module, costs: Profile) -> Work:
    sums = {1: 0, 3: 0, 0: 0}
    kinds = dict(model.named_modules())
    for row in costs.rows:
        layer = kinds.get(row.name)
        sums[layer.kernel_size[0] if isinstance(layer, nn.Conv2d) else 0] += row.macs
    return Work(sums[1], sums[3], sums[0])


@cache
def shares() -> dict[str, Work]:
    """A bottleneck, a ResNeXt block and MobileNet v1."""
    with torch.device("meta"):
        network = mobilenetv1_100()
        blocks = {
            "ResNet bottleneck": Bottleneck(256, 64),
            "ResNeXt block, 32 groups": ResNeXtBlock(256, 64, cardinality=32, path_width=4),
        }
    found = {name: work(block, (256, 56, 56)) for name, block in blocks.items()}
    return {**found, "MobileNet v1, whole": work(network, (3, 224, 224))}


def where_the_work_is() -> Picture:
    """Shares of 1×1 and 3×3 layers in the multiplications of three designs."""
    found = shares()
    said = ". ".join(
        f"{name}: {one.share:.1%} in 1×1 layers, {one.spatial / sum(one):.1%} in 3×3 layers"
        for name, one in found.items()
    )
    return fitted(
        lambda room: _bars(room, found),
        f"Bars of 100 %, parted by kernel. {said}.",
        "Blue: 1×1 layers. Orange: 3×3. Grey: the rest. Shares of the multiplications.",
    )


def _bars(room: Room, found: dict[str, Work]) -> str:
    shapes, y = [], 0
    for name, one in found.items():
        whole = f"{name}: {one.share:.1%} in 1×1s"
        shapes.append(room.title(0, y + 9, whole, anchor="start"))
        x = 1.0
        for value, fill in zip(one, ("blue", "orange", "grey"), strict=True):
            wide = (room.width - 2) * value / sum(one)
            if value:
                shapes.append(
                    svg.rect(x, y + 20, wide, 20, fill=fill, stroke="paper", tint=0.6, thickness=1)
                )
            x += wide
        y += 54
    return svg.document(room.width, y - 10, *shapes)


# ------------------------------------------------------------------ the shuffle as a table


def dealing(groups: int = 3, width: int = 4) -> Picture:
    """Channels in a row, written into a table by rows, and read from it by columns."""
    order = torch.arange(groups * width).view(1, -1, 1, 1)
    order = channel_shuffle(order, groups).flatten().tolist()
    return fitted(
        lambda room: _dealing(room, groups, width, order),
        f"{groups * width} channels in {groups} groups, numbered from 0. They are written into a "
        f"table of {groups} rows and {width} columns, a group in each row, and read column by "
        f"column. The new order is {', '.join(map(str, order))}.",
        "Colours are groups. Point at one: where do its channels go?",
    )


def _dealing(room: Room, groups: int, width: int, order: list[int]) -> str:
    side, tall = min(room.width / (groups * width + 0.2), 40), 30
    x0, middle = ((room.width - count * side) / 2 for count in (groups * width, width))
    rows_top = 92
    low = rows_top + groups * tall + 46
    parts: list[list[str]] = [[] for _ in range(groups)]

    def cell(channel: int, x: float, y: float, wide: float) -> None:
        fill = _COLOURS[channel // width]
        parts[channel // width] += [
            svg.rect(x, y, wide, tall, fill=fill, tint=0.3, thickness=1),
            room.note(x + wide / 2, y + tall / 2, channel),
        ]

    for place, channel in enumerate(range(groups * width)):
        cell(channel, x0 + place * side, 20, side)
        row, column = divmod(channel, width)
        cell(channel, middle + column * side, rows_top + row * tall, side)
    for place, channel in enumerate(order):
        cell(channel, x0 + place * side, low, side)
    words = [f"group {k + 1} of {groups}" for k in range(groups)]
    shapes = [
        room.title(x0, 8, f"{groups} groups of {width}", anchor="start", bold=True),
        room.note(room.width / 2, 70, "write by rows ↓"),
        room.note(room.width / 2, low - 24, "read by columns ↓"),
        *[svg.part(k + 1, *drawn, label=words[k]) for k, drawn in enumerate(parts)],
        room.title(x0, low + tall + 16, "dealt out", anchor="start", bold=True),
    ]
    return svg.document(room.width, low + tall + 26, *shapes)


# ------------------------------------------------------------------ the units


def shuffle_unit() -> Picture:
    """The unit of v1 at stride 1 and 2: Figure 2 b and c of the paper."""
    nodes, edges = {}, []
    for tag, column, depthwise, end in (
        ("1", 0, "3×3 depthwise", "+"),
        ("2", 2, "3×3 depthwise, /2", "concat"),
    ):
        nodes |= {
            f"x{tag}": Node(f"x, stride {tag}", 0, column, "text", short=f"stride {tag}"),
            f"down{tag}": Node("1×1, g groups\nBN, ReLU", 1, column, part=1, short="1×1\ngrouped"),
            f"shuffle{tag}": Node("channel shuffle", 2, column, fill="orange", part=2,
                                  short="shuffle"),
            f"depth{tag}": Node(f"{depthwise}\nBN", 3, column, fill="green", part=3,
                                short="3×3" if tag == "1" else "3×3, /2"),
            f"up{tag}": Node("1×1, g groups\nBN", 4, column, part=1, short="1×1\ngrouped"),
            f"end{tag}": Node(end, 5, column, "op" if end == "+" else "box", "grey"),
            f"relu{tag}": Node("ReLU", 6, column, fill="grey"),
        }  # fmt: skip
        names = [f"{n}{tag}" for n in ("x", "down", "shuffle", "depth", "up", "end", "relu")]
        edges += [Edge(a, b) for a, b in itertools.pairwise(names)]
    nodes["pool"] = Node("average\n3×3, /2", 3, 3, fill="grey", short="mean\n/2")
    edges += [Edge("x1", "end1", via=-0.9), Edge("x2", "pool"), Edge("pool", "end2")]
    return block_diagram(
        nodes,
        edges,
        parts={1: "grouped 1×1", 2: "channel shuffle", 3: "depthwise 3×3"},
        alt="Two units. Stride 1: a grouped 1×1 with batch norm and ReLU, a channel shuffle, a "
        "depthwise 3×3 with batch norm, a grouped 1×1 with batch norm, then the input is added "
        "and a ReLU follows. Stride 2: the depthwise layer has stride 2, the input passes an "
        "average pooling of stride 2, and both are concatenated in place of the sum.",
        caption="Left: stride 1. Right: stride 2, which adds channels by concatenation.",
    )


def split_unit() -> Picture:
    """The unit of v2 at stride 1 and 2: Figure 3 c and d of the paper."""
    nodes = {
        "x1": Node("x, stride 1", 0, 0.5, "text", short="stride 1"),
        "split": Node("channel split", 1, 0.5, fill="purple", part=1, short="split"),
        "a1": Node("1×1\nBN, ReLU", 2, 1, part=2, short="1×1"),
        "b1": Node("3×3 depthwise\nBN", 3, 1, fill="green", part=3, short="3×3"),
        "c1": Node("1×1\nBN, ReLU", 4, 1, part=2, short="1×1"),
        "end1": Node("concat", 5, 0.5, fill="grey"),
        "s1": Node("channel shuffle", 6, 0.5, fill="orange", part=4, short="shuffle"),
        "x2": Node("x, stride 2", 0, 2.5, "text", short="stride 2"),
        "d2": Node("3×3, /2\nBN", 3, 2, fill="green", part=3, short="3×3\n/2"),
        "e2": Node("1×1\nBN, ReLU", 4, 2, part=2, short="1×1"),
        "a2": Node("1×1\nBN, ReLU", 2, 3, part=2, short="1×1"),
        "b2": Node("3×3, /2\nBN", 3, 3, fill="green", part=3, short="3×3\n/2"),
        "c2": Node("1×1\nBN, ReLU", 4, 3, part=2, short="1×1"),
        "end2": Node("concat", 5, 2.5, fill="grey"),
        "s2": Node("channel shuffle", 6, 2.5, fill="orange", part=4, short="shuffle"),
    }
    ways = ("x1 split", "split a1", "a1 b1", "b1 c1", "c1 end1", "end1 s1")
    ways += ("x2 d2", "d2 e2", "e2 end2", "x2 a2", "a2 b2", "b2 c2", "c2 end2", "end2 s2")
    edges = [Edge(*way.split()) for way in ways]
    edges.append(Edge("split", "end1", via=-0.9))
    return block_diagram(
        nodes,
        edges,
        parts={1: "split", 2: "dense 1×1", 3: "depthwise 3×3", 4: "channel shuffle"},
        alt="Two units. Stride 1: the channels are split in halves; one passes untouched, the "
        "other goes through a 1×1, a depthwise 3×3 and a 1×1; both are concatenated and shuffled. "
        "Stride 2: no split; one branch is a depthwise 3×3 of stride 2 and a 1×1, the other a "
        "1×1, a depthwise 3×3 of stride 2 and a 1×1; concatenated and shuffled.",
        caption="Left: stride 1, half of the channels untouched. Right: stride 2, nothing split.",
    )


# ------------------------------------------------------------------ groups that mix, or do not

GROUPS, WIDTHS, UNITS = (2, 3, 4, 6), (1, 2, 3), 3


class Level(NamedTuple):
    """Input groups (columns) behind a unit's bottleneck channels and its output groups (rows)."""

    hidden: Tensor
    outputs: Tensor


@cache
def levels(groups: int, width: int, shuffled: bool) -> tuple[Level, ...]:
    """Three units in a row, each with a bottleneck of ``groups`` times ``width`` channels."""
    channels = 4 * groups * width
    unit = (ShuffleUnit if shuffled else UnshuffledUnit)(channels, channels, groups)
    inside = reached(unit.residual[:2], channels).view(-1, groups, channels // groups).any(2)
    whole = reached(unit, channels).view(groups, -1, groups, channels // groups).any(3).any(1)
    behind, found = torch.eye(groups, dtype=torch.bool), []
    for _ in range(UNITS):
        hidden = inside.float() @ behind.float() > 0
        behind = whole.float() @ behind.float() > 0
        found.append(Level(hidden, behind))
    return tuple(found)


def mixing() -> Explorer:
    """Which input groups are behind each channel, unit by unit, without and with the shuffle."""
    return Explorer(
        _mixing,
        title="Groups that mix, and groups that do not",
        name="mixing",
        alt="Input groups behind each channel of three units, without and with the shuffle",
        caption="Each colour is a group of input channels. A cell shows the colours that its "
        "channel depends on. Point at a colour, or step with Tab: where does it get to? Drag the "
        "ring to the right for wider groups, and set how many there are.",
        groups=Axis(GROUPS, "groups g", default=4),
        width=Axis(WIDTHS, "channels in a group", default=2),
    )


def _least(level: Level) -> int:
    return int(level.outputs.sum(1).min())


def _mixing(groups: int, width: int) -> Picture:
    without, with_ = (levels(groups, width, shuffled) for shuffled in (False, True))
    full = [number for number, level in enumerate(with_, 1) if _least(level) == groups]
    after = ", ".join(str(_least(level)) for level in with_)
    if full:
        units = "one unit" if full[0] == 1 else f"{full[0]} units"
        said = f"With the shuffle: all {groups} input groups behind every channel after {units}."
    else:
        said = f"With the shuffle: after {UNITS} units still channels with {_least(with_[-1])} of "
        said += f"{groups} input groups."
    alone = f"Without: {_least(without[-1])} of {groups}, after any number of units."
    alt = f"{said} At least {after} after 1, 2, 3 units. {alone}"
    return fitted(lambda room: _stacks(room, groups, width, (without, with_), said, alone), alt)


_TALL, _GAP, _CAP = 30, 22, 7  # a row of cells, the lines above it, and to the outputs below


def _stacks(room: Room, groups: int, width: int, both: tuple, said: str, alone: str) -> str:
    margin = 26
    half = (room.width - 3 * margin) / 2
    cell = half / (groups * WIDTHS[-1])
    block, slot, top = width * cell, _TALL / groups, 46
    parts, shapes = [[] for _ in range(groups)], []
    for side, (words, stack) in enumerate(zip(("no shuffle", "shuffle"), both, strict=True)):
        left = margin + side * (half + margin)
        shapes.append(room.title(left, 9, words, anchor="start", bold=True))
        rows, y = [(top, block, torch.eye(groups, dtype=torch.bool))], top
        for level in stack:
            lines = _lines(groups, width, cell, shuffled=bool(side))
            shapes.append(svg.group(lines, x=left, y=y + _TALL))
            y += _TALL + _GAP
            rows.append((y, cell, level.hidden))
            y += _TALL + _CAP
            rows.append((y, block, level.outputs))
        for wide, edge in ((cell, "grey"), (block, "ink")):
            own = [(y, behind) for y, size, behind in rows if size == wide]
            frames = [(left + k * wide, y) for y, behind in own for k in range(len(behind))]
            shapes.append(svg.bars(frames, wide, _TALL, stroke=edge))
            for group in range(groups):
                seen = [
                    (left + k * wide, y + group * slot)
                    for y, behind in own
                    for k in behind[:, group].nonzero().flatten().tolist()
                ]
                look = {"fill": _COLOURS[group], "stroke": "none", "tint": 0.75}
                parts[group].append(svg.bars(seen, wide, slot, **look))
    x = margin + half + margin + groups * block
    hold = svg.rect(x - 20, top - 8, 44, 46, fill="ink", stroke="none", tint=0)
    ring = svg.circle(x + 11, top + 15, 7, fill="paper")
    ring = svg.draggable(hold, ring, x=("width", groups * cell))
    pitch = 2 * _TALL + _GAP + _CAP
    names = [("x", top + _TALL / 2)]
    names += [(k + 1, top + (k + 1) * pitch + _TALL / 2) for k in range(UNITS)]
    shapes += [room.note(margin - 8, y, name, anchor="end", bold=True) for name, y in names]
    shapes.append(room.note(margin, 30, "input groups", anchor="start"))
    for group, drawn in enumerate(parts):
        ends = [int(stack[-1].outputs[:, group].sum()) for stack in both]
        label = f"input group {group + 1} of {groups}: after {UNITS} units it is behind "
        label += f"{ends[0]} of {groups} groups without the shuffle, {ends[1]} with it"
        shapes.append(svg.part(group + 1, *drawn, label=label))
    low = top + UNITS * pitch + _TALL + 18
    for line in room.wrapped(said, room.width, bold=True):
        shapes.append(room.title(0, low, line, anchor="start", bold=True))
        low += 20
    shapes.append(room.note(0, low, alone, anchor="start"))
    high = top + UNITS * pitch + _TALL + (78 if not room.narrow else 98)
    return svg.document(room.width, high, *shapes, ring)


@cache
def _lines(groups: int, width: int, cell: float, *, shuffled: bool) -> str:
    """From the middle of each input group to the bottleneck channels that are made of it."""
    order = torch.arange(groups * width).view(1, -1, 1, 1)
    if shuffled:
        order = channel_shuffle(order, groups)
    way = ""
    for place, source in enumerate(order.flatten().tolist()):
        group = source // width
        start = (group + (source % width + 1) / (width + 1)) * width * cell
        way += f"M{svg.number(start)} 0L{svg.number((place + 0.5) * cell)} {_GAP}"
    return svg.path(way, stroke="grey", thickness=0.9)
