"""Who has how much of a total: bars of parameters, MACs or memory by layer or by stage."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from backbones.diagrams import svg
from backbones.diagrams.picture import Picture
from backbones.diagrams.room import Room, fitted

_TOP = 44  # the first row's middle
_LINE, _SQUARE, _GAP = 18, 11, 8  # height of a row of text, pitch of the squares, between groups


class Share(NamedTuple):
    """One row of `share_bars`.

    Args:
        name: What has this share. A row without a name stays empty, so that others line up.
        value: How much: a number of at least 0.
        note: Words beside the name, for instance a shape.
        squares: Drawn in a row beside the bar, for instance one for each block of a stage.
        fill: Colour of the bar and the squares, a name of `backbones.diagrams.svg.COLORS`.
        group: Rows of different groups have a gap between them.
    """

    name: str
    value: float
    note: str = ""
    squares: int = 0
    fill: str = "blue"
    group: str = ""


def share_bars(
    shares: Sequence[Share | tuple], *, total_label: str, alt: str = "", caption: str = ""
) -> Picture:
    """Horizontal bars: a name, a bar as long as its value, its percentage of the total, the value.

    Above them is the total in bold. The largest value's bar has the full length. Where a row has a
    note or squares, the squares are above the bars; on a phone the names and notes are as well.
    For the layers of a model:

        rows = [row for row in profile("vgg16").rows if row.parameters]
        share_bars([(row.name, row.parameters) for row in rows], total_label="parameters")

    Args:
        shares: From top to bottom: `Share`, or a tuple of its first values, (name, value).
        total_label: Words after the total: "parameters", "MACs in 16 layers".
        alt: What the picture shows; without it, a sentence with every share.
        caption: A line below.

    Raises:
        ValueError: If there is no share, a value is negative, or all are 0.
    """
    rows = [Share(*share) for share in shares]
    total = sum(row.value for row in rows)
    if total <= 0 or min(row.value for row in rows) < 0:
        raise ValueError(f"shares must hold values of at least 0, not all 0, got {list(shares)}")
    heading = f"{total:,} {total_label}"
    said = ", ".join(f"{row.name} {_percent(row.value / total)}" for row in rows if row.name)
    detailed = any(row.note or row.squares for row in rows)
    layout = _detailed if detailed else _plain
    return fitted(
        lambda room: layout(rows, total, heading, room), alt or f"{heading}: {said}.", caption
    )


def _plain(rows: Sequence[Share], total: float, heading: str, room: Room) -> str:
    """One line for each row: its name, and its bar."""
    left = max(svg.text_width(row.name, room.small) for row in rows) + 10
    bar = _Bar(left, room.width - left, total, rows, room)
    shapes, top = _headed(heading, room)
    ys = [top + _LINE * k + _GAP * gaps for k, gaps in enumerate(_gaps(rows))]
    for row, y in zip(rows, ys, strict=True):
        if row.name:
            shapes += [room.note(0, y, row.name, anchor="start"), bar.draw(row, y, 12)]
    return svg.document(room.width, ys[-1] + 14, *shapes)


def _detailed(rows: Sequence[Share], total: float, heading: str, room: Room) -> str:
    """Names with their notes; beside them, on a phone below them, squares and bars."""
    squares = any(row.squares for row in rows)
    words = max(
        *(svg.text_width(row.name, room.large, bold=True) for row in rows),
        *(svg.text_width(row.note, room.small) for row in rows),
    )
    left = 0 if room.narrow else min(words + 20, room.width / 2)
    pitch = (42 if not squares else 60) if room.narrow else 50
    bar = _Bar(left, room.width - left, total, rows, room)
    step = min(_SQUARE, (room.width - left) / max(1, *(row.squares for row in rows)))
    beside = 10 + max(svg.text_width(row.name, room.large, bold=True) for row in rows)
    shapes, top = _headed(heading, room)
    for k, row in enumerate(rows):
        y = top + 4 + pitch * k
        note_at = (beside, y) if room.narrow else (0, y + _LINE)
        shapes += [
            room.title(0, y, row.name, anchor="start", bold=True),
            room.note(*note_at, row.note, anchor="start") if row.note else "",
        ]
        below = _LINE if room.narrow else 0
        if squares:
            shapes.append(_squares(row, left, y + below - 5, step))
        lower = _LINE if row.squares else 2 if room.narrow else _LINE / 2
        shapes.append(bar.draw(row, y + below + lower, 14))
    return svg.document(room.width, top + pitch * len(rows) - 8, *shapes)


def _headed(heading: str, room: Room) -> tuple[list[str], float]:
    """The heading, and the middle of the first row below it."""
    lines = room.wrapped(heading, room.width, bold=True)
    shapes = [
        room.title(0, 14 + _LINE * k, line, anchor="start", bold=True)
        for k, line in enumerate(lines)
    ]
    return shapes, _TOP + _LINE * (len(lines) - 1)


class _Bar:
    """Bars that begin at the same place, with the share and the value behind each.

    Args:
        left: Where they begin.
        length: From there to the edge of the drawing, words included.
        total: Of which the shares are.
        rows: All rows.
        room: For which the drawing is laid out.
    """

    def __init__(
        self, left: float, length: float, total: float, rows: Sequence[Share], room: Room
    ) -> None:
        self.left, self.total, self.room = left, total, room
        self.largest = max(row.value for row in rows)
        words = max(svg.text_width(self._words(row), room.small) for row in rows)
        self.length = length - 1.06 * words - 8

    def draw(self, row: Share, y: float, thickness: float) -> str:
        """The bar of a row around the height y, and the words behind it."""
        # Something of a bar is seen even where there is next to nothing.
        length = max(1, self.length * row.value / self.largest)
        bar = svg.rect(
            self.left, y - thickness / 2, length, thickness, fill=row.fill, stroke="none"
        )
        return bar + self.room.note(self.left + length + 6, y, self._words(row), anchor="start")

    def _words(self, row: Share) -> str:
        percent = _percent(row.value / self.total)
        return percent if self.room.narrow else f"{percent} · {_short(row.value)}"


def _gaps(rows: Sequence[Share]) -> list[int]:
    """How many gaps between groups lie above each row."""
    counts = [0]
    for before, row in pairwise(rows):
        counts.append(counts[-1] + (before.group != row.group))
    return counts


def _percent(share: float) -> str:
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def _short(value: float) -> str:
    """A number in four characters or so: 9.4 M."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            scaled = value / unit
            return f"{scaled:.0f}{name}" if scaled >= 99.5 else f"{scaled:.1f}{name}"
    return f"{value:,.0f}"


def _squares(row: Share, x: float, y: float, step: float) -> str:
    corners = [(x + step * i, y) for i in range(row.squares)]
    return svg.bars(corners, 0.8 * step, 0.8 * step, fill=row.fill, stroke="none")
