"""The plots of the book: runs, gradients, errors, pictures and what networks see in them.

Every function returns a `Picture`, for the last line of a cell. Series are labelled where they are
drawn, and told apart by marker or dashes as well as by colour. ``alt`` says what a plot shows to
those who do not see it; the default names axes and series, a better one says what is to be seen.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from torch import Tensor

from backbones.diagrams import Picture
from backbones.figures import COLORS, INK, SMALL, WIDTH, house_style, listed, picture, styles
from backbones.history import History
from backbones.images import confusion, feature_maps, image_grid, most_confused
from backbones.labels import label_ends, label_points

__all__ = [
    "COLORS",
    "bars",
    "compare_runs",
    "confusion",
    "feature_maps",
    "gradient_norms",
    "heatmap",
    "house_style",
    "image_grid",
    "lines",
    "most_confused",
    "picture",
    "scatter",
    "styles",
    "training_curves",
]

Numbers = Sequence[float] | np.ndarray | Tensor

_QUANTITIES = {"accuracy": "accuracy (%)", "loss": "loss (nats)"}


def lines(
    series: Mapping[str, tuple[Numbers, Numbers]],
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    markers: bool = False,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Curves, each labelled at its end.

    Args:
        series: By name: x and y of its points.
        x_label: With its unit.
        y_label: With its unit.
        log_x: Logarithmic axis.
        log_y: Likewise.
        markers: Mark the points.
        alt: What the plot shows.
        caption: A line below it.
    """
    _check_series("series", series)
    with house_style():
        figure, axes = _axes(x_label, y_label, log_x=log_x, log_y=log_y)
        chosen = styles(list(series))
        for name, (x, y) in series.items():
            style = chosen[name]
            marker = style.marker if markers else None
            axes.plot(_array(x), _array(y), color=style.color, ls=style.dashes, marker=marker)
        _set_ticks(axes)
        label_ends(axes, {name: (x[-1], y[-1]) for name, (x, y) in series.items()}, chosen)
        return picture(figure, alt or _describe("Lines", y_label, x_label, series), caption)


