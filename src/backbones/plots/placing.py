"""Names written into a plot, beside what they name and clear of each other."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from backbones.diagrams import svg
from backbones.plots.style import SMALL, Style

_LINE_HEIGHT = 16  # pixels from one name to the next

# Where a name may stand beside a point, best first: its alignment, and its distance.
_SIDES = (
    ("left", 9, 0),
    ("right", -9, 0),
    ("center", 0, 14),
    ("center", 0, -14),
    ("left", 7, 11),
    ("left", 7, -11),
    ("right", -7, 11),
    ("right", -7, -11),
)
_BEFORE = {"left": 0, "center": 0.5, "right": 1}  # share of the name left of that place

Box = Sequence[float]  # left, bottom, right, top


def label_ends(
    axes: Axes, ends: Mapping[str, tuple[float, float]], chosen: Mapping[str, Style]
) -> None:
    """Write each name to the right of its last point, moved up or down where two would meet."""
    if list(ends) == [""]:
        return
    axes.figure.draw_without_rendering()
    heights = {name: axes.transData.transform(end)[1] for name, end in ends.items()}
    order = sorted(ends, key=heights.__getitem__)
    placed = dict(zip(order, _apart([heights[n] for n in order], _LINE_HEIGHT), strict=True))
    right = max(axes.transData.transform(end)[0] for end in ends.values())
    for name in ends:
        x, y = axes.transData.transform(ends[name])
        axes.annotate(
            name, ends[name], (right - x + 16, placed[name] - y), textcoords="offset points",
            va="center", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": chosen[name].color, "lw": 1,
                        "relpos": (0, 0.5),  # from the left end of the name
                "shrinkA": 2, "shrinkB": 4},
        )  # fmt: skip


def _apart(places: Sequence[float], gap: float) -> list[float]:
    """Move sorted places as little as needed to be a gap apart: groups spread about their mean."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _top(groups[-2], gap) + gap > _bottom(groups[-1], gap):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_bottom(group, gap) + gap * i for group in groups for i in range(len(group))]


def _bottom(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _top(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) + gap * (len(group) - 1) / 2


def label_points(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each name beside its point, on the side where it covers least."""
    axes.figure.draw_without_rendering()
    frame = axes.get_window_extent().extents
    centers = {name: axes.transData.transform(point) for name, point in points.items()}
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in centers.values()]
    for name, (x, y) in centers.items():
        width = svg.text_width(name, SMALL)
        boxes = []
        for anchor, dx, dy in _SIDES:
            left = x + dx - width * _BEFORE[anchor]
            boxes.append((left, y + dy - 7, left + width, y + dy + 7))
        costs = [
            sum(_overlap(box, other) for other in taken) + 1000 * _outside(box, frame)
            for box in boxes
        ]
        best = costs.index(min(costs))
        taken.append(boxes[best])
        anchor, dx, dy = _SIDES[best]
        axes.annotate(
            name, points[name], (dx, dy), textcoords="offset points", va="center", ha=anchor
        )


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _outside(box: Box, frame: Box) -> float:
    """How far a box sticks out of a frame to the left, to the right and below."""
    return max(0, frame[0] - box[0]) + max(0, box[2] - frame[2]) + max(0, frame[1] - box[1])
