"""Curves: runs by epoch, gradients by layer, anything by anything."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from backbones.diagrams import Picture
from backbones.plots.frame import Numbers, check_series, describe, new_axes, to_array
from backbones.plots.placing import Name, draw_levels, label_ends
from backbones.plots.rendering import Page, picture
from backbones.plots.style import INK, QUIET, Style, emphasised, styles
from backbones.plots.ticks import set_ticks
from backbones.train.history import History

MOST_MARKERS = 8  # on a curve
FAINT = 0.4  # what is not emphasised
_TRAINING = {"ls": (0, (3, 2)), "lw": 1.4}
_QUANTITIES = {"accuracy": "accuracy (%)", "loss": "loss (nats)"}


def lines(
    series: Mapping[str, tuple[Numbers, Numbers]],
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    markers: bool = False,
    emphasis: Sequence[str] | None = None,
    levels: Mapping[str, float] | None = None,
    y_range: tuple[float, float] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Curves, each named at its end.

    Args:
        series: By name: x and y of its points.
        x_label: With its unit.
        y_label: With its unit.
        log_x: Logarithmic axis.
        log_y: Likewise.
        markers: Mark points, at most eight on a curve.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        levels: Labelled horizontal lines, by name.
        y_range: Bottom and top of the y axis; what lies outside is cut off.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or an emphasised name is unknown.
    """
    check_series("series", series)
    strong = emphasised(emphasis, series)
    points = {name: (to_array(x), to_array(y)) for name, (x, y) in series.items()}

    def draw(page: Page) -> Figure:
        figure, axes = new_axes(page, x_label, y_label, log_x=log_x, log_y=log_y)
        names = []
        for part, (name, style) in enumerate(styles(list(points)).items(), 1):
            alpha = 1 if name in strong else FAINT
            gid = part_of(part, points)
            curve(axes, *points[name], style, alpha, markers=markers, gid=gid)
            named = Name(name, *points[name], style.color, style.text, gid=gid)
            names.append(weighed(named, emphasis))
        finish(axes, page, names, levels, y_range, [x for x, _ in points.values()])
        return figure

    return picture(draw, alt or describe("Lines", y_label, x_label, series), caption)


def curve(
    axes: Axes, x: np.ndarray, y: np.ndarray, style: Style, alpha: float, *, markers: bool,
    gid: str | None,
) -> None:  # fmt: skip
    """One curve, with at most eight markers, spread evenly."""
    step = max(1, -(-(len(x) - 1) // (MOST_MARKERS - 1)))
    marked = list(range((len(x) - 1) % step, len(x), step)) if markers else []
    axes.plot(x, y, color=style.color, ls=style.dashes, alpha=alpha, gid=gid,
              marker=style.marker if markers else None, markevery=marked)  # fmt: skip


def weighed(name: Name, emphasis: Sequence[str] | None) -> Name:
    """A name as strong as its curve; a quiet one is grey, but not hard to read."""
    if emphasis is None:
        return name
    if name.words in emphasis:
        return name._replace(bold=True)
    return name._replace(text=QUIET, alpha=FAINT)


def part_of(part: int, series: Mapping) -> str | None:
    """An id for what lights up together, where there is more than one curve to tell apart."""
    return f"part-{part}" if 1 < len(series) < 10 else None


def finish(
    axes: Axes, page: Page, names: Sequence[Name], levels: Mapping[str, float] | None,
    y_range: tuple[float, float] | None, x: Sequence[np.ndarray],
) -> None:  # fmt: skip
    """Levels, limits, ticks and the names of curves, in this order."""
    if y_range is not None:
        axes.set_ylim(y_range)
    names = [*names, *draw_levels(axes, levels or {})]
    if y_range is not None:
        axes.set_ylim(y_range)
    set_ticks(axes, page, np.concatenate(x))
    label_ends(axes, page, names)


def training_curves(
    histories: History | Mapping[str, History],
    quantity: str = "accuracy",
    *,
    emphasis: Sequence[str] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Accuracy or loss by epoch: validation drawn through, training dashed and thinner.

    Args:
        histories: What `backbones.train.fit` returned, by name.
        quantity: "accuracy" or "loss".
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or the quantity or a name is unknown.
    """
    if quantity not in _QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(_QUANTITIES)}, got {quantity!r}")
    histories = {"": histories} if isinstance(histories, History) else histories
    check_series("histories", histories)
    strong = emphasised(emphasis, histories)
    label = _QUANTITIES[quantity]
    factor = 100 if quantity == "accuracy" else 1

    def draw(page: Page) -> Figure:
        figure, axes = new_axes(page, "epoch", label)
        keys = [Line2D([], [], color=INK), Line2D([], [], color=INK, **_TRAINING)]
        legend = axes.legend(
            keys, ["validation", "training"], loc="lower left", bbox_to_anchor=(0, 1),
            ncols=2, borderaxespad=0.2, borderpad=0, handlelength=1.8,
        )  # fmt: skip
        legend.set_in_layout(False)
        axes.set_title(axes.get_title("left"), size=page.letters - 1, pad=28)  # above the legend
        names, epochs = [], []
        for part, (name, style) in enumerate(styles(list(histories)).items(), 1):
            alpha, gid = 1 if name in strong else FAINT, part_of(part, histories)
            history = histories[name]
            epochs.append(np.arange(1, len(history) + 1))
            train, validation = (
                factor * to_array(getattr(history, f"{kind}_{quantity}"))
                for kind in ("train", "validation")
            )
            axes.plot(epochs[-1], train, color=style.color, alpha=alpha, gid=gid, **_TRAINING)
            through = style._replace(dashes="solid")
            curve(axes, epochs[-1], validation, through, alpha, markers=True, gid=gid)
            named = Name(name, epochs[-1], validation, style.color, style.text, gid=gid)
            names.append(weighed(named, emphasis))
        finish(axes, page, names, None, None, epochs)
        return figure

    names = [name for name in histories if name]
    default = describe("Training and validation curves", label, "epoch", names)
    return picture(draw, alt or default, caption)


def gradient_norms(
    runs: Mapping[str, History | Numbers],
    epoch: int = 0,
    *,
    emphasis: Sequence[str] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Norm of the gradient of each layer's weights, on a logarithmic axis.

    Drawn as a gradient travels, from the loss on the left back to the first layer on the right.

    Args:
        runs: By name: a `History`, of which matrices and kernels are taken, or the norms
            themselves, from the first layer to the last.
        epoch: Which epoch of a `History`, counted from 0.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is no such epoch, or nothing to draw, or a name is unknown.
    """
    norms = {
        name: _weight_norms(run, epoch) if isinstance(run, History) else to_array(run)
        for name, run in runs.items()
    }
    series = {name: (np.arange(1, len(values) + 1), values[::-1]) for name, values in norms.items()}
    return lines(
        series,
        "layers, counted back from the loss",
        "gradient norm",
        log_y=True,
        markers=True,
        emphasis=emphasis,
        alt=alt,
        caption=caption,
    )


def _weight_norms(history: History, epoch: int) -> np.ndarray:
    if not -len(history) <= epoch < len(history):
        raise ValueError(f"epoch must be below {len(history)}, as many as were run, got {epoch}")
    norms = [
        history.parameter_gradient_norms[name][epoch]
        for name, shape in history.parameter_shapes.items()
        if len(shape) > 1
    ]
    return np.array(norms)
