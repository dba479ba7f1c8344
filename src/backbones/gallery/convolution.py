"""Drawings and explorers of the chapter on convolution arithmetic."""

from backbones.arithmetic import conv_output_size, effective_kernel_size, uncovered
from backbones.diagrams import Picture, convolution_step, svg
from backbones.explorers import Axis, Explorer

_CELL = 26  # side of an input cell


def sliding_window() -> Explorer:
    """Where the windows of a convolution fall along one axis, and how many there are."""
    return Explorer(
        _windows,
        title="Where the windows fall",
        alt="The positions of a convolution's window along one axis",
        caption="One axis of a convolution. Each line is one position of the kernel, and gives "
        "one output; its filled cells are multiplied. Look for settings that leave pixels unread.",
        W=Axis(range(4, 11), "input W", default=7),
        F=Axis(range(1, 6), "kernel F", default=3),
        S=Axis(range(1, 4), "stride S", default=2),
        P=Axis(range(3), "padding P", default=1),
        D=Axis((1, 2), "dilation D"),
    )


def _windows(W: int, F: int, S: int, P: int, D: int) -> Picture:  # noqa: N803
    full, extent = W + 2 * P, effective_kernel_size(F, D)
    if extent > full:
        raise ValueError(
            f"No output: the kernel spans {extent} pixels, but the input with its padding has "
            f"only {full}. Pad more, or choose a smaller kernel or dilation."
        )
    n, rest = conv_output_size(W, F, S, P, D), uncovered(W, F, S, P, D)
    read = {k * S + t * D for k in range(n) for t in range(F)}
    top, right = 78, full * _CELL
    span = "F" if D == 1 else "(D (F − 1) + 1)"
    room = f"({W} − {extent} + 2·{P})"
    shapes = [
        svg.text(0, 14, f"N = ⌊(W − {span} + 2P) / S⌋ + 1", anchor="start"),
        svg.text(0, 38, f"= ⌊{room} / {S}⌋ + 1 = {n}", anchor="start", bold=True),
        svg.cells(0, top, full, 1, _CELL, stroke="grey", dashed=True) if P else "",
        svg.cells(P * _CELL, top, W, 1, _CELL, fill="blue", tint=0.15),
        svg.text(right + 38, top + _CELL / 2, f"N = {n}", size=svg.SMALL, bold=True),
    ]
    for p in range(full):
        x, y = p * _CELL, top + _CELL / 2
        label = p - P if P <= p < P + W else "·"
        shapes.append(svg.text(x + _CELL / 2, y, label, size=svg.SMALL))
        if p not in read:
            shapes.append(svg.hatch(x, top, _CELL, _CELL))
    pitch = 26 if n <= 9 else 17
    high = pitch - 4
    lines = [(k * S * _CELL, top + _CELL + 10 + k * pitch) for k in range(n)]
    spans = "".join(f"M{x + 4} {y + high / 2:g}h{extent * _CELL - 8}" for x, y in lines)
    taps = [(x + t * D * _CELL + 2, y) for x, y in lines for t in range(F)]
    read_inside = [(x, y) for x, y in taps if P * _CELL < x < right - P * _CELL]
    read_outside = [tap for tap in taps if tap not in read_inside]
    outputs = [(right + 24, y) for _, y in lines]
    shapes += [
        svg.path(spans, stroke="blue"),
        svg.bars(read_inside, _CELL - 4, high, fill="blue", stroke="none"),
        svg.bars(read_outside, _CELL - 4, high, fill="grey", stroke="none"),
        svg.bars(outputs, 28, high, fill="orange", stroke="none"),
    ]
    unread = full - len(read)
    said = f"{unread} of {full} positions unread" if unread else "every position is read"
    remainder = f"; remainder of the division: {rest}" if rest else ""
    shapes.append(svg.text(0, 60, said + remainder, size=svg.SMALL, anchor="start"))
    alt = (
        f"Input {W}, kernel {F}, stride {S}, padding {P}, dilation {D}: "
        f"{n} window{'s' * (n > 1)}; {said}{remainder}."
    )
    return Picture(svg.document(14 * _CELL + 70, top + _CELL + 14 + n * pitch, *shapes), alt)


_IMAGE = ((1, 2, 0, 1, 3), (0, 3, 2, 2, 1), (3, 0, 1, 0, 2), (1, 1, 0, 2, 0), (2, 0, 1, 1, 1))
_KERNELS = {
    "vertical edges": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "sum": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "shift": ((0, 0, 0), (1, 0, 0), (0, 0, 0)),
}


def convolution_steps() -> Explorer:
    """A 3x3 convolution on a 5x5 input, number by number."""
    return Explorer(
        lambda kernel, step: convolution_step(_IMAGE, _KERNELS[kernel], step - 1, padding=1),
        title="A convolution, step by step",
        alt="A 3 by 3 convolution on a 5 by 5 input",
        caption="The window moves over the input with its padding of zeros; each position "
        "gives one output.",
        play="step",
        kernel=tuple(_KERNELS),
        step=Axis(range(1, 26), default=1),
    )


