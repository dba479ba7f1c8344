"""Drawings and explorers of the chapter on convolution arithmetic."""

from backbones.arithmetic import conv_output_size, effective_kernel_size, uncovered
from backbones.diagrams import Picture, Room, convolution_step, fitted, svg
from backbones.explorers import Axis, Explorer

# The letters of the formula, by the number of the part that they share with what they count.
_N, _W, _F, _P, _S = range(1, 6)


def sliding_window() -> Explorer:
    """Where the windows of a convolution fall along one axis, and how many there are."""
    return Explorer(
        _windows,
        title="Where the windows fall",
        name="windows",
        alt="The positions of a convolution's window along one axis",
        caption="One axis of a convolution. Each line is one position of the kernel, and gives "
        "one output. Point at a letter of the formula to see what it counts; drag the second "
        "window to change the stride. Look for settings that leave pixels unread.",
        W=Axis(range(5, 11), "input W", default=7),
        F=Axis((1, 2, 3, 5), "kernel F", default=3),
        S=Axis(range(1, 4), "stride S", default=2),
        P=Axis(range(3), "padding P", default=1),
        D=Axis((1, 2), "dilation D"),
    )


_HIGH, _PITCH = 216, 54  # room for all windows, 14 at most, and for one of a few


def _windows(W: int, F: int, S: int, P: int, D: int) -> Picture:  # noqa: N803
    full, extent = W + 2 * P, effective_kernel_size(F, D)
    if extent > full:
        raise ValueError(
            f"No output: the kernel spans {extent} pixels, but the input with its padding has "
            f"only {full}. Pad more, or choose a smaller kernel or dilation."
        )
    n, rest = conv_output_size(W, F, S, P, D), uncovered(W, F, S, P, D)
    read = {k * S + t * D for k in range(n) for t in range(F)}
    unread = full - len(read)
    said = f"{unread} of {full} positions unread" if unread else "every position is read"
    said += f"; remainder {rest}" if rest else ""
    alt = (
        f"Input {W}, kernel {F}, stride {S}, padding {P}, dilation {D}: "
        f"{n} window{'s' * (n > 1)}; {said}."
    )

    def layout(room: Room) -> str:
        left, cell, top = (44, 18, 112) if room.narrow else (54, 40, 118)
        axis = _Axis(room, left, top, cell)
        shapes = _formula(room, W, F, S, P, D, n)
        shapes.append(room.note(0, 62, said, anchor="start"))
        shapes += axis.input(W, P, read)
        shapes += axis.windows(n, F, S, D, P, W)
        return svg.document(room.width, top + cell + min(_HIGH, n * _PITCH) + 16, *shapes)

    return fitted(layout, alt)


def _formula(room: Room, w: int, f: int, s: int, p: int, d: int, n: int) -> list[str]:
    """Formula (1) in letters and in numbers; each is a part with what it counts."""
    span = (_F, "F") if d == 1 else (_F, "(D (F − 1) + 1)")
    extent = (_F, effective_kernel_size(f, d))
    letters = ((_N, "N"), " = ⌊(", (_W, "W"), " − ", span, " + ", (_P, "2P"), ") / ", (_S, "S"))
    numbers = (" = ⌊(", (_W, w), " − ", extent, " + ", (_P, f"2·{p}"), ") / ", (_S, s))
    look = {"anchor": "start", "bold": True}
    return [
        room.title(0, 14, *letters, "⌋ + 1", anchor="start"),
        room.title(0, 38, (_N, "N"), *numbers, "⌋ + 1 = ", (_N, n), **look),
    ]


