"""Drawings and explorers of the ResNet chapter."""

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import nn

from backbones.diagrams import Edge, Node, Picture, Share, block_diagram, share_bars, svg
from backbones.diagrams.blocks import wired
from backbones.diagrams.room import Room, fitted
from backbones.explorers import Axis, Explorer
from backbones.layers import ConvNormAct
from backbones.models.resnet import CONFIGS, BasicBlock, Bottleneck
from backbones.profile import Profile, profile

_SIZE = 56  # pixels of the maps in the first stage of a network for 224


# What belongs together in the drawings of a block, by the number of the part.
_PARTS = {1: "F(x): what the layers compute", 2: "the shortcut: x", 3: "H(x), the sum of both"}

_SHORT = ("ReLU(H(x))\nH learned as a whole", "ReLU(F(x) + x)\nonly F is learned")


def plain_and_residual() -> Picture:
    """A plain block and a residual one, side by side, with their parts named."""
    nodes = {
        "plain": Node("plain block", 0, 0, "text"),
        "plain x": Node("x", 1, 0, "text"),
        "plain 1": Node("3×3 conv\nBN, ReLU", 2, 0),
        "plain 2": Node("3×3 conv\nBN", 3, 0),
        "plain relu": Node("ReLU", 5, 0, fill="green"),
        "plain y": Node("y = ReLU(H(x))\nH learned as a whole", 6, 0, "text", short=_SHORT[0]),
        "residual": Node("residual block", 0, 1, "text"),
        "x": Node("x", 1, 1, "text"),
        "conv 1": Node("3×3 conv\nBN, ReLU", 2, 1, part=1),
        "conv 2": Node("3×3 conv\nBN", 3, 1, part=1),
        "add": Node("+", 4, 1, "op", "yellow", part=3),
        "relu": Node("ReLU", 5, 1, fill="green"),
        "y": Node("y = ReLU(F(x) + x)\nonly F is learned", 6, 1, "text", short=_SHORT[1]),
    }
    edges = [
        Edge("plain x", "plain 1"),
        Edge("plain 1", "plain 2"),
        Edge("plain 2", "plain relu", "H(x)"),
        Edge("plain relu", "plain y"),
        Edge("x", "conv 1", part=1),
        Edge("conv 1", "conv 2", part=1),
        Edge("conv 2", "add", "F(x)", part=1),
        Edge("x", "add", "shortcut: x", via=2, part=2, short="x"),
        Edge("add", "relu", "H(x) = F(x) + x", part=3, short="F(x) + x"),
        Edge("relu", "y"),
    ]
    return block_diagram(
        nodes,
        edges,
        parts=_PARTS,
        alt="Two blocks of two 3×3 convolutions with batch norm. In the plain one x passes through "
        "both and a ReLU. In the residual one a shortcut carries x around them, it is added to "
        "their output F(x), and the ReLU comes after the sum.",
        caption="The same layers twice. A residual block adds its input to what they compute; the "
        "second ReLU waits until after the sum.",
    )


class _Class(NamedTuple):
    """A family of functions, drawn as a disc."""

    name: str
    x: float
    y: float
    radius: float


_PANE = 210.0  # width of a pane in the discs' own units
_TARGET = (190.0, 52.0)
_APART = (
    _Class("F₁", 62, 124, 26),
    _Class("F₂", 116, 112, 36),
    _Class("F₃", 66, 212, 48),
    _Class("F₄", 158, 212, 62),
)
_NESTED = (
    _Class("F₁", 66, 214, 24),
    _Class("F₂", 76, 196, 46),
    _Class("F₃", 88, 176, 70),
    _Class("F₄", 102, 156, 96),
)


