"""Explorers of the ResNet chapter."""

from typing import NamedTuple

from backbones.arithmetic import conv_macs, conv_output_size, conv_parameters, linear_parameters
from backbones.diagrams import Edge, Node, Picture, block_diagram, svg
from backbones.explorers import Axis, Explorer
from backbones.models.resnet import CONFIGS, Bottleneck

# Table 1 of arXiv:1512.03385: blocks a stage, and whether they are bottlenecks.
_DEPTHS = {
    int(name.removeprefix("resnet")): (depths, block is Bottleneck)
    for name, (block, depths) in CONFIGS.items()
    if name.startswith("resnet")
}
_WIDTHS = (64, 128, 256, 512)


class Conv(NamedTuple):
    """A convolution followed by a batch norm."""

    kernel_size: int
    in_channels: int
    out_channels: int
    stride: int = 1

    @property
    def parameters(self) -> int:
        """Weights, and the two numbers a channel of the batch norm."""
        weights = conv_parameters(self.in_channels, self.out_channels, self.kernel_size, bias=False)
        return weights + 2 * self.out_channels

    def macs(self, size: int) -> int:
        """MACs on an input of this size, padded so that only the stride changes the size."""
        return conv_macs(self.in_channels, self.out_channels, self.kernel_size, self.size(size))

    def size(self, size: int) -> int:
        """Output size."""
        return conv_output_size(size, self.kernel_size, self.stride, self.kernel_size // 2)


def block_convs(in_channels: int, width: int, stride: int, bottleneck: bool) -> list[Conv]:
    """The convolutions on the residual path of a block, in order."""
    if bottleneck:
        inner = Conv(3, width, width, stride)
        return [Conv(1, in_channels, width), inner, Conv(1, width, 4 * width)]
    return [Conv(3, in_channels, width, stride), Conv(3, width, width)]


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


def _block(block: str, shortcut: str, stride: int) -> Picture:
    bottleneck = block == "bottleneck"
    width, size = 64 * stride, 56
    inputs = 256 if bottleneck else 64
    convs = block_convs(inputs, width, stride, bottleneck)
    outputs = convs[-1].out_channels
    if shortcut == "identity" and stride > 1:
        raise ValueError(
            f"An identity cannot be added here: the block turns {inputs} × 56 × 56 into "
            f"{outputs} × 28 × 28, and only equal shapes add up. Use a projection."
        )
    nodes = {"x": Node(f"x\n{inputs} × {size} × {size}", 0, kind="text")}
    edges, last, shape, count = [], "x", "", 0
    for row, conv in enumerate(convs, 1):
        size, count = conv.size(size), count + conv.parameters
        step = f", stride {conv.stride}" if conv.stride > 1 else ""
        closes = row == len(convs) and shortcut != "none"
        label = f"{conv.kernel_size}×{conv.kernel_size} conv, {conv.out_channels}{step}"
        label += "\nBN" if closes else "\nBN, ReLU"
        nodes[f"conv{row}"] = Node(label, row)
        edges.append(Edge(last, f"conv{row}", shape))
        last, shape = f"conv{row}", f"{conv.out_channels} × {size} × {size}"
    row = len(convs) + 1
    if shortcut != "none":
        nodes["add"] = Node("+", row, kind="op", fill="yellow")
        nodes["relu"] = Node("ReLU", row + 1, fill="green")
        edges += [Edge(last, "add", "F(x)"), Edge("add", "relu")]
        last, row = "relu", row + 2
    if shortcut == "identity":
        edges.append(Edge("x", "add", "x", via=1))
    if shortcut == "projection":
        projection = Conv(1, inputs, outputs, stride)
        count += projection.parameters
        label = f"1×1 conv, {outputs}\nstride {stride}, BN"
        nodes["projection"] = Node(label, (row - 2) / 2, 1, fill="orange")
        edges.append(Edge("x", "projection", dashed=True))
        edges.append(Edge("projection", "add", dashed=True))
    nodes["y"] = Node(f"H(x)\n{outputs} × {size} × {size}", row, kind="text")
    edges.append(Edge(last, "y"))
    kind = "no shortcut: a plain block" if shortcut == "none" else f"{shortcut} shortcut"
    alt = (
        f"A {block} block of stride {stride} with {kind}: from {inputs} × 56 × 56 through "
        + ", ".join(f"{c.kernel_size}×{c.kernel_size} to {c.out_channels} channels" for c in convs)
        + f", to {outputs} × {size} × {size}; {count:,} parameters."
    )
    picture = block_diagram(nodes, edges, alt=alt, width=400)
    words = svg.text(0, 12, f"{count:,} parameters", anchor="start", bold=True)
    drawing = svg.document(
        400, picture.size[1] + 30, words, svg.group(svg.inner(picture.svg), y=30)
    )
    return Picture(drawing, alt)


class Stage(NamedTuple):
    """What a stage of a ResNet holds and costs, for one image."""

    name: str
    blocks: int
    channels: int
    size: int
    parameters: int
    macs: int


def stages(depth: int, size: int = 224) -> list[Stage]:
    """Stem, four stages and head of a ResNet of the paper's Table 1, with the stride in the 3x3.

    Raises:
        ValueError: If the table has no network of this depth.
    """
    if depth not in _DEPTHS:
        raise ValueError(f"depth must be one of {', '.join(map(str, _DEPTHS))}, got {depth!r}")
    counts, bottleneck = _DEPTHS[depth]
    stem = Conv(7, 3, 64, 2)
    macs, size = stem.macs(size), stem.size(size)
    rows = [Stage("stem", 0, 64, size, stem.parameters, macs)]
    size, channels = conv_output_size(size, 3, 2, 1), 64
    for index, (count, width) in enumerate(zip(counts, _WIDTHS, strict=True)):
        parameters = macs = 0
        for position in range(count):
            stride = 2 if index and not position else 1
            convs = block_convs(channels, width, stride, bottleneck)
            if stride > 1 or channels != convs[-1].out_channels:
                projection = Conv(1, channels, convs[-1].out_channels, stride)
                parameters, macs = parameters + projection.parameters, macs + projection.macs(size)
            for conv in convs:
                parameters, macs = parameters + conv.parameters, macs + conv.macs(size)
                size = conv.size(size)
            channels = convs[-1].out_channels
        rows.append(Stage(f"stage {index + 1}", count, channels, size, parameters, macs))
    head = linear_parameters(channels, 1000)
    return [*rows, Stage("head", 0, 1000, 1, head, channels * 1000)]


def depth_and_stages() -> Explorer:
    """Where the ResNets put their depth, and what it costs."""
    return Explorer(
        _stages,
        title="Where the depth goes",
        alt="Blocks and cost of the stages of a ResNet",
        caption="One square is one residual block; a bar is the stage's share of the cost, for one "
        "image of 224 × 224. Depth is added in the third stage above all.",
        depth=Axis(tuple(_DEPTHS), default=50, format="ResNet-{}".format, buttons=True),
        count=("parameters", "MACs"),
    )


def _stages(depth: int, count: str) -> Picture:
    rows = stages(depth)
    values = [row.macs if count == "MACs" else row.parameters for row in rows]
    total, pitch, wide = sum(values), 62, 330
    bottleneck = _DEPTHS[depth][1]
    shapes = [svg.text(0, 12, f"{total:,} {count}", anchor="start", bold=True)]
    for k, (row, value) in enumerate(zip(rows, values, strict=True)):
        y = 46 + pitch * k
        shape = f"{row.channels} × {row.size} × {row.size}" if row.size > 1 else "1000 classes"
        blocks = f", {row.blocks} blocks" if row.blocks else ""
        squares = [(10 * i, y + 12) for i in range(row.blocks)]
        paint = "orange" if bottleneck else "blue"
        length = max(1, wide * value / total)
        shapes += [
            svg.text(0, y, row.name, anchor="start", bold=True),
            svg.text(82, y, shape + blocks, size=svg.SMALL, anchor="start"),
            svg.bars(squares, 8, 8, fill=paint, stroke="none"),
            svg.rect(0, y + 25, length, 10, fill="grey", stroke="none"),
            svg.text(length + 6, y + 30, f"{value / total:.1%}", size=svg.SMALL, anchor="start"),
        ]
    kind = "bottleneck" if bottleneck else "basic"
    said = "; ".join(
        f"{row.name}: {f'{row.blocks} blocks, ' if row.blocks else ''}{value / total:.1%}"
        for row, value in zip(rows, values, strict=True)
    )
    alt = f"ResNet-{depth}, {kind} blocks, {total:,} {count}. {said}."
    return Picture(svg.document(400, 46 + pitch * len(rows), *shapes), alt)
