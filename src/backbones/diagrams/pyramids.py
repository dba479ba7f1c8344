"""The field of a stack of layers along one axis, layer by layer."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from backbones.arithmetic import Field, Layer, receptive_fields
from backbones.diagrams import svg
from backbones.diagrams.picture import Picture
from backbones.diagrams.room import Room, fitted

_PITCH = 64  # height of a layer


def field_pyramid(layers: Sequence[Sequence[int]], *, alt: str = "", caption: str = "") -> Picture:
    """What two neighbouring outputs of a chain of layers see, layer by layer, along one axis.

    Padding is left out: position p of each layer is drawn in the middle of the input pixels it
    sees, so that neighbours are one jump apart. The first output's field is filled.

    Args:
        layers: From input to output, as in `backbones.arithmetic.receptive_fields`.
        alt: What the picture shows; without it, a sentence with the field after each layer.
        caption: A line below.
    """
    high = _PITCH * len(layers) + 50
    return fitted(
        lambda room: svg.document(room.width, high, stacked_fields(layers, room, high)),
        alt or said_of_fields(layers),
        caption,
    )


def said_of_fields(layers: Sequence[Sequence[int]]) -> str:
    """A sentence with the field and the jump after each layer."""
    fields = enumerate(receptive_fields([Layer(*layer) for layer in layers]), 1)
    said = "; ".join(f"layer {k} sees {f.size}, jump {f.jump}" for k, f in fields)
    return f"Receptive field in input pixels: {said}."


def stacked_fields(
    layers: Sequence[Sequence[int]],
    room: Room,
    height: float,
    *,
    parts: Mapping[int, str] | None = None,
) -> str:
    """The shapes of a `field_pyramid`, spread over a height; layer k is part k if it is named."""
    chain = [Layer(*layer)._replace(padding=0) for layer in layers]
    fields = [Field(1, 1, 0), *receptive_fields(chain)]
    levels, names = _levels(chain, fields, room, height), parts or {}
    cones, shapes = [], []
    for k, (below, above) in enumerate(pairwise(levels), 1):
        cone = _cone(above, below, last=True) + _cone(above, below, last=False)
        cones.append(svg.part(k, cone) if k in names else cone)
    for k, (level, field) in enumerate(zip(levels, fields, strict=True)):
        words = ["input"]
        if k:
            layer = chain[k - 1]
            dilation = f", D {layer.dilation}" if layer.dilation > 1 else ""
            words = [f"layer {k}", f"F {layer.kernel_size}, S {layer.stride}{dilation}"]
            words.append(f"sees {field.size}, jump {field.jump}")
        row = [level.draw()]
        for i, word in enumerate(words):
            y = level.y + 17 * (i - (len(words) - 1) / 2)
            row.append(room.note(0, y, word, anchor="start", bold=i == 0))
        shapes.append(svg.part(k, *row, label=names[k]) if k in names else "".join(row))
    return "".join([*cones, *shapes])


class _Level(NamedTuple):
    """The drawn positions of one layer.

    Args:
        edges: Left edges.
        side: Of a cell.
        y: Their middle.
        seen: Positions that the first output of the last layer sees.
    """

    edges: list[float]
    side: float
    y: float
    seen: set[int]

    def span(self, last: bool) -> tuple[float, float]:
        """From where to where the first output sees, or the last one."""
        reach = max(self.seen) + 1
        seen = self.edges[-reach:] if last else self.edges[:reach]
        return seen[0], seen[-1] + self.side

    def draw(self) -> str:
        """Cells, or a bar where cells would be too fine."""
        if self.side < 3:
            x0, x1 = self.span(last=False)
            wide = self.edges[-1] + self.side - x0
            return svg.rect(x0, self.y - 7, wide, 14, thickness=1) + svg.rect(
                x0, self.y - 7, x1 - x0, 14, fill="blue", tint=0.75, thickness=1
            )
        corners = [(x, self.y - self.side / 2) for x in self.edges]
        others = [corner for p, corner in enumerate(corners) if p not in self.seen]
        filled = [corners[p] for p in sorted(self.seen)]
        return svg.bars(others, self.side, self.side) + svg.bars(
            filled, self.side, self.side, fill="blue", tint=0.75
        )


def _levels(
    chain: Sequence[Layer], fields: Sequence[Field], room: Room, height: float
) -> list[_Level]:
    """Input and layers, the input at the bottom."""
    counts, seen = [2], [{0}]  # of the last layer; then of every layer below, down to the input
    for layer in reversed(chain):
        taps = [t * layer.dilation for t in range(layer.kernel_size)]
        counts.insert(0, (counts[0] - 1) * layer.stride + taps[-1] + 1)
        seen.insert(0, {p * layer.stride + tap for p in seen[0] for tap in taps})
    left = svg.text_width("sees 127, jump 32", room.small) + 8
    wide = room.width - left
    pixel = min(44.0, wide * 20 // counts[0] / 20)  # in steps that two decimals can hold
    margin = left + (wide - pixel * counts[0]) / 2
    pitch = (height - 50) / len(chain)
    levels = []
    for k, (field, count) in enumerate(zip(fields, counts, strict=True)):
        side = min(32.0, round(pixel * field.jump * 0.86, 1))
        first = margin + pixel * field.size / 2 - side / 2
        edges = [first + p * pixel * field.jump for p in range(count)]
        levels.append(_Level(edges, side, pitch * (len(chain) - k) + 26, seen[k]))
    return levels


def _cone(above: _Level, below: _Level, last: bool) -> str:
    """The strip between two layers that belongs to the first output, or to the last one."""
    (a0, a1), (b0, b1) = above.span(last), below.span(last)
    top, bottom = above.y + above.side / 2, below.y - below.side / 2
    name = "orange" if last else "blue"
    corners = [(a0, top), (a1, top), (b1, bottom), (b0, bottom)]
    return svg.polygon(corners, fill=name, stroke=name, tint=0.14, thickness=1)
