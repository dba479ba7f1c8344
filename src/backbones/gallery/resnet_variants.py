"""Figures and explorers of the chapter on ResNet's variants."""

from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import Classifier, ConvNormAct, NormActConv
from backbones.models.resnet import Bottleneck, ResNet, imagenet_stem
from backbones.models.resnet_v2 import PreActBottleneck, ResNetV2, bare_conv, bare_end
from backbones.models.resnet_variants import BottleneckD, deep_stem
from backbones.profile import profile

# What can be switched, each with the form of 2015 first.
STRIDES, SHORTCUTS = ("in the first 1×1", "in the 3×3"), ("1×1, stride 2", "mean, then 1×1")
ACTIVATIONS, STEMS = ("after the sum", "before the layers"), ("7×7", "three 3×3")

SIDE = 8  # positions of the small map, in a row
DEPTHS, WIDTHS, SIZES = (3, 4, 6, 3), (64, 128, 256, 512), (56, 28, 14, 7)  # of ResNet-50


class Form(NamedTuple):
    """One choice of everything."""

    stride: str = STRIDES[0]
    shortcut: str = SHORTCUTS[0]
    activation: str = ACTIVATIONS[0]
    stem: str = STEMS[0]

    @property
    def preact(self) -> bool:
        """Whether norm and ReLU come before the convolutions."""
        return self.activation == ACTIVATIONS[1]

    @property
    def pool(self) -> bool:
        """Whether the shortcut pools."""
        return self.shortcut == SHORTCUTS[1]

    @property
    def early(self) -> bool:
        """Whether the first 1×1 strides."""
        return self.stride == STRIDES[0]


_A, _B, _D = Form(), Form(STRIDES[1]), Form(STRIDES[1], SHORTCUTS[1], stem=STEMS[1])
# Top-1 accuracy on ImageNet, in percent: Table 5 of arXiv:1812.01187.
NAMES = {
    _A: ("ResNet-50-A", 76.21),
    _B: ("ResNet-50-B", 76.66),
    _B._replace(stem=STEMS[1]): ("ResNet-50-C", 76.87),
    _D: ("ResNet-50-D", 77.16),
    _B._replace(activation=ACTIVATIONS[1]): ("ResNet-50 v2", None),
    _D._replace(activation=ACTIVATIONS[1]): ("ResNet-50-D v2", None),
}


def block(form: Form, in_channels: int, width: int, stride: int) -> nn.Module:
    """A bottleneck of this form: (B, in_channels, H, W) -> (B, 4 width, H / S, W / S)."""
    if form.preact:
        made = PreActBottleneck(in_channels, width, stride, pool=form.pool)
    else:
        made = (BottleneckD if form.pool else Bottleneck)(in_channels, width, stride)
    if form.early:
        first, second = (bare_conv, NormActConv) if form.preact else (ConvNormAct, ConvNormAct)
        made.residual[0] = first(in_channels, width, 1, stride)
        made.residual[1] = second(width, width, 3)
    return made


def network(form: Form, depths: tuple[int, ...] = DEPTHS) -> ResNet:
    """ResNet-50 of this form, shapes only."""
    stem = imagenet_stem if form.stem == STEMS[0] else deep_stem
    with torch.device("meta"):
        if form.preact:
            return ResNetV2(lambda *shape: block(form, *shape), depths, stem=bare_end(stem))
        return ResNet(lambda *shape: block(form, *shape), depths, stem=stem)


class Cost(NamedTuple):
    """Parameters and MACs of a network; the MACs also by part."""

    parameters: int
    stem: int
    branches: int  # of the three blocks that stride
    shortcuts: int  # of the same
    others: int

    @property
    def macs(self) -> int:
        """All of them, for an image of 224 × 224."""
        return self.stem + self.branches + self.shortcuts + self.others


@cache
def cost(form: Form) -> Cost:
    """What ResNet-50 of this form costs, part by part: equal parts are profiled once."""
    stem = _part(form.preact, stem=form.stem)
    head = _part(form.preact, channels=4 * WIDTHS[-1])
    parameters, branches, shortcuts, others = stem[0] + head[0], 0, 0, head[1]
    channels = WIDTHS[0]
    for index, (depth, width, size) in enumerate(zip(DEPTHS, WIDTHS, SIZES, strict=True)):
        for place in range(depth):
            stride = 2 if index and not place else 1
            kind = form._replace(stem="") if stride == 2 else Form(activation=form.activation)
            weights, macs, side = _block_cost(kind, channels, width, stride, size * stride)
            parameters, channels = parameters + weights, 4 * width
            if stride == 2:
                branches, shortcuts = branches + macs - side, shortcuts + side
            else:
                others += macs
    return Cost(parameters, stem[1], branches, shortcuts, others)


