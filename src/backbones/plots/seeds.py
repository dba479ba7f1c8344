"""Experiments with several seeds: every run is drawn, and what they have in common."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from backbones.diagrams import Picture
from backbones.plots.curves import FAINT, MOST_MARKERS, curve, finish, part_of, weighed
from backbones.plots.frame import (
    Numbers,
    check_series,
    describe,
    name_rows,
    new_axes,
    to_array,
)
from backbones.plots.placing import Name, draw_levels, label_tops
from backbones.plots.rendering import Page, picture
from backbones.plots.style import INK, emphasised, listed, styles
from backbones.plots.ticks import name_places, set_ticks
from backbones.train.history import History

_LABELS = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy (%)",
    "validation_loss": "validation loss (nats)",
    "validation_accuracy": "validation accuracy (%)",
    "gradient_norm": "gradient norm",
}
_SPREAD = 0.36  # of a row, which the points of its seeds take


def seed_curves(
    runs: Mapping[str, Sequence[History] | Sequence[Numbers]],
    quantity: str = "validation_accuracy",
    *,
    x: Numbers | None = None,
    x_label: str = "epoch",
    y_label: str = "",
    chance: float | None = None,
    baselines: Mapping[str, float] | None = None,
    emphasis: Sequence[str] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    y_range: tuple[float, float] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Several runs of each name: every seed a thin line, their mean a strong one.

    Args:
        runs: By name: histories, of which ``quantity`` is drawn by epoch; or the values of each
            run themselves.
        quantity: Of a history; accuracies are drawn in percent.
        x: Where the values lie; 1, 2, 3 ... by default. Up to eight are marked, and named below.
        x_label: With its unit.
        y_label: With its unit; by default the quantity's name.
        chance: What guessing gives, in the units drawn: a labelled line.
        baselines: Further labelled lines, by name.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        log_x: Logarithmic axis; a few x are still named each.
        log_y: Logarithmic axis.
        y_range: Bottom and top of the y axis; what lies outside is cut off.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or the quantity or a name is unknown.
    """
    check_series("runs", runs)
    if quantity not in _LABELS:
        raise ValueError(f"quantity must be one of {', '.join(_LABELS)}, got {quantity!r}")
    strong = emphasised(emphasis, runs)
    values = {name: [_values(run, quantity) for run in each] for name, each in runs.items()}
    for name, each in values.items():
        if not each:
            raise ValueError(f"runs must hold at least one run of {name!r}")
    label = y_label or _LABELS[quantity]

    def draw(page: Page) -> Figure:
        figure, axes = new_axes(page, x_label, label, log_x=log_x, log_y=log_y)
        names, places = [], []
        for part, (name, style) in enumerate(styles(list(values)).items(), 1):
            alpha, gid = 1 if name in strong else FAINT, part_of(part, values)
            for run in values[name]:
                axes.plot(
                    _places(x, run), run, color=style.color, lw=0.9, alpha=0.5 * alpha, gid=gid
                )
            mean = _mean(values[name])
            places.append(_places(x, mean))
            marked = x is not None and len(mean) <= MOST_MARKERS
            curve(axes, places[-1], mean, style, alpha, markers=marked, gid=gid)
            named = Name(name, places[-1], mean, style.color, style.text, gid=gid)
            names.append(weighed(named, emphasis))
        finish(axes, page, names, _levels(chance, baselines), y_range, places)
        if log_x and x is not None:
            name_places(axes, places[0])
        return figure

    return picture(draw, alt or describe("Curves by seed", label, x_label, runs), caption)


def compare_runs(
    results: Mapping[str, Sequence[float | History]],
    x_label: str = "validation accuracy (%)",
    *,
    chance: float | None = None,
    baselines: Mapping[str, float] | None = None,
    emphasis: Sequence[str] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Results of several runs each, one row for each name: every run a point, their mean a line.

    The points of a row lie one below the other, in the order of the seeds.

    Args:
        results: By name: a number for each run, or its `History`, of which the last validation
            accuracy is taken, in percent.
        x_label: With its unit.
        chance: What guessing gives, in the units drawn: a labelled line.
        baselines: Further labelled lines, by name.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or an emphasised name is unknown.
    """
    check_series("results", results)
    strong = emphasised(emphasis, results)
    values = {
        name: [100 * r.validation_accuracy[-1] if isinstance(r, History) else r for r in runs]
        for name, runs in results.items()
    }
    levels = _levels(chance, baselines)

    def draw(page: Page) -> Figure:
        height = 70 + (60 if page.narrow else 46) * len(values) + 28 * bool(levels)
        figure, axes = new_axes(page, x_label, "", height=height)
        axes.grid(axis="x")
        for row, (name, style) in enumerate(styles(list(values)).items()):
            runs, alpha = values[name], 1 if name in strong else FAINT
            rows = row + _SPREAD * (np.linspace(0, 1, len(runs)) - 0.5) if len(runs) > 1 else [row]
            axes.plot(runs, rows, ls="", marker=style.marker, color=style.color, alpha=0.8 * alpha)
            mean = sum(runs) / len(runs)
            axes.plot([mean, mean], [row - 0.34, row + 0.34], color=INK, lw=2, alpha=alpha,
                      solid_capstyle="butt")  # fmt: skip
        axes.margins(x=0.04)
        name_rows(axes, page, values)
        names = draw_levels(axes, levels, "x")
        set_ticks(axes, page, sides="x")
        label_tops(axes, page, names)
        return figure

    default = f"Points, one for each run, and their means: {x_label} of {listed(values)}"
    return picture(draw, alt or default, caption)


def _levels(chance: float | None, baselines: Mapping[str, float] | None) -> dict[str, float]:
    return {**({} if chance is None else {"chance": chance}), **(baselines or {})}


def _values(run: History | Numbers, quantity: str) -> np.ndarray:
    if not isinstance(run, History):
        return to_array(run)
    return (100 if "accuracy" in quantity else 1) * to_array(getattr(run, quantity))


def _places(x: Numbers | None, values: np.ndarray) -> np.ndarray:
    return np.arange(1, len(values) + 1) if x is None else to_array(x)[: len(values)]


def _mean(runs: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of the runs at each place, as far as the longest goes."""
    longest = max(map(len, runs))
    return np.array([np.mean([r[k] for r in runs if len(r) > k]) for k in range(longest)])
