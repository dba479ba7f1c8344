"""Figures and explorers of the LeNet chapter."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones import create_model
from backbones.arithmetic import Layer, receptive_field
from backbones.data import digits
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.diagrams.pixels import packed_greys
from backbones.experiments.lenet import trained_lenet
from backbones.explorers import Axis, Explorer
from backbones.profile import profile

# Validation pictures of `digits`, one of each class; the network takes the 7 for a 9.
PICTURES = (14, 3, 37, 5, 16, 78, 15, 436, 12, 31)


class Station(NamedTuple):
    """What a LeNet holds after a layer that is drawn: `count` maps of `size` pixels a side."""

    name: str
    what: str
    count: int
    size: int
    parameters: int
    window: int  # pixels a side that a unit sees of a map before; 0: all of them

    @property
    def shape(self) -> str:
        """Channels, height and width."""
        return f"{self.count} × {self.size} × {self.size}" if self.size > 1 else str(self.count)


@cache
def stations() -> tuple[Station, ...]:
    """LeNet's layers by the names of its paper, with the shapes and parameters of `profile`."""
    model = create_model("lenet")
    named = {
        "stages.0.0.conv": ("C1", "5×5 convolution", 5),
        "stages.0.1": ("S2", "2×2 pooling", 2),
        "stages.1.0.conv": ("C3", "5×5 convolution", 5),
        "stages.1.1": ("S4", "2×2 pooling", 2),
        "head.2.0": ("F5", "dense", 0),
        "head.3.0": ("F6", "dense", 0),
        "head.4": ("scores", "dense", 0),
    }
    found = [Station("picture", "28 × 28 pixels", 1, 28, 0, 0)]
    for row in profile(model, (1, 28, 28)).rows:
        if row.name in named:
            name, what, window = named[row.name]
            size = row.shape[1] if len(row.shape) == 3 else 1
            found.append(Station(name, what, row.shape[0], size, row.parameters, window))
    return tuple(found)


def anatomy(*, caption: str = "") -> Picture:
    """LeNet from the picture to the scores: maps as stacks of squares, dense layers as bars."""
    said = ", ".join(f"{s.name} {s.shape}" for s in stations())
    alt = f"LeNet from left to right: {said}. Each unit of C1 sees 5 by 5 pixels of the picture."
    return fitted(lambda room: _down(room) if room.narrow else _along(room), alt, caption)


def _stack(x: float, y: float, station: Station, scale: float) -> tuple[str, float, float]:
    """A station's maps one behind the other, or its units as a bar, centred; width and height."""
    if station.size == 1:
        high = 14 + 0.8 * station.count
        bar = svg.rect(x - 5, y - high / 2, 10, high, fill="yellow", tint=0.5, thickness=1)
        return bar, 10, high
    side, shift = scale * station.size, 27 / max(9, station.count)
    behind = shift * (station.count - 1)
    left, top = x - (side + behind) / 2, y - (side + behind) / 2
    fill = {"C": "blue", "S": "green"}.get(station.name[0], "grey")
    shapes = []
    for k in range(station.count - 1):  # what can be seen of a map behind the next one
        u, v = left + k * shift, top + k * shift
        corners = [(u, v), (u + side, v), (u + side, v + shift), (u + shift, v + shift)]
        corners += [(u + shift, v + side), (u, v + side)]
        shapes.append(svg.polygon(corners, fill=fill, tint=0.5, thickness=0.75))
    front = svg.rect(left + behind, top + behind, side, side, fill=fill, tint=0.25, thickness=1)
    return "".join([*shapes, front]), side + behind, side + behind


def _along(room: Room) -> str:
    scale, middle, low, x = 2.4, 62, 144, 0.0
    slots = (86, 116, 96, 108, 88, 62, 58, 66)
    shapes, cones, before = [], [], None
    for station, wide in zip(stations(), slots, strict=True):
        centre = x + wide / 2
        drawn, full, _ = _stack(centre, middle, station, scale)
        shapes.append(drawn)
        right = (centre + full / 2, middle + full / 2)  # lower corner of the map in front
        if station.window and before:
            cones.append(_window(before, right, station, scale))
        elif before:
            shapes.append(svg.arrow([(centre - full / 2 - 22, middle), (centre - 8, middle)]))
        before = right
        words = [station.shape, *station.what.split(" ")[-2 if station.window else -1 :]]
        if station.name == "picture":
            words = ["28 × 28", "pixels"]
        if station.parameters:
            words.append(f"{station.parameters:,}")
        shapes.append(room.title(centre, low, station.name, bold=True))
        shapes += [room.note(centre, low + 20 + 19 * i, word) for i, word in enumerate(words)]
        x += wide
    return svg.document(room.width, low + 92, *shapes, *cones)


