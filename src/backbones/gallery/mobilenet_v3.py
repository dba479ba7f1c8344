"""Figures and explorers of the MobileNet v3 chapter."""

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
import torchvision
from torch import nn

from backbones import experiments
from backbones.arithmetic import round_channels
from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.models.mobilenet_v3 import LARGE, Row, conv_hard_swish
from backbones.profile import profile


def v3_block() -> Picture:
    """The fifth block of Large: Figure 4 of the paper, with the numbers of Table 1."""
    row = LARGE[4]
    hidden, k = row.hidden_channels, row.kernel_size
    narrow = round_channels(hidden // 4)
    thin, wide = f"{row.channels} × 28 × 28", f"{hidden} × 28 × 28"
    nodes = {
        "x": Node(f"x\n{thin}", 0, 0, "text"),
        "expand": Node(f"1×1, ReLU\n{wide}", 1, part=1, short=f"1×1\n{hidden}"),
        "depth": Node(f"depthwise {k}×{k}, ReLU\n{wide}", 2, part=1, short=f"{k}×{k}\n{hidden}"),
        "mean": Node(f"mean of each map\n{hidden}", 3, 1, fill="orange", part=2,
                     short=f"mean\n{hidden}"),
        "down": Node(f"1×1, ReLU\n{narrow}", 4, 1, fill="orange", part=2),
        "up": Node(f"1×1, hard sigmoid\n{hidden} gates", 5, 1, fill="orange", part=2,
                   short=f"1×1, hard\n{hidden}"),
        "scale": Node("×", 6, 0, "op", part=2),
        "project": Node(f"1×1, no activation\n{thin}", 7, 0, fill="green", part=3,
                        short=f"1×1\n{row.channels}"),
        "plus": Node("+", 8, 0, "op", part=3),
    }  # fmt: skip
    arrows = (
        ("x", "expand"), ("expand", "depth"), ("depth", "scale"), ("depth", "mean"),
        ("mean", "down"), ("down", "up"), ("up", "scale"), ("scale", "project"),
        ("project", "plus"),
    )  # fmt: skip
    edges = [Edge(source, target, part=nodes[target].part) for source, target in arrows]
    edges.append(Edge("x", "plus", via=-0.9, part=3))
    return block_diagram(
        nodes,
        edges,
        parts={1: "expand and filter", 2: "squeeze and excite", 3: "project and add"},
        alt=f"A block of MobileNet v3. A 1×1 expands {row.channels} channels to {hidden}, a "
        f"depthwise {k}×{k} filters each. Squeeze and excite: the mean of each map, a layer to "
        f"{narrow}, a ReLU, a layer back to {hidden}, a hard sigmoid; each map is multiplied by "
        f"its gate. A 1×1 without activation projects to {row.channels}, and the input is added.",
        caption="The fifth block of Large. In the later blocks h-swish is in the place of the "
        "first two ReLUs, and some blocks have no gates.",
    )


def last_stage(original: bool) -> nn.Sequential:
    """From 160 channels at 7 × 7 to 1000 classes, as it was or as v3 has it: Figure 5."""
    conv = conv_hard_swish
    layers = [conv(160, 960, 1)]
    if original:
        layers += [conv(960, 960, 3, groups=960), conv(960, 320, 1, act=None), conv(320, 1280, 1)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if not original:
        layers += [nn.Linear(960, 1280), nn.Hardswish()]
    return nn.Sequential(*layers, nn.Linear(1280, 1000))


@cache
def stage_macs(original: bool) -> tuple[int, ...]:
    """MACs of the convolutions and dense layers of a last stage, in order."""
    with torch.device("meta"):
        rows = profile(last_stage(original), (160, 7, 7)).rows
    return tuple(row.macs for row in rows if row.macs)


def last_stages() -> Picture:
    """The two last stages, layer by layer, each layer as long as its work."""
    first, second = sum(stage_macs(True)), sum(stage_macs(False))
    return fitted(
        _stages,
        f"Two rows of layers from 160 channels to 1000 classes. Original: 1×1 to 960, depthwise "
        f"3×3, 1×1 to 320, 1×1 to 1280, then the mean and the classes, {first / 1e6:.1f} M MACs. "
        f"Version 3: 1×1 to 960, then the mean, 1×1 to 1280 and the classes, {second / 1e6:.1f} M.",
        "The area of a bar is its layer’s MACs. Blue: at 49 positions. Orange: at one, after the "
        "mean.",
    )


def _stages(room: Room) -> str:
    names = {
        True: ("1×1 to 960", "3×3", "1×1 to 320", "1×1 to 1280", "classes"),
        False: ("1×1 to 960", "1×1 to 1280", "classes"),
    }
    after = {True: 4, False: 1}  # the first layer after the mean
    unit, shapes, y, number = (room.width - 2) / sum(stage_macs(True)), [], 0.0, 0
    for original in (True, False):
        macs = stage_macs(original)
        title = f"{'original' if original else 'version 3'}: {sum(macs) / 1e6:.1f} M MACs"
        shapes.append(room.title(0, y + 12, title, anchor="start", bold=True))
        words = [f"{k}: {v / 1e6:.1f} M" for k, v in zip(names[original], macs, strict=True)]
        lengths = [svg.text_width(each, room.small) for each in words]
        small = [k for k, length in enumerate(lengths) if length > unit * macs[k] - 6]
        x = 0.0
        for index, cost in enumerate(macs):
            wide, fill = unit * cost, "orange" if index >= after[original] else "blue"
            middle = x + wide / 2
            bar = svg.rect(x, y + 28, wide, 34, fill=fill, tint=0.3, thickness=1)
            if index in small:  # the first one lowest, so that no line crosses words
                down = y + 62 + 18 * (len(small) - small.index(index))
                bar += svg.line(middle, y + 62, middle, down - 1, thickness=1)
                fits = room.width - middle - 5 > lengths[index]
                bar += room.note(middle + (5 if fits else -5), down - 3, words[index],
                                 anchor="start" if fits else "end")  # fmt: skip
            else:
                bar += room.note(middle, y + 45, words[index])
            x += wide
            number += 1
            shapes.append(svg.part(number, bar, label=words[index] if number <= 6 else ""))
        y += 76 + 18 * len(small) + 8
    return svg.document(room.width, y, *shapes)


# ------------------------------------------------------ what a search found, and what was cut


def mnasnet_a1() -> list[Row]:
    """Blocks of MnasNet-A1: Figure 7 (a) of arXiv:1807.11626. Its activation is ReLU."""
    stages = (  # repeats, kernel size, expansion, channels, SE, stride
        (1, 3, 1, 16, False, 1),
        (2, 3, 6, 24, False, 2),
        (3, 5, 3, 40, True, 2),
        (4, 3, 6, 80, False, 2),
        (2, 3, 6, 112, True, 1),
        (3, 5, 6, 160, True, 2),
        (1, 3, 6, 320, False, 1),
    )
    rows, channels = [], 32
    for repeats, kernel, expansion, width, squeeze, stride in stages:
        for position in range(repeats):
            rows.append(Row(kernel, expansion * channels, width, squeeze, False,
                            1 if position else stride))  # fmt: skip
            channels = width
    return rows


def found_and_cut() -> Picture:
    """Expanded channels of Large's blocks inside those of MnasNet-A1's."""
    cut = [i for i, (a, b) in enumerate(zip(mnasnet_a1(), LARGE, strict=False), 1) if a[1] > b[1]]
    return fitted(
        _found,
        "Sixteen towers, one for each block, as high as its expanded channels. Dashed: "
        f"MnasNet-A1. Filled: MobileNet v3-Large, which is lower in blocks {cut} and as high in "
        "the others. Of the last tower only the dashed outline is there: v3 has 15 blocks.",
        "Height: expanded channels. Dashed: MnasNet-A1. Filled: v3-Large; blue 3×3, orange 5×5. A "
        "dot: squeeze and excitation. Below: output channels.",
    )


def _found(room: Room) -> str:
    old = mnasnet_a1()
    pitch, high, base = (room.width - 10) / len(old), 150, 172
    wide, shapes, stages = 0.66 * pitch, [], {}

    def tower(middle: float, width: float, channels: int, **look: object) -> str:
        top = high * channels / 960
        return svg.rect(middle - width / 2, base - top, width, top, **look)

    for index, row in enumerate(old):
        x = pitch * (index + 0.5)
        drawn = []
        if index < len(LARGE):
            new = LARGE[index]
            fill = "orange" if new.kernel_size == 5 else "blue"
            drawn.append(tower(x, wide, new.hidden_channels, fill=fill, tint=0.45, thickness=0.8))
            if new.squeeze:
                drawn.append(svg.circle(x, base - 9, 3.5, fill="ink", stroke="none"))
        drawn.append(tower(x, wide + 4, row.hidden_channels, dashed=True, thickness=1.2))
        stages.setdefault(row.channels, []).append((x, drawn))
    for number, (channels, towers) in enumerate(stages.items(), 1):
        middle = sum(x for x, _ in towers) / len(towers)
        drawn = [shape for _, each in towers for shape in each]
        shapes.append(svg.part(number, *drawn, room.note(middle, base + 14, channels)))
    return svg.document(room.width, base + 28, *shapes)


# ------------------------------------------------------------------------------ the reward

NETWORKS = (
    "mobilenet_v3_small", "mobilenet_v3_large", "mobilenet_v2", "mnasnet0_5", "mnasnet0_75",
    "mnasnet1_0", "mnasnet1_3", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0", "efficientnet_b0", "regnet_y_400mf",
)  # fmt: skip
TARGETS = tuple(50 * 2 ** (k / 2) for k in range(8))  # million MACs
EXPONENTS = (0.0, -0.03, -0.07, -0.15, -0.3, -0.6, -1.0)
BELOW = ("the same", "0")


class Point(NamedTuple):
    """A network: its accuracy in percent, and millions of MACs."""

    name: str
    accuracy: float
    macs: float


@cache
def published() -> tuple[Point, ...]:
    """Networks for phones, as torchvision publishes them, by its first recipe for each."""
    points = []
    for name in NETWORKS:
        meta = torchvision.models.get_model_weights(name).IMAGENET1K_V1.meta
        accuracy = meta["_metrics"]["ImageNet-1K"]["acc@1"]
        points.append(Point(name, accuracy, 1000 * meta["_ops"]))
    return tuple(points)


def reward(accuracy: float, macs: float, target: float, beyond: float, below: float) -> float:
    """MnasNet's accuracy · (cost / target)^w; w may be another below the target."""
    return accuracy * (macs / target) ** (below if macs <= target else beyond)


def ranking(
    target: float, beyond: float, below: float, points: Sequence[Point] | None = None
) -> list[Point]:
    """Networks by reward, the best first; those published if no others are given."""
    return sorted(
        published() if points is None else points,
        key=lambda point: reward(point.accuracy, point.macs, target, beyond, below),
        reverse=True,
    )


def rewards() -> Explorer:
    """Target and exponent of the reward, its iso-lines, and the network that it picks."""
    return Explorer(
        _rewarded,
        title="What the reward picks",
        name="reward",
        alt="Accuracy against cost of published networks, with lines of equal reward",
        caption="Drag the ring sideways for the target in MACs, down for a heavier price. On a "
        "curve all networks have equal reward; no point lies above the strongest. Step through "
        "the best three with Tab. When does the target matter?",
        target=Axis(TARGETS, "target", format=lambda v: f"{v:.0f} M", default=200.0),
        beyond=Axis(EXPONENTS, "w beyond it", format=_signed, default=-0.07),
        below=Axis(BELOW, "w below it"),
    )


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _rewarded(target: float, beyond: float, below: str) -> Picture:
    under = beyond if below == "the same" else 0.0
    price = (target, beyond, under)
    order = ranking(*price)
    said = [
        f"{place}: {p.name}, {p.accuracy:.1f} % at {p.macs:.0f} M MACs, reward "
        f"{reward(p.accuracy, p.macs, *price):.1f}"
        for place, p in enumerate(order[:3], 1)
    ]
    alt = f"Target {target:.0f} M MACs, w {_signed(beyond)} beyond, {_signed(under)} below. "

    def layout(room: Room) -> str:
        plot = _Plot(34, room.width - 8, 90, 350 if room.narrow else 390)
        shapes, top = [plot.frame(room)], reward(order[0].accuracy, order[0].macs, *price)
        curves = [plot.curve(top * k, price, 2.4 if k == 1 else 1) for k in (1, 0.95, 0.9)]
        shapes.append(svg.part(4, *curves, label="equal reward; 5 and 10 % less below"))
        shapes += [plot.dot(point, 4, "grey") for point in order[3:]]
        for place, point in enumerate(order[:3], 1):
            words = said[place - 1]
            if room.narrow:
                words = words.rpartition(", reward")[0].replace(" MACs", "")
            drawn = [
                room.note(0, 10 + 20 * (place - 1), words, anchor="start", bold=place == 1),
                plot.dot(point, 8 - place, "orange" if place == 1 else "yellow"),
            ]
            shapes.append(svg.part(place, *drawn, label=said[place - 1]))
        x, y = plot.x(target), plot.top + 10 + 15 * EXPONENTS.index(beyond)
        step = plot.x(TARGETS[1]) - plot.x(TARGETS[0])
        shapes.append(svg.line(x, plot.top, x, plot.bottom, dashed=True, thickness=1))
        shapes.append(svg.draggable(svg.ring(x, y), x=("target", step), y=("beyond", 15)))
        return svg.document(room.width, plot.bottom + 26, *shapes)

    return fitted(layout, alt + "; ".join(said))


class _Plot(NamedTuple):
    """Where accuracies and costs lie in a drawing; costs on a logarithmic axis."""

    left: float
    right: float
    top: float
    bottom: float
    accuracies: tuple[int, int] = (55, 80)
    costs: tuple[float, float] = (34, 720)
    named: tuple[int, ...] = (50, 100, 200, 400)
    label: str = "ImageNet top-1 (%)"

    def x(self, cost: float) -> float:
        low, high = map(math.log, self.costs)
        return self.left + (self.right - self.left) * (math.log(cost) - low) / (high - low)

    def y(self, accuracy: float) -> float:
        low, high = self.accuracies
        return self.bottom - (self.bottom - self.top) * (accuracy - low) / (high - low)

    def frame(self, room: Room) -> str:
        """Axes, ticks and what they count."""
        shapes = [
            svg.line(self.left, self.top, self.left, self.bottom, thickness=1),
            svg.line(self.left, self.bottom, self.right, self.bottom, thickness=1),
            room.note(0, self.top - 15, self.label, anchor="start"),
            room.note(self.right, self.bottom - 11, "M MACs", anchor="end"),
        ]
        for value in range(self.accuracies[0], self.accuracies[1] + 1, 5):
            shapes.append(room.note(self.left - 6, self.y(value), value, anchor="end"))
        shapes += [room.note(self.x(cost), self.bottom + 12, cost) for cost in self.named]
        return "".join(shapes)

    def dot(self, point: Point, radius: float, fill: str, stroke: str = "") -> str:
        """A network."""
        x, y = self.x(point.macs), self.y(point.accuracy)
        edge = stroke or ("none" if fill == "grey" else "ink")
        return svg.circle(x, y, radius, fill=fill, stroke=edge)

    def curve(
        self, gain: float, price: tuple[float, float, float], thickness: float, stroke: str = "blue"
    ) -> str:
        """All points of one reward that are in the plot; price: target, w beyond it and below."""
        (low, high), (least, most), steps = self.accuracies, self.costs, 120
        costs = [least * (most / least) ** (k / steps) for k in range(steps + 1)]
        at = [(cost, gain / reward(1, cost, *price)) for cost in costs]
        points = [(round(self.x(c)), round(self.y(a))) for c, a in at if low <= a <= high]
        corner = min(range(len(points)), key=lambda k: abs(points[k][0] - self.x(price[0])))
        kept = sorted({0, corner, len(points) - 1, *range(0, len(points), 10)})
        way = "L".join(f"{points[k][0]} {points[k][1]}" for k in kept)
        return svg.path(f"M{way}", stroke=stroke, thickness=thickness)


# ------------------------------------------------------------------- the recorded search


def sampled(seed: int | None = None) -> tuple[Point, ...]:
    """Networks of the recorded search: accuracy with one seed, or the mean of all."""
    record = experiments.load("mobilenet_v3_search")
    cost = {run.variant: run.macs / 1e6 for run in record.all_runs}
    ends = {k: v if seed is None else [v[seed]] for k, v in record.final().items()}
    return tuple(Point(k, 100 * sum(v) / len(v), cost[k]) for k, v in ends.items())


def search_samples(exponent: float = -0.07) -> Picture:
    """Both runs of every sampled network, and what the reward picks by each seed alone."""
    seeds = [sampled(0), sampled(1)]
    picks = [ranking(1, exponent, exponent, each)[0] for each in seeds]
    pairs = {first.name: (first, second) for first, second in zip(*seeds, strict=True)}
    said = [
        f"seed {k}: {pick.name}, {pick.accuracy:.1f} % "
        f"(with seed {1 - k} {pairs[pick.name][1 - k].accuracy:.1f})"
        for k, pick in enumerate(picks)
    ]

    def layout(room: Room) -> str:
        bottom = 310 if room.narrow else 350
        plot = _Plot(34, room.width - 8, 74, bottom, (60, 80), (0.9, 5.6), (1, 2, 3, 4, 5),
                     "validation accuracy (%)")  # fmt: skip
        shapes, chosen = [plot.frame(room)], {pick.name for pick in picks}
        shapes += [_runs(plot, pairs[name], 3.5, "grey") for name in pairs if name not in chosen]
        for k, (pick, fill) in enumerate(zip(picks, ("orange", "blue"), strict=True)):
            gain = reward(pick.accuracy, pick.macs, 1, exponent, exponent)
            drawn = [
                room.note(14, 10 + 20 * k, said[k], anchor="start"),
                svg.circle(5, 10 + 20 * k, 5, fill=fill, stroke="ink"),
                plot.curve(gain, (1, exponent, exponent), 1.6, fill),
                _runs(plot, pairs[pick.name], 5.5, fill),
            ]
            shapes.append(svg.part(k + 1, *drawn, label=said[k]))
        return svg.document(room.width, bottom + 26, *shapes)

    return fitted(
        layout,
        f"Accuracy against cost of sixteen networks, two runs each, joined by a line. The reward "
        f"with w = {_signed(exponent)} picks, by {said[0]}; by {said[1]}.",
        "Filled: seed 0. Hollow: seed 1. A line joins the two runs of a network. On a curve the "
        "reward is that of the network picked by the seed.",
    )


def _runs(plot: _Plot, pair: Sequence[Point], radius: float, fill: str) -> str:
    """A network with seed 0, filled, and with seed 1, hollow."""
    first, second = pair
    x, stroke = plot.x(first.macs), "ink" if fill != "grey" else "grey"
    line = svg.line(x, plot.y(first.accuracy), x, plot.y(second.accuracy), stroke=fill, thickness=1)
    return line + plot.dot(first, radius, fill, stroke) + plot.dot(second, radius, "paper", fill)
