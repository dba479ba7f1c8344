"""Boxes and arrows: how the parts of a block are wired."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backbones.diagrams import svg
from backbones.diagrams.picture import Picture


class Node(NamedTuple):
    """One thing in a `block_diagram`, at a place in its grid of columns and rows.

    Args:
        label: What it says; a line break starts a new line, smaller than the first.
        row: Counted downwards; between two rows is fine.
        column: Counted to the right; between two columns is fine.
        kind: "box" for a layer, "op" for a sign in a circle, "text" for words alone.
        fill: A name of `backbones.diagrams.svg.COLORS`.
    """

    label: str
    row: float
    column: float = 0
    kind: str = "box"
    fill: str = "blue"


class Edge(NamedTuple):
    """An arrow of a `block_diagram`.

    Args:
        source: Name of the node it leaves.
        target: Name of the node it reaches.
        label: Words beside it.
        via: Column in which it runs past other nodes, leaving and entering sideways: a skip.
        dashed: For instance a shortcut with a projection.
    """

    source: str
    target: str
    label: str = ""
    via: float | None = None
    dashed: bool = False


_KINDS = ("box", "op", "text")
_ROW_GAP, _COLUMN_GAP = 28, 26


class _Box(NamedTuple):
    """A node with its place on the drawing: centre and half extents."""

    x: float
    y: float
    w: float
    h: float


def block_diagram(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    *,
    alt: str,
    caption: str = "",
    width: float = 0,
) -> Picture:
    """Boxes and arrows, from top to bottom: residual, Inception, SE and dense blocks alike.

    Columns and rows are as wide and high as their largest node. An edge runs straight within a
    column, turns twice between columns, enters an "op" from the side, and with ``via`` runs
    around whatever is in between.

    Args:
        nodes: Name to node.
        edges: The arrows.
        alt: What the diagram shows, in words.
        caption: A line below.
        width: Least width of the drawing, which is centred in it, so that several can align.

    Raises:
        ValueError: If there is no node, a node is of no known kind, or an edge names a node
            that is not there.
    """
    if not nodes:
        raise ValueError("nodes must hold at least one node")
    for name, node in nodes.items():
        if node.kind not in _KINDS:
            raise ValueError(f"kind of node {name!r} must be one of {_KINDS}, got {node.kind!r}")
    for edge in edges:
        for end in (edge.source, edge.target):
            if end not in nodes:
                raise ValueError(f"edge {edge.source!r} -> {edge.target!r}: no node {end!r}")
    halves = {name: _half_extents(node) for name, node in nodes.items()}
    lanes = [edge.via for edge in edges if edge.via is not None]
    columns = [(node.column, 2 * halves[name][0]) for name, node in nodes.items()]
    columns += [(lane, 0) for lane in lanes]
    # A label stands to the right of its arrow; the column makes room on both sides.
    columns += [(nodes[e.source].column, 2 * _label_room(e)) for e in edges if e.via is None]
    rows = [(node.row, 2 * halves[name][1]) for name, node in nodes.items()]
    xs, ys = _tracks(columns, _COLUMN_GAP), _tracks(rows, _ROW_GAP)
    boxes = {
        name: _Box(_at(xs, node.column), _at(ys, node.row), *halves[name])
        for name, node in nodes.items()
    }
    shapes = [_arrow(edge, nodes, boxes, xs, Counter(e.target for e in edges)) for edge in edges]
    shapes += [_draw_node(node, boxes[name]) for name, node in nodes.items()]
    labels = [
        (boxes[e.source].x if e.via is None else _at(xs, e.via)) + _label_room(e) for e in edges
    ]
    left = min([box.x - box.w for box in boxes.values()] + [_at(xs, lane) for lane in lanes]) - 4
    right = max([box.x + box.w for box in boxes.values()] + labels) + 4
    high = max(box.y + box.h for box in boxes.values()) + 4
    total = max(width, right - left)
    drawing = svg.group(*shapes, x=(total - right + left) / 2 - left, y=4)
    return Picture(svg.document(total, high + 4, drawing), alt, caption)


def _label_room(edge: Edge) -> float:
    return 8 + svg.text_width(edge.label, svg.SMALL) if edge.label else 0


def _half_extents(node: Node) -> tuple[float, float]:
    first, *more = node.label.split("\n")
    if node.kind == "op":
        return 14, 14
    wide = [svg.text_width(first), *(svg.text_width(line, svg.SMALL) for line in more)]
    room = 5 if node.kind == "text" else 12
    return max(wide) / 2 + room, (20 + 17 * len(more)) / 2 + (room - 5)


def _tracks(sizes: Sequence[tuple[float, float]], gap: float) -> list[float]:
    """Centres of the whole columns (or rows), each as large as its largest node."""
    # A node between two columns makes neither of them wider.
    whole = {int(place): 0.0 for place, _ in sizes}
    for place, size in sizes:
        if place == int(place):
            whole[int(place)] = max(whole[int(place)], size)
    first, last = min(0, *whole), max(whole) + 1
    if first < 0:
        raise ValueError(f"row and column must be at least 0, got {first}")
    centres, edge = [], 0.0
    for place in range(last + 1):
        size = whole.get(place, 0.0)
        centres.append(edge + size / 2)
        edge += size + gap
    return centres


def _at(centres: Sequence[float], place: float) -> float:
    low = int(place)
    if low == place:
        return centres[low]
    return centres[low] + (place - low) * (centres[low + 1] - centres[low])


def _draw_node(node: Node, box: _Box) -> str:
    first, *more = node.label.split("\n")
    x, y, w, h = box
    if node.kind == "op":
        sign = svg.text(x, y, first, size=19)
        return svg.circle(x, y, w, fill=node.fill, tint=0.2) + sign
    shape = ""
    if node.kind == "box":
        shape = svg.rect(x - w, y - h, 2 * w, 2 * h, fill=node.fill, tint=0.2, radius=6)
    top = y - 8.5 * len(more)
    lines = [svg.text(x, top + 17 * (i + 1), line, size=svg.SMALL) for i, line in enumerate(more)]
    return shape + svg.text(x, top, first) + "".join(lines)


def _arrow(
    edge: Edge,
    nodes: Mapping[str, Node],
    boxes: Mapping[str, _Box],
    xs: Sequence[float],
    arrivals: Mapping[str, int],
) -> str:
    s, t = boxes[edge.source], boxes[edge.target]
    if edge.via is not None:
        lane = _at(xs, edge.via)
        leave = s.x + s.w * (1 if lane > s.x else -1)
        enter = t.x + t.w * (1 if lane > t.x else -1)
        points = [(leave, s.y), (lane, s.y), (lane, t.y), (enter, t.y)]
        label = (lane, (s.y + t.y) / 2)
    elif abs(s.x - t.x) < 1:
        points = [(s.x, s.y + s.h), (t.x, t.y - t.h)]
        label = (s.x, (s.y + s.h + t.y - t.h) / 2)
    elif nodes[edge.target].kind == "op":
        side = t.x + t.w * (1 if s.x > t.x else -1)
        points = [(s.x, s.y + s.h), (s.x, t.y), (side, t.y)]
        label = (s.x, (s.y + s.h + t.y) / 2)
    else:
        # Branches that meet turn just above their target, branches that part just below the source.
        meet = arrivals[edge.target] > 1
        turn = t.y - t.h - _ROW_GAP / 2 if meet else s.y + s.h + _ROW_GAP / 2
        points = [(s.x, s.y + s.h), (s.x, turn), (t.x, turn), (t.x, t.y - t.h)]
        label = (t.x, (turn + t.y - t.h) / 2)
    words = svg.text(label[0] + 8, label[1], edge.label, size=svg.SMALL, anchor="start")
    return svg.arrow(points, dashed=edge.dashed) + (words if edge.label else "")