def function_classes() -> Picture:
    """Growing families of functions: those that contain each other, and those that do not."""
    panes = {"not nested": _APART, "nested": _NESTED}
    said = (
        f"{title}: " + ", ".join(f"{distance_to_target(one):.0f}" for one in classes)
        for title, classes in panes.items()
    )

    def layout(room: Room) -> str:
        pitch = room.width / 2
        scale = (pitch - 14) / _PANE
        shapes = [
            svg.group(*_pane(title, classes, room, scale), x=k * pitch + 7)
            for k, (title, classes) in enumerate(panes.items())
        ]
        return svg.document(room.width, 280 * scale + 24, *shapes)

    return fitted(
        layout,
        "Four families of functions of growing size as discs, beside a star, the function that is "
        f"wanted. Distances from the star, {'; '.join(said)}. Where each family contains the one "
        "before, the distance cannot grow.",
        "A larger disc is a larger family; the star is the function f* that is wanted. Dashed: "
        "the way from a family's best member to f*.",
    )


def distance_to_target(one: _Class) -> float:
    """From the nearest point of a disc to the star."""
    return ((one.x - _TARGET[0]) ** 2 + (one.y - _TARGET[1]) ** 2) ** 0.5 - one.radius


def _pane(title: str, classes: tuple[_Class, ...], room: Room, scale: float) -> list[str]:
    """Discs and star, their coordinates times `scale`."""
    shapes = [room.title(scale * _PANE / 2, 12, title, bold=True)]
    star_x, star_y = scale * _TARGET[0], scale * _TARGET[1] + 14
    for one in reversed(classes):
        x, y = scale * one.x, scale * one.y + 14
        shapes.append(svg.circle(x, y, scale * one.radius, fill="blue", tint=0.13))
    for one in classes:
        reach = one.radius / (one.radius + distance_to_target(one))
        x, y = scale * one.x, scale * one.y + 14
        near = (x + (star_x - x) * reach, y + (star_y - y) * reach)
        shapes.append(svg.line(*near, star_x, star_y, stroke="grey", thickness=1, dashed=True))
        shapes.append(svg.circle(*near, 3.5, fill="orange", stroke="none"))
        if classes is _NESTED and one is not classes[0]:  # near the right edge
            x, y = x + 0.75 * scale * one.radius, y + 0.2 * scale * one.radius
        shapes.append(room.title(x, y, one.name))
    star = svg.text(star_x, star_y, "★", fill="orange", size=24)
    return [*shapes, star, room.title(star_x + 3, star_y - 24, "f*")]


def residual_block() -> Explorer:
    """The two residual blocks, their shortcuts, and the shapes that flow through them."""
    return Explorer(
        _block,
        title="Inside a residual block",
        name="block",
        alt="A residual block of ResNet",
        caption="Shapes are channels × height × width. A dashed line is a shortcut that computes "
        "something. Ask for an identity where the shapes disagree.",
        block=("basic", "bottleneck"),
        shortcut=Axis(("none", "identity", "projection"), default="identity"),
        stride=Axis((1, 2), buttons=True),
    )


def block_profile(block: str, shortcut: str, stride: int) -> Profile:
    """What the layers of a block in the first or second stage give and cost.

    Args:
        block: "basic" or "bottleneck".
        shortcut: "none", "identity" or "projection".
        stride: 1, or 2 for a block that opens a stage.

    Raises:
        ValueError: If an identity does not fit.
    """
    kind, inputs = (Bottleneck, 256) if block == "bottleneck" else (BasicBlock, 64)
    if shortcut == "identity" and stride > 1:
        outputs = 64 * stride * inputs // 64
        raise ValueError(
            f"An identity cannot be added here: the block turns {inputs} × 56 × 56 into "
            f"{outputs} × 28 × 28, and only equal shapes add up. Use a projection."
        )
    with torch.device("meta"):
        module = kind(inputs, 64 * stride, stride)
        if shortcut == "projection":
            module.shortcut = ConvNormAct(inputs, module.out_channels, 1, stride, act=None)
        if shortcut == "none":
            module = nn.Sequential(OrderedDict(residual=module.residual, act=module.act))
    return profile(module, (inputs, _SIZE, _SIZE))