class _Axis:
    """Draws one axis of a convolution: positions in a row, windows below each other.

    Args:
        room: For which the drawing is laid out.
        left: Where the first position begins.
        top: Where the row of positions begins.
        cell: Width of a position.
    """

    def __init__(self, room: Room, left: float, top: float, cell: float) -> None:
        self.room, self.left, self.top, self.cell = room, left, top, cell

    def bracket(self, start: float, end: float, y: float, label: str, *, down: bool = True) -> str:
        """A bracket over positions, its ends pointing down or up, with a label behind it."""
        tip, word = (6, -12) if down else (-6, 12)
        x1, x2 = self.left + start * self.cell + 2, self.left + end * self.cell - 2
        line = svg.path(f"M{svg.number(x1)} {y + tip:g}V{y:g}H{svg.number(x2)}V{y + tip:g}")
        return line + self.room.note((x1 + x2) / 2, y + word, label)

    def input(self, w: int, p: int, read: set[int], *, labels: bool = True) -> list[str]:
        """Pixels and padding under their brackets; positions that no window reads are hatched."""
        cell, left, top, full = self.cell, self.left, self.top, w + 2 * p
        places = [(k - p if p <= k < p + w else "·") for k in range(full)] if labels else []
        numbers = [
            self.room.note(left + (k + 0.5) * cell, top + cell / 2, place) if k in read else ""
            for k, place in enumerate(places)
        ]
        pixels = svg.cells(left + p * cell, top, w, 1, cell, fill="blue", tint=0.15)
        ends = "".join(
            svg.cells(left + x * cell, top, p, 1, cell, stroke="grey", dashed=True)
            + self.bracket(x, x + p, top - 10, f"P = {p}" if self._fits(p) else "P")
            + "".join(numbers[x : x + p])
            for x in ((0, p + w) if p else ())
        )
        over = self.bracket(p, p + w, top - 10, f"W = {w}")
        inside = pixels + over + "".join(numbers[p : p + w])
        hatched = [
            svg.hatch(left + k * cell, top, cell, cell) for k in range(full) if k not in read
        ]
        return [
            svg.part(_W, inside, label="W, the pixels of the input"),
            svg.part(_P, ends, label="P, the padding at both ends") if p else "",
            *hatched,
        ]

    def _fits(self, cells: int) -> bool:
        return cells * self.cell > 0.9 * svg.text_width("P = 0", self.room.small)

    def windows(self, n: int, f: int, s: int, d: int, p: int, w: int) -> list[str]:
        """A line for each window, with its output behind it; the second can be dragged."""
        room, cell, full = self.room, self.cell, w + 2 * p
        pitch = min(_PITCH, _HIGH // n)
        high = min(30, pitch - 4)
        first, right = self.top + cell + 8, self.left + full * cell
        lines = [(k * s, first + pitch * k + (pitch - high) // 2) for k in range(n)]
        drawn = [self._window(x, y, high, f, d, p, w) for x, y in lines]
        middle = lines[0][1] + high / 2
        kernel = room.note(0, middle, f"F = {f}", anchor="start") + drawn[0] + "".join(drawn[2:])
        shapes = [svg.part(_F, kernel, label="F, the kernel")]
        if n > 1:
            y = lines[1][1] + high / 2
            step = room.note(0, y, f"S = {s}", anchor="start")
            step += svg.arrow([(self.left + 1, y), (self.left + s * cell, y)], head=7)
            second = svg.draggable(svg.part(_F, drawn[1]), x=("S", cell))
            shapes += [second, svg.part(_S, step, label="S, the stride")]
        outputs = svg.bars(
            [(right + 10, y) for _, y in lines], 24, high, fill="orange", stroke="none"
        )
        count = "N" if room.narrow else f"N = {n}"
        outputs += room.note(right + 10, self.top + cell / 2, count, anchor="start", bold=True)
        return [*shapes, svg.part(_N, outputs, label="N, the outputs")]

    def _window(self, x: float, y: float, high: float, f: int, d: int, p: int, w: int) -> str:
        """The taps of a window that begins at position x: grey where they read padding."""
        taps = [x + t * d for t in range(f)]
        shapes = ""
        if d > 1 and f > 1:
            length = svg.number(taps[-1] * self.cell - x * self.cell)
            start = svg.number(self.left + (x + 0.5) * self.cell)
            shapes = svg.path(f"M{start} {svg.number(y + high / 2)}h{length}", stroke="blue")
        for fill, inside in (("blue", True), ("grey", False)):
            corners = [
                (self.left + tap * self.cell + 1, y) for tap in taps if (p <= tap < p + w) is inside
            ]
            shapes += svg.bars(corners, self.cell - 2, high, fill=fill, stroke="none")
        return shapes


_IMAGE = ((1, 2, 0, 1, 3), (0, 3, 2, 2, 1), (3, 0, 1, 0, 2), (1, 1, 0, 2, 0), (2, 0, 1, 1, 1))
_KERNELS = {
    "vertical edges": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "sum": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "shift": ((0, 0, 0), (1, 0, 0), (0, 0, 0)),
}


def convolution_steps() -> Explorer:
    """A 3x3 convolution on a 5x5 input, number by number."""

    def draw(kernel: str, row: int, column: int) -> Picture:
        step = 5 * (row - 1) + column - 1
        drag = ("column", "row")
        return convolution_step(_IMAGE, _KERNELS[kernel], step, padding=1, drag=drag)

    return Explorer(
        draw,
        title="A convolution, step by step",
        name="steps",
        alt="A 3 by 3 convolution on a 5 by 5 input",
        caption="The window moves over the input with its padding of zeros; each position "
        "gives one output. Drag the window; point at a row of the kernel to see its products.",
        play="column",
        kernel=tuple(_KERNELS),
        row=Axis(range(1, 6), "output row", default=2),
        column=Axis(range(1, 6), "column", default=3),
    )


def anatomy() -> Picture:
    """A convolution with three input channels and two kernels, labelled."""
    return fitted(
        _anatomy,
        "Three input channels, a window of three by three pixels marked in each. Below them two "
        "kernels of three slices, a slice below each channel; the products with all slices and a "
        "bias are summed to one marked value in a map of the kernel's own.",
        "One position of the window. A kernel has a slice for each channel; all 27 products and "
        "the bias make one number, and a kernel makes one map.",
    )


_COLORS = ("orange", "green", "blue")


def _anatomy(room: Room) -> str:
    """Channels in columns, kernels in rows; what they are called on the left, on a phone above."""
    narrow = room.narrow
    cell = 14 if narrow else 22
    left, pitch = (1, 91) if narrow else (132, 144)
    top, between = (86, 96) if narrow else (34, 104)
    x_output = left + 2 * pitch + 4 * cell + (48 if narrow else 74)
    x_words = 0
    shapes = []
    lines = ("input", "C_in = 3,", "H × W = 5 × 5")
    shapes += _lines(room, x_words, top + 2.5 * cell if not narrow else 12, lines)
    if narrow:
        x_end, ends = room.width, ("output", "C_out = 2,", "N × N = 3 × 3")
        shapes += _lines(room, x_end, 12, ends, anchor="end")
    else:
        ends = ("output", "C_out = 2,", "N × N = 3 × 3")
        shapes += _lines(room, x_output + 1.5 * cell, top + 2.5 * cell, ends, anchor="middle")
    for c, color in enumerate(_COLORS):
        x = left + c * pitch
        shapes += [
            room.note(x + 2.5 * cell, top - 14, f"channel {c + 1}"),
            svg.cells(x, top, 5, 5, cell, fill=color, tint=0.16),
            svg.rect(
                x + cell, top + cell, 3 * cell, 3 * cell, fill=color, tint=0.45, thickness=2.5
            ),
        ]
    first = top + 5 * cell + (44 if narrow else 30)
    for k in range(2):
        y = first + k * between
        middle = y + 1.5 * cell
        name = (f"kernel {k + 1}", "F × F = 3 × 3")
        row = [*_lines(room, 0, y - 20 if narrow else middle, name, flat=narrow)]
        for c, color in enumerate(_COLORS):
            x = left + c * pitch + cell
            row.append(svg.cells(x, y, 3, 3, cell, fill=color, tint=0.45))
            sign_at = x + 3 * cell + (pitch - 3 * cell) / 2
            if c < 2:
                row.append(room.title(sign_at, middle, "+"))
        after = left + 2 * pitch + 4 * cell
        row += [
            room.note((after + x_output) / 2, middle, "+ b =" if narrow else "+ bias ="),
            svg.cells(x_output, y, 3, 3, cell),
            svg.rect(x_output + cell, y + cell, cell, cell, fill="ink", tint=0.45, thickness=2.5),
            room.note(x_output + 1.5 * cell, y + 3 * cell + 13, f"map {k + 1}"),
        ]
        shapes.append(svg.part(k + 1, *row, label=f"kernel {k + 1} makes map {k + 1}"))
    return svg.document(room.width, first + between + 3 * cell + 24, *shapes)


def _lines(
    room: Room,
    x: float,
    middle: float,
    lines: tuple[str, ...],
    *,
    anchor: str = "start",
    flat: bool = False,
) -> list[str]:
    """Words below each other around a height, the first in bold; `flat`: beside each other."""
    if flat:
        beside = svg.text_width(lines[0], room.large, bold=True) + 8
        first = room.title(x, middle, lines[0], anchor=anchor, bold=True)
        return [first, room.note(x + beside, middle, " ".join(lines[1:]), anchor=anchor)]
    top = middle - 9 * (len(lines) - 1) if middle > 12 else middle
    drawn = [room.title(x, top, lines[0], anchor=anchor, bold=True)]
    drawn += [
        room.note(x, top + 18 * i, line, anchor=anchor) for i, line in enumerate(lines[1:], 1)
    ]
    return drawn


def window_walk() -> Picture:
    """Where formula (1) comes from: the first window, and the steps that fit behind it."""
    return fitted(
        _walk,
        "A row of 8 pixels with one of padding at each end. The first window covers three "
        "positions; it is moved on by two three times, and the last position is hatched, since "
        "no window reaches it.",
        "One axis of a convolution. A step that would carry the window over the edge is not taken.",
    )


def _walk(room: Room) -> str:
    w, f, s, p = 8, 3, 2, 1
    full, n, rest = w + 2 * p, conv_output_size(w, f, s, p), uncovered(w, f, s, p)
    cell, top, pitch = (25, 34, 30) if room.narrow else (56, 40, 36)
    axis, high = _Axis(room, 0, top, cell), pitch - 6
    axis.left, first = 1, top + cell + 12
    read = {k * s + t for k in range(n) for t in range(f)}
    shapes = axis.input(w, p, read, labels=False)
    kernels, outputs = "", ""
    for k in range(n):
        y = first + k * pitch
        kernels += axis._window(k * s, y, high, f, 1, 0, full)
        outputs += room.note(full * cell + 12, y + high / 2, f"output {k}", anchor="start")
    y = first + pitch + high / 2
    low = first + n * pitch + 12
    walk = axis.bracket(f, full, low, f"W + 2P − F = {w + 2 * p - f}", down=False)
    step = svg.arrow([(3, y), (s * cell - 1, y)]) + room.note(s * cell / 2, y + 16, f"S = {s}")
    size = axis.bracket(0, f, low, f"F = {f}", down=False)
    lines = (
        (f"{n - 1} more steps of {s} fit, the remainder is {rest}:",),
        ((_N, f"N = {n - 1} + 1 = {n}"), f", and {rest} position is never read."),
    )
    shapes += [
        svg.part(_F, kernels + size, label="F, the kernel"),
        svg.part(_S, step, label="S, the stride"),
        svg.part(_N, outputs, label="N, the outputs"),
        walk,
    ]
    shapes += [
        room.note(0, low + 40 + 21 * i, *line, anchor="start", bold=i == 1 and not room.narrow)
        for i, line in enumerate(lines)
    ]
    return svg.document(room.width, low + 74, *shapes)