@cache
def _block_cost(form: Form, channels: int, width: int, stride: int, size: int) -> tuple[int, ...]:
    """Parameters of a block, its MACs, and those of its shortcut."""
    with torch.device("meta"):
        made = block(form, channels, width, stride)
    rows = profile(made, (channels, size, size)).rows
    side = sum(r.macs for r in rows if r.name.startswith(("shortcut", "projection")))
    return sum(r.parameters for r in rows), sum(r.macs for r in rows), side


@cache
def _part(preact: bool, *, stem: str = "", channels: int = 0) -> tuple[int, int]:
    """Parameters and MACs of a stem, or of the head behind so many channels."""
    with torch.device("meta"):
        small = network(Form(stem=stem or STEMS[0], activation=ACTIVATIONS[preact]), (1,))
        made = small.stem
        if channels:
            norm = [nn.BatchNorm2d(channels)] if preact else []
            made = nn.Sequential(*norm, Classifier(channels, 1000))
    table = profile(made, (channels, 7, 7) if channels else (3, 224, 224))
    return table.parameters, table.macs


def reads(branch: nn.Module) -> Tensor:
    """How many windows of the layer that strides hold each position of a small map."""
    (layer,) = (m for m in branch.modules() if getattr(m, "stride", 1) in (2, (2, 2)))
    conv = isinstance(layer, nn.Conv2d)
    kernel, padding = (layer.kernel_size[0], layer.padding) if conv else (layer.kernel_size, 0)
    x = torch.zeros(1, 1, SIDE, SIDE, requires_grad=True)
    windows = F.conv2d(x, torch.ones(1, 1, kernel, kernel), stride=2, padding=padding)
    return torch.autograd.grad(windows.sum(), x)[0][0, 0].int()


def paths(form: Form) -> tuple[Tensor, Tensor]:
    """Reads of both ways through the block: the residual branch F and the shortcut."""
    with torch.device("meta"):
        made = block(form, 8, 4, 2)
    return reads(made.residual), reads(made.projection if form.preact else made.shortcut)


def three_blocks() -> Picture:
    """Where A, B and D stride: each block a row, F above and the shortcut below."""
    rows = (
        ("A", ("1×1 /2", "3×3", "1×1"), ("1×1 /2",)),
        ("B", ("1×1", "3×3 /2", "1×1"), ("1×1 /2",)),
        ("D", ("1×1", "3×3 /2", "1×1"), ("mean /2", "1×1")),
    )

    def layout(room: Room) -> str:
        high, shapes = 118, []
        step = (room.width - (74 if room.narrow else 250)) / 3
        box = step - 20
        for number, (name, branch, side) in enumerate(rows):
            top, left = 8 + number * high, 34
            shapes.append(room.title(0, top + 22, name, anchor="start", bold=True))
            shapes.append(room.title(left - 8, top + 48, "x"))
            end = left + 3 * step + 10
            shapes += _row(left, end, step, box, top + 20, branch, "blue", 1, room)
            shapes += _row(left, end, step, box, top + 76, side, "green", 2, room)
            shapes.append(svg.circle(end, top + 48, 9) + room.note(end, top + 48, "+"))
            shapes.append(svg.arrow([(end + 9, top + 48), (end + 28, top + 48)], head=6))
            if not room.narrow:
                said = _told(name)
                shapes += [
                    room.note(end + 34, top + 40 + 18 * i, line, anchor="start")
                    for i, line in enumerate(said)
                ]
        return svg.document(room.width, 3 * high - 6, *shapes)

    return fitted(
        layout,
        "Three bottlenecks that halve a map, each with F (1×1, 3×3, 1×1) above and a shortcut "
        "below. A: the first 1×1 and the shortcut's 1×1 have a stride of 2. B: the 3×3 and the "
        "shortcut's 1×1. D: the 3×3, and in the shortcut a mean of 2×2 before a 1×1.",
        "/2 is a stride of 2. Above F, below the shortcut. C is B with another stem; norms and "
        "ReLUs are left out.",
    )


def _told(name: str) -> tuple[str, str]:
    form = {"A": _A, "B": _B, "D": _D}[name]
    shares = [f"{(read > 0).double().mean():.0%}" for read in paths(form)]
    return f"F reads {shares[0]}", f"the shortcut {shares[1]}"


