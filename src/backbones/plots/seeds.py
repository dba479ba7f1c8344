"""Experiments with several seeds: every run is drawn, and what they have in common."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from backbones.diagrams import Picture
from backbones.plots.frame import (
    Numbers,
    check_series,
    describe,
    name_rows,
    new_axes,
    set_ticks,
    to_array,
)
from backbones.plots.placing import label_ends
from backbones.plots.style import INK, SMALL, house_style, listed, picture, styles
from backbones.train.history import History

_LABELS = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy (%)",
    "validation_loss": "validation loss (nats)",
    "validation_accuracy": "validation accuracy (%)",
    "gradient_norm": "gradient norm",
}


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
    log_y: bool = False,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Several runs of each name: every seed a thin line, their mean a strong one.

    Args:
        runs: By name: histories, of which ``quantity`` is drawn by epoch; or the values of each
            run themselves.
        quantity: Of a history; accuracies are drawn in percent.
        x: Where the values lie; 1, 2, 3 ... by default.
        x_label: With its unit.
        y_label: With its unit; by default the quantity's name.
        chance: What guessing gives, in the units drawn: a labelled line.
        baselines: Further labelled lines, by name.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        log_y: Logarithmic axis.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or the quantity or a name is unknown.
    """
    check_series("runs", runs)
    if quantity not in _LABELS:
        raise ValueError(f"quantity must be one of {', '.join(_LABELS)}, got {quantity!r}")
    strong = set(runs if emphasis is None else emphasis)
    if unknown := strong - set(runs):
        raise ValueError(f"emphasis must name some of {listed(runs)}, got {sorted(unknown)}")
    values = {name: [_values(run, quantity) for run in each] for name, each in runs.items()}
    for name, each in values.items():
        if not each:
            raise ValueError(f"runs must hold at least one run of {name!r}")
    label = y_label or _LABELS[quantity]
    with house_style():
        figure, axes = new_axes(x_label, label, log_y=log_y)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        chosen, ends = styles(list(values)), {}
        for name, each in values.items():
            style, faint = chosen[name], 1 if name in strong else 0.35
            for run in each:
                axes.plot(_places(x, run), run, color=style.color, lw=0.8, alpha=0.5 * faint)
            mean = _mean(each)
            axes.plot(
                _places(x, mean), mean, color=style.color, ls=style.dashes, alpha=faint, lw=2.4
            )
            ends[name] = (_places(x, mean)[-1], mean[-1])
        _draw_levels(axes, chance, baselines)
        set_ticks(axes)
        label_ends(axes, ends, chosen)
        return picture(figure, alt or describe("Curves by seed", label, x_label, runs), caption)


def compare_runs(
    results: Mapping[str, Sequence[float | History]],
    x_label: str = "validation accuracy (%)",
    *,
    chance: float | None = None,
    baselines: Mapping[str, float] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Results of several runs each, one row for each name: every run a point, their mean a line.

    Args:
        results: By name: a number for each run, or its `History`, of which the last validation
            accuracy is taken, in percent.
        x_label: With its unit.
        chance: What guessing gives, in the units drawn: a labelled line.
        baselines: Further labelled lines, by name.
        alt: What the plot shows.
        caption: A line below it.
    """
    check_series("results", results)
    values = {
        name: [100 * r.validation_accuracy[-1] if isinstance(r, History) else r for r in runs]
        for name, runs in results.items()
    }
    levels = _levels(chance, baselines)
    with house_style():
        figure, axes = new_axes(x_label, "", height=70 + 42 * len(values) + 20 * bool(levels))
        axes.grid(axis="x")
        for row, (name, style) in enumerate(styles(list(values)).items()):
            runs = values[name]
            axes.plot(runs, [row] * len(runs), ls="", marker=style.marker, color=style.color,
                      alpha=0.75, markersize=8)  # fmt: skip
            mean = sum(runs) / len(runs)
            axes.plot([mean, mean], [row - 0.32, row + 0.32], color=INK, lw=2)
        name_rows(axes, values)
        for name, level in levels.items():
            axes.axvline(level, color=INK, lw=1, ls=(0, (2, 2)), alpha=0.7)
            axes.annotate(
                name, (level, 1), (4, 2), xycoords=("data", "axes fraction"),
                textcoords="offset points", fontsize=SMALL - 1,
            )  # fmt: skip
        default = f"Points, one for each run, and their means: {x_label} of {listed(values)}"
        return picture(figure, alt or default, caption)


def _levels(chance: float | None, baselines: Mapping[str, float] | None) -> dict[str, float]:
    return {**({} if chance is None else {"chance": chance}), **(baselines or {})}


def _draw_levels(axes: Axes, chance: float | None, baselines: Mapping[str, float] | None) -> None:
    """Labelled horizontal lines."""
    for name, level in _levels(chance, baselines).items():
        axes.axhline(level, color=INK, lw=1, ls=(0, (2, 2)), alpha=0.7)
        axes.annotate(
            name, (0, level), (2, 3), xycoords=("axes fraction", "data"),
            textcoords="offset points", fontsize=SMALL - 1, va="bottom",
        )  # fmt: skip


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
