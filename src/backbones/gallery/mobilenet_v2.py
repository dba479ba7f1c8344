"""Figures and explorers of the MobileNet v2 chapter."""

import math
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.models.mobilenet_v2 import InvertedResidual
from backbones.models.resnet import Bottleneck

DIMENSIONS = (2, 3, 5, 15, 30)
SEEDS = (62, 3, 38)  # of matrices that are far from singular: no point leaves the panel
READERS = ("pseudo-inverse", "rows above 0")
PIECES = ("blue", "orange", "green", "pink", "yellow", "purple")  # of the spiral, from the inside
POINTS = 96

_EDGE = 1.3  # of what a panel shows, in units of the plane


def spiral(points: int = POINTS, turns: float = 2.0) -> Tensor:
    """A curve in the plane: (points, 2), with a radius from 0.1 to 1."""
    radius = torch.linspace(0.1, 1, points, dtype=torch.double)
    angle = 2 * math.pi * turns * radius
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


class Passage(NamedTuple):
    """The spiral through a random matrix and a ReLU, and back.

    Attributes:
        matrix: (n, 2), normal numbers.
        active: How many of the n numbers of a point are above 0.
        back: The recovered points, (points, 2).
    """

    matrix: Tensor
    active: Tensor
    back: Tensor

    @property
    def lost(self) -> Tensor:
        """Which points share what the ReLU leaves of them with other points of the plane."""
        return self.active < 2

    @property
    def error(self) -> float:
        """Distance of the recovered spiral, relative to the spiral's size."""
        x = spiral(len(self.back))
        return ((self.back - x).norm() / x.norm()).item()


@cache
def passage(dimensions: int, seed: int, reader: str) -> Passage:
    """Through ``dimensions`` numbers and back, by one matrix for all or by the rows above 0.

    Raises:
        ValueError: If there is no such reader.
    """
    if reader not in READERS:
        raise ValueError(f"reader must be one of {', '.join(READERS)}, got {reader!r}")
    draw = torch.Generator().manual_seed(seed)
    matrix = torch.randn(dimensions, 2, generator=draw, dtype=torch.double)
    x = spiral()
    y = (x @ matrix.T).relu()
    above = y > 0
    if reader == READERS[0]:
        back = y @ torch.linalg.pinv(matrix).T
    else:  # each point by the rows that say something of it
        rows = torch.linalg.pinv(above[:, :, None] * matrix)
        back = (rows @ y[:, :, None])[:, :, 0]
    return Passage(matrix, above.sum(1), back)


# ------------------------------------------------------------------ drawings of the plane


def _dots(points: Tensor, x: float, y: float, side: float, size: float, piece: int) -> str:
    scale = side / (2 * _EDGE)
    corners = [
        (x + side / 2 + scale * a - size / 2, y + side / 2 - scale * b - size / 2)
        for a, b in points.clamp(-_EDGE, _EDGE).tolist()
    ]
    return svg.bars(corners, size, size, fill=PIECES[piece], stroke="none")


def _pieces(points: Tensor) -> tuple[Tensor, ...]:
    return points.chunk(len(PIECES))


