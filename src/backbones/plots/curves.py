"""Curves: runs by epoch, gradients by layer, anything by anything."""

from collections.abc import Mapping

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from backbones.diagrams import Picture
from backbones.plots.frame import (
    Numbers,
    check_series,
    describe,
    new_axes,
    set_ticks,
    to_array,
)
from backbones.plots.placing import label_ends
from backbones.plots.style import INK, house_style, picture, styles
from backbones.train.history import History

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
    check_series("series", series)
    with house_style():
        figure, axes = new_axes(x_label, y_label, log_x=log_x, log_y=log_y)
        chosen = styles(list(series))
        for name, (x, y) in series.items():
            style = chosen[name]
            marker = style.marker if markers else None
            axes.plot(to_array(x), to_array(y), color=style.color, ls=style.dashes, marker=marker)
        set_ticks(axes)
        label_ends(axes, {name: (x[-1], y[-1]) for name, (x, y) in series.items()}, chosen)
        return picture(figure, alt or describe("Lines", y_label, x_label, series), caption)


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
    check_series("histories", histories)
    label = _QUANTITIES[quantity]
    factor = 100 if quantity == "accuracy" else 1
    with house_style():
        figure, axes = new_axes("epoch", label)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        chosen = styles(list(histories))
        ends = {}
        for name, history in histories.items():
            style, epochs = chosen[name], np.arange(1, len(history) + 1)
            train, validation = (
                factor * to_array(getattr(history, f"{part}_{quantity}"))
                for part in ("train", "validation")
            )
            axes.plot(epochs, train, color=style.color, ls=(0, (3, 2)), lw=1.4)
            every = max(1, len(history) // 10)
            axes.plot(epochs, validation, color=style.color, marker=style.marker, markevery=every)
            ends[name] = (epochs[-1], validation[-1])
        set_ticks(axes)
        label_ends(axes, ends, chosen)
        keys = [Line2D([], [], color=INK), Line2D([], [], color=INK, ls=(0, (3, 2)), lw=1.4)]
        axes.legend(keys, ["validation", "training"], loc="lower right", ncols=2,
                    bbox_to_anchor=(1, 0.99), borderaxespad=0)  # fmt: skip
        names = [name for name in histories if name]
        default = describe("Training and validation curves", label, "epoch", names)
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
