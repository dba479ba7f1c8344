"""Plots and pictures beside each other where there is room, and below each other on a phone.

They flow as the page does, so that each is stored once.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backbones.diagrams import Picture, parts
from backbones.diagrams.picture import data_numbers
from backbones.plots.rendering import NARROW

_GAP = 16  # pixels between panels: two of them and a gap are as wide as a column of the site


@dataclass(frozen=True, repr=False)
class Panels:
    """A figure whose parts flow: it shows itself in a notebook, as `backbones.diagrams.Picture`.

    Args:
        content: HTML of the parts, in an element of their own.
        alt: What is to be seen, in words.
        caption: A line below, plain text.
        numbers: What a stored plot is compared by.

    Raises:
        ValueError: If alt is empty.
    """

    content: str
    alt: str
    caption: str = ""
    numbers: Any = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("alt must say what the picture shows, got an empty text")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {' '.join(self.alt.split())}>"

    def _repr_html_(self) -> str:
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        figure = f'<figure class="bb-plot"{data_numbers(self.numbers)}>'
        return f"{figure}{self.content}{caption}</figure>"


def panels(*plots: Picture, titles: Sequence[str] = (), alt: str = "", caption: str = "") -> Panels:
    """Plots side by side, such as a whole curve and its last part; on a phone one below the other.

    Args:
        plots: What functions of this package returned; their captions are left out.
        titles: A line above each; none by default.
        alt: What they show together; by default one alternative after the other.
        caption: A line below them.

    Raises:
        ValueError: If there is no plot, or not one title for each.
    """
    if not plots or len(titles) not in (0, len(plots)):
        raise ValueError(
            f"plots must not be empty, and titles one for each or none: got {len(plots)} plots "
            f"and {len(titles)} titles"
        )
    drawings = [Picture(plot.narrow or plot.svg, plot.alt).inline() for plot in plots]
    cell = f'<div style="flex:1 1 300px;max-width:{NARROW.width}px;text-align:left">'
    head = '<div style="font-size:14px;font-weight:600">{}</div>'
    heads = [head.format(html.escape(title)) for title in titles] or [""] * len(plots)
    cells = "".join(f"{cell}{h}{drawing}</div>" for h, drawing in zip(heads, drawings, strict=True))
    numbers = parts.numbers_in(cells)
    style = f"<style>{parts.style(numbers)}</style>" if numbers else ""
    label = html.escape(" ".join((alt or " ".join(f"{plot.alt}." for plot in plots)).split()))
    content = (
        f'{style}<div role="group" aria-label="{label}" style="display:flex;flex-wrap:wrap;'
        f'justify-content:center;gap:{_GAP}px">{cells}</div>'
    )
    return Panels(content, html.unescape(label), caption, [plot.numbers for plot in plots])


def flow(
    cells: Sequence[str], alt: str, caption: str, *, columns: int, least: float, most: float
) -> Panels:
    """Pictures in rows of equal length, of which a narrow page shows fewer in a row.

    Args:
        cells: HTML of each.
        alt: What they show, read in their place.
        caption: A line below them.
        columns: At most so many in a row.
        least: Width of a cell, in pixels: below it a row holds fewer.
        most: Width that a cell never exceeds.
    """
    gap = 8
    share = f"(100% - {gap * (columns - 1)}px)/{columns} - .1px"
    width = f"minmax(min(100%,max({least:.0f}px,{share})),1fr)"
    content = (
        f'<div role="img" aria-label="{html.escape(" ".join(alt.split()))}" '
        f'style="display:grid;grid-template-columns:repeat(auto-fit,{width});gap:{gap}px;'
        f"max-width:{columns * (most + gap) - gap:.0f}px;margin:auto;font-size:13px;"
        f'line-height:1.35;text-align:center">{"".join(cells)}</div>'
    )
    return Panels(content, alt, caption)
