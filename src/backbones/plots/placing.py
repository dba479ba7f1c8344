"""Names written into a plot, beside what they name and clear of each other."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import IdentityTransform

from backbones.plots.rendering import Page
from backbones.plots.style import INK, QUIET
from backbones.plots.wording import broken, width

_GAP = 18  # pixels from the axes to the column of names
_BETWEEN = 3  # from one name to the next
_LONG = 60  # a longer line from a curve to its name is dotted

# Where a name may stand beside a point, best first: its alignment, and its distance.
_SIDES = (
    ("left", 9, 0),
    ("right", -9, 0),
    ("center", 0, 15),
    ("center", 0, -15),
    *((anchor, dx, dy) for dy in (11, -11, 22, -22) for anchor, dx in (("left", 7), ("right", -7))),
    *(
        (anchor, 0, dy)
        for dy in (28, -28, 42, -42, 56, -56)
        for anchor in ("center", "right", "left")
    ),
)
_FAR = 20  # pixels; a name that is farther from its point has a line to it
_BEFORE = {"left": 0, "center": 0.5, "right": 1}  # share of the name left of that place

Box = Sequence[float]  # left, bottom, right, top


class Name(NamedTuple):
    """A name for the column beside curves, and the points of what it names."""

    words: str
    x: Sequence[float]
    y: Sequence[float]
    color: str
    text: str
    bold: bool = False
    alpha: float = 1  # of the line that leads to the name
    gid: str | None = None  # of what belongs together

    def end(self, axes: Axes) -> tuple[float, float] | None:
        """Pixels of the last point that is drawn; None if there is none."""
        points = np.column_stack([self.x, self.y]).astype(float)
        with np.errstate(all="ignore"):
            drawn = axes.transData.transform(points)
        drawn = drawn[np.isfinite(points).all(1) & np.isfinite(drawn).all(1)]
        if not len(drawn):
            return None
        low, high = axes.bbox.y0, axes.bbox.y1
        return drawn[-1, 0], min(max(drawn[-1, 1], low), high)


def label_ends(axes: Axes, page: Page, names: Iterable[Name]) -> None:
    """Write names into a column at the right, each as near to its curve's end as others allow.

    A curve that ends in nan is named where it was last drawn, one that is nothing but nan at the
    foot of the column, as "(nan)". The figure grows if its names need it.
    """
    names = [name for name in names if name.words]
    if not names:
        return
    figure, size = axes.figure, page.letters - 1
    drawn = [name.end(axes) is not None for name in names]
    words = [
        broken(name.words if there else f"{name.words} (nan)", page.column, size, bold=name.bold)
        for name, there in zip(names, drawn, strict=True)
    ]
    heights = [1.25 * size * (1 + text.count("\n")) for text in words]
    column = max(width(text, size, bold=True) for text in words)
    needed = sum(heights) + _BETWEEN * len(heights) + 8
    figure.set_figheight(max(figure.get_figheight(), needed / 72))
    share = 1 - (column + _GAP + 4) / page.width
    figure.get_layout_engine().set(rect=(0, 0, share, 1))
    # names may reach down beside the label of the x axis
    axes.set_xlabel(broken(axes.get_xlabel(), share * page.width - 60, size))
    _lay_out(figure)
    left, total = axes.bbox.x1 + _GAP, figure.bbox.height
    ends = [name.end(axes) for name in names]
    places = [end[1] if end else axes.bbox.y0 for end in ends]
    placed = spread(places, heights, _BETWEEN, 4, total - 4)
    for name, text, end, y in zip(names, words, ends, placed, strict=True):
        if end:
            figure.add_artist(_line((end[0] + 4, end[1]), (left - 4, y), name))
        _write(axes, left, y, text, name, va="center")


def _lay_out(figure: Figure) -> None:
    """Settle where the axes are, once and for all, so that places in pixels stay right."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def _write(axes: Axes, x: float, y: float, words: str, name: Name, **where: str) -> None:
    """Words at a place in pixels, which the layout does not know of."""
    axes.text(
        x, y, words, color=name.text, weight="bold" if name.bold else "normal",
        linespacing=1.15, transform=IdentityTransform(), in_layout=False, gid=name.gid, **where,
    )  # fmt: skip


def _line(start: tuple[float, float], end: tuple[float, float], name: Name) -> Line2D:
    """From what is named to its name, in pixels."""
    x, y = zip(start, end, strict=True)
    dashes = (0, (1, 3)) if abs(x[1] - x[0]) > _LONG else "solid"
    return Line2D(
        x, y, color=name.color, lw=1, ls=dashes, alpha=0.7 * name.alpha,
        transform=IdentityTransform(), in_layout=False, gid=name.gid,
    )  # fmt: skip