def _window(before: tuple[float, float], corner: tuple[float, float], station, scale) -> str:
    """The window of one unit on the map before it, and lines to that unit."""
    side, unit = scale * station.window, scale
    left, top = before[0] - 2.2 * side - 4, before[1] - 2.4 * side
    x, y = corner[0] - station.size * scale * 0.62, corner[1] - station.size * scale * 0.6
    edges = [((left + side, top), (x, y)), ((left + side, top + side), (x, y + unit))]
    return (
        svg.rect(left, top, side, side, fill="orange", stroke="orange", tint=0.4)
        + "".join(svg.line(*a, *b, stroke="orange", thickness=1) for a, b in edges)
        + svg.rect(x, y, unit, unit, fill="orange", stroke="orange")
    )


def _down(room: Room) -> str:
    shapes, y, axis, left = [], 2.0, 58, 134
    for k, station in enumerate(stations()):
        if k:
            shapes.append(svg.arrow([(axis, y + 4), (axis, y + 20)], head=7))
            y += 26
        drawn, _, high = _stack(0, 0, station, 2.2)
        words = [station.what, station.shape] if k else [station.what]
        if station.parameters:
            words.append(f"{station.parameters:,} parameters")
        high = max(high, 19 * (len(words) + 1))
        middle = y + high / 2
        shapes.append(svg.group(drawn, x=axis, y=middle))
        top = middle - 9.5 * len(words)
        shapes.append(room.title(left, top, station.name, anchor="start", bold=True))
        shapes += [
            room.note(left, top + 19 * i, word, anchor="start") for i, word in enumerate(words, 1)
        ]
        y += high
    return svg.document(room.width, y + 4, *shapes)


# ------------------------------------------------------------------- a digit, layer by layer

_PLACES = 5  # units of S4, in a row and in a column
_GREYS = 15


class _Layer(NamedTuple):
    """A layer as it is drawn: its maps as one picture, `columns` in a row, a pixel apart."""

    name: str
    size: int  # of a map, in pixels
    columns: int
    rows: int
    seen: tuple[int, int, int]  # by a unit of S4, on each map: size, jump, start
    uris: tuple[str, ...]  # one for each picture


class _Answer(NamedTuple):
    """What the network says of a picture: a probability for each class, and the true class."""

    shares: tuple[float, ...]
    true: int

    @property
    def best(self) -> int:
        """The most probable class."""
        return max(range(10), key=lambda k: self.shares[k])


@cache
def _run() -> tuple[tuple[_Layer, ...], tuple[_Answer, ...]]:
    """All layers and answers of the trained network for the chosen pictures.

    In double precision, so that no other processor rounds a grey to its neighbour.
    """
    data, model = digits(), trained_lenet().double()
    images = data.validation.images[list(PICTURES)]
    (mean,), (std,) = data.mean, data.std
    windows = [Layer(5, 1, 2), Layer(2, 2), Layer(5), Layer(2, 2)]  # from the picture to S4
    with torch.inference_mode():
        c1 = model.stages[0][0]((images.double() / 255 - mean) / std)
        s2 = model.stages[0][1](c1)
        c3 = model.stages[1][0](s2)
        s4 = model.stages[1][1](c3)
        f5 = model.head[:3](s4)
        f6 = model.head[3](f5)
        shares = model.head[4](f6).softmax(1)
    layers = []
    for k, (name, maps, columns) in enumerate(
        (
            ("picture", images.double(), 1),
            ("C1", c1, 3),
            ("S2", s2, 3),
            ("C3", c3, 4),
            ("S4", s4, 4),
            ("F5", f5[:, :, None, None], 12),
            ("F6", f6[:, :, None, None], 12),
        )
    ):
        seen = tuple(receptive_field(windows[k:])) if k < 5 else (0, 0, 0)
        sheets = _sheets(maps, columns)
        rows = maps.shape[1] // columns
        layers.append(_Layer(name, maps.shape[2], columns, rows, seen, sheets))
    labels = data.validation.labels[list(PICTURES)].tolist()
    pairs = zip(shares.tolist(), labels, strict=True)
    return tuple(layers), tuple(_Answer(tuple(row), label) for row, label in pairs)


