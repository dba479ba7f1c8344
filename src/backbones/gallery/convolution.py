"""Explorers of the chapter on convolution arithmetic."""

from backbones.arithmetic import (
    Layer,
    conv_output_size,
    effective_kernel_size,
    receptive_fields,
    uncovered,
)
from backbones.diagrams import Picture, convolution_step, field_pyramid, svg
from backbones.explorers import Axis, Explorer

_CELL = 26  # side of an input cell
_MOST_LAYERS = 5


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


def field_growth() -> Explorer:
    """What one output sees as layers are stacked, along one axis."""
    return Explorer(
        _growth,
        title="How the receptive field grows",
        alt="The receptive field of a stack of layers",
        caption="A stack of equal layers, last on top. Blue: what the first output sees; orange: "
        "its neighbour. With stride, the outputs' fields lie further apart, and grow faster.",
        play="layers",
        layers=Axis(range(1, _MOST_LAYERS + 1), "layers", default=3),
        kernel_size=Axis((2, 3, 5, 7), "kernel F", default=3),
        stride=Axis((1, 2), "stride S"),
        dilation=Axis((1, 2, 3), "dilation D"),
    )


def _growth(layers: int, kernel_size: int, stride: int, dilation: int) -> Picture:
    stack = [Layer(kernel_size, stride, 0, dilation)] * layers
    fields = receptive_fields(stack)
    jumps = [1, *(field.jump for field in fields[:-1])]
    terms = " + ".join(f"{(kernel_size - 1) * dilation}·{jump}" for jump in jumps)
    size = fields[-1].size
    picture = field_pyramid(stack)
    shapes = [
        svg.text(0, 14, "r = 1 + Σ (F − 1) D · jump", anchor="start"),
        svg.text(0, 38, f"= 1 + {terms} = {size}", anchor="start", bold=True),
        svg.group(svg.inner(picture.svg), y=64 * (_MOST_LAYERS + 1 - layers)),  # the input stays
    ]
    return Picture(svg.document(442, 64 * _MOST_LAYERS + 116, *shapes), picture.alt)


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
