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
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from zlib import crc32

from backbones.diagrams import Picture
from backbones.packing import pack

LIMIT = 150_000  # bytes of HTML; a page with a few explorers stays light
_REFERENCE = re.compile(r'\sid="|url\(#|href="#')
_BOX = re.compile(r'\s(?:viewBox="([^"]*)"|width="[^"]*"|height="[^"]*")')


@dataclass(frozen=True)
class Axis:
    """What one control of an explorer or a lab chooses from.

    Numbers become a slider, anything else a row of buttons.

    Args:
        values: At least two, in order.
        label: Words beside the control; by default the axis's name.
        unit: Written after each value.
        format: How a value is shown.
        default: The value at the start; by default the first.

    Raises:
        ValueError: If there are fewer than two values, two are equal or look equal, or `default`
            is not among them.
    """

    values: Sequence[Any]
    label: str = ""
    unit: str = ""
    format: Callable[[Any], str] | None = None
    default: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if len(self.values) < 2:
            raise ValueError(f"values must hold at least two values, got {self.values}")
        if len(set(self.shown)) < len(self.values):
            raise ValueError(f"values must look different from each other, got {self.shown}")
        if self.default is not None and self.default not in self.values:
            raise ValueError(f"default must be one of {self.values}, got {self.default!r}")

    @property
    def start(self) -> int:
        """Index of the default value."""
        return 0 if self.default is None else self.values.index(self.default)

    @property
    def ordered(self) -> bool:
        """Whether the values are numbers, which a slider suits."""
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.values)

    @property
    def shown(self) -> list[str]:
        """The values as the reader sees them."""
        if self.format is not None:
            words = [self.format(value) for value in self.values]
        else:
            yes_no = {True: "yes", False: "no"}
            words = [yes_no[v] if isinstance(v, bool) else str(v) for v in self.values]
        return [f"{word} {self.unit}".strip() for word in words]


def as_axes(axes: dict[str, Axis | Sequence[Any]]) -> dict[str, Axis]:
    """Axes by name, each with a label.

    Raises:
        ValueError: If there is none, or one does not suit; its name is in the message.
    """
    if not axes:
        raise ValueError("at least one axis is needed, as name=values")
    complete = {}
    for name, given in axes.items():
        try:
            axis = given if isinstance(given, Axis) else Axis(given)
        except ValueError as error:
            raise ValueError(f"axis {name!r}: {error}") from None
        label = axis.label or name.replace("_", " ")
        complete[name] = Axis(axis.values, label, axis.unit, axis.format, axis.default)
    return complete


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
            {"label": a.label, "values": a.shown, "start": a.start, "slider": a.ordered}
            for a in self.axes.values()
        ]
        data = {
            "axes": axes,
            "play": None if self.play is None else list(self.axes).index(self.play),
            "length": sum(map(len, texts)) + len(texts) - 1,
            "states": pack(texts),
        }
        return figure(
            "explorer",
            f"{_caption(self.title, self.caption)}{_stage(words, drawing)}"
            '<p class="bb-note">The controls of this figure need JavaScript. In a notebook, run '
            "this cell or trust the notebook to see them.</p>",
            data,
        )

    def __repr__(self) -> str:
        return f"<Explorer: {self.title}; {', '.join(self.axes)}; {len(self.states)} states>"

    def _repr_html_(self) -> str:
        return self._html


def figure(kind: str, body: str, data: dict[str, Any] | None = None) -> str:
    """A figure with its own style and script, `static/<kind>.css` and `.js`, and their data.

    Its id is a checksum of everything in it: the same figure is the same text on every machine,
    and two different ones never meet.
    """
    style, script = (_asset(f"{kind}.{end}") for end in ("css", "js"))
    stored = ""
    if data is not None:
        # Neither the end of the script nor a comment may begin inside the data.
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        text = text.replace("</", "<\\/").replace("<!--", "\\u003c!--")
        stored = f'<script type="application/json">{text}</script>'
    name = f"bb-{crc32(f'{style}{body}{stored}{script}'.encode()):08x}"
    return (
        f'<figure class="bb-{kind}" id="{name}"><style>{style}</style>{body}{stored}'
        f"<script>{script.replace('FIGURE_ID', name)}</script></figure>"
    )


def _asset(name: str) -> str:
    """A file of the package without indentation and without lines that only comment."""
    lines = (files("backbones") / "static" / name).read_text(encoding="utf-8").splitlines()
    bare = (line.strip() for line in lines)
    return "\n".join(line for line in bare if line and not line.startswith("//"))


def _caption(title: str, caption: str) -> str:
    return f"<figcaption><strong>{html.escape(title)}</strong>{html.escape(caption)}</figcaption>"


def _stage(words: str, drawing: str) -> str:
    """The first state as an image, which survives where a front-end removes SVG and scripts."""
    width = _box(drawing)[2]
    # An image knows nothing of the page's colours and fonts; this grey reads on light and dark.
    alone = drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    alone = alone.replace("<svg ", '<svg font-family="sans-serif" color="#777" ', 1)
    url = "data:image/svg+xml," + quote(alone, safe=" =:/;,.()'!*+-_@?&[]|~^`{}$")
    return (
        f'<div class="bb-stage" style="max-width:{width:g}px">'
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