def training_curves(
    histories: History | Mapping[str, History],
    quantity: str = "accuracy",
    *,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Accuracy or loss by epoch: validation drawn through, training dashed.

    Args:
        histories: What `backbones.train.fit` returned, by name.
        quantity: "accuracy" or "loss".
        alt: What the plot shows.
        caption: A line below it.
    """
    if quantity not in _QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(_QUANTITIES)}, got {quantity!r}")
    histories = {"": histories} if isinstance(histories, History) else histories
    _check_series("histories", histories)
    label = _QUANTITIES[quantity]
    factor = 100 if quantity == "accuracy" else 1
    with house_style():
        figure, axes = _axes("epoch", label)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        chosen = styles(list(histories))
        ends = {}
        for name, history in histories.items():
            style, epochs = chosen[name], np.arange(1, len(history) + 1)
            train, validation = (
                factor * _array(getattr(history, f"{part}_{quantity}"))
                for part in ("train", "validation")
            )
            axes.plot(epochs, train, color=style.color, ls=(0, (3, 2)), lw=1.4)
            every = max(1, len(history) // 10)
            axes.plot(epochs, validation, color=style.color, marker=style.marker, markevery=every)
            ends[name] = (epochs[-1], validation[-1])
        _set_ticks(axes)
        label_ends(axes, ends, chosen)
        keys = [Line2D([], [], color=INK), Line2D([], [], color=INK, ls=(0, (3, 2)), lw=1.4)]
        axes.legend(keys, ["validation", "training"], loc="lower right", ncols=2,
                    bbox_to_anchor=(1, 0.99), borderaxespad=0)  # fmt: skip
        names = [name for name in histories if name]
        default = _describe("Training and validation curves", label, "epoch", names)
        return picture(figure, alt or default, caption)


def compare_runs(
    results: Mapping[str, Sequence[float | History]],
    x_label: str = "validation accuracy (%)",
    *,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Results of several runs each, one row a name: every run a point, their mean a line.

    Args:
        results: By name: a number for each run, or its `History`, of which the last validation
            accuracy is taken, in percent.
        x_label: With its unit.
        alt: What the plot shows.
        caption: A line below it.
    """
    _check_series("results", results)
    values = {
        name: [100 * r.validation_accuracy[-1] if isinstance(r, History) else r for r in runs]
        for name, runs in results.items()
    }
    with house_style():
        figure, axes = _axes(x_label, "", height=70 + 42 * len(values))
        axes.grid(axis="x")
        for row, (name, style) in enumerate(styles(list(values)).items()):
            runs = values[name]
            axes.plot(runs, [row] * len(runs), ls="", marker=style.marker, color=style.color,
                      alpha=0.75, markersize=8)  # fmt: skip
            mean = sum(runs) / len(runs)
            axes.plot([mean, mean], [row - 0.32, row + 0.32], color=INK, lw=2)
        _name_rows(axes, values)
        default = f"Points, one a run, and their means: {x_label} of {listed(values)}"
        return picture(figure, alt or default, caption)


def gradient_norms(
    runs: Mapping[str, History | Numbers],
    epoch: int = 0,
    *,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Norm of the gradient of each layer's weights, on a logarithmic axis.

    Drawn as a gradient travels, from the loss on the left back to the first layer on the right.

    Args:
        runs: By name: a `History`, of which matrices and kernels are taken, or the norms
            themselves, from the first layer to the last.
        epoch: Which epoch of a `History`, counted from 0.
        alt: What the plot shows.
        caption: A line below it.
    """
    norms = {
        name: _weight_norms(run, epoch) if isinstance(run, History) else _array(run)
        for name, run in runs.items()
    }
    series = {name: (np.arange(1, len(values) + 1), values[::-1]) for name, values in norms.items()}
    return lines(
        series,
        "layers, counted back from the loss",
        "gradient norm",
        log_y=True,
        markers=True,
        alt=alt,
        caption=caption,
    )


def bars(
    values: Mapping[str, float],
    x_label: str,
    *,
    write: Callable[[float], str] = "{:g}".format,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Horizontal bars, from zero, with their values.

    Args:
        values: By name, from top to bottom.
        x_label: With its unit.
        write: Turns a value into its label.
        alt: What the plot shows.
        caption: A line below it.
    """
    _check_series("values", values)
    with house_style():
        figure, axes = _axes(x_label, "", height=60 + 30 * len(values))
        axes.grid(axis="x")
        for row, (name, style) in enumerate(styles(list(values)).items()):
            value = float(values[name])
            axes.barh(row, value, height=0.62, color=style.color)
            axes.annotate(write(value), (value, row), (5 if value >= 0 else -5, 0),
                          textcoords="offset points", va="center",
                          ha="left" if value >= 0 else "right")  # fmt: skip
        _name_rows(axes, values)
        return picture(figure, alt or f"Bars: {x_label} of {listed(values)}", caption)


def scatter(
    points: Mapping[str, tuple[float, float]],
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Labelled points, such as accuracy against cost.

    Args:
        points: By name: x and y.
        x_label: With its unit.
        y_label: With its unit.
        log_x: Logarithmic axis.
        log_y: Likewise.
        alt: What the plot shows.
        caption: A line below it.
    """
    _check_series("points", points)
    with house_style():
        figure, axes = _axes(x_label, y_label, log_x=log_x, log_y=log_y, height=360)
        axes.grid(axis="x")
        axes.margins(0.1)
        for name, style in styles(list(points)).items():
            axes.plot(*points[name], ls="", marker=style.marker, color=style.color, markersize=9)
        _set_ticks(axes)
        label_points(axes, points)
        return picture(figure, alt or _describe("Points", y_label, x_label, points), caption)


def heatmap(
    matrix: Numbers,
    label: str,
    *,
    x_label: str = "",
    y_label: str = "",
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """A matrix (H, W) as colours, with a scale: an effective receptive field, an attention map.

    Args:
        matrix: Row 0 is drawn at the top.
        label: Of the scale, with its unit.
        x_label: Of the columns.
        y_label: Of the rows.
        alt: What the plot shows.
        caption: A line below it.
    """
    values = _array(matrix)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"matrix must be (H, W), got {values.shape}")
    with house_style():
        rows, columns = values.shape
        height = min(WIDTH, max(150, 40 + 380 * rows / columns))
        figure, axes = _axes(x_label, y_label, height=height)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        image = axes.imshow(values)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, integer=True))
        scale = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.03, aspect=24)
        scale.outline.set_visible(False)
        scale.set_label(label)
        default = f"Heat map of {label}, {rows} rows by {columns} columns"
        return picture(figure, alt or default, caption)


def _axes(
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


def _set_ticks(axes: Axes) -> None:
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


def _name_rows(axes: Axes, names: Sequence[str] | Mapping) -> None:
    """Names at the left of rows that go from top to bottom."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False, axis="y")


def _weight_norms(history: History, epoch: int) -> np.ndarray:
    if not -len(history) <= epoch < len(history):
        raise ValueError(f"epoch must be below {len(history)}, as many as were run, got {epoch}")
    norms = [
        history.parameter_gradient_norms[name][epoch]
        for name, shape in history.parameter_shapes.items()
        if len(shape) > 1
    ]
    return np.array(norms)


def _array(values: Numbers) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
    return np.asarray(values, dtype=float)


def _describe(kind: str, y_label: str, x_label: str, names: Sequence[str] | Mapping) -> str:
    of = f" of {listed(names)}" if names else ""
    return f"{kind}: {y_label} by {x_label}{of}"


def _check_series(argument: str, series: Mapping) -> None:
    if not series:
        raise ValueError(f"{argument} must hold at least one entry, got {series!r}")
