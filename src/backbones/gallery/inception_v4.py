"""Figures and explorers of the chapter on Inception v4."""

from functools import cache
from typing import NamedTuple

import torch
from torch import nn

from backbones import create_model
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import Branches, ConvNormAct
from backbones.models.inception_v4 import ScaledResidual
from backbones.profile import profile

NETWORKS = {
    "v3": "inception_v3",
    "v4": "inception_v4",
    "Inception-ResNet-v1": "inception_resnet_v1",
    "Inception-ResNet-v2": "inception_resnet_v2",
}
PARTS = ("stem", "35×35", "35 to 17", "17×17", "17 to 8", "8×8")
COUNTS = {"parameters": "parameters", "MACs": "macs"}
_SIZE = (3, 299, 299)
_SHOWN = {"inception_resnet_v2": {"8×8": 1}}  # which module is drawn, where it is not the last


@cache
def _network(name: str) -> nn.Module:
    with torch.device("meta"):
        return create_model(name)


def _places(name: str) -> dict[str, list[str]]:
    """For each part the names of its modules, as `profile` has them."""
    stages = _network(name).stages
    inner = [[f"stages.{k}.{i}" for i in range(len(stage))] for k, stage in enumerate(stages)]
    return {
        "stem": ["stem"],
        "35×35": inner[0],
        "35 to 17": inner[1][:1],
        "17×17": inner[1][1:],
        "17 to 8": inner[2][:1],
        "8×8": inner[2][1:],
    }


class Cost(NamedTuple):
    """What a part of a network holds and does."""

    modules: int
    parameters: int
    macs: int


@cache
def costs(name: str) -> dict[str, Cost]:
    """Costs of all parts of a network but its head."""
    rows = profile(name, _SIZE, depth=3).rows
    found = {}
    for part, places in _places(name).items():
        mine = [row for row in rows for at in places if f"{row.name}.".startswith(f"{at}.")]
        totals = sum(row.parameters for row in mine), sum(row.macs for row in mine)
        found[part] = Cost(len(places), *totals)
    return found


# ------------------------------------------------------------------- a module as boxes


class Box(NamedTuple):
    """One layer of a drawing; the part of the drawing that it belongs to, 0 for none."""

    words: str
    channels: int | None
    halves: bool
    part: int = 0


Step = Box | list  # a list holds branches, each a list of steps


def steps_of(layers: nn.Module, part: int = 0) -> list[Step]:
    """The layers of a `Chain`, branches as lists."""
    found: list[Step] = []
    for layer in layers:
        if isinstance(layer, ConvNormAct):
            rows, columns = layer.conv.kernel_size
            halves = layer.conv.stride[0] == 2
            found.append(Box(f"{rows}×{columns}", layer.conv.out_channels, halves, part))
        elif isinstance(layer, Branches):
            found.append([steps_of(branch, part) for branch in layer])
        else:
            words = "max pool" if isinstance(layer, nn.MaxPool2d) else "mean pool"
            found.append(Box(words, None, layer.stride == 2, part))
    return found


class Drawn(NamedTuple):
    """What is drawn of a part: its steps, names of its branches, and the scale of a residual."""

    steps: list[Step]
    labels: dict[int, str]
    scale: float | None


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@cache
def drawn(name: str, part: str) -> Drawn:
    """A part's layers, or one of its modules'."""
    places = _places(name)[part]
    chosen = places[_SHOWN.get(name, {}).get(part, len(places) - 1)]
    module = _network(name).get_submodule(chosen)
    if part == "stem":
        steps, labels, number = [], {}, 0
        for layer in module:
            number += (weights := _count(layer)) > 0
            steps += steps_of([layer], number if weights else 0)
            if weights:
                labels[number] = f"step {number}: {weights:,} parameters"
        return Drawn(steps, labels, None)
    scaled = isinstance(module, ScaledResidual)
    branches = module.branches[0] if scaled else module
    split = [steps_of(branch, k) for k, branch in enumerate(branches, 1)]
    labels = {k: f"branch {k}: {_count(b):,} parameters" for k, b in enumerate(branches, 1)}
    if not scaled:
        return Drawn([split], labels, None)
    last = len(split) + 1
    labels[last] = f"the linear 1×1: {_count(module.expand):,} parameters"
    expand = Box("1×1", module.expand.out_channels, False, last)
    return Drawn([split, expand], labels, module.scale)


def _extent(steps: list[Step]) -> tuple[int, int]:
    """Columns and rows that steps take."""
    columns, rows = 1, 0
    for step in steps:
        if isinstance(step, list):
            sizes = [_extent(branch) for branch in step]
            columns = max(columns, sum(wide for wide, _ in sizes))
            rows += max(high for _, high in sizes) + 0.5
        else:
            rows += 1
    return columns, rows


class _Grid(NamedTuple):
    """Sizes of a drawing of boxes, whose words may take two lines."""

    column: float
    room: Room

    @property
    def two_lines(self) -> bool:
        return self.column < 84 or self.room.narrow

    @property
    def row(self) -> float:
        return 43 if self.two_lines else 35