def _sheets(maps: Tensor, columns: int) -> tuple[str, ...]:
    """Maps (B, N, H, W) of each picture side by side, each from 0 to its maximum over all B."""
    most = maps.amax((0, 2, 3), keepdim=True).clamp(min=1e-9)
    greys = (maps / most * (_GREYS - 1)).round().to(torch.uint8)
    gap = 1 if maps.shape[2] > 1 else 0
    greys = nn.functional.pad(greys, (0, gap, 0, gap), value=_GREYS)  # which is transparent
    rows = greys.unflatten(1, (-1, columns)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
    end = -1 if gap else None
    return tuple(packed_greys(sheet[:end, :end], _GREYS) for sheet in rows)


def a_digit_through_lenet() -> Explorer:
    """All maps of a trained LeNet for a digit, and what one unit of S4 sees of each of them."""
    return Explorer(
        _walk,
        title="A digit on its way through LeNet",
        name="maps",
        alt="All maps of a trained LeNet for a handwritten digit",
        caption="White is strong. Orange: one place of S4, and what it sees of the maps before "
        "it. Drag the orange window over the digit. Point at a layer’s name to see its share "
        "alone. One of the ten is misread.",
        digit=Axis(range(10), "digit", default=2, buttons=True),
        row=Axis(range(_PLACES), "row", format=lambda k: str(k + 1), default=2),
        column=Axis(range(_PLACES), "column", format=lambda k: str(k + 1), default=2),
    )


def _walk(digit: int, row: int, column: int) -> Picture:
    layers, answers = _run()
    answer = answers[digit]
    size, jump, start = layers[0].seen
    rows, columns = (
        f"{max(0, k * jump + start)} to {min(27, k * jump + start + size - 1)}"
        for k in (row, column)
    )
    right = "" if answer.best == answer.true else "wrongly "
    alt = (
        f"A {answer.true}, {right}read as {answer.best} ({answer.shares[answer.best]:.0%}). Orange:"
        f" S4, row {row + 1}, column {column + 1}; it sees rows {rows}, columns {columns}."
    )
    return fitted(lambda room: _walked(room, digit, row, column), alt)


# Layer: left, top and pixels of the drawing for a pixel of the map.
_WIDE = {
    "picture": (0, 24, 5),
    "C1": (186, 24, 2.5),
    "S2": (440, 24, 5),
    "C3": (0, 222, 3.5),
    "S4": (186, 222, 7),
    "F5": (372, 222, 8),
    "F6": (372, 328, 8),
}
_SCORES_WIDE = (500, 222)
_NARROW = {
    "picture": (0, 22, 4.5),
    "C1": (148, 22, 2),
    "S2": (0, 182, 3),
    "C3": (164, 182, 3.5),
    "S4": (0, 382, 6),
    "F5": (176, 382, 6),
    "F6": (258, 382, 6),
}
_SCORES_NARROW = (176, 488)


def _walked(room: Room, digit: int, row: int, column: int) -> str:
    layers, answers = _run()
    places = _NARROW if room.narrow else _WIDE
    shapes = []
    for number, layer in enumerate(layers, 1):
        x, y, scale = places[layer.name]
        wide, high = (
            scale * (k * (layer.size + 1) - 1 if layer.size > 1 else k)
            for k in (layer.columns, layer.rows)
        )
        shapes.append(
            f'<image x="{svg.number(x)}" y="{svg.number(y)}" width="{svg.number(wide)}" '
            f'height="{svg.number(high)}" preserveAspectRatio="none" '
            # What comes before the address is found again, and with it the picture, by `pack`.
            f'style="image-rendering:pixelated" data-map="{digit}{layer.name}" '
            f'href="{layer.uris[digit]}"/>'
        )
        count = layer.columns * layer.rows
        title = layer.name if count == 1 else f"{layer.name}: {count}"
        if layer.size > 1 and count > 1:
            title += f" × {layer.size} × {layer.size}"
        shapes.append(room.note(x, y - 12, (number, title), anchor="start", bold=True))
        if layer.seen[0]:
            shapes.append(_marks(layer, number, (x, y, scale), row, column))
    shapes.append(_scores(room, answers[digit]))
    low = (_SCORES_NARROW if room.narrow else _SCORES_WIDE)[1] + 10 * 19 + 4
    return svg.document(room.width, low, *shapes)


def _marks(
    layer: _Layer, number: int, place: tuple[float, float, float], row: int, column: int
) -> str:
    """What the chosen unit of S4 sees of every map of a layer; on the picture, to be dragged."""
    (x, y, scale), (size, jump, start) = place, layer.seen
    if layer.name == "picture":  # a unit at the border sees some of the padding: cut off
        ends = [
            (max(0, k * jump + start), min(layer.size, k * jump + start + size))
            for k in (column, row)
        ]
        (left, right), (top, bottom) = ends
        square = (x + scale * left, y + scale * top, scale * (right - left), scale * (bottom - top))
        window = svg.rect(*square, fill="orange", stroke="orange", tint=0.15, thickness=2.5)
        return svg.draggable(window, x=("column", scale * jump), y=("row", scale * jump))
    pitch, side = scale * (layer.size + 1), scale * size
    corners = [(pitch * c, pitch * r) for r in range(layer.rows) for c in range(layer.columns)]
    frames = svg.group(
        svg.bars(corners, side, side, stroke="orange"),
        x=x + scale * (column * jump + start),
        y=y + scale * (row * jump + start),
    )
    return svg.part(number, frames, label=f"{layer.name}: {size} × {size} of each map")


def _scores(room: Room, answer: _Answer) -> str:
    """The ten probabilities as bars, the answer and the true class."""
    left, top = _SCORES_NARROW if room.narrow else _SCORES_WIDE
    longest = 92.0 if room.narrow else 110.0
    said = f"reads {answer.best}, is {answer.true}"
    shapes = [room.note(left, top - 12, said, anchor="start", bold=True)]
    for k, share in enumerate(answer.shares):
        y = top + 19 * k + 9
        fill = "blue" if k == answer.true else "orange" if k == answer.best else "grey"
        shapes.append(room.note(left, y, k, anchor="start", bold=k == answer.best))
        shapes.append(
            svg.rect(left + 16, y - 6, max(1, longest * share), 12, fill=fill, stroke="none")
        )
        shapes.append(room.note(left + longest + 60, y, f"{share:.0%}", anchor="end"))
    return "".join(shapes)
