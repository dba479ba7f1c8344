"""Matplotlib figures turned into pictures for any page.

A `picture` is small inline SVG whose letters are letters, in the page's font and colour. It reads
on light and on dark pages, and keeps its size in words: one unit is one pixel of the page. What is
given as a drawing function is drawn twice: for a page's column, and for a phone.
"""

import io
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure

from backbones.diagrams import Picture
from backbones.diagrams.picture import NARROW as PHONE
from backbones.plots.numbers import drawn, shortened
from backbones.plots.style import house_style
from backbones.plots.vector import for_page


class Page(NamedTuple):
    """Where a plot is shown, in pixels.

    Attributes:
        width: Of the plot.
        height: Of a plot of curves.
        column: Most that a name beside curves or rows takes; longer ones are broken.
        ticks: At most so many on an axis.
        letters: Size of a title's letters; others are one pixel smaller.
    """

    width: float
    height: float
    column: float
    ticks: int
    letters: float

    @property
    def narrow(self) -> bool:
        """Whether this is a phone."""
        return self.width < PHONE


WIDE = Page(width=660, height=340, column=150, ticks=7, letters=14)
NARROW = Page(width=330, height=280, column=88, ticks=5, letters=13)


def picture(
    figure: Figure | Callable[[Page], Figure], alt: str, caption: str = "", numbers: Any = None
) -> Picture:
    """A matplotlib figure as inline SVG; the figure is closed, so that it shows once.

    Args:
        figure: Best made within `house_style`, and no wider than 9 inches; or a function that
            draws one for a `Page`, which is called for a wide and for a narrow one, within
            `house_style`.
        alt: What the plot shows, in words. In a stored output it is compared as it is: name axes,
            series and shapes, but no measured number whose last digit may change.
        caption: A line below the plot, likewise.
        numbers: What the stored plot is compared by: lists and dictionaries of numbers and words,
            by default those that can be read off the (wide) figure.

    Raises:
        ValueError: If alt is empty.
    """
    narrow = ""
    if not isinstance(figure, Figure):
        draw = figure
        with house_style(NARROW.letters):
            narrow = _svg(draw(NARROW))
        with house_style(WIDE.letters):
            figure = draw(WIDE)
            svg = _svg(figure)
    else:
        svg = _svg(figure)
    numbers = shortened(drawn(figure) if numbers is None else numbers)
    return Picture(svg, alt, caption, "bb-plot", numbers, narrow)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    # Letters stay letters; ids and everything else are the same in every run.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "backbones"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return for_page(buffer.getvalue())
