"""A drawing that shows itself in a notebook."""

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any

from backbones.diagrams import parts

_ROOT = re.compile(r"<svg\b[^>]*>")
NARROW = 580  # pixels; in a narrower place a picture shows its narrow drawing
# Without this style, or in a browser that does not know it, the wide drawing is shown.
_CHOICE = (
    "<style>.bb-two{container-type:inline-size}"
    f"@container (max-width:{NARROW - 0.1}px)"
    "{.bb-two>.bb-drawn-wide{display:none}.bb-two>.bb-drawn-narrow{display:block!important}}</style>"
)


@dataclass(frozen=True, repr=False)
class Picture:
    """An SVG that shows itself in a notebook, with a text for those who cannot see it.

    Args:
        svg: The drawing, from `<svg` on, with a `viewBox`.
        alt: What the picture shows, in words; screen readers read it in its place.
        caption: A line below the picture, plain text.
        css_class: Class of the surrounding `<figure>`.
        numbers: What a plot draws, as lists and dictionaries that JSON knows. A stored plot is
            compared by them; nobody sees them.
        narrow: The drawing for places narrower than `NARROW`, such as a phone; by default the same
            one, made smaller. It says the same, and has letters of at least 11 pixels there.

    Raises:
        ValueError: If `svg` or `narrow` is not an SVG with a view box, names its own `role`,
            `aria-label` or `style`, or if `alt` is empty.
    """

    svg: str
    alt: str
    caption: str = ""
    css_class: str = "bb-picture"
    numbers: Any = field(default=None, compare=False)
    narrow: str = ""

    def __post_init__(self) -> None:
        _check_drawing("svg", self.svg)
        if self.narrow:
            _check_drawing("narrow", self.narrow)
        if not self.alt.strip():
            raise ValueError("alt must say what the picture shows, got an empty text")

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the view box of the wide drawing."""
        box = re.search(r'\sviewBox="([^"]*)"', self.svg)
        return tuple(float(number) for number in re.split(r"[\s,]+", box[1].strip()))[2:]

    def inline(self) -> str:
        """The wide SVG element alone, named by the alt text, never wider than its container."""
        return self._named(self.svg)

    def _named(self, svg: str) -> str:
        label = html.escape(" ".join(self.alt.split()))
        # What is inside an image cannot be reached by itself; what is inside a group can.
        role = "group" if "tabindex=" in svg else "img"
        named = f'<svg role="{role}" aria-label="{label}" style="max-width:100%;height:auto"'
        return named + svg[len("<svg") :]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {' '.join(self.alt.split())}>"

    def _repr_html_(self) -> str:
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        name, drawing = html.escape(self.css_class), self.inline()
        if self.narrow:
            name += " bb-two"
            small = f'style="display:none">{self._named(self.narrow)}</div>'
            drawing = f'{_CHOICE}<div class="bb-drawn-wide">{drawing}</div>'
            drawing += f'<div class="bb-drawn-narrow" {small}'
        if numbers := parts.numbers_in(self.svg + self.narrow):
            drawing = f"<style>{parts.style(numbers)}</style>{drawing}"
        return f'<figure class="{name}"{data_numbers(self.numbers)}>{drawing}{caption}</figure>'


def data_numbers(numbers: Any) -> str:
    """The numbers of a plot as an attribute of its figure; nothing if there are none."""
    if numbers is None:
        return ""
    text = json.dumps(numbers, ensure_ascii=False, separators=(",", ":"))
    # Between single quotes, for JSON is full of double ones.
    text = html.escape(text, quote=False).replace("'", "&#39;")
    return f" data-numbers='{text}'"


def _check_drawing(argument: str, svg: str) -> None:
    root = _ROOT.match(svg)
    if root is None:
        raise ValueError(f"{argument} must start with '<svg', got {svg[:40]!r}")
    if not re.search(r'\sviewBox="', root[0]):
        raise ValueError(f"{argument} must have a viewBox, to scale with the page; got {root[0]!r}")
    if taken := re.search(r"\s(role|aria-label|style)=", root[0]):
        raise ValueError(f"{argument} must leave {taken[1]!r} to Picture, got {root[0]!r}")
