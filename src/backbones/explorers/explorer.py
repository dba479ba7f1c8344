"""Explorers: figures with controls that need no kernel.

A drawing function is called for every combination of its axes beforehand; the pictures travel in
the notebook's output, with one small script and no library. That works on the static site, in
JupyterLab and in Colab, by mouse, touch and keyboard. Where scripts are off, or a notebook is not
trusted, the first state stands there as a picture.

    def square(side: int) -> Picture:
        drawing = svg.document(100, 100, svg.rect(5, 5, side, side, fill="blue"))
        return Picture(drawing, f"A square {side} pixels wide.")

    Explorer(square, title="A square", alt="A square", side=range(10, 91, 10))
"""

import html
import itertools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote
from zlib import crc32

from backbones.diagrams import Picture
from backbones.explorers.compression import pack
from backbones.explorers.controls import Axis, as_axes
from backbones.explorers.markup import embed

LIMIT = 150_000  # bytes of HTML; a page with a few explorers stays light
_LARGEST = 1.15  # a drawing's letters are then as large as the site's text
_REFERENCE = re.compile(r'\sid="|url\(#|href="#')
_BOX = re.compile(r'\s(?:viewBox="([^"]*)"|width="[^"]*"|height="[^"]*")')


class Explorer:
    """A figure that shows one of many states, chosen by sliders and buttons.

    Args:
        draw: Called with one value of each axis, by name. It returns a `Picture`, whose alt text
            then describes the state, or SVG text. For an impossible combination it raises a
            ValueError, whose message is shown in place of a picture.
        title: Name of the figure.
        alt: What the figure shows, for states that have no alt text of their own.
        caption: What to do and to look for.
        play: Name of an axis that a button steps through.
        **axes: Name to values, or to an `Axis`.

    Raises:
        ValueError: If an axis or `play` does not suit, the state at the start is impossible,
            or the HTML is larger than 150 KB.
    """

    def __init__(
        self,
        draw: Callable[..., Picture | str],
        *,
        title: str,
        alt: str,
        caption: str = "",
        play: str | None = None,
        **axes: Axis | Sequence[Any],
    ) -> None:
        if not title.strip() or not alt.strip():
            raise ValueError(f"title and alt must not be empty, got {title!r} and {alt!r}")
        self.title, self.alt, self.caption = title, alt, caption
        self.axes = as_axes(axes)
        if play is not None and play not in self.axes:
            raise ValueError(f"play must be one of {', '.join(self.axes)}, got {play!r}")
        self.play = play
        indices = list(itertools.product(*(range(len(a.values)) for a in self.axes.values())))
        start = indices.index(tuple(axis.start for axis in self.axes.values()))
        self.states = _same_box([self._state(draw, index) for index in indices])
        if not self.states[start][1]:
            raise ValueError(f"the state at the start is impossible: {self.states[start][0]}")
        self._html = self._render(*self.states[start])
        size = len(self._html.encode())
        if size > LIMIT:
            raise ValueError(
                f"explorer {title!r} takes {size:,} bytes for {len(self.states)} states; at most "
                f"{LIMIT:,} are allowed: use fewer values, or a simpler drawing"
            )

    def _state(self, draw: Callable[..., Picture | str], index: Sequence[int]) -> tuple[str, str]:
        """Words and drawing of one state; no drawing where `draw` refuses."""
        axes = list(zip(self.axes.items(), index, strict=True))
        try:
            drawn = draw(**{name: axis.values[i] for (name, axis), i in axes})
        except ValueError as error:
            return " ".join(str(error).split()), ""
        if not isinstance(drawn, Picture):
            values = ", ".join(f"{axis.label} {axis.shown[i]}" for (_, axis), i in axes)
            drawn = Picture(drawn, f"{self.alt} ({values})")
        # Ids of two explorers on one page must not meet.
        scope = rf"\g<0>bb{crc32(self.title.encode()):x}-"
        drawing = _REFERENCE.sub(scope, drawn.svg.replace("\n", " "))
        return " ".join(drawn.alt.split()), drawing

    def _render(self, words: str, drawing: str) -> str:
        texts = [text for state in self.states for text in state]
        axes = [
            {"label": a.label, "values": a.shown, "start": a.start, "slider": a.slider}
            for a in self.axes.values()
        ]
        data = {
            "axes": axes,
            "play": None if self.play is None else list(self.axes).index(self.play),
            "length": sum(map(len, texts)) + len(texts) - 1,
            "states": pack(texts),
        }
        return embed(
            "explorer",
            f"{_caption(self.title, self.caption)}{_stage(words, drawing)}"
            '<p class="bb-unscripted">The controls of this figure need JavaScript. In a notebook, '
            "run this cell or trust the notebook to see them.</p>",
            data,
        )

    def __repr__(self) -> str:
        return f"<Explorer: {self.title}; {', '.join(self.axes)}; {len(self.states)} states>"

    def _repr_html_(self) -> str:
        return self._html


def _caption(title: str, caption: str) -> str:
    below = f"<br>{html.escape(caption)}" if caption else ""
    return f"<figcaption><strong>{html.escape(title)}</strong>{below}</figcaption>"


def _stage(words: str, drawing: str) -> str:
    """The first state as an image, which survives where a front-end removes SVG and scripts."""
    width, height = _box(drawing)[2:]
    # An image knows nothing of the page's colours and fonts; this grey reads on light and dark.
    alone = drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    alone = alone.replace("<svg ", '<svg font-family="sans-serif" color="#777" ', 1)
    url = "data:image/svg+xml," + quote(alone, safe=" =:/;,.()'!*+-_@?&[]|~^`{}$")
    shape = f"max-width:{_LARGEST * width:g}px;aspect-ratio:{width:g}/{height:g}"
    return (
        f'<div class="bb-stage" style="{shape}">'
        f'<img alt="{html.escape(words)}" src="{html.escape(url)}"></div>'
    )


def _box(drawing: str) -> list[float]:
    numbers = re.search(r'\sviewBox="([^"]*)"', drawing)
    return [float(number) for number in re.split(r"[\s,]+", numbers[1].strip())]


def _same_box(states: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give every drawing the view box that holds them all, so that nothing jumps."""
    boxes = [_box(drawing) for _, drawing in states if drawing]
    if not boxes:
        raise ValueError(f"draw must draw at least one state, but: {states[0][0]}")
    left, top = min(x for x, *_ in boxes), min(y for _, y, *_ in boxes)
    width = max(x + w for x, _, w, _ in boxes) - left
    height = max(y + h for _, y, _, h in boxes) - top
    sizes = [f"{math.ceil(size):d}" for size in (width, height)]
    root = f'<svg viewBox="{left:g} {top:g} {sizes[0]} {sizes[1]}" width="{sizes[0]}"'
    root += f' height="{sizes[1]}"'
    fitted = []
    for words, drawing in states:
        head, _, rest = drawing.partition(">")
        kept = _BOX.sub("", head.removeprefix("<svg"))
        fitted.append((words, f"{root}{kept}>{rest}" if drawing else ""))
    return fitted
