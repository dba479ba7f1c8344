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
    root = ET.fromstring(svg)
    return list(_texts(root, 0, 0, float(root.get("font-size")), wider))


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


def _texts(node, dx, dy, base, wider):
    if moved := re.fullmatch(r"translate\((\S+) (\S+)\)", node.get("transform", "")):
        dx, dy = dx + float(moved[1]), dy + float(moved[2])
    if node.tag == "text":
        words = "".join(node.itertext())
        size = float(node.get("font-size", base))
        wide = wider * width(words, size, node.get("font-weight") == "600")
        left = float(node.get("x")) + dx
        left -= {None: 0, "middle": wide / 2, "end": wide}[node.get("text-anchor")]
        baseline = float(node.get("y")) + dy
        yield Text(words, left, baseline - 0.76 * size, left + wide, baseline + 0.21 * size, size)
    for child in node:
        yield from _texts(child, dx, dy, base, wider)
