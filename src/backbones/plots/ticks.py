"""Ticks where a reader wants them: at round numbers, at the data, at powers of ten."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from backbones.plots.rendering import Page

_MOST_AT_DATA = 8  # so many values of x get a tick each; more get round numbers
_SHORT = 1.7  # decades; a shorter logarithmic axis has ticks at 2 and 5 as well
_LARGE = 1e5  # from here on numbers are written with a letter
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def set_ticks(axes: Axes, page: Page, x: Sequence[float] = (), *, sides: str = "xy") -> None:
    """Ticks of axes, once everything is drawn; their limits are kept.

    Args:
        axes: They get them.
        page: For which it is drawn.
        x: Where values lie. A few get a tick each; if all are whole, so are all ticks.
        sides: Which axes; "x" leaves rows their names.
    """
    limits = axes.get_xlim(), axes.get_ylim()
    for side in sides:
        axis = axes.xaxis if side == "x" else axes.yaxis
        most = page.ticks - (side == "y")
        if axis.get_scale() == "log":
            _logarithmic(axis, most)
        elif side == "x" and len(x):
            _at_data(axis, page, sorted({float(value) for value in x if math.isfinite(value)}))
        else:
            axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
            if max(map(abs, axis.get_view_interval())) >= _LARGE:
                axis.set_major_formatter(FuncFormatter(_short))
    axes.set(xlim=limits[0], ylim=limits[1])


def _at_data(axis: Axis, page: Page, values: list[float]) -> None:
    """A tick at each of a few values, less those whose numbers would meet; else whole numbers."""
    if not 1 < len(values) <= _MOST_AT_DATA:
        whole = all(value.is_integer() for value in values)
        axis.set_major_locator(MaxNLocator(page.ticks, steps=[1, 2, 5, 10], integer=whole))
        return
    low, high = axis.get_view_interval()
    pixels = (page.width - 90) / (high - low)
    kept = [values[-1]]
    for value in reversed(values[:-1]):
        if (kept[-1] - value) * pixels > 10 + 4 * len(f"{value:g}{kept[-1]:g}"):
            kept.append(value)
    axis.set_major_locator(FixedLocator(sorted(kept)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def name_places(axes: Axes, x: Sequence[float]) -> None:
    """A tick at each of a few x of a logarithmic axis, such as 1, 2, 4, 8; its limits are kept."""
    if len(x) <= _MOST_AT_DATA:
        limits = axes.get_xlim()
        axes.xaxis.set_major_locator(FixedLocator(list(x)))
        axes.set_xlim(limits)


def _logarithmic(axis: Axis, most: int) -> None:
    low, high = np.log10(sorted(axis.get_view_interval()))
    powers = np.arange(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if high - low > _SHORT and len(powers) > 1:
        step = math.ceil(len(powers) / most)
        powers = powers[(-powers[0]) % step :: step]  # 1 is among them, if it is there
        ticks = [10.0**power for power in powers]
        small = all(abs(power) <= 3 for power in powers)
        write = _plain if small else _power
    else:
        digits = (1, 2, 5) if high - low > 0.5 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
        around = range(math.floor(low), math.ceil(high) + 1)
        ticks = [d * 10.0**power for power in around for d in digits]
        ticks = [tick for tick in ticks if low - 1e-9 <= math.log10(tick) <= high + 1e-9]
        write = _plain
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    if not isinstance(axis.get_major_formatter(), FuncFormatter):  # per cent stay per cent
        axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))


def percent(value: float, _: int = 0) -> str:
    """80 -> "80%"."""
    return f"{value:g}%"


def _short(value: float, _: int) -> str:
    """2500000 -> "2.5 M"."""
    for letter, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def _plain(value: float) -> str:
    return f"{value:.6g}" if 1e-4 <= value < 1e6 else _power(value)


def _power(value: float) -> str:
    """1e5 -> "10⁵", in letters: matplotlib places its own exponents for its own font."""
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = f"{value / 10**exponent:.3g}"
    power = "10" + str(exponent).translate(_POWERS)
    return power if factor == "1" else f"{factor}·{power}"
