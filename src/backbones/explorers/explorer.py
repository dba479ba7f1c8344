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
import re
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

from backbones.diagrams import Picture
from backbones.diagrams.picture import NARROW
from backbones.explorers.compression import pack
from backbones.explorers.controls import Axis, as_axes, slug
from backbones.explorers.markup import embed
from backbones.explorers.stage import fitted, still_picture

LIMIT = 150_000  # bytes of HTML; a page with a few explorers stays light
_REFERENCE = re.compile(r'\sid="|url\(#|href="#')
_DRAGGED = re.compile(r'\sdata-drag-[xy]="([^":]*):?([^"]*)"')


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
        name: Short name for addresses, which keep the state of an explorer on the book's site:
            `vgg.html?costs.count=macs#explorer-costs`; by default the words of the title.
        **axes: Name to values, or to an `Axis`.

    A picture with a `narrow` drawing is shown by that one in narrow places. An element of a drawing
    can be dragged if it has the attribute `data-drag-x="stride:26"` or `data-drag-y`: each 26 units
    of the drawing to the right, or down, are one step of the axis `stride`.

    Raises:
        ValueError: If an axis, `play` or what can be dragged does not suit, the state at the start
            is impossible, some pictures have a narrow drawing and others none, or the HTML is
            larger than 150 KB.
    """

    def __init__(
        self,
        draw: Callable[..., Picture | str],
        *,
        title: str,
        alt: str,
        caption: str = "",
        play: str | None = None,
        name: str = "",
        **axes: Axis | Sequence[Any],
    ) -> None:
        if not title.strip() or not alt.strip():
            raise ValueError(f"title and alt must not be empty, got {title!r} and {alt!r}")
        self.title, self.alt, self.caption = title, alt, caption
        self.name = slug(name or title)
        self.axes = as_axes(axes)
        if play is not None and play not in self.axes:
            raise ValueError(f"play must be one of {', '.join(self.axes)}, got {play!r}")
        self.play = play
        indices = list(itertools.product(*(range(len(a.values)) for a in self.axes.values())))
        start = indices.index(tuple(axis.start for axis in self.axes.values()))
        states = [self._state(draw, index) for index in indices]
        if not any(wide for _, wide, _ in states):
            raise ValueError(f"draw must draw at least one state, but: {states[0][0]}")
        drawn = [(wide, narrow) for _, wide, narrow in states if wide]
        if len({bool(narrow) for _, narrow in drawn}) > 1:
            raise ValueError(f"all states of {title!r} have a narrow drawing, or none")
        self.words = [words for words, _, _ in states]
        self.wide = fitted([wide for _, wide, _ in states])
        self.narrow = fitted([narrow for _, _, narrow in states]) if drawn[0][1] else []
        if not self.wide[start]:
            raise ValueError(f"the state at the start is impossible: {self.words[start]}")
        self._html = self._render(start)
        size = len(self._html.encode())
        if size > LIMIT:
            raise ValueError(
                f"explorer {title!r} takes {size:,} bytes for {len(self.states)} states; at most "
                f"{LIMIT:,} are allowed: use fewer values, or a simpler drawing"
            )

    @property
    def states(self) -> list[tuple[str, str]]:
        """Words and drawing of every state, the last axis first; no drawing where impossible."""
        return list(zip(self.words, self.wide, strict=True))

    def _state(
        self, draw: Callable[..., Picture | str], index: Sequence[int]
    ) -> tuple[str, str, str]:
        """Words, drawing and narrow drawing of one state; no drawing where `draw` refuses."""
        axes = list(zip(self.axes.items(), index, strict=True))
        try:
            drawn = draw(**{name: axis.values[i] for (name, axis), i in axes})
        except ValueError as error:
            return " ".join(str(error).split()), "", ""
        if not isinstance(drawn, Picture):
            values = ", ".join(f"{axis.label} {axis.shown[i]}" for (_, axis), i in axes)
            drawn = Picture(drawn, f"{self.alt} ({values})")
        wide, narrow = self._own(drawn.svg), self._own(drawn.narrow)
        return " ".join(drawn.alt.split()), wide, narrow

    def _own(self, drawing: str) -> str:
        """A drawing on one line, with ids that no other explorer on the page has."""
        for name, units in _DRAGGED.findall(drawing):
            if name not in self.axes or not re.fullmatch(r"-?\d*\.?\d+", units) or not float(units):
                raise ValueError(
                    "data-drag-x and -y must be an axis and the units of a step, such as "
                    f"{next(iter(self.axes))}:26, got {name}:{units}"
                )
        scope = rf"\g<0>bb{crc32(self.title.encode()):x}-"
        return _REFERENCE.sub(scope, drawing.replace("\n", " "))

    def _render(self, start: int) -> str:
        columns = [self.words, self.wide, *([self.narrow] if self.narrow else [])]
        texts = [text for state in zip(*columns, strict=True) for text in state]
        axes = [
            {
                "name": name,
                "label": axis.label,
                "values": axis.shown,
                "keys": axis.keys,
                "start": axis.start,
                "slider": axis.slider,
            }
            for name, axis in self.axes.items()
        ]
        data = {
            "axes": axes,
            "play": None if self.play is None else list(self.axes).index(self.play),
            "narrow": NARROW if self.narrow else 0,
            "texts": len(columns),
            "length": sum(map(len, texts)) + len(texts) - 1,
            "states": pack(texts),
        }
        narrow = self.narrow[start] if self.narrow else ""
        return embed(
            "explorer",
            f"{_caption(self.title, self.caption)}"
            f"{still_picture(self.words[start], self.wide[start], narrow)}"
            '<p class="bb-unscripted">The controls of this figure need JavaScript. In a notebook, '
            "run this cell or trust the notebook to see them.</p>",
            data,
            id=f"explorer-{self.name}",
            data_name=self.name,
        )

    def __repr__(self) -> str:
        return f"<Explorer: {self.title}; {', '.join(self.axes)}; {len(self.states)} states>"

    def _repr_html_(self) -> str:
        return self._html


def _caption(title: str, caption: str) -> str:
    below = f"<br>{html.escape(caption)}" if caption else ""
    return f"<figcaption><strong>{html.escape(title)}</strong>{below}</figcaption>"