def _column(x: float, y: float, wide: float, steps: list[Step], grid: _Grid) -> tuple[list, float]:
    """Steps from top to bottom, in the middle of a width: pairs of part and shape, the end."""
    shapes, middle = [], x + wide / 2
    for step in steps:
        if isinstance(step, Box):
            shapes += _box(middle, y, step, grid)
            y += grid.row
            continue
        sizes = [_extent(branch) for branch in step]
        pitch = wide / sum(columns for columns, _ in sizes)
        low = y + grid.row * max(rows for _, rows in sizes) + 5
        left, middles = x, []
        for (columns, _), branch in zip(sizes, step, strict=True):
            mine, end = _column(left, y, columns * pitch, branch, grid)
            middles.append(left + columns * pitch / 2)
            shapes += [(0, svg.line(middles[-1], end, middles[-1], low, thickness=1)), *mine]
            left += columns * pitch
        shapes.append((0, svg.line(middles[0], y, middles[-1], y, thickness=1)))
        bar = svg.rect(middles[0] - 8, low, middles[-1] - middles[0] + 16, 7, fill="yellow",
                       stroke="ink", thickness=1, radius=2)  # fmt: skip
        shapes.append((0, bar))
        y = low + grid.row / 2 - 5
        shapes.append((0, svg.line(middle, low + 7, middle, y, thickness=1)))
    return shapes, y


def _box(middle: float, y: float, box: Box, grid: _Grid) -> list[tuple[int, str]]:
    gap, room = 9, grid.room
    width, high = grid.column - (4 if grid.two_lines else 8), grid.row - gap
    fill = "grey" if box.channels is None else "orange" if box.halves else "blue"
    pieces = [
        svg.line(middle, y, middle, y + gap, thickness=1),
        svg.rect(middle - width / 2, y + gap, width, high, fill=fill, tint=0.25, radius=4,
                 thickness=1),
    ]  # fmt: skip
    words = [box.words] if box.channels is None else [box.words, f"{box.channels}"]
    if grid.two_lines and box.channels is None:
        words = box.words.split()
    if not grid.two_lines:
        words = [", ".join(words)]
    for k, line in enumerate(words):
        at = y + gap + high * (k + 0.5) / len(words)
        pieces.append(room.note(middle, at, line))
    return [(box.part, "".join(pieces))]


def _module(x: float, y: float, wide: float, what: Drawn, room: Room) -> tuple[str, float]:
    """A module or a stem, and the height at which it ends."""
    columns, _ = _extent(what.steps)
    side = 30 if what.scale is not None else 0  # of the shortcut
    column = min(110, (wide - side) / columns)
    grid = _Grid(column, room)
    inner = columns * column
    left = x + side + (wide - side - inner) / 2
    middle = left + inner / 2
    pieces, end = _column(left, y + 12, inner, what.steps, grid)
    pieces += [(0, room.note(middle, y, "x"))]
    if what.scale is not None:
        plus, beside = end + 44, x + 8
        scaled = svg.rect(middle - 30, end + 6, 60, 20, fill="green", tint=0.3, thickness=1,
                          radius=4)  # fmt: skip
        pieces += [
            (0, svg.line(middle, end, middle, end + 6, thickness=1)),
            (0, svg.line(middle, end + 26, middle, plus - 9, thickness=1)),
            (0, scaled + room.note(middle, end + 16, f"× {what.scale:g}")),
            (0, svg.circle(middle, plus, 9, fill="paper") + room.note(middle, plus, "+")),
            (0, svg.arrow([(middle, y + 12), (beside, y + 12), (beside, plus),
                           (middle - 10, plus)], thickness=1.5)),
            (0, room.note(middle + 16, plus, "ReLU", anchor="start")),
        ]  # fmt: skip
        end = plus + 9
    shapes = [shape for part, shape in pieces if not part]
    for number, label in what.labels.items():
        mine = [shape for part, shape in pieces if part == number]
        shapes.append(svg.part(number, *mine, label=label))
    return "".join(shapes), end


def two_modules() -> Picture:
    """A module of Inception v4 beside one of Inception-ResNet-v1, both for 35 x 35."""
    return fitted(
        _two_modules,
        "Left, a module of Inception v4: four branches, of a 1×1, a 1×1 and a 3×3, a 1×1 and two "
        "3×3, a mean pool and a 1×1; their channels are concatenated. Right, one of "
        "Inception-ResNet-v1: three narrower branches are concatenated, a linear 1×1 brings them "
        "to the width of the input, the result is multiplied by 0.17 and added to the input.",
        "Blue: convolutions, with their output channels. Yellow: concatenation. Green: the scale. "
        "Both work on 35 × 35 positions.",
    )


_PAIR = (("inception_v4", "Inception v4", "384 channels in and out"),
         ("inception_resnet_v1", "Inception-ResNet-v1", "256 channels in and out"))  # fmt: skip


