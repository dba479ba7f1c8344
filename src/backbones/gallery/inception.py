"""Figures and explorers of the chapter on Inception v2 and v3."""

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones.diagrams import Edge, Node, Picture, Room, block_diagram, fitted, svg
from backbones.explorers import Axis, Explorer
from backbones.layers import Branches, ConvNormAct
from backbones.profile import profile

# Only what a drawing counts: weights, no biases and no norms.
_bare_conv = partial(ConvNormAct, norm=None)


class Form(NamedTuple):
    """One way to see as much as a large kernel, for equal numbers of channels in and out.

    Attributes:
        name: In words.
        sizes: Kernel sizes of its layers, (height, width).
        weights: In units of C², where all layers have C channels.
        field: What an output value sees, (height, width).
    """

    name: str
    sizes: tuple[tuple[int, int], ...]
    weights: int
    field: tuple[float, float]


@cache
def forms(size: int) -> tuple[Form, ...]:
    """A kernel of a size, the stack of 3×3 layers that sees as much, and a row and a column.

    Raises:
        ValueError: If the size is not odd, or below 3.
    """
    if size < 3 or size % 2 == 0:
        raise ValueError(f"size must be odd and at least 3, got {size!r}")
    count = (size - 1) // 2
    stack = ("one", "two", "three", "four")[count - 1] if count <= 4 else str(count)
    made = (
        (f"one {size}×{size}", ((size, size),)),
        (f"{stack} 3×3", ((3, 3),) * count),
        (f"1×{size}, then {size}×1", ((1, size), (size, 1))),
    )
    found = []
    for name, sizes in made:
        with torch.device("meta"):
            layers = nn.Sequential(*[_bare_conv(1, 1, one) for one in sizes])
        table = profile(layers, (1, 32, 32))
        found.append(Form(name, sizes, table.parameters, table.rows[-1].field))
    return tuple(found)


def three_forms(size: int = 7) -> Picture:
    """A large kernel, a stack of small ones, and a row and a column: all see as much."""
    whole = forms(size)[0].weights
    said = "; ".join(f"{form.name}: {form.weights}C² weights" for form in forms(size))
    return fitted(
        partial(_three_forms, size),
        f"Three ways to see {size} by {size} inputs: {said}.",
        f"All three see {size} × {size} inputs. C channels everywhere; the bars are weights, and "
        f"multiplications at each position, out of the {whole}C² of the large kernel.",
    )


def _three_forms(size: int, room: Room) -> str:
    pitch, cell = room.width / 3, 10 if room.narrow else 17
    gap, top, shapes = (5 if room.narrow else 8), 30, []
    high = size * cell
    whole = forms(size)[0].weights
    for k, form in enumerate(forms(size)):
        x, number, fill = k * pitch, k + 1, ("blue", "orange", "green")[k]
        share = form.weights / whole
        mine = [room.title(x, 12, form.name, anchor="start", bold=not room.narrow)]
        # Stacks lie along the diagonal of what they see, a row and a column beside each other.
        place = [x, top]
        for height, width in form.sizes:
            mine.append(svg.cells(*place, width, height, cell, fill=fill, tint=0.35))
            if height == width:
                place = [place[0] + 2 * cell, place[1] + 2 * cell]
            else:
                place = [place[0] + size * cell + gap, place[1]]
        low = top + high + 22
        length = (pitch - 14) * share
        mine += [
            svg.rect(x, low, length, 14, fill=fill, stroke="none"),
            room.note(x, low + 30, f"{form.weights}C² weights", anchor="start"),
            room.note(x, low + 50, f"{share:.0%}", anchor="start", bold=True),
        ]
        shapes.append(svg.part(number, *mine, label=f"{form.name}: {form.weights}C² weights"))
    return svg.document(room.width, top + high + 22 + 62, *shapes)


def kernel(kind: str, size: int) -> Tensor:
    """A kernel (size, size) of length 1.

    Args:
        kind: One of "spot", "edge", "slanted edge", "ring", "diagonal" and "random".
        size: Its side.

    Raises:
        ValueError: If there is no such kind.
    """
    steps = torch.linspace(-1, 1, size, dtype=torch.float64)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    bell = torch.exp(-2 * (x**2 + y**2))
    random = torch.randn(size, size, generator=torch.Generator().manual_seed(0)).double()
    # No two parts of equal weight, whose order would be left to the processor.
    made = {
        "spot": bell,
        "edge": x * bell,
        "slanted edge": (x - 0.6 * y) * bell,
        "ring": (torch.maximum(x.abs(), y.abs()) > 1 - 1e-6).double(),
        "diagonal": torch.diag(1 - 0.005 * torch.arange(size, dtype=torch.float64)),
        "random": random,
    }
    if kind not in made:
        raise ValueError(f"kind must be one of {', '.join(made)}, got {kind!r}")
    return made[kind] / made[kind].norm()


class Products(NamedTuple):
    """A kernel as a sum of columns times rows, as well as it can be.

    Attributes:
        columns: (M, size).
        rows: (M, size).
        error: Length of what is left over; the kernel has length 1.
    """

    columns: Tensor
    rows: Tensor
    error: float

    @property
    def total(self) -> Tensor:
        """The sum, (size, size)."""
        return self.columns.T @ self.rows


