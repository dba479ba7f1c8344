"""What every plot of the book begins and ends with: axes, ticks, names of rows."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from torch import Tensor

from backbones.plots.style import SMALL, WIDTH, listed

Numbers = Sequence[float] | np.ndarray | Tensor


def new_axes(
    x_label: str, y_label: str, *, log_x: bool = False, log_y: bool = False, height: float = 300
) -> tuple[Figure, Axes]:
    """A figure with labelled axes; the label of the y axis is written above it, to be read."""
    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    if y_label:
        axes.set_title(y_label, fontsize=SMALL, x=0)
    axes.set_xscale("log" if log_x else "linear")
    axes.set_yscale("log" if log_y else "linear")
    return figure, axes


def set_ticks(axes: Axes) -> None:
    """Round numbers on logarithmic axes: 1, 2, 5, 10 ... on short ones, else powers of ten."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            low, high = axis.get_view_interval()
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(_power))


def _power(value: float, _: int) -> str:
    """1e5 -> "10⁵", in letters: matplotlib places its own exponents for its own font."""
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 <= exponent <= 3:
        return f"{value:g}"
    factor = f"{value / 10**exponent:.3g}"
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if factor == "1" else f"{factor}·{power}"


def name_rows(axes: Axes, names: Sequence[str] | Mapping) -> None:
    """Names at the left of rows that go from top to bottom."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False, axis="y")


def to_array(values: Numbers) -> np.ndarray:
    """Numbers as a float array on the CPU."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
    return np.asarray(values, dtype=float)


def describe(kind: str, y_label: str, x_label: str, names: Sequence[str] | Mapping) -> str:
    """Text alternative of a plot that has no better one."""
    of = f" of {listed(names)}" if names else ""
    return f"{kind}: {y_label} by {x_label}{of}"


def check_series(argument: str, series: Mapping) -> None:
    """Raise a ValueError unless there is something to draw."""
    if not series:
        raise ValueError(f"{argument} must hold at least one entry, got {series!r}")
