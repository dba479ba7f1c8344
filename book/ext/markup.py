"""What the recognisers of patterns share: tables as rows of cells, and how to complain."""

from __future__ import annotations

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def warn(place: nodes.Node | str | None, message: str) -> None:
    """Report what is malformed, at a node or on a page; the site is built with warnings as errors.

    Args:
        place: The node, the page's name, or nothing where the message says it.
        message: A sentence on what should be there.
    """
    logger.warning(message, location=place, type="backbones", subtype="markup")


def header_cells(table: nodes.table) -> list[str]:
    """The texts of a table's header row."""
    heads = table.findall(nodes.thead)
    return [entry.astext().strip() for head in heads for entry in head.findall(nodes.entry)]


def body_rows(table: nodes.table) -> list[list[nodes.entry]]:
    """The cells of a table's body, row by row."""
    return [
        [cell for cell in row if isinstance(cell, nodes.entry)]
        for body in table.findall(nodes.tbody)
        for row in body.findall(nodes.row)
    ]


def leading_words(text: str) -> str:
    """'Predict first. ' and 'PREDICT FIRST:' -> 'predict first'."""
    return text.strip().rstrip(".:…").strip().lower()
