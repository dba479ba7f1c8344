"""Figures and explorers of the AlexNet chapter."""

from functools import cache
from typing import NamedTuple

import torch
from torch.nn.functional import max_pool1d

from backbones.arithmetic import conv_parameters
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.profile import profile


class Layer(NamedTuple):
    """A layer of the paper's network, both GPUs' halves together."""

    name: str
    kernel: int  # pixels a side; 1: dense
    stride: int
    inputs: int  # maps, or numbers for a dense layer
    seen: int  # numbers that come in: maps times their size
    outputs: int
    size: int  # of a map, in pixels a side
    parameters: int  # in the paper

    @property
    def dense(self) -> bool:
        """Whether this is a dense layer."""
        return self.kernel == 1


# Name of the module in `alexnet_paper`: what the layer is called here, kernel and stride.
_NAMED = {
    "stem.0.conv": ("conv 1", 11, 4),
    "stages.0.1.conv": ("conv 2", 5, 1),
    "stages.1.1.conv": ("conv 3", 3, 1),
    "stages.1.2.conv": ("conv 4", 3, 1),
    "stages.1.3.conv": ("conv 5", 3, 1),
    "head.3": ("dense 6", 1, 1),
    "head.6": ("dense 7", 1, 1),
    "head.9": ("scores", 1, 1),
}
# Layers that see the maps of both GPUs; the first is the paper's choice.
WIRINGS = {
    "conv 3 and dense": ("conv 3", "dense 6", "dense 7", "scores"),
    "dense only": ("dense 6", "dense 7", "scores"),
    "every layer": ("conv 2", "conv 3", "conv 4", "conv 5", "dense 6", "dense 7", "scores"),
}
PAPER = "conv 3 and dense"


@cache
def layers() -> tuple[Layer, ...]:
    """The eight layers with weights, with the shapes and parameters of `profile`."""
    found, before = [], (3, 224, 224)
    for row in profile("alexnet_paper").rows:
        if row.name in _NAMED:
            name, kernel, stride = _NAMED[row.name]
            size = row.shape[1] if len(row.shape) == 3 else 1
            seen = torch.Size(before).numel()
            found.append(
                Layer(name, kernel, stride, before[0], seen, row.shape[0], size, row.parameters)
            )
        before = row.shape
    return tuple(found)


def sees_both(layer: Layer, wiring: str) -> bool:
    """Whether a unit of the layer sees what both GPUs hold."""
    return layer.name in WIRINGS[wiring] or layer is layers()[0]


def parameters(layer: Layer, wiring: str) -> int:
    """Weights and biases of a layer: half the weights where each GPU sees its own half only."""
    groups = 1 if sees_both(layer, wiring) else 2
    return conv_parameters(layer.inputs, layer.outputs, layer.kernel, groups=groups)


def crossing(layer: Layer, wiring: str) -> int:
    """Numbers that go from one GPU to the other for a picture: all that the layer sees, or none.

    Each GPU sends its half to the other, for the scores only one of them. Both have the picture.
    """
    if not sees_both(layer, wiring) or layer is layers()[0]:
        return 0
    return layer.seen // 2 if layer is layers()[-1] else layer.seen


def reached(place: int, gpu: int, wiring: str) -> set[tuple[int, int]]:
    """What a unit sees, layer after layer down to the picture: pairs of a place and a GPU."""
    found = {(place, gpu)}
    for k in range(place, 0, -1):
        here = {g for p, g in found if p == k}
        if layers()[k].name == "scores":
            here = {0, 1}
        found |= {(k - 1, g) for g in ((0, 1) if sees_both(layers()[k], wiring) else here)}
    return found


# --------------------------------------------------------------------------- two columns


def anatomy() -> Picture:
    """The network of 2012 in its two columns, one for each GPU."""
    said = ", ".join(
        f"{layer.name} {layer.outputs}" + (f" × {layer.size} × {layer.size}" * (layer.size > 1))
        for layer in layers()
    )
    both = ", ".join(WIRINGS[PAPER])
    return fitted(
        lambda room: _network(room, PAPER, None),
        f"AlexNet in two columns, one for each GPU, from the picture on: {said}. These see both "
        f"columns: {both}.",
        "Half of the maps are on each GPU. Lines show what a layer sees: where they cross, both "
        "GPUs exchange what they hold. Below the boxes: side of the maps, kernel, parameters.",
    )


def two_columns() -> Explorer:
    """What a layer on one of the GPUs sees, down to the picture, by which layers see both."""
    return Explorer(
        _columns,
        title="Who sees what, on two GPUs",
        name="columns",
        alt="The layers of AlexNet on two GPUs, and what one of them sees",
        caption="Orange: the chosen layer on one GPU; drag it. Blue: what it sees, directly or "
        "through other layers. Let other layers exchange their maps, and watch parameters and "
        "traffic.",
        wiring=Axis(tuple(WIRINGS), "see both GPUs"),
        layer=Axis(tuple(layer.name for layer in layers()), "layer", default="conv 2"),
        gpu=Axis(("GPU 1", "GPU 2"), "half", default="GPU 2"),
    )


