"""How far the letters of a drawing reach, in DejaVu Sans: wider than most fonts of its kind."""

import functools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@functools.cache
def _advance(letter, bold):
    font = FT2Font(str(FONTS / f"DejaVuSans{'-Bold' if bold else ''}.ttf"))
    font.set_size(100, 72)
    return font.load_char(ord(letter)).linearHoriAdvance / 65536 / 100


def width(label, size, bold=False):
    return size * sum(_advance(letter, bold) for letter in label)


def texts_outside(svg):
    """Every text that leaves the view box of an SVG of `backbones.diagrams`, by how far."""
    root = ET.fromstring(svg)
    box = [float(number) for number in root.get("viewBox").split()]
    return list(_outside(root, box, 0, 0, float(root.get("font-size"))))


def _outside(node, box, dx, dy, base):
    if moved := re.fullmatch(r"translate\((\S+) (\S+)\)", node.get("transform", "")):
        dx, dy = dx + float(moved[1]), dy + float(moved[2])
    if node.tag == "text":
        size = float(node.get("font-size", base))
        wide = width(node.text, size, node.get("font-weight") == "600")
        left = float(node.get("x")) + dx
        left -= {None: 0, "middle": wide / 2, "end": wide}[node.get("text-anchor")]
        baseline = float(node.get("y")) + dy
        over = (
            box[0] - left,
            left + wide - box[0] - box[2],
            box[1] - (baseline - 0.76 * size),
            baseline + 0.21 * size - box[1] - box[3],
        )
        if max(over) > 0.5:
            yield node.text, round(max(over), 1)
    for child in node:
        yield from _outside(child, box, dx, dy, base)