def spread(
    places: Sequence[float], sizes: Sequence[float], gap: float, low: float, high: float
) -> list[float]:
    """Centres moved as little as needed to be clear of each other and inside low to high.

    Groups of what would meet spread about the mean of their places.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    groups: list[list[int]] = []

    def extent(group: list[int]) -> float:
        return sum(sizes[i] for i in group) + gap * (len(group) - 1)

    def start(group: list[int]) -> float:
        offset, wanted = 0.0, 0.0
        for i in group:
            wanted += places[i] - offset - sizes[i] / 2
            offset += sizes[i] + gap
        return max(low, min(wanted / len(group), high - extent(group)))

    for index in order:
        groups.append([index])
        while len(groups) > 1 and start(groups[-2]) + extent(groups[-2]) + gap > start(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    result = [0.0] * len(places)
    for group in groups:
        at = start(group)
        for i in group:
            result[i] = at + sizes[i] / 2
            at += sizes[i] + gap
    return result


def draw_levels(axes: Axes, levels: Mapping[str, float], across: str = "y") -> list[Name]:
    """Dotted lines at what curves or points are measured against, such as chance.

    Args:
        axes: They lie in.
        levels: By name.
        across: "y" for horizontal lines, "x" for vertical ones.

    Returns:
        Their names, for `label_ends` or `label_tops`.
    """
    for level in levels.values():
        line = axes.axhline if across == "y" else axes.axvline
        line(level, color=INK, lw=1.2, ls=(0, (1, 2.5)), alpha=0.75, zorder=1.5)
    x, y = axes.get_xlim()[1], axes.get_ylim()[1]
    if across == "y":
        return [Name(name, (x,), (level,), INK, QUIET) for name, level in levels.items()]
    return [Name(name, (level,), (y,), INK, QUIET) for name, level in levels.items()]


def label_tops(axes: Axes, page: Page, names: Sequence[Name]) -> None:
    """Write names above the vertical lines that they name, moved aside where two would meet."""
    if not names:
        return
    figure, size = axes.figure, page.letters - 1
    room = (page.width - 8) / len(names) - 10
    words = [broken(name.words, room, size) for name in names]
    height = 1.25 * size * (1 + max(text.count("\n") for text in words)) + 8
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - height / figure.bbox.height))
    _lay_out(figure)
    ends = [(name.end(axes)[0], axes.bbox.y1) for name in names]
    widths = [width(text, size) for text in words]
    places = spread([x for x, _ in ends], widths, 10, 4, page.width - 4)
    for name, text, (x, y), place in zip(names, words, ends, places, strict=True):
        figure.add_artist(_line((x, y), (place, y + 8), name))
        _write(axes, place, y + 9, text, name, va="bottom", ha="center")


def label_points(axes: Axes, page: Page, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each name beside its point, on the side where it covers least."""
    _lay_out(axes.figure)
    size = page.letters - 1
    frame = (axes.bbox.x0 + 2, axes.bbox.y0 + 2, page.width - 4, axes.bbox.y1)
    centers = {name: axes.transData.transform(point) for name, point in points.items()}
    marks = [(x - 7, y - 7, x + 7, y + 7) for x, y in centers.values()]
    words = {name: broken(name, page.column, size) for name in points}
    taken: dict[str, Box] = {}
    sides: dict[str, int] = {}
    for _ in range(4):  # at first one after the other, then each again, now that all are placed
        for name, (x, y) in centers.items():
            others = [*marks, *(box for other, box in taken.items() if other != name)]
            boxes = list(_boxes(x, y, words[name], size))
            costs = [
                sum(_overlap(box, other) for other in others) + 1000 * _outside(box, frame) + place
                for place, box in enumerate(boxes)
            ]
            sides[name] = costs.index(min(costs))
            taken[name] = boxes[sides[name]]
    for name, (x, y) in centers.items():
        anchor, _, dy = _SIDES[sides[name]]
        left, bottom, right, top = taken[name]
        named = Name(words[name], (), (), INK, INK)
        if abs(dy) > _FAR:
            near = (min(max(x, left), right), bottom if dy > 0 else top)
            axes.figure.add_artist(_line((x, y), near, named))
        place = {"left": left, "right": right, "center": (left + right) / 2}[anchor]
        _write(axes, place, (bottom + top) / 2, words[name], named, va="center", ha=anchor)


def _boxes(x: float, y: float, words: str, size: float) -> Iterable[Box]:
    """Where a name would be on each of the sides of a point."""
    across, lines = width(words, size), 1 + words.count("\n")
    for anchor, dx, dy in _SIDES:
        dy += math.copysign((lines - 1) * 0.6 * size, dy) if anchor == "center" else 0
        left = x + dx - across * _BEFORE[anchor]
        half = 0.6 * size * lines
        yield left, y + dy - half, left + across, y + dy + half


def _overlap(a: Box, b: Box) -> float:
    across = min(a[2], b[2]) - max(a[0], b[0])
    upright = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, across) * max(0, upright)


def _outside(box: Box, frame: Box) -> float:
    """How far a box sticks out of a frame."""
    over = (frame[0] - box[0], box[2] - frame[2], frame[1] - box[1], box[3] - frame[3])
    return sum(max(0, far) for far in over)