def _columns(wiring: str, layer: str, gpu: str) -> Picture:
    place = next(k for k, one in enumerate(layers()) if one.name == layer)
    chosen, half = layers()[place], ("GPU 1", "GPU 2").index(gpu)
    both = sees_both(chosen, wiring)
    seen = f"all {chosen.inputs:,}" if both else f"{chosen.inputs // 2} of {chosen.inputs}"
    seen += " numbers" if chosen.dense else " maps"
    total = sum(parameters(one, wiring) for one in layers())
    sent = sum(crossing(one, wiring) for one in layers())
    below = sorted(layers()[k].name for k, g in reached(place, half, wiring) if g != half)
    lines = (
        f"{layer}, {gpu}: sees {seen}",
        f"{parameters(chosen, wiring):,} parameters here, {total:,} in all",
        f"{crossing(chosen, wiring):,} numbers cross for it, {sent:,} in all",
    )
    alt = f"{wiring}: " + "; ".join(lines) + ". "
    if place == len(layers()) - 1:
        alt += "It sees everything."
    else:
        alt += f"Of the other GPU it sees {', '.join(below)}." if below else (
            "It sees nothing of the other GPU."
        )  # fmt: skip
    return fitted(lambda room: _network(room, wiring, (place, half), lines), alt)


def _network(
    room: Room, wiring: str, chosen: tuple[int, int] | None, lines: tuple[str, ...] = ()
) -> str:
    """Boxes and lines; with `lines`, what is chosen in words, else the layers' numbers."""
    net = layers()
    blue = reached(*chosen, wiring) if chosen else set()
    spots = _spots(room)
    thin, strong, boxes = [], [], []
    picture = spots[-1, 0]
    for k, layer in enumerate(net):
        last = k == len(net) - 1
        for g in (0,) if last else (0, 1):
            sources = (0, 1) if sees_both(layer, wiring) else (g,)
            for source in (0,) if k == 0 else sources:
                start, end = (picture if k == 0 else spots[k - 1, source]), spots[k, g]
                used = (k, g) in blue or (last and chosen == (k, 1))
                (strong if used else thin).append(_edge(room, start, end, used))
    for (k, g), (x, y) in spots.items():
        last = k == len(net) - 1
        if last and g:
            continue
        here = chosen and (chosen[0] == k if last else chosen == (k, g))
        fill = "orange" if here else "blue" if (k, g) in blue or (k < 0 and chosen) else "grey"
        tint = 0.45 if here else 0.35 if fill == "blue" else 0.12
        words = "picture" if k < 0 else f"{net[k].outputs // (1 if last else 2):,}"
        wide = _BOX[0] if k >= 0 or not room.narrow else 70
        box = svg.rect(x - wide / 2, y - _BOX[1] / 2, wide, _BOX[1], fill="paper", stroke="none")
        box += svg.rect(x - wide / 2, y - _BOX[1] / 2, wide, _BOX[1], fill=fill, tint=tint,
                        thickness=1.5, radius=4)  # fmt: skip
        box += room.note(x, y, words, bold=bool(here))
        boxes.append(svg.draggable(box, **_ways(room)) if here else box)
    heads, low = _heads(room, spots, bool(lines))
    said = [
        room.note(0, low + 22 * i, line, anchor="start", bold=i == 0)
        for i, line in enumerate(lines)
    ]
    return svg.document(
        room.width, low + 22 * len(lines) - 6, *thin, *strong, *boxes, *heads, *said
    )


_BOX = (56.0, 34.0)
_PITCH_WIDE, _PITCH_NARROW = 74.0, 56.0


def _spots(room: Room) -> dict[tuple[int, int], tuple[float, float]]:
    """Centre of each box; the picture is (-1, 0), the scores are one box for both GPUs."""
    spots = {}
    last = len(layers()) - 1
    for k in range(-1, last + 1):
        for g in (0,) if k < 0 else (0, 1):
            side = 0.5 if k in (-1, last) else g
            if room.narrow:
                spots[k, g] = (34 + 74 * side, 46 + _PITCH_NARROW * (k + 1))
            else:
                spots[k, g] = (58 + _PITCH_WIDE * (k + 1), 54 + 84 * side)
    return spots


def _ways(room: Room) -> dict[str, tuple[str, float]]:
    """Along the network is the axis of layers, across it that of GPUs."""
    if room.narrow:
        return {"y": ("layer", _PITCH_NARROW), "x": ("gpu", 74)}
    return {"x": ("layer", _PITCH_WIDE), "y": ("gpu", 84)}


def _edge(room: Room, start: tuple, end: tuple, used: bool) -> str:
    """A line from box to box; under the boxes, so that only what is between them shows."""
    dx, dy = (0, _BOX[1] / 2) if room.narrow else (_BOX[0] / 2, 0)
    ends = (start[0] + dx, start[1] + dy, end[0] - dx, end[1] - dy)
    look = {"stroke": "blue", "thickness": 2.5} if used else {"stroke": "grey", "thickness": 1}
    return svg.line(*ends, **look)


