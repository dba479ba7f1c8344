"""Figures and explorers of the chapter on normalization."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones.diagrams import Picture, Room, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm

B, C, SIDE = 3, 4, 2  # three pictures of four channels of 2 x 2
POSITIONS = SIDE * SIDE


class ChannelsAlone(nn.Module):
    """Layer norm over the channels of each position: (B, C, H, W) -> same, as in ConvNeXt."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> same."""
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


class Norm(NamedTuple):
    """A norm, and in words what it has one mean for."""

    layer: Callable[[], nn.Module]
    one_for: str


NORMS = {
    "BN": Norm(lambda: BatchNorm(C), "channel"),
    "GN, 1 group = LN": Norm(lambda: GroupNorm(1, C), "picture"),
    "GN, 2 groups": Norm(lambda: GroupNorm(2, C), "picture and channel pair"),
    "GN, 4 groups = IN": Norm(lambda: InstanceNorm(C), "picture and channel"),
    "LN over C": Norm(lambda: ChannelsAlone(C), "picture and position"),
}


@cache
def example() -> Tensor:
    """Whole numbers from 0 to 9, (B, C, H, W)."""
    b, c, p = torch.meshgrid(*map(torch.arange, (B, C, POSITIONS)), indexing="ij")
    values = (4 * b + 7 * c + 3 * p * p + b * c * p + c // 2) % 10
    return values.double().view(B, C, SIDE, SIDE)


@cache
def mates(norm: str) -> Tensor:
    """Which numbers share a mean with which: bool (B, C, positions, B, C, positions).

    They are those whose change moves the other's output, which the layer's gradients tell.
    """
    x = torch.randn(B, C, SIDE, SIDE, dtype=torch.float64, generator=torch.manual_seed(0))
    layer = NORMS[norm].layer().double()
    slopes = torch.autograd.functional.jacobian(layer, x)
    return (slopes != 0).view(B, C, POSITIONS, B, C, POSITIONS)


class Box(NamedTuple):
    """Numbers next to each other: the first and how many, along each axis of (B, C, H·W)."""

    first: tuple[int, int, int]
    size: tuple[int, int, int]

    @property
    def count(self) -> int:
        """How many numbers there are in it."""
        b, c, p = self.size
        return b * c * p


@cache
def box(norm: str, picture: int, channel: int, position: int) -> Box:
    """The numbers that share a mean with the chosen one."""
    found = mates(norm)[picture, channel, position].nonzero()
    first, last = found.amin(0), found.amax(0)
    return Box(tuple(first.tolist()), tuple((last - first + 1).tolist()))


class Found(NamedTuple):
    """What a norm does to one number of the example."""

    value: float
    mean: float
    variance: float
    output: float


@cache
def found(norm: str, picture: int, channel: int, position: int) -> Found:
    """The chosen number, the statistics of those it shares a mean with, and the layer's output."""
    x = example()
    with torch.no_grad():
        output = NORMS[norm].layer().double()(x)
    at = (picture, channel, position)
    values = x.flatten(2)[mates(norm)[at]]
    return Found(
        x.flatten(2)[at].item(),
        values.mean().item(),
        values.var(correction=0).item(),
        output.flatten(2)[at].item(),
    )


# ------------------------------------------------------------------------- the block of numbers


class _View(NamedTuple):
    """How the block is seen: a step along H·W and C, and one into the depth, along B."""

    x: float
    y: float  # upper left corner of the front
    step: float
    right: float
    up: float

    def at(self, b: float, c: float, p: float) -> tuple[float, float]:
        return self.x + p * self.step + b * self.right, self.y + c * self.step - b * self.up


def _faces(view: _View, one: Box) -> list[list[tuple[float, float]]]:
    """Front, top and right side of a box."""
    (b0, c0, p0), (nb, nc, np) = one
    b1, c1, p1 = b0 + nb, c0 + nc, p0 + np
    return [
        [view.at(b0, c0, p0), view.at(b0, c0, p1), view.at(b0, c1, p1), view.at(b0, c1, p0)],
        [view.at(b0, c0, p0), view.at(b1, c0, p0), view.at(b1, c0, p1), view.at(b0, c0, p1)],
        [view.at(b0, c0, p1), view.at(b1, c0, p1), view.at(b1, c1, p1), view.at(b0, c1, p1)],
    ]


def _solid(view: _View, one: Box, fill: str, tint: float) -> str:
    shades = (tint, tint * 0.7, tint * 1.25)
    return "".join(
        svg.polygon(face, fill=fill, stroke=fill, tint=min(1, shade), thickness=1)
        for face, shade in zip(_faces(view, one), shades, strict=True)
    )


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in points)


