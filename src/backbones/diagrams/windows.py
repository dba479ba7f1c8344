"""What a window sees: one step of a convolution, and the field of a stack of layers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from backbones.arithmetic import Field, Layer, conv_output_size, receptive_fields
from backbones.diagrams import svg
from backbones.diagrams.picture import Picture


def field_pyramid(layers: Sequence[Sequence[int]], *, alt: str = "", caption: str = "") -> Picture:
    """What two neighbouring outputs of a chain of layers see, layer by layer, along one axis.

    Padding is left out: position p of each layer is drawn in the middle of the input pixels it
    sees, so that neighbours are one jump apart. The first output's field is filled.

    Args:
        layers: From input to output, as in `backbones.arithmetic.receptive_fields`.
        alt: What the picture shows; without it, a sentence with the field after each layer.
        caption: A line below.
    """
    chain = [Layer(*layer)._replace(padding=0) for layer in layers]
    fields = [Field(1, 1, 0), *receptive_fields(chain)]
    counts, seen = [2], [{0}]  # of the last layer; then of every layer below, down to the input
    for layer in reversed(chain):
        taps = [t * layer.dilation for t in range(layer.kernel_size)]
        counts.insert(0, (counts[0] - 1) * layer.stride + taps[-1] + 1)
        seen.insert(0, {p * layer.stride + tap for p in seen[0] for tap in taps})
    left, pitch, wide = 122, 64, 312
    pixel = min(26.0, wide * 20 // counts[0] / 20)  # in steps that two decimals can hold
    margin = left + (wide - pixel * counts[0]) / 2
    levels, shapes = [], []
    for k, (field, count) in enumerate(zip(fields, counts, strict=True)):
        y = pitch * (len(chain) - k) + 30
        side = min(22.0, round(pixel * field.jump * 0.86, 1))
        edges = [
            margin + pixel * (field.size / 2 + p * field.jump) - side / 2 for p in range(count)
        ]
        levels.append(_Level(edges, side, y, max(seen[k]) + 1))
        if side < 3:  # too fine for single cells
            reach = edges[max(seen[k])] + side - edges[0]
            shapes.append(svg.rect(edges[0], y - 7, edges[-1] + side - edges[0], 14, thickness=1))
            shapes.append(svg.rect(edges[0], y - 7, reach, 14, fill="blue", tint=0.75, thickness=1))
        else:
            corners = [(x, y - side / 2) for x in edges]
            others = [c for p, c in enumerate(corners) if p not in seen[k]]
            filled = [corners[p] for p in sorted(seen[k])]
            shapes.append(svg.bars(others, side, side))
            shapes.append(svg.bars(filled, side, side, fill="blue", tint=0.75))
        words = ["input"]
        if k:
            layer = chain[k - 1]
            dilation = f", D {layer.dilation}" if layer.dilation > 1 else ""
            words = [f"layer {k}", f"F {layer.kernel_size}, S {layer.stride}{dilation}"]
            words.append(f"sees {field.size}, jump {field.jump}")
        for i, word in enumerate(words):
            dy = 17 * (i - (len(words) - 1) / 2)
            shapes.append(svg.text(0, y + dy, word, size=svg.SMALL, anchor="start", bold=i == 0))
    cones = []
    for below, above in pairwise(levels):
        cones += [_cone(above, below, last=True), _cone(above, below, last=False)]
    said = "; ".join(f"layer {k} sees {f.size}, jump {f.jump}" for k, f in enumerate(fields) if k)
    drawing = svg.document(left + wide + 8, pitch * len(chain) + 50, *cones, *shapes)
    return Picture(drawing, alt or f"Receptive field in input pixels: {said}.", caption)


class _Level(NamedTuple):
    """The drawn positions of one layer: left edges, side, height, and how many one output sees."""

    edges: list[float]
    side: float
    y: float
    reach: int


def _cone(above: _Level, below: _Level, last: bool) -> str:
    """The strip between two layers that belongs to the first output, or to the last one."""

    def span(level: _Level) -> tuple[float, float]:
        seen = level.edges[-level.reach :] if last else level.edges[: level.reach]
        return seen[0], seen[-1] + level.side

    (a0, a1), (b0, b1) = span(above), span(below)
    top, bottom = above.y + above.side / 2, below.y - below.side / 2
    name = "orange" if last else "blue"
    corners = [(a0, top), (a1, top), (b1, bottom), (b0, bottom)]
    return svg.polygon(corners, fill=name, stroke=name, tint=0.14, thickness=1)


def convolution_step(
    image: Sequence[Sequence[int]],
    kernel: Sequence[Sequence[int]],
    step: int,
    *,
    stride: int = 1,
    padding: int = 0,
    caption: str = "",
) -> Picture:
    """One window of a convolution: the input with its padding, the kernel, the outputs so far.

    Args:
        image: Rows of small integers, square.
        kernel: Rows of small integers, square.
        step: Which output is computed, counted row by row from 0.
        stride: S.
        padding: P, zeros on all sides.
        caption: A line below.

    Raises:
        ValueError: If the kernel does not fit, or there is no such step.
    """
    f, w = len(kernel), len(image)
    n = conv_output_size(w, f, stride, padding)
    if not 0 <= step < n * n:
        raise ValueError(f"step must be at least 0 and below {n * n}, got {step}")
    full = w + 2 * padding
    padded = [[0] * full for _ in range(full)]
    for row, values in enumerate(image):
        padded[row + padding][padding : padding + w] = values

    def window(k: int) -> list[Sequence[int]]:
        top, left = (place * stride for place in divmod(k, n))
        return [line[left : left + f] for line in padded[top : top + f]]

    sums = [_dot(window(k), kernel) for k in range(n * n)]
    outputs = [["" if r * n + c > step else sums[r * n + c] for c in range(n)] for r in range(n)]
    row, column = divmod(step, n)
    size, gap, top = min(30.0, 182 / full), 26, 34
    middle, x_kernel = top + full * size / 2, full * size + gap
    x_output = x_kernel + f * size + gap
    y_kernel, y_output = middle - f * size / 2, middle - n * size / 2
    here = (column * stride * size, top + row * stride * size, f * size, f * size)
    there = (x_output + column * size, y_output + row * size, size, size)
    shapes = [
        svg.text(full * size / 2, 14, "input"),
        svg.text(x_kernel + f * size / 2, y_kernel - 20, "kernel"),
        svg.text(x_output + n * size / 2, y_output - 20, "output"),
        svg.text(x_kernel - gap / 2, middle, "∗", size=20),
        svg.text(x_output - gap / 2, middle, "=", size=20),
        svg.cells(0, top, full, full, size, dashed=True, stroke="grey") if padding else "",
        svg.cells(padding * size, top + padding * size, w, w, size),
        svg.cells(x_kernel, y_kernel, f, f, size, fill="blue", tint=0.25),
        svg.cells(x_output, y_output, n, n, size),
        svg.rect(*here, fill="blue", stroke="blue", tint=0.25, thickness=3),
        svg.rect(*there, fill="orange", stroke="orange", tint=0.25, thickness=3),
        _numbers(padded, 0, top, size),
        _numbers(kernel, x_kernel, y_kernel, size),
        _numbers(outputs, x_output, y_output, size),
    ]
    y = top + full * size + 26
    for i, (weights, values) in enumerate(zip(kernel, window(step), strict=True)):
        terms = (f"{_minus(k)}·{v}" for k, v in zip(weights, values, strict=True))
        shapes.append(
            svg.text(0, y + 20 * i, ("+ " if i else "") + " + ".join(terms), anchor="start")
        )
    shapes.append(svg.text(0, y + 20 * f, f"= {_minus(sums[step])}", anchor="start", bold=True))
    alt = (
        f"Convolution of a {w} by {w} input, padding {padding}, with a {f} by {f} kernel, stride "
        f"{stride}: the output in row {row + 1}, column {column + 1} is {_minus(sums[step])}."
    )
    return Picture(svg.document(x_output + n * size + 4, y + 20 * f + 14, *shapes), alt, caption)


def _dot(window: Sequence[Sequence[int]], kernel: Sequence[Sequence[int]]) -> int:
    pairs = zip(window, kernel, strict=True)
    return sum(v * k for values, weights in pairs for v, k in zip(values, weights, strict=True))


def _numbers(rows: Sequence[Sequence[object]], x: float, y: float, size: float) -> str:
    return "".join(
        svg.text(x + (j + 0.5) * size, y + (i + 0.5) * size, _minus(value), size=svg.SMALL)
        for i, line in enumerate(rows)
        for j, value in enumerate(line)
        if value != ""
    )


def _minus(value: object) -> str:
    return str(value).replace("-", "−")