def _heads(room: Room, spots: dict, brief: bool) -> tuple[list[str], float]:
    """Names of layers and GPUs, and below (on a phone beside) their numbers; where it ends."""
    shapes = []
    for g in (0, 1):
        x, y = spots[0, g]
        words = f"GPU {g + 1}"
        if room.narrow:
            shapes.append(room.note(x, 12, words, bold=True))
        else:
            shapes.append(room.note(0, y, words, anchor="start", bold=True))
    low = 0.0
    for k, layer in enumerate(layers()):
        x, y = spots[k, 0]
        size = "" if layer.dense else f"{layer.size} × {layer.size}"
        kernel = "dense" if layer.dense else f"{layer.kernel}×{layer.kernel}"
        kernel += f", stride {layer.stride}" if layer.stride > 1 else ""
        count = layer.parameters
        short = f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count / 1e3:.0f} k"
        if room.narrow:
            notes = [layer.name, size] if brief else [layer.name, kernel, f"{short} parameters"]
            if size and not brief:
                notes[1] += f" → {size}"
            top = y - 8.5 * (len(notes) - 1)
            shapes += [
                room.note(148, top + 17 * i, note, anchor="start", bold=i == 0)
                for i, note in enumerate(notes)
                if note
            ]
            low = y + 44
        else:
            shapes.append(room.note(x, 12, layer.name, bold=True))
            words = [size] if brief else [size, *kernel.split(", "), short]
            if not brief and layer.stride == 1:
                words.insert(2, "")
            shapes += [
                room.note(x, 178 + 18 * i, word) for i, word in enumerate(words) if word
            ]  # fmt: skip
            low = max(low, 178 + 18 * len(words) + 10)
    return shapes, low


# --------------------------------------------------------------------------- pooling

_ROW = (2, 1, 3, 2, 1, 2, 3, 1, 2, 1, 3, 2, 1)
_PEAK = 9


def pooled(peak: int, window: int) -> list[int]:
    """The row with a peak, max-pooled by windows that start every two values."""
    row = [_PEAK if k == peak else value for k, value in enumerate(_ROW)]
    return [int(v) for v in max_pool1d(torch.tensor([row], dtype=torch.float64), window, 2)[0]]


def two_poolings() -> Explorer:
    """A row of values with a peak that is dragged, under windows of two and of three."""
    return Explorer(
        _poolings,
        title="Windows beside each other, and windows that overlap",
        name="pooling",
        alt="A row of values and its maxima over windows of two and of three",
        caption="Both poolings move by two and give six values. Drag the 9.",
        play="peak",
        peak=Axis(range(13), "peak at", format=lambda k: str(k + 1), default=4),
    )


def _poolings(peak: int) -> Picture:
    plain, over = (pooled(peak, window) for window in (2, 3))
    counts = [row.count(_PEAK) for row in (plain, over)]
    alt = (
        f"The peak is value {peak + 1} of 13. Windows of 2: {counts[0]} of 6 maxima are the peak; "
        f"windows of 3: {counts[1]} of 6."
    )
    return fitted(lambda room: _row_drawn(room, peak, plain, over), alt)


def _row_drawn(room: Room, peak: int, plain: list[int], over: list[int]) -> str:
    cell = min(40.0, (room.width - 4) / 13)
    left = (room.width - 13 * cell) / 2
    middle = 104.0
    shapes = []
    for k, value in enumerate(_ROW):
        shown = _PEAK if k == peak else value
        x = left + cell * k
        box = svg.rect(x, middle, cell, 34, fill="orange" if k == peak else "grey",
                       tint=0.45 if k == peak else 0.12)  # fmt: skip
        box += room.note(x + cell / 2, middle + 17, shown, bold=k == peak)
        shapes.append(svg.draggable(box, x=("peak", cell)) if k == peak else box)
    for part, (window, row, up) in enumerate(((2, plain, True), (3, over, False)), 1):
        drawn = []
        for k, value in enumerate(row):
            start, end = left + cell * 2 * k + 3, left + cell * (2 * k + window) - 3
            # Windows that overlap lie in two rows.
            away = 10 + (0 if window == 2 or k % 2 == 0 else 14)
            y = middle - away if up else middle + 34 + away
            hit = value == _PEAK
            color = "orange" if hit else "blue"
            centre = (start + end) / 2
            out = middle - 76 if up else middle + 34 + 52
            near, far = (y, out + 28) if up else (y, out)
            drawn += [
                svg.line(start, y, end, y, stroke=color, thickness=3),
                svg.line(centre, near, centre, far, stroke=color, thickness=1),
                svg.rect(centre - 14, out, 28, 28, fill=color, tint=0.45 if hit else 0.2),
                room.note(centre, out + 14, value, bold=hit),
            ]
        words = f"windows of {window}: {row.count(_PEAK)} of 6 see the peak"
        y = middle - 96 if up else middle + 34 + 100
        drawn.append(room.note(room.width / 2, y, words, bold=True))
        shapes.append(svg.part(part, *drawn, label=words))
    return svg.document(room.width, middle + 148, *shapes)