def _wires(view: _View) -> str:
    """The lines between all numbers, on the three sides that are seen."""
    at, commands = view.at, ""
    for c in range(C + 1):
        commands += _path([at(0, c, 0), at(0, c, POSITIONS), at(B, c, POSITIONS)])
    for p in range(POSITIONS + 1):
        commands += _path([at(0, C, p), at(0, 0, p), at(B, 0, p)])
    for b in range(1, B + 1):
        commands += _path([at(b, 0, 0), at(b, 0, POSITIONS), at(b, C, POSITIONS)])
    return svg.path(commands, stroke="grey", thickness=1)


def _block(view: _View, room: Room, lit: str) -> list[str]:
    """The block with something lit in it, and the names of its axes."""
    x, y = view.at(0, C, POSITIONS / 2)
    across = room.note(x, y + 13, "H·W")
    x, y = view.at(0, C / 2, 0)
    down = room.note(x - 12, y, "C")
    x, y = view.at(B / 2, 0, 0)
    deep = room.note(x - 10, y - 8, "B")
    return [_wires(view), lit, across, down, deep]


def shared_means() -> Picture:
    """For each norm the block of numbers, with those that share one mean."""
    return fitted(
        _shared,
        "Five times a block of numbers, pictures B by channels C by positions H·W, with those "
        "that share one mean in colour: for batch norm one channel of all pictures, for layer "
        "norm one whole picture, for instance norm one channel of one picture, for group norm "
        "half the channels of one picture, for layer norm over C all channels at one position "
        "of one picture.",
        "In colour: numbers that share one mean and one variance. B is the pictures of a batch, "
        "3 of them; C the channels, 4; H·W the positions, 2 × 2 in a row.",
    )


_SHOWN = {
    "BN": "BN",
    "LN": "GN, 1 group = LN",
    "IN": "GN, 4 groups = IN",
    "GN, 2 groups": "GN, 2 groups",
    "LN over C": "LN over C",
}