def _block(block: str, shortcut: str, stride: int) -> Picture:
    table = block_profile(block, shortcut, stride)
    nodes, edges = _wiring(block, shortcut, table)
    names = {1: _PARTS[1]} if shortcut == "none" else _PARTS

    def layout(room: Room) -> str:
        place = (0, 0) if room.narrow else (404, 150)
        words = svg.group(*_costs_in_words(shortcut, table, room), x=place[0], y=place[1])
        high, top = (430, 152) if room.narrow else (472, 0)
        shapes, wide, _ = wired(nodes, edges, room, height=high, parts=names)
        middle = room.width / 2 if room.narrow else 190
        return svg.document(
            room.width, top + high, words, svg.group(shapes, x=middle - wide / 2, y=top)
        )

    convs = [nodes[name].label.split("\n")[0] for name in nodes if name.startswith("conv")]
    kind = "no shortcut: a plain block" if shortcut == "none" else f"{shortcut} shortcut"
    alt = (
        f"A {block} block of stride {stride} with {kind}: from {_times(table.input_size)} through "
        f"{', '.join(convs)} channels, to {_times(_outputs(table))}; {table.parameters:,} "
        f"parameters, {table.macs:,} MACs."
    )
    return fitted(layout, alt)


def _wiring(block: str, shortcut: str, table: Profile) -> tuple[dict[str, Node], list[Edge]]:
    """The boxes and arrows of a block, with the shapes that `table` knows."""
    convs = [row for row in table.rows if row.kind == "Conv2d" and "residual" in row.name]
    kernels = (1, 3, 1) if block == "bottleneck" else (3, 3)
    nodes = {"x": Node(f"x\n{_times(table.input_size)}", 0, kind="text")}
    edges, last, shape, size = [], "x", "", _SIZE
    for row, (conv, kernel) in enumerate(zip(convs, kernels, strict=True), 1):
        channels, height, _ = conv.shape
        more = ["stride 2"] if size > height else []
        more += ["BN"] if row == len(convs) else ["BN", "ReLU"]
        label = f"{kernel}×{kernel} conv, {channels}\n{', '.join(more)}"
        nodes[f"conv{row}"] = Node(label, row, part=1)
        edges.append(Edge(last, f"conv{row}", shape, part=1))
        last, shape, size = f"conv{row}", _times(conv.shape), height
    row = len(convs) + 1
    outputs = convs[-1].shape
    nodes["relu"] = Node("ReLU", row + 1, fill="green")
    nodes["y"] = Node(f"y\n{_times(outputs)}", row + 2, kind="text")
    if shortcut == "none":
        edges.append(Edge(last, "relu", "F(x)", part=1))
    else:
        nodes["add"] = Node("+", row, kind="op", fill="yellow", part=3)
        edges += [Edge(last, "add", "F(x)", part=1), Edge("add", "relu", "H(x)", part=3)]
    if shortcut == "identity":
        edges.append(Edge("x", "add", "x", via=1, part=2))
    if shortcut == "projection":
        stride = f"stride {_SIZE // outputs[-1]}, BN"
        place = row / 2 if row % 2 else row / 2 + 0.5  # beside an arrow or a layer
        nodes["projection"] = Node(
            f"1×1 conv, {outputs[0]}\n{stride}", place, 1, fill="orange", part=2
        )
        edges.append(Edge("x", "projection", dashed=True, part=2))
        edges.append(Edge("projection", "add", dashed=True, part=2))
    edges.append(Edge("relu", "y"))
    return nodes, edges


