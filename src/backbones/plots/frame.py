"""What every plot of the book begins with: axes, names of rows, numbers to draw."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from backbones.plots.rendering import Page
from backbones.plots.style import listed
from backbones.plots.ticks import percent
from backbones.plots.wording import ROOM, broken, width

Numbers = Sequence[float] | np.ndarray | Tensor


def new_axes(
    page: Page,
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    height: float | None = None,
) -> tuple[Figure, Axes]:
    """A figure with labelled axes; the label of the y axis is written above it, to be read.

    "(%)" at the end of a label goes to the numbers on that axis: "80%".
    """
    figure = Figure(figsize=(page.width / 72, (height or page.height) / 72), dpi=72)
    # Letters of the reader's font may be wider than those that are measured here.
    figure.get_layout_engine().set(w_pad=7 / 72, h_pad=4 / 72)
    axes = figure.subplots()
    x_words, y_words = (label.removesuffix("(%)").strip() for label in (x_label, y_label))
    axes.set_xlabel(broken(x_words, page.width - 70, page.letters - 1))
    if y_label:
        axes.set_title(broken(y_words, page.width - 60, page.letters - 1), size=page.letters - 1)
    axes.set_xscale("log" if log_x else "linear")
    axes.set_yscale("log" if log_y else "linear")
    for axis, label in ((axes.xaxis, x_label), (axes.yaxis, y_label)):
        if label.endswith("(%)"):
            axis.set_major_formatter(percent)
    return figure, axes


def name_rows(axes: Axes, page: Page, names: Sequence[str] | Mapping) -> None:
    """Names of rows that go from top to bottom: at their left, on a phone above them."""
    size = page.letters - 1
    words = [broken(name, page.column, size) for name in names]
    axes.set_yticks(range(len(names)), [""] * len(names) if page.narrow else words)
    if not page.narrow:  # room for a wider font, on the left
        widest = max(width(text, size) for text in words)
        axes.figure.get_layout_engine().set(w_pad=(7 + widest * (1 - 1 / ROOM)) / 72)
    axes.set_ylim(len(names) - 0.5, -0.8 if page.narrow else -0.5)
    axes.grid(False, axis="y")
    if page.narrow:
        for row, name in enumerate(names):
            axes.text(0, row - 0.32, broken(name, page.width - 20, size), va="bottom",
                      transform=axes.get_yaxis_transform(), in_layout=False)  # fmt: skip


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
