"""Feature maps as slabs: how resolution is traded for channels."""

from collections.abc import Sequence
from typing import NamedTuple

from backbones.checks import check_positive
from backbones.diagrams import svg
from backbones.diagrams.picture import Picture

_MIDDLE, _LEFT, _PITCH = 120, 262, 66  # axis of the slabs, edge of the words, height of a step


class FeatureMap(NamedTuple):
    """One step in `feature_maps`: channels × size × size values, and what is said about them."""

    channels: int
    size: int
    label: str
    fill: str = "blue"


def feature_maps(maps: Sequence[FeatureMap], *, alt: str, caption: str = "") -> Picture:
    """A network as a column of slabs: as wide as the map's resolution, as high as its channels.

    Widths are in proportion to the size; heights to the square root of the channels, or 64
    channels would be a line beside 4,096.

    Raises:
        ValueError: If there is no map, or one without channels or size.
    """
    if not maps:
        raise ValueError("maps must hold at least one feature map")
    for one in maps:
        check_positive(channels=one.channels, size=one.size)
    widest, deepest = max(m.size for m in maps), max(m.channels for m in maps)
    shapes, right = [], 0.0
    for row, (channels, size, label, fill) in enumerate(maps):
        wide, high = max(4, 150 * size / widest), max(3, 40 * (channels / deepest) ** 0.5)
        deep, y = wide * 0.35, _PITCH * row + 40
        x = _MIDDLE - (wide + 0.6 * deep) / 2
        if row:
            shapes.append(svg.arrow([(_MIDDLE, y - _PITCH + 24), (_MIDDLE, y - 24)]))
        shapes.append(svg.volume(x, y - high / 2 + 0.2 * deep, wide, high, deep, fill=fill))
        shape = f"{channels:,} × {size} × {size}"
        shapes.append(svg.text(_LEFT, y - 9, shape, anchor="start"))
        shapes.append(svg.text(_LEFT, y + 9, label, size=svg.SMALL, anchor="start"))
        right = max(right, svg.text_width(shape), svg.text_width(label, svg.SMALL))
    return Picture(svg.document(_LEFT + right, _PITCH * len(maps) + 14, *shapes), alt, caption)
