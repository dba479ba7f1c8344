"""Who has how much of a total: bars of parameters, MACs or memory by layer or by stage."""

from collections.abc import Sequence
from typing import NamedTuple

from backbones.diagrams import svg
from backbones.diagrams.picture import Picture

_TOP, _PERCENT = 40, 56  # the first row's middle, room for a percentage
_LINE, _SQUARE = 20, 10  # height of a row of text, pitch of the squares


class Share(NamedTuple):
    """One row of `share_bars`.

    Args:
        name: What has this share.
        value: How much: a number of at least 0.
        note: Words beside the name, for instance a shape.
        squares: Drawn in a row above the bar, for instance one for each block of a stage.
        fill: Colour of the bar and the squares, a name of `backbones.diagrams.svg.COLORS`.
    """

    name: str
    value: float
    note: str = ""
    squares: int = 0
    fill: str = "blue"


def share_bars(
    shares: Sequence[Share | tuple],
    *,
    total_label: str,
    alt: str = "",
    caption: str = "",
    width: float = 400,
) -> Picture:
    """Horizontal bars: a name, a bar as long as its value, and its percentage of the total.

    Above them is the total in bold. The largest value's bar has the full length. Where a row has a
    note or squares, every row puts its name and note above its bar. For the layers of a model:

        rows = [row for row in profile("vgg16").rows if row.parameters]
        share_bars([(row.name, row.parameters) for row in rows], total_label="parameters")

    Args:
        shares: From top to bottom: `Share`, or a tuple of its first values, (name, value).
        total_label: Words after the total: "parameters", "MACs in 16 layers".
        alt: What the picture shows; without it, a sentence with every share.
        caption: A line below.
        width: Of the drawing, in pixels.

    Raises:
        ValueError: If there is no share, a value is negative, or all are 0.
    """
    rows = [Share(*share) for share in shares]
    total = sum(row.value for row in rows)
    if total <= 0 or min(row.value for row in rows) < 0:
        raise ValueError(f"shares must hold values of at least 0, not all 0, got {list(shares)}")
    percents = [_percent(row.value / total) for row in rows]
    heading = f"{total:,} {total_label}"
    if stacked := any(row.note or row.squares for row in rows):
        left, squares = 0.0, any(row.squares for row in rows)
        pitch = _LINE * (3.1 if squares else 2.3)
    else:
        left, squares = max(svg.text_width(row.name, svg.SMALL) for row in rows) + 8, False
        pitch = _LINE
    room, largest = width - left - _PERCENT, max(row.value for row in rows)
    beside = 10 + max(svg.text_width(row.name, bold=True) for row in rows)
    step = min(_SQUARE, room / max(1, *(row.squares for row in rows)))
    shapes = [svg.text(0, 12, heading, anchor="start", bold=True)]
    for k, (row, percent) in enumerate(zip(rows, percents, strict=True)):
        y = _TOP + pitch * k
        if stacked:
            shapes += [
                svg.text(0, y, row.name, anchor="start", bold=True),
                svg.text(beside, y, row.note, size=svg.SMALL, anchor="start") if row.note else "",
                _squares(row, y + 12, step),
            ]
            y += 1.45 * _LINE if squares else _LINE
        else:
            shapes.append(svg.text(0, y, row.name, size=svg.SMALL, anchor="start"))
        # Something of a bar is seen even where there is next to nothing.
        length = max(1, room * row.value / largest)
        shapes += [
            svg.rect(left, y - 6, length, 12, fill=row.fill, stroke="none"),
            svg.text(left + length + 6, y, percent, size=svg.SMALL, anchor="start"),
        ]
    said = ", ".join(f"{row.name} {percent}" for row, percent in zip(rows, percents, strict=True))
    drawing = svg.document(width, _TOP + pitch * len(rows), *shapes)
    return Picture(drawing, alt or f"{heading}: {said}.", caption)


def _percent(share: float) -> str:
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def _squares(row: Share, y: float, step: float) -> str:
    corners = [(step * i, y) for i in range(row.squares)]
    return svg.bars(corners, 0.8 * step, 0.8 * step, fill=row.fill, stroke="none")
