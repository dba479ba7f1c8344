"""Boxes and arrows: how the parts of a block are wired."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backbones.diagrams import svg
from backbones.diagrams.picture import Picture
from backbones.diagrams.room import Room, fitted


class Node(NamedTuple):
    """One thing in a `block_diagram`, at a place in its grid of columns and rows.

    Args:
        label: What it says; a line break starts a new line, smaller than the first.
        row: Counted downwards; between two rows is fine.
        column: Counted to the right; between two columns is fine.
        kind: "box" for a layer, "op" for a sign in a circle, "text" for words alone.
        fill: A name of `backbones.diagrams.svg.COLORS`.
        short: What it says on a phone, where that should be less.
        part: Number of the part that it belongs to, as in `svg.part`; 0 is none.
    """

    label: str
    row: float
    column: float = 0
    kind: str = "box"
    fill: str = "blue"
    short: str = ""
    part: int = 0


class Edge(NamedTuple):
    """An arrow of a `block_diagram`.

    Args:
        source: Name of the node it leaves.
        target: Name of the node it reaches.
        label: Words beside it.
        via: Column in which it runs past other nodes, leaving and entering sideways: a skip.
        dashed: For instance a shortcut with a projection.
        short: The words on a phone, where they should be fewer.
        part: Number of the part that it belongs to, as in `svg.part`; 0 is none.
    """

    source: str
    target: str
    label: str = ""
    via: float | None = None
    dashed: bool = False
    short: str = ""
    part: int = 0


class Drawing(NamedTuple):
    """Shapes with the size that they take, to be put into a larger drawing."""

    shapes: str
    width: float
    height: float


_KINDS = ("box", "op", "text")
_ROW_GAP, _LINE = 28, 17


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
    parts: Mapping[int, str] | None = None,
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
        parts: Number to name of the parts that nodes and edges belong to.

    Raises:
        ValueError: If there is no node, a node is of no known kind, or an edge names a node
            that is not there.
    """

    def layout(room: Room) -> str:
        shapes, width, height = wired(nodes, edges, room, parts=parts)
        margin = max(0, room.width - width) / 2
        return svg.document(width + 2 * margin, height, svg.group(shapes, x=margin))

    return fitted(layout, alt, caption)


def wired(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    room: Room,
    *,
    height: float = 0,
    parts: Mapping[int, str] | None = None,
) -> Drawing:
    """The shapes of a `block_diagram`, with rows spread over the height if one is given."""
    if not nodes:
        raise ValueError("nodes must hold at least one node")
    for name, node in nodes.items():
        if node.kind not in _KINDS:
            raise ValueError(f"kind of node {name!r} must be one of {_KINDS}, got {node.kind!r}")
    for edge in edges:
        for end in (edge.source, edge.target):
            if end not in nodes:
                raise ValueError(f"edge {edge.source!r} -> {edge.target!r}: no node {end!r}")
    if room.narrow:
        nodes = {
            name: node._replace(label=node.short or node.label) for name, node in nodes.items()
        }
        edges = [edge._replace(label=edge.short or edge.label) for edge in edges]
    drawing = _wired(nodes, edges, room, height, parts or {})
    if room.narrow and drawing.width > room.width:
        # Branches side by side: their labels take two lines of smaller letters.
        nodes = {name: _broken(node) for name, node in nodes.items()}
        drawing = _wired(nodes, edges, room._replace(large=12, small=11.5), height, parts or {})
    return drawing


def _broken(node: Node) -> Node:
    first, *more = node.label.split("\n")
    if node.kind == "box":
        first = "\n".join(first.rsplit(", " if ", " in first else " ", 1))
    return node._replace(label="\n".join([first, *more]))


def _wired(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    room: Room,
    height: float,
    names: Mapping[int, str],
) -> Drawing:
    halves = {name: _half_extents(node, room) for name, node in nodes.items()}
    lanes = [edge.via for edge in edges if edge.via is not None]
    columns = [(node.column, 2 * halves[name][0]) for name, node in nodes.items()]
    columns += [(lane, 0) for lane in lanes]
    # A label stands to the right of its arrow; the column makes room on both sides.
    columns += [(nodes[e.source].column, 2 * _label_room(e, room)) for e in edges if e.via is None]
    rows = [(node.row, 2 * halves[name][1]) for name, node in nodes.items()]
    xs, ys = _tracks(columns, 9 if room.narrow else 34), _tracks(rows, _ROW_GAP)
    needed = max(_at(ys, nodes[name].row) + half[1] for name, half in halves.items())
    if height:
        steps = max(node.row for node in nodes.values())
        ys = _tracks(rows, _ROW_GAP + (height - 8 - needed) / steps)
    boxes = {
        name: _Box(_at(xs, node.column), _at(ys, node.row), *halves[name])
        for name, node in nodes.items()
    }
    arrivals = Counter(e.target for e in edges)
    drawn = [(edge.part, _arrow(edge, nodes, boxes, xs, arrivals, room)) for edge in edges]
    drawn += [(node.part, _draw_node(node, boxes[name], room)) for name, node in nodes.items()]
    labels = [
        (boxes[e.source].x if e.via is None else _at(xs, e.via)) + _label_room(e, room)
        for e in edges
    ]
    left = min([box.x - box.w for box in boxes.values()] + [_at(xs, lane) for lane in lanes]) - 4
    right = max([box.x + box.w for box in boxes.values()] + labels) + 4
    high = max(box.y + box.h for box in boxes.values()) + 4
    return Drawing(svg.group(*_by_part(drawn, names), x=-left, y=4), right - left, high + 4)


def _by_part(drawn: Sequence[tuple[int, str]], names: Mapping[int, str]) -> list[str]:
    """Shapes without a part, then those of each part together."""
    numbers = sorted({number for number, _ in drawn if number})
    return [shape for number, shape in drawn if not number] + [
        svg.part(number, *(s for n, s in drawn if n == number), label=names.get(number, ""))
        for number in numbers
    ]


def _label_room(edge: Edge, room: Room) -> float:
    return 8 + svg.text_width(edge.label, room.small) if edge.label else 0


def _half_extents(node: Node, room: Room) -> tuple[float, float]:
    first, *more = node.label.split("\n")
    if node.kind == "op":
        return 14, 14
    wide = [svg.text_width(first, room.large)]
    wide += [svg.text_width(line, room.small) for line in more]
    margin = 5 if node.kind == "text" else 12
    side = 4 if room.narrow else 0  # nearer to the words
    return max(wide) / 2 + margin - side, (20 + _LINE * len(more)) / 2 + (margin - 5)


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


def _draw_node(node: Node, box: _Box, room: Room) -> str:
    first, *more = node.label.split("\n")
    x, y, w, h = box
    if node.kind == "op":
        sign = svg.text(x, y, first, size=19)
        return svg.circle(x, y, w, fill=node.fill, tint=0.2) + sign
    shape = ""
    if node.kind == "box":
        shape = svg.rect(x - w, y - h, 2 * w, 2 * h, fill=node.fill, tint=0.2, radius=6)
    top = y - _LINE / 2 * len(more)
    lines = [room.note(x, top + _LINE * i, line) for i, line in enumerate(more, 1)]
    return shape + room.title(x, top, first, bold=node.kind == "text") + "".join(lines)


def _arrow(
    edge: Edge,
    nodes: Mapping[str, Node],
    boxes: Mapping[str, _Box],
    xs: Sequence[float],
    arrivals: Mapping[str, int],
    room: Room,
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
    words = room.note(label[0] + 8, label[1], edge.label, anchor="start")
    return svg.arrow(points, dashed=edge.dashed) + (words if edge.label else "")