def as_products(wanted: Tensor, count: int) -> Products:
    """The nearest sum of so many products: the largest parts of the singular value decomposition.

    Raises:
        ValueError: If count is below 1, or more than could ever be needed.
    """
    size = len(wanted)
    if not 1 <= count <= size:
        raise ValueError(
            f"A {size}×{size} kernel is a sum of at most {size} products: {count} middle channels "
            "are more than it can need."
        )
    u, s, v = torch.linalg.svd(wanted)
    columns, rows, s = u.T[:count], v[:count], s.where(s > 1e-9, 0)
    root = s[:count, None].sqrt()
    # One sign on every processor; largest numbers are often two, of opposite signs.
    signs = (columns @ torch.arange(1.0, size + 1, dtype=columns.dtype)).sign()[:, None]
    return Products(root * signs * columns, root * signs * rows, s[count:].norm().item())


def kernel_from_rows_and_columns() -> Explorer:
    """Which kernels a row and a column can be, and what more of them cost."""
    return Explorer(
        _products,
        title="A kernel from rows and columns",
        name="products",
        alt="A kernel, the nearest sum of columns times rows, and what is left over",
        caption="One channel in, one out, no ReLU between the two layers. Each middle channel adds "
        "one column times one row. Blue is positive, orange negative. Drag the sum in the middle "
        "sideways, or use the slider.",
        kind=Axis(
            ("spot", "edge", "slanted edge", "ring", "diagonal", "random"),
            "kernel",
            default="slanted edge",
        ),
        size=Axis((3, 5, 7), "size", format=lambda n: f"{n}×{n}", buttons=True, default=7),
        middle=Axis((1, 2, 3, 4), "middle channels"),
    )


def _products(kind: str, size: int, middle: int) -> Picture:
    wanted = kernel(kind, size)
    found = as_products(wanted, middle)
    left = wanted - found.total
    whole, pair = forms(size)[0].weights, middle * forms(size)[2].weights
    said = f"{found.error:.0%} of its length" if found.error else "nothing"
    plural = "s" if middle > 1 else ""
    alt = (
        f"A {size}×{size} kernel, {kind}, from {middle} column{plural} and row{plural}: left over "
        f"is {said}. {pair} weights against {whole}."
    )

    def layout(room: Room) -> str:
        side, strip = (84, 7) if room.narrow else (160, 11)
        cell = side / size
        band = 4 * (strip + 2) + 4  # room for four columns, and above for four rows
        xs = (0, (room.width - side + band) / 2, room.width - side)
        top = 28 + band
        loudest = wanted.abs().max().item()
        shapes = [
            svg.part(
                1,
                room.title(xs[0] + side / 2, 12, "wanted", bold=True),
                *_grid(xs[0], top, wanted, cell, cell, loudest),
                label=f"the kernel: {whole} weights",
            )
        ]
        mine = [room.title(xs[1] + side / 2, 12, "sum of products", bold=True)]
        if room.narrow:
            mine = [room.title(xs[1] + side / 2, 12, "sum", bold=True)]
        for k in range(middle):
            shift = (k + 1) * (strip + 2) + 4
            column, row = found.columns[k][:, None], found.rows[k][None]
            loud = max(column.abs().max().item(), row.abs().max().item(), 1e-9)
            mine += _grid(xs[1] - shift, top, column, strip, cell, loud)
            mine += _grid(xs[1], top - shift, row, cell, strip, loud)
        mine += _grid(xs[1], top, found.total, cell, cell, loudest)
        label = f"{middle} column{plural} times row{plural}: {pair} weights"
        shapes.append(svg.draggable(svg.part(2, *mine, label=label), x=("middle", 24)))
        shapes.append(
            svg.part(
                3,
                room.title(xs[2] + side / 2, 12, "left over", bold=True),
                *_grid(xs[2], top, left, cell, cell, loudest),
                room.note(
                    xs[2] + side / 2, top + side + 14, said.split()[0] if room.narrow else said
                ),
                label=f"left over: {said}",
            )
        )
        return svg.document(
            room.width, top + side + 96, *shapes, *_weights(size, middle, top + side + 40, room)
        )

    return fitted(layout, alt)


_LEVELS = 8  # of a colour


def _grid(
    x: float, y: float, values: Tensor, width: float, height: float, loudest: float
) -> list[str]:
    """Numbers as cells of a colour: one path for each shade."""
    rows, columns = values.shape
    shades: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for row in range(rows):
        for column in range(columns):
            value = values[row, column].item() / loudest
            level = round(_LEVELS * abs(value))
            if level:
                shade = ("blue" if value > 0 else "orange", min(level, _LEVELS))
                shades.setdefault(shade, []).append((x + column * width, y + row * height))
    frame = svg.rect(x, y, columns * width, rows * height, stroke="grey", thickness=1)
    return [
        *(
            svg.bars(corners, width, height, fill=fill, stroke="none", tint=level / _LEVELS)
            for (fill, level), corners in sorted(shades.items())
        ),
        frame,
    ]


