"""Where the letters of a drawing are, in DejaVu Sans: wider than most fonts of its kind."""

import functools
import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.ft2font import FT2Font

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
WIDER = 1.12  # a font that is this much wider than DejaVu Sans must fit as well


class Text(NamedTuple):
    """A line of text with its box."""

    words: str
    left: float
    top: float
    right: float
    bottom: float
    size: float


@functools.cache
def _advance(letter, bold):
    font = FT2Font(str(FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf"))
    font.set_size(100, 72)
    return font.load_char(ord(letter)).linearHoriAdvance / 65536 / 100


@functools.cache
def width(label, size, bold=False):
    return size * sum(_advance(letter, bold) for letter in label)


def texts(svg, wider=1.0):
    """Every text of an SVG of `backbones.diagrams`, in a font `wider` than DejaVu Sans."""
    return [line.set_in(wider) for line in _lines(svg)]


def texts_outside(svg, wider=1.0):
    """Every text that leaves the view box of a drawing, by how far."""
    x, y, wide, high = map(float, ET.fromstring(svg).get("viewBox").split())
    found = []
    for text in texts(svg, wider):
        over = (x - text.left, text.right - x - wide, y - text.top, text.bottom - y - high)
        if max(over) > 0.5:
            found.append((text.words, round(max(over), 1)))
    return found


def texts_overlapping(svg, wider=1.0):
    """Every two texts of a drawing that touch."""
    return [
        (one.words, other.words)
        for one, other in itertools.combinations(texts(svg, wider), 2)
        if one.left < other.right - 0.5
        and other.left < one.right - 0.5
        and one.top < other.bottom - 0.5
        and other.top < one.bottom - 0.5
    ]


class _Line(NamedTuple):
    """A line of text before it is set: where it begins, is centred or ends."""

    words: str
    x: float
    baseline: float
    size: float
    bold: bool
    anchor: str | None

    def set_in(self, wider):
        wide = wider * width(self.words, self.size, self.bold)
        left = self.x - {None: 0, "middle": wide / 2, "end": wide}[self.anchor]
        top, bottom = self.baseline - 0.76 * self.size, self.baseline + 0.21 * self.size
        return Text(self.words, left, top, left + wide, bottom, self.size)


@functools.lru_cache(maxsize=512)  # each drawing is asked for several things in a row
def _lines(svg):
    root = ET.fromstring(svg)
    return tuple(_lines_in(root, 0, 0, float(root.get("font-size"))))


def _lines_in(node, dx, dy, base):
    if moved := re.fullmatch(r"translate\((\S+) (\S+)\)", node.get("transform", "")):
        dx, dy = dx + float(moved[1]), dy + float(moved[2])
    if node.tag == "text":
        size = float(node.get("font-size", base))
        bold = node.get("font-weight") == "600"
        x, baseline = float(node.get("x")) + dx, float(node.get("y")) + dy
        yield _Line("".join(node.itertext()), x, baseline, size, bold, node.get("text-anchor"))
    for child in node:
        yield from _lines_in(child, dx, dy, base)
