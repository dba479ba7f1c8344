"""How tall a section will be, roughly: room for it is kept until a reader comes near it.

The browser lays out a section of a chapter when it is about to be seen (content-visibility). Until
then it needs a height, or the scroll bar would jump. Estimates are off by a quarter or so.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode


class Column(NamedTuple):
    """A width of the page: characters in a line of text, and heights in pixels."""

    characters: int
    line: float
    code: float
    explorer: float
    quiz: float
    figure: float


WIDE = Column(characters=86, line=28, code=21, explorer=720, quiz=760, figure=400)
NARROW = Column(characters=38, line=28, code=19, explorer=680, quiz=1000, figure=320)
FOLD = 36
GAP = 20


def height(node: nodes.Node, column: Column) -> float:
    """Height of a node in pixels."""
    if isinstance(node, nodes.comment | nodes.colspec | nodes.target):
        return 0
    if isinstance(node, HideCodeCellNode):
        return FOLD
    if isinstance(node, nodes.raw):
        return height_of_html(node.astext(), column)
    if isinstance(node, nodes.title):
        return 86
    if isinstance(node, nodes.literal_block):
        return (node.astext().rstrip().count("\n") + 1) * column.code + 28
    if isinstance(node, nodes.row):
        cells = [cell for cell in node if isinstance(cell, nodes.entry)]
        if column is NARROW and len(cells) <= 3:  # rows of words become cards
            return sum(lines(cell.astext(), column) for cell in cells) * 23 + 30
        share = column._replace(characters=column.characters // max(1, len(cells)))
        return max((lines(cell.astext(), share) for cell in cells), default=1) * 23 + 20
    if isinstance(node, nodes.math_block):
        return 44 * (1 + node.astext().count(r"\\"))
    if isinstance(node, nodes.TextElement):
        return lines(node.astext(), column) * column.line + GAP
    return sum(height(child, column) for child in unfolded(node))


def unfolded(node: nodes.Element) -> list[nodes.Node]:
    """The children of a node without what stands between <details> and </details>."""
    shown, folded = [], False
    for child in node.children:
        text = child.astext() if isinstance(child, nodes.raw) else ""
        if "</details>" in text:
            folded = False
        elif not folded:
            shown.append(child)
            folded = "<details" in text
    return shown


def lines(text: str, column: Column) -> int:
    """Lines of running text."""
    return max(1, math.ceil(len(text) / column.characters))


def height_of_html(text: str, column: Column) -> float:
    """Height of what a cell put out as HTML."""
    if "bb-explorer" in text:
        return column.explorer
    if "bb-quiz" in text:  # before folds, which its answers are
        return column.quiz
    if "<details" in text:
        return FOLD + GAP
    if box := re.search(r'<svg[^>]* viewBox="0 0 ([\d.]+) ([\d.]+)"', text):
        wide, tall = float(box[1]), float(box[2])
        available = column.characters * 8.4
        return tall * min(1, available / wide) + 90
    if "<figure" in text:
        return column.figure
    return text.count("<tr") * 30 + 40


def heights(document: nodes.document) -> str:
    """A style that says how tall each section of a page will be, wide and narrow."""
    rules = []
    page = document.next_node(nodes.section)
    for section in page.children if page is not None else ():
        if isinstance(section, nodes.section):
            wide, narrow = (round(height(section, column), -1) for column in (WIDE, NARROW))
            rules.append(
                f"#{section['ids'][0]}{{--tall:{wide:.0f}px;--tall-narrow:{narrow:.0f}px}}"
            )
    return "".join(rules)
