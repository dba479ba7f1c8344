"""One step of a convolution, number by number."""

from collections.abc import Sequence
from typing import NamedTuple

from backbones.arithmetic import conv_output_size
from backbones.diagrams import svg
from backbones.diagrams.picture import Picture
from backbones.diagrams.room import Room, fitted

Point = tuple[float, float]
_TOP = 28  # of the grids


def convolution_step(
    image: Sequence[Sequence[int]],
    kernel: Sequence[Sequence[int]],
    step: int,
    *,
    stride: int = 1,
    padding: int = 0,
    caption: str = "",
    drag: tuple[str, str] | None = None,
) -> Picture:
    """One window of a convolution: the input with its padding, the kernel, the outputs so far.

    Args:
        image: Rows of small integers, square.
        kernel: Rows of small integers, square, at most eight.
        step: Which output is computed, counted row by row from 0.
        stride: S.
        padding: P, zeros on all sides.
        caption: A line below.
        drag: Names of an explorer's axes for the output's column and row, which dragging the
            window moves.

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
    shown = _Step(padded, kernel, outputs, window(step), sums[step], step, stride, padding, drag)
    row, column = divmod(step, n)
    alt = (
        f"Convolution of a {w} by {w} input, padding {padding}, with a {f} by {f} kernel, stride "
        f"{stride}: the output in row {row + 1}, column {column + 1} is {_minus(sums[step])}."
    )
    return fitted(lambda room: _layout(shown, room), alt, caption)


class _Step(NamedTuple):
    """What a drawing of `convolution_step` shows."""

    padded: Sequence[Sequence[int]]
    kernel: Sequence[Sequence[int]]
    outputs: Sequence[Sequence[object]]
    window: Sequence[Sequence[int]]
    total: int
    step: int
    stride: int
    padding: int
    drag: tuple[str, str] | None


def _layout(shown: _Step, room: Room) -> str:
    """Input, kernel, output in a row; on a phone the output below. The sum takes what is left."""
    full, f, n = len(shown.padded), len(shown.kernel), len(shown.outputs)
    if room.narrow:
        size = min(30.0, (room.width - 44) / (full + f), (room.width - 160) / n)
        gap = room.width - 2 - size * (full + f)
        output_at = (1, _TOP + full * size + 32)
        terms_at = (n * size + 20, output_at[1] + n * size / 2 - 10 * f)
    else:
        gap = 54.0
        size = min(36.0, (room.width - 2 - 2 * gap) / (full + f + n))
        output_at = (1 + (full + f) * size + 2 * gap, _TOP)
        terms_at = (1 + full * size + gap, _TOP + max(f, n) * size + 28)
    input_at, kernel_at = (1, _TOP), (1 + full * size + gap, _TOP)
    sum_at = (terms_at[0], terms_at[1] + 20 * f)
    bottom = 6 + max(_TOP + full * size, output_at[1] + n * size, sum_at[1] + 8)
    sheet = _Sheet(shown, room, size)
    shapes = [
        *sheet.signs(kernel_at, output_at, gap),
        sheet.input(input_at),
        sheet.output(output_at),
        sheet.window(input_at),
        *sheet.rows(kernel_at, terms_at),
        sheet.total(output_at, sum_at),
    ]
    return svg.document(room.width, bottom, *shapes)


class _Sheet:
    """Draws the pieces of a step: grids of cells `size` wide.

    Row k of the window, row k of the kernel and line k of the sum are one part; the output and the
    sum are another.
    """

    def __init__(self, shown: _Step, room: Room, size: float) -> None:
        self.shown, self.room, self.size = shown, room, size
        self.f, self.n = len(shown.kernel), len(shown.outputs)
        self.row, self.column = divmod(shown.step, self.n)

    def signs(self, kernel_at: Point, output_at: Point, gap: float) -> list[str]:
        """Names, and the signs between them."""
        size, f, n = self.size, self.f, self.n
        full, names = len(self.shown.padded), []
        middle = _TOP + f * size / 2
        for (x, y), wide, word in (
            ((1, _TOP), full, "input"),
            (kernel_at, f, "kernel"),
            (output_at, n, "output"),
        ):
            names.append(self.room.title(x + wide * size / 2, y - 14, word, bold=True))
        names.append(svg.text(kernel_at[0] - gap / 2, middle, "∗", size=22))
        if not self.room.narrow:
            names.append(svg.text(output_at[0] - gap / 2, middle, "=", size=22))
        return names

    def input(self, at: Point) -> str:
        """The input with its padding; numbers, without those of the window."""
        x, y, size, pad = *at, self.size, self.shown.padding
        full, w = len(self.shown.padded), len(self.shown.padded) - 2 * pad
        around = svg.cells(x, y, full, full, size, dashed=True, stroke="grey") if pad else ""
        outside = [list(line) for line in self.shown.padded]
        top, left = (place * self.shown.stride for place in (self.row, self.column))
        for i in range(self.f):
            outside[top + i][left : left + self.f] = [""] * self.f
        return (
            around
            + svg.cells(x + pad * size, y + pad * size, w, w, size)
            + self._numbers(outside, at)
        )

    def output(self, at: Point) -> str:
        """The outputs before this one."""
        before = [list(line) for line in self.shown.outputs]
        before[self.row][self.column] = ""
        return svg.cells(*at, self.n, self.n, self.size) + self._numbers(before, at)

    def rows(self, kernel_at: Point, terms_at: Point) -> list[str]:
        """The rows of the kernel, and the lines of the sum."""
        drawn = []
        pairs = zip(self.shown.kernel, self.shown.window, strict=True)
        for k, (weights, values) in enumerate(pairs):
            place = (kernel_at[0], kernel_at[1] + k * self.size)
            terms = (f"{_minus(w)}·{v}" for w, v in zip(weights, values, strict=True))
            line = ("+ " if k else "") + " + ".join(terms)
            shapes = [
                svg.cells(*place, self.f, 1, self.size, fill="blue", tint=0.25),
                self._numbers([weights], place),
                self.room.title(terms_at[0], terms_at[1] + 20 * k, line, anchor="start"),
            ]
            label = f"row {k + 1} of window and kernel: {line.removeprefix('+ ')}"
            drawn.append(svg.part(k + 1, *shapes, label=label))
        return drawn

    def total(self, output_at: Point, sum_at: Point) -> str:
        """The output of this step, and the sum."""
        x, y = output_at[0] + self.column * self.size, output_at[1] + self.row * self.size
        words = _minus(self.shown.total)
        shapes = [
            svg.rect(
                x, y, self.size, self.size, fill="orange", stroke="orange", tint=0.25, thickness=3
            ),
            self._numbers([[self.shown.total]], (x, y)),
            self.room.title(*sum_at, f"= {words}", anchor="start", bold=True),
        ]
        return svg.part(self.f + 1, *shapes, label=f"the output, {words}")

    def window(self, at: Point) -> str:
        """The rows of the window, and a frame around it; with `drag` it can be moved."""
        size, step = self.size, self.shown.stride * self.size
        x, y, side = at[0] + self.column * step, at[1] + self.row * step, self.f * self.size
        rows = [
            svg.part(
                k + 1,
                svg.rect(x, y + k * size, side, size, fill="blue", stroke="none", tint=0.25),
                self._numbers([values], (x, y + k * size)),
            )
            for k, values in enumerate(self.shown.window)
        ]
        frame = svg.rect(x, y, side, side, stroke="blue", thickness=3)
        if self.shown.drag is None:
            return "".join(rows) + frame
        across, down = self.shown.drag
        return svg.draggable(*rows, frame, x=(across, step), y=(down, step))

    def _numbers(self, rows: Sequence[Sequence[object]], at: Point) -> str:
        x, y = at
        return "".join(
            self.room.note(x + (j + 0.5) * self.size, y + (i + 0.5) * self.size, _minus(value))
            for i, line in enumerate(rows)
            for j, value in enumerate(line)
            if value != ""
        )


def _dot(window: Sequence[Sequence[int]], kernel: Sequence[Sequence[int]]) -> int:
    pairs = zip(window, kernel, strict=True)
    return sum(v * k for values, weights in pairs for v, k in zip(values, weights, strict=True))


def _minus(value: object) -> str:
    return str(value).replace("-", "−")
