"""Parts of a drawing that light up together, and what a reader can take hold of."""

import re
import xml.etree.ElementTree as ET
from importlib.resources import files

import pytest

from backbones.diagrams import Picture, parts, svg


def drawing(*fragments):
    return svg.document(100, 100, *fragments)


def test_a_part_with_a_label_can_be_reached_and_is_named():
    part = svg.part(2, svg.rect(0, 0, 9, 9), label="P < 3")
    assert part.startswith('<g data-part="2" tabindex="0" role="img"><title>P &lt; 3</title><rect ')
    assert svg.part(2, svg.rect(0, 0, 9, 9)).startswith('<g data-part="2"><rect ')
    with pytest.raises(ValueError, match="number of a part must be from 1 to 9, got 0"):
        svg.part(0)


def test_a_piece_of_a_line_can_be_a_part():
    line = svg.text(0, 10, "H(x) = ", (1, "F(x)"), " + ", (2, "x & y"))
    assert "".join(ET.fromstring(line).itertext()) == "H(x) = F(x) + x & y"
    assert '<tspan data-part="1">F(x)</tspan>' in line


def test_a_picture_has_the_rules_of_its_parts_and_no_others():
    plain = Picture(drawing(svg.rect(0, 0, 9, 9)), "x")._repr_html_()
    assert "<style>" not in plain
    assert 'role="img"' in plain
    shown = Picture(drawing(svg.part(1), svg.part(3, label="three")), "x")._repr_html_()
    assert set(re.findall(r'\[data-part="(\d)"\]', shown)) == {"1", "3"}
    # What is inside an image cannot be reached by itself.
    assert '<svg role="group" aria-label="x"' in shown


def test_a_screen_reader_is_spared_what_is_beside_the_parts():
    shapes = [
        svg.text(9, 9, "a"),
        svg.text(9, 20, "b"),
        svg.part(1, label="one"),
        svg.rect(1, 1, 1, 1),
    ]
    groups = list(ET.fromstring(drawing(*shapes)))
    assert [group.get("aria-hidden") for group in groups] == ["true", None, "true"]
    assert "aria-hidden" not in drawing(svg.part(1), svg.text(9, 9, "a"))


def test_the_rules_are_as_long_as_they_have_to_be():
    """Guards the size of pages: they are in each figure that has parts."""
    assert len(parts.style([1, 2, 3])) < 900
    assert parts.style(range(1, 10)) == parts.style()


def test_explorers_have_the_same_rules():
    """Guards against two versions: an explorer's drawings come without a style of their own."""
    sheet = files("backbones.explorers") / "static" / "explorer.css"
    assert parts.style() in sheet.read_text(encoding="utf-8").splitlines()


def test_a_shape_can_be_dragged_along_axes():
    held = svg.draggable(svg.rect(0, 0, 9, 9), x=("column", 30), y=("row", 7.5))
    assert held.startswith('<g data-drag-x="column:30" data-drag-y="row:7.5"><rect ')
    assert "data-drag-y" not in svg.draggable("", x=("S", 18))