def spirals() -> Picture:
    """The spiral, and what comes back from 2, 3, 5, 15 and 30 dimensions: as the paper's Fig. 1."""

    def layout(room: Room) -> str:
        columns = 3 if room.narrow else 6
        side = (room.width - 6 * (columns - 1)) / columns
        shown = {"the input": spiral()}
        shown |= {f"{n} numbers": passage(n, SEEDS[0], READERS[0]).back for n in DIMENSIONS}
        shapes = []
        for number, (words, points) in enumerate(shown.items()):
            x = (side + 6) * (number % columns)
            y = (side + 30) * (number // columns)
            shapes.append(room.note(x + side / 2, y + 9, words, bold=not number))
            shapes.append(svg.rect(x, y + 20, side, side, stroke="grey", thickness=1))
            shapes += [
                _dots(piece, x, y + 20, side, 3, k) for k, piece in enumerate(_pieces(points))
            ]
        return svg.document(room.width, (side + 30) * (6 // columns) - 6, *shapes)

    return fitted(
        layout,
        "Six panels. First a spiral of two turns. Then what comes back through a ReLU: from 2 "
        "and 3 numbers parts of it, the rest folded onto lines; from 5 a bent curve with less "
        "folded; from 15 and 30 a whole spiral again, smaller.",
        "Colours: six pieces of the spiral, from the inside to the outside.",
    )


# ------------------------------------------------------------------ the explorer


def spiral_under_relu() -> Explorer:
    """Where each piece of the spiral goes, by the number of dimensions, matrix and reader."""
    return Explorer(
        _through,
        title="A spiral through a ReLU, and back",
        name="spiral-under-relu",
        alt="A spiral in the plane, and what is recovered of it after a ReLU",
        caption="Point at a piece of the spiral, or step through the six with Tab, and see where "
        "it went. Drag the ring for more dimensions. Grey: the part of the plane that is lost. "
        "Which reader brings back all the rest?",
        dimensions=Axis(DIMENSIONS, "dimensions n", default=3, buttons=True),
        matrix=Axis((1, 2, 3), "random matrix", buttons=True),
        reader=Axis(READERS, "read back by"),
    )


def _through(dimensions: int, matrix: int, reader: str) -> Picture:
    found = passage(dimensions, SEEDS[matrix - 1], reader)
    lost = int(found.lost.sum())
    words = (
        f"{dimensions} dimensions: {lost} of {POINTS} points lost",
        f"error by {reader}: {found.error:.0%}",
    )
    alt = f"{words[0]}; {words[1]} of the spiral's size (matrix {matrix})."

    def layout(room: Room) -> str:
        side = (room.width - 14) / 2 if room.narrow else 300
        left, right = 0, room.width - side
        shapes = [
            room.title(0, 10, words[0], anchor="start", bold=True),
            room.title(0, 31, words[1], anchor="start"),
            room.note(left + side / 2, 58, "x, the input"),
            room.note(right + side / 2, 58, "read back"),
            *_sectors(found.matrix, left, 70, side),
        ]
        for x in (left, right):
            shapes.append(svg.rect(x, 70, side, side, stroke="grey", thickness=1))
        if not room.narrow:
            shapes.append(svg.arrow([(side + 18, 220), (right - 18, 220)]))
            shapes.append(room.note(room.width / 2, 203, "ReLU"))
        size = 3 if room.narrow else 5
        pairs = zip(_pieces(spiral()), _pieces(found.back), _pieces(found.lost), strict=True)
        for number, (before, after, gone) in enumerate(pairs):
            shift = (after - before).norm(dim=1).mean()
            label = (
                f"piece {number + 1} of 6, from the inside: {int(gone.sum())} of {len(gone)} "
                f"points lost, moved by {shift:.2f} on average"
            )
            shapes.append(svg.part(number + 1, _dots(before, left, 70, side, size, number),
                                   _dots(after, right, 70, side, size, number),
                                   label=label))  # fmt: skip
        return svg.document(room.width, 70 + side + 70, *shapes,
                            *_track(room, dimensions, 70 + side + 48))  # fmt: skip

    return fitted(layout, alt)


def _track(room: Room, dimensions: int, y: float) -> list[str]:
    """The numbers of dimensions on a line, with a ring to drag."""
    step = (room.width - 130) / (len(DIMENSIONS) - 1)
    places = [110 + step * k for k in range(len(DIMENSIONS))]
    shapes = [
        room.note(0, y, "dimensions", anchor="start"),
        svg.line(places[0], y, places[-1], y, stroke="grey"),
    ]
    for x, n in zip(places, DIMENSIONS, strict=True):
        shapes.append(svg.circle(x, y, 3, fill="grey", stroke="none"))
        shapes.append(room.note(x, y - 20, n, bold=n == dimensions))
    x = places[DIMENSIONS.index(dimensions)]
    return [*shapes, svg.draggable(svg.ring(x, y), x=("dimensions", step))]


def sectors(matrix: Tensor) -> list[tuple[float, float, int]]:
    """Sectors of the plane, as angles from and to, in which fewer than 2 rows are above 0."""
    edges = [
        math.atan2(b, a) + turn for a, b in matrix.tolist() for turn in (-math.pi / 2, math.pi / 2)
    ]
    edges = sorted(edge % (2 * math.pi) for edge in edges)
    found = []
    for start, end in zip(edges, [*edges[1:], edges[0] + 2 * math.pi], strict=True):
        middle = torch.tensor([math.cos((start + end) / 2), math.sin((start + end) / 2)])
        rows = int((matrix @ middle.double() > 0).sum())
        if rows < 2:
            found.append((start, end, rows))
    return found


def _sectors(matrix: Tensor, x: float, y: float, side: float) -> list[str]:
    """What of a panel is lost: light where one row is above 0, darker where none is."""
    middle, shapes = (x + side / 2, y + side / 2), []
    for start, end, rows in sectors(matrix):
        bends = [math.pi * (k + 0.5) / 2 for k in range(8)]  # the panel's corners
        corners = [middle]
        for angle in (start, *(bend for bend in bends if start < bend < end), end):
            reach = side / 2 / max(abs(math.cos(angle)), abs(math.sin(angle)))
            corners.append(
                (middle[0] + reach * math.cos(angle), middle[1] - reach * math.sin(angle))
            )
        tint = 0.18 if rows else 0.36
        shapes.append(svg.polygon(corners, fill="grey", stroke="none", tint=tint))
    return shapes


# ------------------------------------------------------------------ two blocks


class Shape(NamedTuple):
    """Channels along a block, and what follows each of its three convolutions."""

    channels: tuple[int, ...]
    depthwise: bool
    activations: tuple[str, ...]


def shape(block: nn.Module) -> Shape:
    """What is drawn of a block, read off its layers."""
    convs = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    acts = [type(layer.act).__name__ if hasattr(layer, "act") else "" for layer in block.residual]
    acts = ["" if act in ("Identity", "NoneType") else act for act in acts]
    channels = (convs[0].in_channels, *(conv.out_channels for conv in convs))
    return Shape(channels, convs[1].groups > 1, tuple(acts))


def two_blocks() -> Picture:
    """A bottleneck of ResNet-50 and an inverted residual of MobileNetV2, as wide as they are."""
    with torch.device("meta"):
        drawn = {
            "bottleneck (ResNet)": shape(Bottleneck(256, 64)),
            "inverted residual": shape(InvertedResidual(24, 144, 24)),
        }

    def layout(room: Room) -> str:
        shapes, high = [], 206
        for number, (words, block) in enumerate(drawn.items()):
            x, y = (0, number * high) if room.narrow else (number * 350, 0)
            shapes.append(_drawn(room, words, block, x, y, named=not number))
        return svg.document(room.width, high * (2 if room.narrow else 1), *shapes)

    return fitted(
        layout,
        "Two blocks, their maps drawn as bars as high as their channels. The bottleneck: 256, "
        "64, 64, 256 channels, a shortcut between its wide ends, a ReLU after the sum. The "
        "inverted residual: 24, 144, 144, 24 channels, a shortcut between its thin ends, no "
        "activation after its last 1×1 nor after the sum.",
        "Bars: maps, as high as their channels. Yellow: a depthwise 3×3. Point at the ends, at "
        "the inside or at the layers.",
    )


def _drawn(room: Room, words: str, block: Shape, x: float, y: float, named: bool) -> str:
    step, centre = 98, y + 112
    ends, inside, layers = [], [], []
    tops = []
    for k, channels in enumerate(block.channels):
        left, high = x + 10 + step * k, 0.42 * channels
        tops.append((left + 8, centre - high / 2))
        bar = svg.rect(left, centre - high / 2, 16, high, fill="blue" if k in (0, 3) else "orange",
                       tint=0.4, thickness=1)  # fmt: skip
        count = room.note(left + 8, centre + high / 2 + 12, channels)
        (ends if k in (0, 3) else inside).append(bar + count)
        if k < 3:
            middle = left + 8 + step / 2
            fill = "yellow" if k == 1 and block.depthwise else "green"
            layers += [
                svg.line(left + 18, centre, middle - 20, centre, thickness=1),
                svg.rect(middle - 20, centre - 13, 40, 26, fill=fill, tint=0.25, radius=4,
                         thickness=1),
                room.note(middle, centre, ("1×1", "3×3", "1×1")[k]),
                svg.arrow([(middle + 20, centre), (left + step - 2, centre)], thickness=1, head=6),
                room.note(middle, centre + 25, block.activations[k] or "linear"),
            ]  # fmt: skip
    (x0, y0), (x1, y1) = tops[0], tops[-1]
    ends.append(svg.arrow([(x0, y0 - 2), (x0, y + 40), (x1, y + 40), (x1, y1 - 2)], thickness=1))
    joined = f"{'wide' if block.channels[0] > block.channels[1] else 'thin'} ends joined"
    ends.append(room.note(x + 165, y + 30, f"shortcut: {joined}"))
    says = ("what is added and stored between blocks", "inside", "layers") if named else ("",) * 3
    return room.title(x, y + 9, words, anchor="start", bold=True) + "".join(
        svg.part(number, *parts, label=label)
        for number, (parts, label) in enumerate(zip((ends, inside, layers), says, strict=True), 1)
    )