def _row(left, end, step, box, y, labels, fill, number, room) -> list[str]:
    """Boxes from x to the sum, on one line."""
    middle = y + (28 if number == 1 else -28)
    places = [left + step * (k + 0.5) + 4 for k in ((0, 1, 2) if len(labels) == 3 else (0.5, 1.5))]
    places = places[: len(labels)] if len(labels) > 1 else [left + step * 1.5 + 4]
    points = [(left, middle), (left, y), (places[0] - box / 2, y)]
    shapes = [svg.arrow(points, thickness=1, head=6)]
    for k, (x, label) in enumerate(zip(places, labels, strict=True)):
        if k:
            shapes.append(
                svg.arrow([(places[k - 1] + box / 2, y), (x - box / 2, y)], thickness=1, head=6)
            )
        shapes.append(_box(x, y, box, label, "orange" if "/2" in label else fill, room))
    after = [(places[-1] + box / 2, y), (end, y), (end, middle + (-9 if number == 1 else 9))]
    shapes.append(svg.arrow(after, thickness=1, head=6))
    return [svg.part(number, *shapes, label="F" if number == 1 else "the shortcut")]


def _box(x: float, y: float, width: float, label: str, fill: str, room: Room) -> str:
    back = svg.rect(x - width / 2, y - 13, width, 26, fill=fill, tint=0.22, radius=4, thickness=1)
    return back + room.note(x, y, label)


def switches() -> Explorer:
    """One block whose parts are switched one by one, and what of a map it reads."""
    return Explorer(
        _switched,
        title="Switch the parts of a block, and see what it reads",
        name="switches",
        alt="A bottleneck that halves a map, and the positions that it reads",
        caption="Orange: a stride of 2. The stronger a position, the more often it is read; empty "
        "ones never are. The bar is the whole of ResNet-50. Point at a part to find it in all "
        "three places. Begin with A, and make it B, C and D.",
        stride=Axis(STRIDES, "stride"),
        shortcut=Axis(SHORTCUTS, "shortcut"),
        activation=Axis(ACTIVATIONS, "norm and ReLU"),
        stem=Axis(STEMS, "stem"),
    )


def _switched(stride: str, shortcut: str, activation: str, stem: str) -> Picture:
    form = Form(stride, shortcut, activation, stem)
    spent, (branch, side) = cost(form), paths(form)
    name, top1 = NAMES.get(form, ("no name of its own", None))
    seen = [int((read > 0).sum()) for read in (branch, side, branch + side)]
    known = f" {top1} % top-1 on ImageNet (Table 5 of the paper)." if top1 else ""
    alt = (
        f"{name}: stride {stride}; shortcut: {shortcut}; norm and ReLU {activation}; stem: {stem}. "
        f"Of {SIDE**2} positions F reads {seen[0]}, the shortcut {seen[1]}, nothing "
        f"{SIDE**2 - seen[2]}. {spent.macs:,} MACs, {spent.parameters:,} parameters.{known}"
    )

    def layout(room: Room) -> str:
        half = room.width if room.narrow else 320
        shapes, low = _drawn(form, half, room)
        left, top = (0, low + 26) if room.narrow else (360, 56)
        maps = [
            _map(left, top, branch, "blue", 1, "F", room),
            _map(left + 162, top, side, "green", 2, "the shortcut", room),
            room.note(left, top + 222, f"read by neither: {SIDE**2 - seen[2]} of {SIDE**2}",
                      anchor="start"),
        ]  # fmt: skip
        low = top + 256 if room.narrow else low + 30
        return svg.document(room.width, low + 78, *shapes, *maps,
                            *_bill(form, spent, low, name, top1, room))  # fmt: skip

    return fitted(layout, alt)


