"""Everything that a page can show has a specimen in the gallery."""

import re

import build_gallery
import pytest
import specimens
from nbformat.v4 import new_output
from storing import ChapterError

from backbones import plots
from backbones.diagrams import Picture


def test_every_drawing_function_and_every_class_that_shows_itself_has_a_specimen():
    """Guards the gallery: what is added to the package must be looked at."""
    assert specimens.missing() == []


def test_what_needs_a_specimen_is_found():
    names = set(specimens.wanted())
    assert {"plots.lines", "plots.picture", "diagrams.block_diagram", "explorers.check"} <= names
    assert {"gallery.vgg.stacked_kernels", "explorers.Quiz", "explorers.lab"} <= names
    assert {"experiments.Record", "profile.Profile", "source.Source", "data.Photos"} <= names
    for no_drawing in ("plots.styles", "plots.house_style", "explorers.Axis", "data.digits",
                       "gallery.vgg.layer_costs", "gallery.resnet.block_profile"):  # fmt: skip
        assert no_drawing not in names


def test_a_plot_without_a_specimen_is_named(monkeypatch):
    def ridges() -> Picture:
        """A plot that nobody has seen."""

    monkeypatch.setattr(plots, "ridges", ridges, raising=False)
    monkeypatch.setattr(plots, "__all__", [*plots.__all__, "ridges"])
    assert specimens.missing() == ["plots.ridges"]
    with pytest.raises(ChapterError, match=r"no specimen in tools/specimens/ yet: plots\.ridges"):
        build_gallery.notebook()


def test_the_body_of_a_function_is_its_cell():
    cells = specimens.specimens()
    right = cells["exercises"]["right"]
    assert right.title == "Check: right"
    assert right.code.startswith("check(\n    lambda n: 9 * n,")
    assert right.code.endswith(")")
    assert right.tags == ("hide-input",)
    assert cells["cells"]["prints"].tags == ()
    assert "vgg.stacked_kernels()" in cells["gallery.vgg"]["stacked_kernels"].code


def test_the_page_has_a_place_for_every_specimen():
    notebook = build_gallery.notebook()
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    for kind, members in specimens.specimens().items():
        for name in members:
            assert ids.count(f"{kind}-{name}".replace(".", "-")) == 1, f"{kind}.{name}"


def test_a_place_without_specimens_is_refused():
    with pytest.raises(ChapterError, match=r"a place for 'plots\.ridges', of which there is no"):
        list(build_gallery.cells_at("plots.ridges", specimens.specimens()))


def test_a_specimen_that_fails_is_told():
    cell = build_gallery.code_cell("plots-lines", "1 / 0", "hide-input")
    meant = build_gallery.code_cell("cells-raises", "1 / 0", "raises-exception")
    for one in (cell, meant):
        one.outputs = [new_output("error", ename="E", evalue="why", traceback=[])]
    notebook = build_gallery.new_notebook(cells=[cell, meant])
    assert build_gallery.failures(notebook) == ["plots-lines: E: why"]


def test_the_contact_sheet_shows_every_picture_by_its_section():
    sheet = build_gallery.contact_sheet({"plots": ["a.png", "b.png"], "quiz": ["c.png"]})
    assert re.findall(r'<h2>(\w+)|<img[^>]* src="([^"]+)"', sheet) == [
        ("plots", ""), ("", "a.png"), ("", "b.png"), ("quiz", ""), ("", "c.png"),
    ]  # fmt: skip
