"""Bars, labelled points and matrices in colour."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from backbones.diagrams import Picture
from backbones.plots.curves import FAINT
from backbones.plots.frame import Numbers, check_series, describe, name_rows, new_axes, to_array
from backbones.plots.placing import label_points
from backbones.plots.rendering import NARROW, Page, picture
from backbones.plots.style import emphasised, house_style, listed, styles
from backbones.plots.ticks import set_ticks
from backbones.plots.wording import width


def bars(
    values: Mapping[str, float],
    x_label: str,
    *,
    write: Callable[[float], str] = "{:g}".format,
    emphasis: Sequence[str] | None = None,
    alt: str | None = None,
    caption: str = "",
) -> Picture:
    """Horizontal bars, from zero, with their values.

    Args:
        values: By name, from top to bottom.
        x_label: With its unit.
        write: Turns a value into its label.
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or an emphasised name is unknown.
    """
    check_series("values", values)
    strong = emphasised(emphasis, values)
    words = {name: write(float(value)) for name, value in values.items()}

    def draw(page: Page) -> Figure:
        row_height = 50 if page.narrow else 34
        figure, axes = new_axes(page, x_label, "", height=60 + row_height * len(values))
        axes.grid(axis="x")
        for row, (name, style) in enumerate(styles(list(values)).items()):
            value, alpha = float(values[name]), 1 if name in strong else FAINT
            thick = 20 / row_height
            axes.barh(row, value, height=thick, color=style.color, alpha=alpha)
            axes.annotate(words[name], (value, row), (5 if value >= 0 else -5, 0),
                          textcoords="offset points", va="center", in_layout=False,
                          ha="left" if value >= 0 else "right")  # fmt: skip
        name_rows(axes, page, values)
        figure.draw_without_rendering()
        low, high = min(0, *values.values()), max(0, *values.values())
        longest = max(width(text, page.letters - 1) for text in words.values()) + 8
        room = longest / axes.bbox.width  # for the values beside the longest bars
        room *= (high - low) / max(0.2, 1 - room * ((low < 0) + (high > 0)))
        axes.set_xlim(low - room * (low < 0), high + room * (high > 0))
        set_ticks(axes, page, sides="x")
        return figure

    return picture(draw, alt or f"Bars: {x_label} of {listed(values)}", caption)


def scatter(
    points: Mapping[str, tuple[float, float]],
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    log_y: bool = False,
    emphasis: Sequence[str] | None = None,
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
        emphasis: Names that stay strong; the others are drawn faintly. By default all are strong.
        alt: What the plot shows.
        caption: A line below it.

    Raises:
        ValueError: If there is nothing to draw, or an emphasised name is unknown.
    """
    check_series("points", points)
    strong = emphasised(emphasis, points)

    def draw(page: Page) -> Figure:
        figure, axes = new_axes(
            page, x_label, y_label, log_x=log_x, log_y=log_y, height=page.height + 40
        )
        axes.grid(axis="x")
        axes.margins(0.1)
        for name, style in styles(list(points)).items():
            alpha = 1 if name in strong else FAINT
            axes.plot(*points[name], ls="", marker=style.marker, color=style.color, markersize=9,
                      alpha=alpha)  # fmt: skip
        set_ticks(axes, page)
        label_points(axes, page, points)
        return figure

    return picture(draw, alt or describe("Points", y_label, x_label, points), caption)


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
    rows, columns = values.shape
    # One drawing for all pages, as wide as a phone: its pixels would be stored twice.
    with house_style(NARROW.letters):
        height = min(2 * NARROW.width, max(170, 70 + 250 * rows / columns))
        figure, axes = new_axes(NARROW, x_label, y_label, height=height)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        image = axes.imshow(values)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        shown = 250 * rows / columns  # pixels, about
        axes.yaxis.set_major_locator(MaxNLocator(min(5, max(1, int(shown / 22))), integer=True))
        below = shown < 150
        scale = figure.colorbar(image, ax=axes, location="bottom" if below else "right",
                                shrink=0.8, pad=0.03, aspect=24)  # fmt: skip
        scale.outline.set_visible(False)
        scale.set_label(label, labelpad=8)
        default = f"Heat map of {label}, {rows} rows by {columns} columns"
        return picture(figure, alt or default, caption)