def anatomy() -> Picture:
    """A convolution with three input channels and two kernels, labelled."""
    cell, pitch, left, x_output = 16, 90, 104, 426
    colors = ("orange", "green", "blue")
    shapes = [
        svg.text(0, 62, "input", anchor="start", bold=True),
        svg.text(0, 82, "C_in = 3,", size=svg.SMALL, anchor="start"),
        svg.text(0, 100, "H × W = 5 × 5", size=svg.SMALL, anchor="start"),
        svg.text(x_output - 12, 62, "output", anchor="start", bold=True),
        svg.text(x_output - 12, 82, "C_out = 2,", size=svg.SMALL, anchor="start"),
        svg.text(x_output - 12, 100, "N × N = 3 × 3", size=svg.SMALL, anchor="start"),
    ]
    for c, color in enumerate(colors):
        x, top = left + c * pitch, 34
        corner = x + cell, top + cell, 3 * cell, 3 * cell
        shapes += [
            svg.text(x + 2.5 * cell, 16, f"channel {c + 1}", size=svg.SMALL),
            svg.cells(x, top, 5, 5, cell, fill=color, tint=0.16),
            svg.rect(*corner, fill=color, tint=0.45, thickness=2.5),
        ]
    for k in range(2):
        top = 138 + k * 84
        middle = top + 1.5 * cell
        shapes += [
            svg.text(0, middle - 9, f"kernel {k + 1}", anchor="start", bold=True),
            svg.text(0, middle + 11, "F × F = 3 × 3", size=svg.SMALL, anchor="start"),
        ]
        for c, color in enumerate(colors):
            x = left + c * pitch + cell
            shapes.append(svg.cells(x, top, 3, 3, cell, fill=color, tint=0.45))
            sign = "+" if c < 2 else "+ bias ="
            shapes.append(svg.text(x + 3 * cell + (21 if c < 2 else 38), middle, sign))
        shapes += [
            svg.cells(x_output, top, 3, 3, cell),
            svg.rect(x_output + cell, top + cell, cell, cell, fill="ink", tint=0.45, thickness=2.5),
            svg.text(x_output + 1.5 * cell, top + 3 * cell + 13, f"map {k + 1}", size=svg.SMALL),
        ]
    return Picture(
        svg.document(x_output + 84, 290, *shapes),
        "Three input channels, a window of three by three pixels marked in each. Below them two "
        "kernels of three slices, a slice below each channel; the products with all slices and a "
        "bias are summed to one marked value in a map of the kernel's own.",
        "One position of the window. A kernel has a slice for each channel; all 27 products and "
        "the bias make one number, and a kernel makes one map.",
    )


def window_walk() -> Picture:
    """Where formula (1) comes from: the first window, and the steps that fit behind it."""
    w, f, s, p = 8, 3, 2, 1
    cell, top, pitch, high = 36, 52, 30, 24
    full, n = w + 2 * p, conv_output_size(w, f, s, p)
    first = top + cell + 14

    def bracket(start: float, end: float, y: float, label: str, down: int = 1) -> str:
        x1, x2 = start * cell + 2, end * cell - 2
        line = svg.path(f"M{x1:g} {y + 6 * down:g}V{y:g}H{x2:g}V{y + 6 * down:g}")
        return line + svg.text((x1 + x2) / 2, y - 12 * down, label, size=svg.SMALL)

    shapes = [
        svg.cells(0, top, full, 1, cell, stroke="grey", dashed=True),
        svg.cells(p * cell, top, w, 1, cell, fill="blue", tint=0.15),
        svg.hatch((full - 1) * cell, top, cell, cell),
        bracket(0, p, top - 10, f"P = {p}"),
        bracket(p, p + w, top - 10, f"W = {w}"),
        bracket(p + w, full, top - 10, f"P = {p}"),
    ]
    for k in range(n):
        y = first + k * pitch
        taps = [(cell * (k * s + t) + 2, y) for t in range(f)]
        shapes += [
            svg.bars(taps, cell - 4, high, fill="blue", tint=0.7, stroke="none"),
            svg.text(full * cell + 14, y + high / 2, f"output {k}", size=svg.SMALL, anchor="start"),
        ]
    y = first + pitch + high / 2
    low = first + n * pitch + 14
    shapes += [
        svg.arrow([(2, y), (s * cell - 2, y)]),
        svg.text(s * cell / 2, y + 15, f"S = {s}", size=svg.SMALL),
        bracket(0, f, low, f"F = {f}", down=-1),
        bracket(f, full, low, f"W + 2P − F = {w + 2 * p - f}", down=-1),
    ]
    rest = uncovered(w, f, s, p)
    lines = (
        f"{n - 1} more steps of {s} fit, the remainder is {rest}:",
        f"N = {n - 1} + 1 = {n}, and {rest} position is never read.",
    )
    shapes += [
        svg.text(0, low + 42 + 20 * i, line, anchor="start", bold=i == 1)
        for i, line in enumerate(lines)
    ]
    return Picture(
        svg.document(full * cell + 84, low + 76, *shapes),
        f"A row of {w} pixels with one of padding at each end. The first window covers three "
        "positions; it is moved on by two three times, and the last position is hatched, since "
        "no window reaches it.",
        "One axis of a convolution. A step that would carry the window over the edge is not taken.",
    )