def _drawn(form: Form, width: float, room: Room) -> tuple[list[str], float]:
    """Stem and block from top to bottom; and where they end."""
    stem = ("7×7 /2",) if form.stem == STEMS[0] else ("3×3 /2", "3×3", "3×3")
    each = (width - 44) / 4
    chips = [
        _box(44 + each * (k + 0.5), 14, each - 8, word, "orange" if "/2" in word else "purple",
             room)
        for k, word in enumerate((*stem, "pool /2"))
    ]  # fmt: skip
    shapes = [svg.part(3, room.note(0, 14, "stem", anchor="start"), *chips, label="the stem")]
    before, after = ("BN, ReLU, ", "") if form.preact else ("", ", BN, ReLU")
    kernels = ["1×1 /2", "3×3", "1×1"] if form.early else ["1×1", "3×3 /2", "1×1"]
    labels = [f"{before if k else ''}{kernel}{after}" for k, kernel in enumerate(kernels)]
    labels[2] = labels[2].removesuffix(", ReLU")
    last = "1×1" if form.preact else "1×1, BN"
    sides = ("mean 2×2 /2", last) if form.pool else (last.replace("1×1", "1×1 /2"),)
    left, right, box = width * 0.26, width * 0.76, width * 0.48
    top, step = 56, 42
    fork = top + 46
    shapes.append(room.note(width / 2, top, "x: 256 × 56 × 56"))
    if form.preact:
        shapes.append(svg.arrow([(width / 2, top + 8), (width / 2, top + 18)], head=5))
        shapes.append(_box(width / 2, top + 30, width * 0.3, "BN, ReLU", "grey", room))
    else:
        shapes.append(svg.line(width / 2, top + 8, width / 2, fork, thickness=1))
    end = fork + 34 + 3 * step
    for number, x, words, rows in (
        (1, left, labels, (0, 1, 2)),
        (2, right, sides, (0.5, 1.5) if form.pool else (1,)),
    ):
        mine, from_ = [], (width / 2, fork)
        for word, row in zip(words, rows, strict=True):
            y = fork + 34 + row * step
            turn = [from_, (x, fork)] if from_[1] == fork else [from_]
            mine.append(svg.arrow([*turn, (x, y - 13)], thickness=1, head=6))
            fill = "orange" if "/2" in word else ("blue", "green")[number - 1]
            mine.append(_box(x, y, box - (0 if number == 1 else 24), word, fill, room))
            from_ = (x, y + 13)
        goal = (width / 2 + (-9 if number == 1 else 9), end)
        mine.append(svg.arrow([from_, (x, end), goal], thickness=1, head=6))
        shapes.append(svg.part(number, *mine, label=("F", "the shortcut")[number - 1]))
    shapes.append(svg.circle(width / 2, end, 9) + room.note(width / 2, end, "+"))
    if form.preact:
        shapes.append(svg.arrow([(width / 2, end + 9), (width / 2, end + 64)], head=6))
    else:
        shapes.append(svg.arrow([(width / 2, end + 9), (width / 2, end + 20)], head=5))
        shapes.append(_box(width / 2, end + 33, width * 0.3, "ReLU", "grey", room))
        shapes.append(svg.arrow([(width / 2, end + 46), (width / 2, end + 64)], head=6))
    shapes.append(room.note(width / 2, end + 74, "y: 512 × 28 × 28"))
    return shapes, end + 82


def _map(
    left: float, top: float, read: Tensor, fill: str, number: int, who: str, room: Room
) -> str:
    """A small map, each position as dark as it is often read."""
    cell, seen = 18, int((read > 0).sum())
    shapes = [
        room.note(left, top, f"read by {who}", anchor="start"),
        svg.cells(left, top + 16, SIDE, SIDE, cell, stroke="grey"),
    ]
    for count in sorted({int(v) for v in read.flatten()} - {0}):
        corners = [
            (left + column * cell + 1, top + 16 + row * cell + 1)
            for row, column in (read == count).nonzero().tolist()
        ]
        shapes.append(svg.bars(corners, cell - 2, cell - 2, fill=fill, stroke="none",
                               tint={1: 0.35, 2: 0.6}.get(count, 0.95)))  # fmt: skip
    often = "1, 2 or 4 times each" if int(read.max()) > 1 else "once each"
    for line, words in enumerate((f"{seen} of {SIDE**2} positions", often)):
        shapes.append(room.note(left, top + 176 + 18 * line, words, anchor="start"))
    return svg.part(number, *shapes)


def _bill(form, spent, top, name, top1, room) -> list[str]:
    """The whole network: its name, and its multiplications as a bar."""
    unit = room.width / max(cost(f).macs for f in (_A, _D))
    known = f": {top1} % on ImageNet" if top1 else ""
    shapes = [room.title(0, top, f"{name}{known}", anchor="start", bold=True)]
    x = 0.0
    for number, macs, fill in (
        (3, spent.stem, "purple"),
        (1, spent.branches, "blue"),
        (2, spent.shortcuts, "green"),
        (0, spent.others, "grey"),
    ):
        bar = svg.rect(x, top + 16, macs * unit, 18, fill=fill, tint=0.5, thickness=0.8)
        shapes.append(svg.part(number, bar) if number else bar)
        x += macs * unit
    shapes.append(
        room.note(0, top + 48, f"{spent.macs / 1e9:.2f} G MACs, {spent.parameters:,} parameters",
                  anchor="start")
    )  # fmt: skip
    words = (
        (3, f"stem {spent.stem / 1e6:.0f} M"),
        (1, f"F where it strides {spent.branches / 1e6:.0f} M"),
        (2, f"shortcuts {spent.shortcuts / 1e6:.0f} M"),
    )
    line = [part for pair in words for part in (pair, ", ")][:-1]
    if room.narrow:
        line = [(3, words[0][1]), ", ", (1, f"F {spent.branches / 1e6:.0f} M"), ", ", words[2]]
    return [*shapes, room.note(0, top + 68, *line, anchor="start")]