def _two_modules(room: Room) -> str:
    shapes, ends = [], []
    for k, (name, title, note) in enumerate(_PAIR):
        wide = 320 if room.narrow else (340, 292)[k]
        x, top = (4, 0 if not k else ends[0] + 34) if room.narrow else ((0, 384)[k], 0)
        shapes.append(room.title(x + wide / 2, top + 12, title, bold=True))
        shapes.append(room.note(x + wide / 2, top + 34, note))
        what = drawn(name, "35×35")
        shift = len(_PAIR) + 2 if k else 0  # parts of the second drawing have numbers of their own
        what = _renumbered(what, shift)
        shape, end = _module(x, top + 58, wide, what, room)
        shapes.append(shape)
        ends.append(end)
    return svg.document(room.width, max(ends) + 12, *shapes)


def _renumbered(what: Drawn, shift: int) -> Drawn:
    """The same with higher numbers of its parts, and no names: there is room for six only."""

    def moved(steps: list[Step]) -> list[Step]:
        return [
            [moved(branch) for branch in step]
            if isinstance(step, list)
            else step._replace(part=step.part and step.part + shift)
            for step in steps
        ]

    labels = {number + shift: "" for number in what.labels}
    return what._replace(steps=moved(what.steps), labels=labels)


# ------------------------------------------------------------------- the plan


def plan() -> Explorer:
    """Four networks part by part: where their cost is, and what a module of each part looks like.

    Dragging along the bars chooses the part.
    """
    return Explorer(
        _plan,
        title="Four Inception networks, part by part",
        name="plan",
        alt="Bars of the cost of each part of a network, and the layers of one part",
        caption="Choose a network and a part, or drag the mark beside the bars. Point at a branch "
        "for its parameters. Orange layers halve the grid; grey ones are pools. Input: 299 × 299; "
        "the head is left out.",
        network=Axis(tuple(NETWORKS), default="v4"),
        part=Axis(PARTS, default="35×35"),
        count=tuple(COUNTS),
    )


def _short(value: float) -> str:
    return f"{value / 1e9:.2f} G" if value >= 1e9 else f"{value / 1e6:.2f} M"


def _plan(network: str, part: str, count: str) -> Picture:
    name, table = NETWORKS[network], costs(NETWORKS[network])
    here, what = table[part], drawn(name, part)
    plural = "s" if here.modules > 1 else ""
    modules = "" if part == "stem" else f", {here.modules} module{plural}"
    total = sum(getattr(cost, COUNTS[count]) for cost in table.values())
    share = getattr(here, COUNTS[count]) / total
    alt = (
        f"{network}, {part}{modules}: {here.parameters:,} parameters and {here.macs:,} MACs, "
        f"{share:.0%} of the {count} before the head. {'. '.join(what.labels.values())}."
    )
    if what.scale is not None:
        alt += f" Residual, scaled by {what.scale:g}."
    return fitted(lambda room: _plan_drawn(room, network, part, count), alt)


def _plan_drawn(room: Room, network: str, part: str, count: str) -> str:
    name = NETWORKS[network]
    table, what = costs(name), drawn(name, part)
    field = COUNTS[count]
    most = max(getattr(c, field) for other in NETWORKS.values() for c in costs(other).values())
    wide, pitch = (330, 30) if room.narrow else (250, 58)
    total = _short(sum(getattr(cost, field) for cost in table.values()))
    share = f"{_short(getattr(table[part], field))} of {total}"
    head = f"{part}: {share}" if room.narrow else f"{network}: {total} {count}"
    shapes = [room.title(0, 12, head, anchor="start", bold=True)]
    for k, (place, cost) in enumerate(table.items()):
        y, value = 44 + pitch * k, getattr(cost, field)
        chosen = place == part
        words = place if cost.modules == 1 else f"{place}: {cost.modules} modules"
        start, length = (190, 130) if room.narrow else (16, 220)
        bar = y - 6 if room.narrow else y + 12
        fill = "orange" if chosen else "blue"
        shapes += [
            room.note(16, y, words, anchor="start", bold=chosen),
            svg.rect(start, bar, max(1, length * value / most), 12, fill=fill, stroke="none"),
        ]
        if not room.narrow:
            shapes.append(room.note(wide, y, _short(value), anchor="end", bold=chosen))
    y = 44 + pitch * PARTS.index(part)
    mark = svg.polygon([(0, y - 7), (11, y), (0, y + 7)], fill="orange", stroke="orange")
    grip = svg.rect(0, y - 14, wide, 28, fill="paper", stroke="none", tint=0.01)
    shapes.append(svg.draggable(grip, mark, y=("part", pitch)))
    shape, _ = _beside(room, what)
    return svg.document(room.width, _height(room), *shapes, shape)


def _beside(room: Room, what: Drawn) -> tuple[str, float]:
    """A module beside the bars, or below them, and where it ends."""
    x, top = (0, 236) if room.narrow else (285, 24)
    return _module(x, top, room.width - x, what, room)


@cache
def _height(room: Room) -> float:
    """Room for the longest of all modules and stems."""
    return 12 + max(_beside(room, drawn(n, p))[1] for n in NETWORKS.values() for p in PARTS)
