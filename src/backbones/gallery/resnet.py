"""Drawings and explorers of the ResNet chapter."""

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import nn

from backbones.diagrams import Edge, Node, Picture, Share, block_diagram, share_bars, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import ConvNormAct
from backbones.models.resnet import CONFIGS, BasicBlock, Bottleneck
from backbones.profile import Profile, profile

_SIZE = 56  # pixels of the maps in the first stage of a network for 224


def plain_and_residual() -> Picture:
    """A plain block and a residual one, side by side, with their parts named."""
    nodes = {
        "plain": Node("plain block", 0, 0, "text"),
        "plain x": Node("x", 1, 0, "text"),
        "plain 1": Node("3×3 conv\nBN, ReLU", 2, 0),
        "plain 2": Node("3×3 conv\nBN", 3, 0),
        "plain relu": Node("ReLU", 5, 0, fill="green"),
        "plain y": Node("y = ReLU(H(x))\nH learned as a whole", 6, 0, "text"),
        "residual": Node("residual block", 0, 1, "text"),
        "x": Node("x", 1, 1, "text"),
        "conv 1": Node("3×3 conv\nBN, ReLU", 2, 1),
        "conv 2": Node("3×3 conv\nBN", 3, 1),
        "add": Node("+", 4, 1, "op", "yellow"),
        "relu": Node("ReLU", 5, 1, fill="green"),
        "y": Node("y = ReLU(F(x) + x)\nonly F is learned", 6, 1, "text"),
    }
    edges = [
        Edge("plain x", "plain 1"),
        Edge("plain 1", "plain 2"),
        Edge("plain 2", "plain relu"),
        Edge("plain relu", "plain y"),
        Edge("x", "conv 1"),
        Edge("conv 1", "conv 2"),
        Edge("conv 2", "add", "F(x)"),
        Edge("x", "add", "shortcut: x", via=2),
        Edge("add", "relu"),
        Edge("relu", "y"),
    ]
    return block_diagram(
        nodes,
        edges,
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
    panes, said = [], []
    for left, title, classes in ((0, "not nested", _APART), (226, "nested", _NESTED)):
        distances = [distance_to_target(one) for one in classes]
        panes.append(svg.group(*_pane(title, classes, distances), x=left))
        said.append(f"{title}: " + ", ".join(f"{d:.0f}" for d in distances))
    alt = (
        "Four families of functions of growing size as discs, beside a star, the function that is "
        f"wanted. Distances from the star in pixels, {'; '.join(said)}. Where each family contains "
        "the one before, the distance cannot grow."
    )
    return Picture(
        svg.document(430, 296, *panes),
        alt,
        "A larger disc is a larger family; the star is the function f* that is wanted. Dashed: "
        "the way from a family's best member to f*.",
    )


def distance_to_target(one: _Class) -> float:
    """From the nearest point of a disc to the star."""
    return ((one.x - _TARGET[0]) ** 2 + (one.y - _TARGET[1]) ** 2) ** 0.5 - one.radius


def _pane(title: str, classes: tuple[_Class, ...], distances: list[float]) -> list[str]:
    shapes = [svg.text(100, 12, title, bold=True)]
    for one in reversed(classes):
        shapes.append(svg.circle(one.x, one.y, one.radius, fill="blue", tint=0.13))
    for one, distance in zip(classes, distances, strict=True):
        reach = one.radius / (one.radius + distance)
        near = (one.x + (_TARGET[0] - one.x) * reach, one.y + (_TARGET[1] - one.y) * reach)
        shapes.append(svg.line(*near, *_TARGET, stroke="grey", thickness=1, dashed=True))
        shapes.append(svg.circle(*near, 3.5, fill="orange", stroke="none"))
        shapes.append(svg.text(*_name_place(one, classes), one.name))
    star = svg.text(*_TARGET, "★", fill="orange", size=24)
    return [*shapes, star, svg.text(_TARGET[0] + 5, _TARGET[1] - 24, "f*")]


def _name_place(one: _Class, classes: tuple[_Class, ...]) -> tuple[float, float]:
    """In the middle of a disc; of one that holds others, near its right edge."""
    if classes is _NESTED and one is not classes[0]:
        return one.x + 0.75 * one.radius, one.y + 0.2 * one.radius
    return one.x, one.y


def residual_block() -> Explorer:
    """The two residual blocks, their shortcuts, and the shapes that flow through them."""
    return Explorer(
        _block,
        title="Inside a residual block",
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
    convs = [row for row in table.rows if row.kind == "Conv2d" and "residual" in row.name]
    kernels = (1, 3, 1) if block == "bottleneck" else (3, 3)
    inputs, size, shape = table.input_size[0], _SIZE, ""
    nodes = {"x": Node(f"x\n{_times(table.input_size)}", 0, kind="text")}
    edges, last = [], "x"
    for row, (conv, kernel) in enumerate(zip(convs, kernels, strict=True), 1):
        channels, height, _ = conv.shape
        step = f", stride {size // height}" if size > height else ""
        closes = row == len(convs) and shortcut != "none"
        label = f"{kernel}×{kernel} conv, {channels}{step}\n" + ("BN" if closes else "BN, ReLU")
        nodes[f"conv{row}"] = Node(label, row)
        edges.append(Edge(last, f"conv{row}", shape))
        last, shape, size = f"conv{row}", _times(conv.shape), height
    row = len(convs) + 1
    outputs = convs[-1].shape
    if shortcut != "none":
        nodes["add"] = Node("+", row, kind="op", fill="yellow")
        nodes["relu"] = Node("ReLU", row + 1, fill="green")
        edges += [Edge(last, "add", "F(x)"), Edge("add", "relu")]
        last, row = "relu", row + 2
    if shortcut == "identity":
        edges.append(Edge("x", "add", "x", via=1))
    if shortcut == "projection":
        label = f"1×1 conv, {outputs[0]}\nstride {stride}, BN"
        nodes["projection"] = Node(label, (row - 2) / 2, 1, fill="orange")
        edges.append(Edge("x", "projection", dashed=True))
        edges.append(Edge("projection", "add", dashed=True))
    nodes["y"] = Node(f"y\n{_times(outputs)}", row, kind="text")
    edges.append(Edge(last, "y"))
    kind = "no shortcut: a plain block" if shortcut == "none" else f"{shortcut} shortcut"
    steps = ", ".join(
        f"{k}×{k} to {c.shape[0]} channels" for k, c in zip(kernels, convs, strict=True)
    )
    alt = (
        f"A {block} block of stride {stride} with {kind}: from {inputs} × 56 × 56 through {steps}, "
        f"to {_times(outputs)}; {table.parameters:,} parameters, {table.macs:,} MACs."
    )
    picture = block_diagram(nodes, edges, alt=alt, width=400)
    words = [
        svg.text(0, 12, f"{table.parameters:,} parameters", anchor="start", bold=True),
        svg.text(400, 12, f"{table.macs / 1e6:.0f} M MACs", anchor="end", bold=True),
    ]
    drawing = svg.document(
        400, picture.size[1] + 30, *words, svg.group(svg.inner(picture.svg), y=30)
    )
    return Picture(drawing, alt)


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
