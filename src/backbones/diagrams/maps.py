"""Feature maps as slabs: how resolution is traded for channels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from backbones.checks import check_positive
from backbones.diagrams import svg
from backbones.diagrams.picture import Picture
from backbones.diagrams.room import Room, fitted


class FeatureMap(NamedTuple):
    """One step in `feature_maps`: channels × size × size values, and what is said about them."""

    channels: int
    size: int
    label: str
    fill: str = "blue"


_ARROW = 26  # length, with the gaps at its ends
_SLANT = 0.4  # how far the depth of a slab goes to the right and up


def feature_maps(maps: Sequence[FeatureMap], *, alt: str, caption: str = "") -> Picture:
    """A network as a row of slabs, on a phone as a column of them.

    A slab is as large as a map and as thick as it has channels. Sides are in proportion to the
    size; thicknesses to the square root of the channels, or 64 would be a line beside 4,096.

    Raises:
        ValueError: If there is no map, or one without channels or size.
    """
    if not maps:
        raise ValueError("maps must hold at least one feature map")
    for one in maps:
        check_positive(channels=one.channels, size=one.size)

    def layout(room: Room) -> str:
        slot = max(_word_width(one, room) for one in maps) + 14
        fits = not room.narrow and slot * len(maps) <= room.width
        return _row(maps, room) if fits else _column(maps, room)

    return fitted(layout, alt, caption)


def _row(maps: Sequence[FeatureMap], room: Room) -> str:
    """From left to right, with the words below: each map is a square seen from the side."""
    slot, middle, bottom = room.width / len(maps), 84, 0.0
    low = middle + 98  # of the words
    sides = _sides(maps, 150)
    shapes = []
    ends = []  # left and right end of each slab at the height of the arrows
    for k, (one, side, thick) in enumerate(zip(maps, sides, _thicknesses(maps, 40), strict=True)):
        # The square is foreshortened: it leans to the right, and its thickness is seen in full.
        deep, x = 0.55 * side, slot * (k + 0.5)
        dx, dy = 0.6 * deep, -_SLANT * deep
        wide = thick + dx
        left, high = x - wide / 2, side + dy
        top = middle - side / 2 - dy
        shapes.append(svg.volume(left, top, thick, high, deep, fill=one.fill))
        ends.append((left, left + wide))
        words = [f"{one.size} × {one.size}", f"{one.channels:,} channels"]
        words += room.wrapped(one.label, slot - 10)
        for i, word in enumerate(words):
            shapes.append((room.note if i else room.title)(x, low + 19 * i, word, bold=not i))
        bottom = max(bottom, low + 19 * len(words))
    for (_, before), (after, _) in pairwise(ends):
        between = (before + after) / 2
        shapes.append(svg.arrow([(between - 9, middle), (between + 9, middle)], head=7))
    return svg.document(room.width, bottom - 4, *shapes)


def _column(maps: Sequence[FeatureMap], room: Room) -> str:
    """From top to bottom, with the words on the right: each map lies flat."""
    widths, heights = _sides(maps, 126), _thicknesses(maps, 34)
    axis, left, y = 80, 170, 4.0
    shapes = []
    for k, (one, wide, high) in enumerate(zip(maps, widths, heights, strict=True)):
        deep = wide * 0.35
        lift = _SLANT * deep
        tall = max(high + lift, 38)
        if k:
            shapes.append(svg.arrow([(axis, y), (axis, y + _ARROW - 8)]))
            y += _ARROW
        middle = y + tall / 2
        top = middle - (high + lift) / 2 + lift
        shapes.append(
            svg.volume(axis - (wide + 0.6 * deep) / 2, top, wide, high, deep, fill=one.fill)
        )
        shape = f"{one.channels:,} × {one.size} × {one.size}"
        shapes.append(room.title(left, middle - 9, shape, anchor="start", bold=True))
        lines = room.wrapped(one.label, room.width - left)
        shapes += [
            room.note(left, middle + 9 + 17 * i, line, anchor="start")
            for i, line in enumerate(lines)
        ]
        y += max(tall, 19 + tall / 2 + 17 * len(lines)) + 8
    return svg.document(room.width, y, *shapes)


def _sides(maps: Sequence[FeatureMap], largest: float) -> list[float]:
    widest = max(one.size for one in maps)
    return [max(4, largest * one.size / widest) for one in maps]


def _thicknesses(maps: Sequence[FeatureMap], largest: float) -> list[float]:
    deepest = max(one.channels for one in maps)
    return [max(3, largest * (one.channels / deepest) ** 0.5) for one in maps]


def _word_width(one: FeatureMap, room: Room) -> float:
    return max(
        svg.text_width(f"{one.size} × {one.size}", room.large, bold=True),
        svg.text_width(f"{one.channels:,} channels", room.small),
        *(svg.text_width(word, room.small) for word in one.label.split()),
    )
