"""Figures and explorers of the chapter on activations."""

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from backbones import activations
from backbones.diagrams import Picture, Room, fitted, svg
from backbones.experiments.activations import quantize
from backbones.explorers import Axis, Explorer

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": activations.sigmoid,
    "tanh": activations.tanh,
    "ReLU": activations.relu,
    "ReLU6": activations.relu6,
    "swish": activations.swish,
    "h-swish": activations.hard_swish,
    "GELU": activations.gelu,
}


def values_and_slopes(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    """A function and its derivative at each x, in double precision."""
    x = x.detach().double().requires_grad_()
    y = FUNCTIONS[name](x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach(), slope


class _Plot(NamedTuple):
    """Where numbers lie in a drawing: x grows to the right, y upwards."""

    left: float
    top: float
    wide: float
    high: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a point; what lies above or below the plot is moved to its edge."""
        (x0, x1), (y0, y1) = self.x, self.y
        y = min(max(y, y0), y1)
        across = self.wide * (x - x0) / (x1 - x0)
        return self.left + across, self.top + self.high * (y1 - y) / (y1 - y0)

    def curve(self, xs: Tensor, ys: Tensor, **look: object) -> str:
        """A line through points; it ends where it leaves the plot."""
        inside = (ys > self.y[0] - 1e-6) & (ys < self.y[1] + 1e-6)
        points = [self.at(x, y) for x, y, keep in zip(xs, ys, inside, strict=True) if keep]
        return svg.path(_through([(float(x), float(y)) for x, y in points]), **look)

    def frame(self) -> str:
        """The two axes, through 0 where it is in the plot."""
        x, y = (min(max(0.0, low), high) for low, high in (self.x, self.y))
        return svg.line(*self.at(self.x[0], y), *self.at(self.x[1], y), thickness=1) + svg.line(
            *self.at(x, self.y[0]), *self.at(x, self.y[1]), thickness=1
        )


def _through(points: list[tuple[float, float]]) -> str:
    """Path commands, each point relative to the one before: short, and alike in many drawings."""
    tenths = [(_nearest(10 * x), _nearest(10 * y)) for x, y in points]
    steps = " ".join(f"{(c - a) / 10:g} {(d - b) / 10:g}" for (a, b), (c, d) in pairwise(tenths))
    return f"M{tenths[0][0] / 10:g} {tenths[0][1] / 10:g}l{steps}"


def _nearest(value: float) -> int:
    """A whole number; the last bits of a sum, which depend on the processor, decide no tie."""
    return round(round(value, 5))


# ----------------------------------------------------------------------- seven functions


def seven_functions() -> Picture:
    """The functions in a row, below each its slope; on a phone in two rows."""
    said = "; ".join(f"{name} at most {steepest(name):.2f}" for name in FUNCTIONS)
    return fitted(
        _functions,
        f"Seven functions, from x = −8 to 8, and their slopes below. Slopes: {said}.",
        "Blue: f(x) for x from −8 to 8. Orange: the slope f′(x), with a dashed line at 1, and the "
        "steepest slope in numbers.",
    )


def steepest(name: str) -> float:
    """The largest slope of a function."""
    return values_and_slopes(name, torch.arange(-8000, 8001) / 1000)[1].max().item()


def _functions(room: Room) -> str:
    xs = torch.arange(-80, 81, dtype=torch.float64) / 10  # corners are met exactly
    per_row = 4 if room.narrow else 7
    pitch, high, block = room.width / per_row, 74.0, 252.0
    shapes = []
    for k, name in enumerate(FUNCTIONS):
        left, top = pitch * (k % per_row), block * (k // per_row)
        ys, slopes = values_and_slopes(name, xs)
        upper = _Plot(left + 4, top + 26, pitch - 10, high, (-8, 8), (-1.6, 8))
        lower = _Plot(left + 4, top + 26 + high + 18, pitch - 10, high, (-8, 8), (-0.6, 1.6))
        middle = left + 4 + (pitch - 10) / 2
        one = lower.at(-8, 1)
        shapes += [
            room.title(middle, top + 10, name, bold=True),
            upper.frame(),
            upper.curve(xs, ys, stroke="blue", thickness=2.5),
            lower.frame(),
            svg.line(*one, *lower.at(8, 1), thickness=1, dashed=True, stroke="grey"),
            lower.curve(xs, slopes, stroke="orange", thickness=2.5),
            room.note(middle, top + 26 + 2 * high + 36, f"≤ {steepest(name):.2f}"),
        ]
    rows = -(-len(FUNCTIONS) // per_row)
    return svg.document(room.width, block * rows - 26, *shapes)


# ----------------------------------------------------------------------- a chain of units

UNITS = 20
_LOWEST, _HIGHEST = -20, 13  # powers of ten that are drawn


class Chain(NamedTuple):
    """Units one after the other: z, then weight · f(z), and so on.

    `left` is what multiplies a gradient on its way back through 0, 1, 2 ... units.
    """

    z: tuple[float, ...]
    left: tuple[float, ...]


@cache
def chain(name: str, x: float, weight: float) -> Chain:
    """Twenty units whose first gets x."""
    z, left = [x], [1.0]
    for _ in range(UNITS):
        y, slope = values_and_slopes(name, torch.tensor(z[-1], dtype=torch.float64))
        z.append(weight * y.item())
        left.append(left[-1] * weight * slope.item())
    return Chain(tuple(z[:-1]), tuple(left))


def gradient_through_a_chain() -> Explorer:
    """A function and its slope at a point that is dragged, and a gradient through 20 such units."""
    return Explorer(
        _chain,
        title="A gradient through twenty units",
        name="chain",
        alt="An activation function with its slope, and what twenty such units leave of a gradient",
        caption="Each unit gives the next one the weight times f(x). Drag the dot: it is the first "
        "unit’s x. Ring: where the twentieth unit works. Each unit multiplies a gradient by the "
        "weight and its slope.",
        function=tuple(FUNCTIONS),
        x=Axis([k / 2 for k in range(-8, 9)], "first x", format=_signed, default=-0.5),
        weight=Axis((0.5, 1, 2, 4), "weight", buttons=True, default=1),
    )


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def power(value: float) -> str:
    """A number in words short enough for a drawing: 0.24, 3 × 10⁻¹³, 0."""
    size = abs(value)
    if size == 0:
        return "0"
    if 0.01 <= size < 1000:
        return f"{size:.2g}" if size < 10 else f"{size:.0f}"
    mantissa, exponent = f"{size:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"


def _chain(function: str, x: float, weight: float) -> Picture:
    found = chain(function, x, weight)
    (y,), (slope,) = (v.tolist() for v in values_and_slopes(function, torch.tensor([x])))
    words = (_signed(round(y, 2) + 0.0), _signed(round(slope, 2) + 0.0))
    left = power(found.left[-1])
    alt = (
        f"{function}, x = {_signed(x)}, weight {weight:g}: f(x) = {words[0]}, slope {words[1]}. "
        f"After {UNITS} units {left} of a gradient is left."
    )
    drawn = _function_plot(function, x, y, slope, found.z[-1])
    logs = _left_plot(found)

    def layout(room: Room) -> str:
        right, below = (0, 276) if room.narrow else (365, 0)
        heads = [
            room.note(0, 10, (1, f"f({_signed(x)}) = {words[0]}"), anchor="start", fill="blue",
                      bold=True),
            room.note(312, 10, (2, f"slope {words[1]}"), anchor="end", fill="orange", bold=True),
            room.note(right, below + 10, (3, f"left after {UNITS} units: {left}"), anchor="start",
                      bold=True),
        ]  # fmt: skip
        labels = [
            room.note(right + 56, below + 30 + _log_y(power_of), label, anchor="end")
            for power_of, label in ((12, "10¹²"), (0, "1"), (-10, "10⁻¹⁰"), (-20, "≤ 10⁻²⁰"))
        ]
        labels += [room.note(right + 62 + 12 * k, below + 238, k) for k in (0, 5, 10, 15, 20)]
        labels += [room.note(right + 62 + 120, below + 256, "units passed, from the last back")]
        labels += [room.note(162 + 37.5 * k, 238, _signed(k)) for k in (-4, -2, 0, 2, 4)]
        shapes = [svg.group(drawn, y=30), *heads, *labels, svg.group(logs, x=right, y=below + 30)]
        return svg.document(room.width, below + 266, *shapes)

    return fitted(layout, alt)


_FUNCTION_PLOT = _Plot(12, 0, 300, 195, (-4, 4), (-1.1, 4.1))  # 37.5 pixels a unit, both ways


@cache
def _curves(function: str) -> tuple[str, str]:
    xs = torch.arange(-40, 41, dtype=torch.float64) / 10
    ys, slopes = values_and_slopes(function, xs)
    return (
        _FUNCTION_PLOT.curve(xs, ys, stroke="blue", thickness=2.5),
        _FUNCTION_PLOT.curve(xs, slopes, stroke="orange", thickness=2, dashed=True),
    )


def _function_plot(function: str, x: float, y: float, slope: float, last: float) -> str:
    plot = _FUNCTION_PLOT
    curve, slopes = _curves(function)
    reach = 0.9 / math.hypot(1, slope)
    ends = (*plot.at(x - reach, y - reach * slope), *plot.at(x + reach, y + reach * slope))
    tangent = svg.line(*ends, stroke="ink", thickness=2)
    (end,), _ = values_and_slopes(function, torch.tensor([last], dtype=torch.float64))
    inside = abs(last) <= 4 and end <= 4
    ring = svg.circle(*plot.at(last, end.item()), 8, stroke="green") if inside else ""
    dot = svg.circle(*plot.at(x, y), 6, fill="blue", stroke="paper")
    handle = svg.circle(*plot.at(x, y), 16, fill="blue", stroke="none", tint=0.15) + dot
    return (
        plot.frame()
        + svg.part(1, curve, label=f"{function}: f(x)")
        + svg.part(2, slopes, svg.circle(*plot.at(x, slope), 4, fill="orange", stroke="none"),
                   label="its slope")
        + tangent
        + ring
        + svg.draggable(handle, x=("x", 37.5 / 2))
    )  # fmt: skip


def _log_y(exponent: float) -> float:
    return 195 * (_HIGHEST - exponent) / (_HIGHEST - _LOWEST)


def _left_plot(found: Chain) -> str:
    """What is left of a gradient, counted back from the last unit; a chain's factors commute."""
    factors = [b / a if a else 0.0 for a, b in pairwise(found.left)]
    points, product = [(62.0, _log_y(0))], 1.0
    for k, factor in enumerate(reversed(factors), 1):
        product *= factor
        exponent = math.log10(abs(product)) if product else _LOWEST
        points.append((62.0 + 12 * k, _log_y(min(max(exponent, _LOWEST), _HIGHEST))))
    one = svg.line(62, _log_y(0), 302, _log_y(0), stroke="grey", thickness=1, dashed=True)
    frame = svg.line(62, 0, 62, 195, thickness=1) + svg.line(62, 195, 302, 195, thickness=1)
    whole = [(_nearest(x), _nearest(y)) for x, y in points]
    curve = svg.path(_through(whole), stroke="orange", thickness=2.5)
    end = svg.circle(*whole[-1], 4, fill="orange", stroke="none")
    return frame + one + svg.part(3, curve, end, label="what is left of a gradient")


# ----------------------------------------------------------------------- numbers of few bits

_NUMBERS = 2000
_TOPS = [k / 2 for k in range(1, 17)]
_MOST_ERROR = 0.5


@cache
def some_outputs() -> Tensor:
    """2,000 numbers such as a ReLU gives: most small, few large; evenly spaced quantiles."""
    shares = (torch.arange(_NUMBERS, dtype=torch.float64) + 0.5) / _NUMBERS
    return -torch.log1p(-shares)


class Errors(NamedTuple):
    """Root mean squares: of rounding, of what is cut off, and of both; and how many are cut off."""

    rounding: float
    cut: float
    both: float
    share: float


@cache
def errors(bits: int, top: float) -> Errors:
    """What keeping `some_outputs` in few bits, from 0 to top, does to them."""
    x, high = some_outputs(), torch.tensor(top, dtype=torch.float64)
    kept = quantize(x, torch.zeros((), dtype=torch.float64), high, bits)
    inside = x.clamp(max=high)
    rms = [d.square().mean().sqrt().item() for d in (kept - inside, x - inside, x - kept)]
    return Errors(*rms, (x > high).double().mean().item())


def range_for_few_bits() -> Explorer:
    """Numbers of which the largest are rare, kept in few bits: where should the range end?"""
    return Explorer(
        _few_bits,
        title="Where should the range end?",
        name="levels",
        alt="Numbers from a ReLU, kept in few bits",
        caption="Above: 2,000 positive numbers, most of them small, and the values that the bits "
        "can tell apart. Below: the error, root mean square. Drag the upper end of the range; "
        "ReLU6 fixes it at 6.",
        bits=Axis((2, 3, 4, 6, 8), "bits", buttons=True, default=4),
        top=Axis(_TOPS, "range ends at", default=8),
    )


def _few_bits(bits: int, top: float) -> Picture:
    found = errors(bits, top)
    best = min(_TOPS, key=lambda t: errors(bits, t).both)
    step = top / (2**bits - 1)
    alt = (
        f"{bits} bits, range to {top:g}: {2**bits} values, {step:.2g} apart; {found.share:.1%} of "
        f"the numbers cut off; error {found.both:.3f}, of it rounding {found.rounding:.3f} and "
        f"cutting {found.cut:.3f}. Least at {best:g}."
    )
    return fitted(lambda room: _bits_drawn(room, bits, top, best), alt)


def _bits_drawn(room: Room, bits: int, top: float, best: float) -> str:
    left, wide = 34.0, room.width - 44
    unit = wide / 8.5
    found = errors(bits, top)
    counts = torch.histc(some_outputs(), bins=34, min=0, max=8.5)
    tall = 90 / counts.max().item()
    # Rare numbers are seen: a bar is at least 1.5 pixels high where there is any.
    bars = "".join(
        svg.rect(left + unit * k / 4, 130 - max(1.5, tall * n), unit / 4 - 1, max(1.5, tall * n),
                 fill="blue", stroke="none", tint=0.55)
        for k, n in enumerate(counts.tolist()) if n
    )  # fmt: skip
    levels, low, zero = 2**bits, 140.0, 330.0
    if levels > 64:
        ticks = svg.rect(left, low, unit * top, 12, fill="green", stroke="none", tint=0.5)
    else:
        step = unit * top / (levels - 1)
        ticks = svg.path(
            "".join(f"M{svg.number(left + step * k)} {low:g}v12" for k in range(levels)),
            stroke="green",
        )
    across = [left + unit * t for t in _TOPS]
    lines, said = "", []
    for part, (name, color) in enumerate(
        (("rounding", "green"), ("cutting", "orange"), ("both", "ink")), 1
    ):
        ys = [getattr(errors(bits, t), ("rounding", "cut", "both")[part - 1]) for t in _TOPS]
        points = [
            (x, zero - 120 * y / _MOST_ERROR) for x, y in zip(across, ys, strict=True)
            if y <= _MOST_ERROR
        ]  # fmt: skip
        value = (found.rounding, found.cut, found.both)[part - 1]
        line = svg.path(_through(points), stroke=color, thickness=2.5)
        lines += svg.part(part, line, label=f"error of {name}")
        said.append(
            room.note(room.width / 3 * (part - 1), 196, (part, f"{name} {value:.3f}"),
                      anchor="start", fill=color, bold=True)
        )  # fmt: skip
    x, six = left + unit * top, left + unit * 6
    said += [
        room.note(left, 10, f"{levels} values, {top / (levels - 1):.2g} apart", anchor="start"),
        room.note(room.width, 10, f"cut off: {found.share:.1%}", anchor="end"),
        room.note(left - 6, zero, "0", anchor="end"),
        room.note(left - 6, zero - 120, f"{_MOST_ERROR:g}", anchor="end"),
        *[room.note(left + unit * k, zero + 16, k) for k in range(0, 9, 2)],
        room.note(six, 34, "ReLU6"),
    ]
    handle = "".join(
        svg.line(x, top, x, low, stroke="ink", thickness=2) for top, low in ((44, 184), (208, zero))
    ) + svg.circle(x, 60, 8, fill="blue", stroke="paper")
    grip = svg.rect(x - 14, 44, 28, zero - 44, fill="blue", stroke="none", tint=0.12)
    shapes = [
        svg.line(six, 44, six, 184, stroke="grey", thickness=1, dashed=True),
        svg.line(six, 208, six, zero, stroke="grey", thickness=1, dashed=True),
        bars,
        svg.line(left, 130, left + wide, 130, thickness=1),
        ticks,
        svg.line(left, zero, left + wide, zero, thickness=1),
        svg.line(left, zero - 126, left, zero, thickness=1),
        lines,
        svg.circle(left + unit * best, zero - 120 * errors(bits, best).both / _MOST_ERROR, 6),
        svg.draggable(grip, handle, x=("top", unit / 2)),
        *said,
    ]
    return svg.document(room.width, zero + 26, *shapes)