def _costs_in_words(shortcut: str, table: Profile, room: Room) -> list[str]:
    """The formula of a block, and what its ways cost."""
    ways = {"F(x)": ("residual", 1), "shortcut": ("shortcut", 2), "block": ("", 0)}
    if shortcut == "none":
        lines = [("y = ReLU(", (1, "F(x)"), ")")]
        del ways["shortcut"]
    else:
        way = "x" if shortcut == "identity" else "Proj(x)"
        lines = [
            ((3, "H(x)"), " = ", (1, "F(x)"), " + ", (2, way)),
            ("y = ReLU(", (3, "H(x)"), ")"),
        ]
    shapes = [
        room.title(0, 14 + 24 * k, *line, anchor="start", bold=True) for k, line in enumerate(lines)
    ]
    right, y = (170, 264), 14 + 24 * 2 + 8
    for x, word in zip(right, ("parameters", "MACs"), strict=True):
        shapes.append(room.note(x, y, word, anchor="end"))
    for name, (prefix, part) in ways.items():
        y += 22
        rows = [row for row in table.rows if row.name.startswith(prefix)]
        counts = (
            f"{sum(row.parameters for row in rows):,}",
            _millions(sum(row.macs for row in rows)),
        )
        row = [room.note(0, y, name, anchor="start", bold=not part)]
        row += [
            room.note(x, y, word, anchor="end", bold=not part)
            for x, word in zip(right, counts, strict=True)
        ]
        shapes.append(svg.part(part, *row) if part else "".join(row))
        if name == "block":
            shapes.append(svg.line(0, y - 12, right[-1], y - 12, thickness=1))
    return shapes


def _millions(macs: int) -> str:
    return f"{macs / 1e6:.0f} M" if macs else "0"


def _outputs(table: Profile) -> tuple[int, ...]:
    return [row for row in table.rows if row.kind == "Conv2d" and "residual" in row.name][-1].shape


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


class Stage(NamedTuple):
    """What a part of a ResNet holds and costs, for one image."""

    name: str
    blocks: int
    shape: tuple[int, ...]
    parameters: int
    macs: int


def stages(depth: int) -> list[Stage]:
    """Stem, four stages and head of a ResNet of the paper's Table 1, with the stride in the 3x3.

    Raises:
        ValueError: If the table has no network of this depth.
    """
    if depth not in _DEPTHS:
        raise ValueError(f"depth must be one of {', '.join(map(str, _DEPTHS))}, got {depth!r}")
    rows = profile(f"resnet{depth}", depth=2).rows
    counts = {f"stages.{i}": n for i, n in enumerate(CONFIGS[f"resnet{depth}"][1])}
    parts = {"stem": "stem", **{key: f"stage {i}" for i, key in enumerate(counts, 1)}}
    return [
        Stage(
            name,
            counts.get(part, 0),
            members[-1].shape,
            sum(row.parameters for row in members),
            sum(row.macs for row in members),
        )
        for part, name in {**parts, "head": "head"}.items()
        if (members := [row for row in rows if f"{row.name}.".startswith(f"{part}.")])
    ]


# Of Table 1 of arXiv:1512.03385.
_DEPTHS = tuple(int(name[6:]) for name in CONFIGS if name.startswith("resnet"))


def depth_and_stages() -> Explorer:
    """Where the ResNets put their depth, and what it costs."""
    return Explorer(
        _stages,
        title="Where the depth goes",
        name="depth",
        alt="Blocks and cost of the stages of a ResNet",
        caption="One square is one residual block; a bar is the stage's share of the cost, for one "
        "image of 224 × 224.",
        depth=Axis(_DEPTHS, default=50, format="ResNet-{}".format, buttons=True),
        count=("parameters", "MACs"),
    )


def _stages(depth: int, count: str) -> Picture:
    bottleneck = CONFIGS[f"resnet{depth}"][0] is Bottleneck
    shares = []
    for row in stages(depth):
        note = _times(row.shape) if len(row.shape) > 1 else f"{row.shape[0]} classes"
        note += f", {row.blocks} blocks" if row.blocks else ""
        value = row.macs if count == "MACs" else row.parameters
        paint = "orange" if bottleneck else "blue"
        shares.append(Share(row.name, value, note, row.blocks, paint))
    total = sum(share.value for share in shares)
    said = "; ".join(f"{s.name}: {s.note}, {s.value / total:.1%}" for s in shares)
    kind = "bottleneck" if bottleneck else "basic"
    alt = f"ResNet-{depth}, {kind} blocks, {total:,} {count}. {said}."
    return share_bars(shares, total_label=count, alt=alt)