def _shared(room: Room) -> str:
    columns = 2 if room.narrow else len(_SHOWN)
    pitch, high = (170, 178) if room.narrow else (138, 178)
    shapes = []
    for k, (title, name) in enumerate(_SHOWN.items()):
        left, top = pitch * (k % columns), high * (k // columns)
        one = box(name, 0, 0, 0)
        count = B * C * POSITIONS // one.count
        view = _View(left + 18, top + 60, 17, 13, 9)
        lit = _solid(view, one, "blue", 0.55)
        said = f"{count} means, each of {one.count}"
        middle = left + 64
        drawn = svg.part(
            k + 1,
            room.title(middle, top + 10, title, bold=True),
            *_block(view, room, lit),
            room.note(left + 4, top + 158, said, anchor="start") if room.narrow else "",
            label=f"{title}: {said} numbers",
        )
        shapes.append(drawn)
        if not room.narrow:
            shapes += [
                room.note(middle, top + 164, f"{count} means,"),
                room.note(middle, top + 182, f"each of {one.count}"),
            ]
    rows = -(-len(_SHOWN) // columns)
    return svg.document(room.width, high * rows + (0 if room.narrow else 16), *shapes)


# ------------------------------------------------------------------------- the explorer


def which_share_a_mean() -> Explorer:
    """Choose a number and a norm: which numbers share its mean, and what comes out."""
    return Explorer(
        _state,
        title="Which numbers share a mean with the chosen one?",
        name="axes",
        alt="A block of numbers, with those that share a mean",
        caption="Three pictures of four channels with four positions, as a block and as tables. "
        "Drag the framed number in its table, or in the block from picture to picture. γ and β "
        "are left out.",
        norm=tuple(NORMS),
        picture=Axis(range(B), "picture", format=lambda b: str(b + 1), default=0),
        channel=Axis(range(C), "channel", format=lambda c: str(c + 1), default=1),
        position=Axis(range(POSITIONS), "position", format=lambda p: str(p + 1), default=1),
    )


def _said(value: float) -> str:
    """A number with at most two decimals and a true minus."""
    return svg.number(value).replace("-", "−")


def _state(norm: str, picture: int, channel: int, position: int) -> Picture:
    at = (picture, channel, position)
    one, now = box(norm, *at), found(norm, *at)
    means = B * C * POSITIONS // one.count
    alt = (
        f"{norm}: one mean for each {NORMS[norm].one_for}, {means} in all. Picture {picture + 1}, "
        f"channel {channel + 1}, position {position + 1} holds {_said(now.value)} and shares the "
        f"mean {_said(now.mean)} and the variance {_said(now.variance)} of {one.count} numbers; "
        f"what comes out is {_said(now.output)}."
    )
    return fitted(lambda room: _drawn(room, norm, at), alt)


def _drawn(room: Room, norm: str, at: tuple[int, int, int]) -> str:
    one, now = box(norm, *at), found(norm, *at)
    means = B * C * POSITIONS // one.count
    cell = 24 if room.narrow else 28
    view = _View(84, 52, 22, 21, 14) if room.narrow else _View(24, 66, 30, 27, 18)
    lit = svg.part(1, _solid(view, one, "blue", 0.5))
    chosen = svg.part(2, _solid(view, Box(at, (1, 1, 1)), "orange", 0.85))
    drag = {"x": ("picture", view.right), "y": ("channel", view.step)}
    shapes = _block(view, room, lit)
    shapes.append(svg.draggable(chosen, **drag))
    left, top = (5, 200) if room.narrow else (300, 62)
    gap = (room.width - left - B * POSITIONS * cell - 2) / (B - 1) - (2 if room.narrow else 0)
    for b in range(B):
        x = left + b * (POSITIONS * cell + gap)
        middle = x + POSITIONS * cell / 2
        shapes.append(room.note(middle, top - 14, f"picture {b + 1}", bold=b == at[0]))
        shapes += _table(room, x, top, cell, b, one)
        if b == at[0]:
            frame = svg.rect(
                x + at[2] * cell, top + at[1] * cell, cell, cell,
                fill="orange", stroke="orange", tint=0.35, thickness=2.5,
            )  # fmt: skip
            ways = {"x": ("position", cell), "y": ("channel", cell)}
            shapes.append(svg.draggable(svg.part(2, frame), **ways))
    low, start = top + C * cell + 26, 0 if room.narrow else left
    lines = [
        (f"{means} means, each of ", (1, f"{one.count} numbers")),
        ((2, f"x = {_said(now.value)}"), f", mean {_said(now.mean)}, ",
         f"variance {_said(now.variance)}"),
        ("out: (", (2, _said(now.value)), f" − {_said(now.mean)}) / √{_said(now.variance)} = ",
         (2, _said(now.output))),
    ]  # fmt: skip
    shapes.append(room.note(start, low, f"One mean per {NORMS[norm].one_for}", anchor="start",
                            bold=True))  # fmt: skip
    for k, line in enumerate(lines, 1):
        shapes.append(room.note(start, low + 22 * k, *line, anchor="start"))
    return svg.document(room.width, low + 78, *shapes)


def _table(room: Room, x: float, y: float, cell: float, b: int, one: Box) -> list[str]:
    """Channels by positions of one picture; what is lit, and the numbers."""
    values = example().flatten(2)[b].int().tolist()
    (b0, c0, p0), (nb, nc, np) = one
    lit = ""
    if b0 <= b < b0 + nb:
        lit = svg.part(
            1,
            svg.rect(
                x + p0 * cell, y + c0 * cell, np * cell, nc * cell,
                fill="blue", stroke="none", tint=0.35,
            ),
        )  # fmt: skip
    rows = [
        room.note(x + (p + 0.5) * cell, y + (c + 0.5) * cell, value)
        for c, row in enumerate(values)
        for p, value in enumerate(row)
    ]
    return [lit, svg.cells(x, y, POSITIONS, C, cell, stroke="grey"), *rows]