def _weights(size: int, middle: int, top: float, room: Room) -> list[str]:
    """The weights of both forms, as bars on one scale for a size."""
    whole, pair = forms(size)[0].weights, middle * forms(size)[2].weights
    left = 96 if room.narrow else 170
    length = (room.width - left - 40) / max(whole, 4 * forms(size)[2].weights)
    shapes = []
    names = ("the kernel", f"{middle} × pair" if room.narrow else f"{middle} × (row, column)")
    for k, (name, count) in enumerate(zip(names, (whole, pair), strict=True)):
        y = top + 8 + 24 * k
        bar = svg.rect(
            left,
            y - 7,
            length * count,
            14,
            fill="orange" if count > whole else "blue",
            stroke="none",
        )
        words = room.note(0, y, name, anchor="start")
        value = room.note(left + length * count + 6, y, str(count), anchor="start")
        shapes.append(svg.part(k + 1, words, bar, value))
    return shapes


class Halving(NamedTuple):
    """A way to halve the resolution: the maps on its way, and its multiplications."""

    name: str
    between: tuple[int, ...]
    output: tuple[int, ...]
    macs: int


@cache
def halvings(channels: int = 64, size: int = 32) -> tuple[Halving, ...]:
    """Three ways from `channels` at a size to twice as many at half of it."""
    with torch.device("meta"):
        pool, wide = nn.MaxPool2d(2), _bare_conv(channels, 2 * channels, 3)
        strided = _bare_conv(channels, channels, 3, 2)
        made: dict[str, Sequence[nn.Module]] = {
            "convolution first": [wide, pool],
            "pool first": [pool, wide],
            "side by side": [Branches([pool, strided])],
        }
    found = []
    for name, layers in made.items():
        with torch.device("meta"):
            maps = [torch.empty(1, channels, size, size)]
            for layer in layers:
                maps.append(layer(maps[-1]))
        table = profile(nn.Sequential(*layers), (channels, size, size))
        between, output = (tuple(one.shape[1:]) for one in (maps[1], maps[-1]))
        found.append(Halving(name, between, output, table.macs))
    return tuple(found)


def halving_the_grid() -> Picture:
    """Three ways to halve the resolution, with what passes through each."""
    first, pooled, parallel = halvings()
    channels, size = first.between[0] // 2, first.between[1]
    start = (channels, size, size)
    nodes, edges = {}, []
    for column, way in enumerate((first, pooled)):
        order = 1 if way is first else -1
        names, fills = ["3×3 conv", "2×2 pool"][::order], ["blue", "orange"][::order]
        brief = [name.replace(" ", "\n") for name in names]
        chain = [
            _map(way.name, start, column, 0, title=True),
            Node(names[0], 1, column, fill=fills[0], short=brief[0]),
            _map("", way.between, column, 2),
            Node(names[1], 3, column, fill=fills[1], short=brief[1]),
            _map(f"{way.macs / 1e6:.1f} M MACs", way.output, column, 4),
        ]
        for row, node in enumerate(chain):
            nodes[f"{column} {row}"] = node._replace(part=column + 1)
            if row:
                edges.append(Edge(f"{column} {row - 1}", f"{column} {row}", part=column + 1))
    nodes |= {
        "x": _map(parallel.name, start, 2.5, 0, title=True)._replace(part=3),
        "pool": Node("2×2 pool", 1.5, 2, fill="orange", short="2×2\npool", part=3),
        "conv": Node("3×3, stride 2", 1.5, 3, short="3×3\nstride 2", part=3),
        "cat": Node("concatenate", 3, 2.5, fill="yellow", short="concat", part=3),
        "y": _map(f"{parallel.macs / 1e6:.1f} M MACs", parallel.output, 2.5, 4)._replace(part=3),
    }
    pairs = (("x", "pool"), ("x", "conv"), ("pool", "cat"), ("conv", "cat"), ("cat", "y"))
    edges += [Edge(*pair, part=3) for pair in pairs]
    said = "; ".join(f"{way.name} {way.macs / 1e6:.1f} M MACs" for way in (first, pooled, parallel))
    return block_diagram(
        nodes,
        edges,
        parts={k: way.name for k, way in enumerate((first, pooled, parallel), 1)},
        alt=f"Three ways from {_times(start)} to {_times(first.output)}: {said}. Only where the "
        f"pool comes first do all numbers pass through a map of {_times(pooled.between)}.",
        caption="Channels × height × width. Pool first is a bottleneck: a quarter of the numbers "
        "is left before anything new is computed.",
    )


def _map(words: str, shape: tuple[int, ...], column: float, row: float, title=False) -> Node:
    """A map in words: its shape, below a title or above what it cost."""
    times, brief = _times(shape), f"{shape[0]} × {shape[1]}²"
    lines = [words, times] if title else [times, words]
    short = (
        [words.replace("convolution", "conv"), brief]
        if title
        else [brief, words.replace(" M MACs", " M")]
    )
    label, narrow = ("\n".join(line for line in each if line) for each in (lines, short))
    return Node(label, row, column, "text", short=narrow)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
