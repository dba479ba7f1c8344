"""Bars, labelled points and matrices in colour."""

from collections.abc import Callable, Mapping

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
from backbones.plots.placing import label_points
from backbones.plots.style import WIDTH, house_style, listed, picture, styles


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
    check_series("values", values)
    with house_style():
        figure, axes = new_axes(x_label, "", height=60 + 30 * len(values))
        axes.grid(axis="x")
        for row, (name, style) in enumerate(styles(list(values)).items()):
            value = float(values[name])
            axes.barh(row, value, height=0.62, color=style.color)
            axes.annotate(write(value), (value, row), (5 if value >= 0 else -5, 0),
                          textcoords="offset points", va="center",
                          ha="left" if value >= 0 else "right")  # fmt: skip
        name_rows(axes, values)
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
    check_series("points", points)
    with house_style():
        figure, axes = new_axes(x_label, y_label, log_x=log_x, log_y=log_y, height=360)
        axes.grid(axis="x")
        axes.margins(0.1)
        for name, style in styles(list(points)).items():
            axes.plot(*points[name], ls="", marker=style.marker, color=style.color, markersize=9)
        set_ticks(axes)
        label_points(axes, points)
        return picture(figure, alt or describe("Points", y_label, x_label, points), caption)


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
    values = to_array(matrix)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"matrix must be (H, W), got {values.shape}")
    with house_style():
        rows, columns = values.shape
        height = min(WIDTH, max(150, 40 + 380 * rows / columns))
        figure, axes = new_axes(x_label, y_label, height=height)
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
