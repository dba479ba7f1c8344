"""The table of claims: verdicts, kinds of evidence, links to the sections that hold it."""

import pytest
from docutils import nodes
from small_book import ENDING, chapter, claims, notebook, opening

VGG = "chapters/vgg"


def row_of(doctree):
    """The cells of the only claim."""
    (table,) = (t for t in doctree.findall(nodes.table) if "bb-claims" in t["classes"])
    (body,) = table.findall(nodes.tbody)
    return list(body.findall(nodes.entry))


def read(book, evidence="e", verdict="**true**", sections="## Own section\n\nText."):
    doctree, said = book.read(VGG, chapter(sections, claim=f"c | {evidence} | {verdict}"))
    return row_of(doctree), said


# -- verdicts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "kind", "shown"),
    [
        ("**true**", "true", "true"),
        ("**True.** It holds", "true", "true It holds"),
        ("**true, but** only there", "but", "true, but … only there"),
        ("**true, but:** only there", "but", "true, but … only there"),
        ("**myth**: it is not", "myth", "myth it is not"),
        ("**myth** it *is* not", "myth", "myth it is not"),
    ],
)
def test_a_verdict_has_its_own_badge(book, verdict, kind, shown):
    cells, said = read(book, verdict=verdict)
    (badge,) = (n for n in cells[2].findall(nodes.inline) if "bb-verdict" in n["classes"])
    assert badge["classes"] == ["bb-verdict", f"bb-verdict-{kind}"]
    assert cells[2].astext() == shown
    assert said == ""
    ((_, noted, _),) = book.app.env.backbones_pages[VGG]["claims"]
    assert noted == kind


@pytest.mark.parametrize("verdict", ["true", "**false**", "*myth*", ""])
def test_another_verdict_is_refused(book, verdict):
    assert "The claim 'c': its verdict begins with one of" in read(book, verdict=verdict)[1]


def test_a_refused_row_does_not_count(book):
    text = notebook(opening(), claims("a | e | **true**", "b | e | maybe", "c | e | **myth**"))
    book.read(VGG, text)
    noted = book.app.env.backbones_pages[VGG]["claims"]
    assert [(anchor, kind, cells[0].astext()) for anchor, kind, cells in noted] == [
        ("claim-1", "true", "a"),
        ("claim-2", "myth", "c"),
    ]


def test_the_table_has_three_columns_and_must_be_there(book):
    wrong = "## What the notes say, checked\n\n| Claim | Verdict |\n|:--|:--|\n| c | **true** |"
    assert "has the columns" in book.read(VGG, notebook(opening(), wrong, ENDING))[1]
    none = "## What the notes say, checked\n\nNothing."
    assert "No table under" in book.read(VGG, notebook(opening(), none, ENDING))[1]


# -- kinds of evidence -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "kinds", "shown"),
    [
        ("algebra: 18C² < 25C²", ["algebra"], "algebra 18C² < 25C²"),
        ("Measured here: 71 %", ["measured here"], "measured here 71 %"),
        ("paper: [He](https://arxiv.org/abs/1512.03385), Table 1", ["paper"], "paper He, Table 1"),
        (
            "paper: 7.3; measured here: 71",
            ["paper", "measured here"],
            "paper 7.3; measured here 71",
        ),
        ("71 %, see paper: there", [], "71 %, see paper: there"),
        ("*Their* paper: 7.3", [], "Their paper: 7.3"),
        ("both fields are 5", [], "both fields are 5"),
    ],
)
def test_the_kind_of_evidence_is_a_label(book, evidence, kinds, shown):
    (_, cell, _), said = read(book, evidence)
    labels = [n.astext() for n in cell.findall(nodes.inline) if "bb-kind" in n["classes"]]
    assert labels == kinds
    assert cell.astext() == shown
    assert said == ""


# -- sections --------------------------------------------------------------------------------------

SECTIONS = (
    "## Own section\n\nText.\n\n### Where is $W$, and what?\n\nText.\n\n"
    "### Exercise 12: Count (easy)\n\nText."
)


@pytest.mark.parametrize(
    ("evidence", "anchors"),
    [
        ("5 (*Own section*)", ["own-section"]),
        ("5 (*own  SECTION*)", ["own-section"]),
        ("5 (*Own section*, *Exercise 12*)", ["own-section", "exercise-12-count-easy"]),
        ("(*Exercise 12: Count*) and (*Own section*)", ["exercise-12-count-easy", "own-section"]),
        ("5 (*Own section* and *Pitfalls*; *Quiz*)", ["own-section", "pitfalls", "quiz"]),
        ("5 (*Own section*, the first table)", ["own-section"]),
        ("5 (*Where is $W$, and what?*)", ["where-is-w-and-what"]),
        ("5 in *Own section*", []),
        ("5 (the *theoretical* field)", []),
        ("5 (see *there*, *here*)", []),
        ("algebra: 5 (*Own section*)", ["own-section"]),
    ],
)
def test_a_section_in_italics_and_brackets_becomes_a_link(book, evidence, anchors):
    (_, cell, _), said = read(book, evidence, sections=SECTIONS)
    links = list(cell.findall(nodes.reference))
    assert [link["refid"] for link in links] == anchors
    assert all(isinstance(link[0], nodes.emphasis) for link in links)
    assert said == ""


@pytest.mark.parametrize(
    "evidence",
    ["5 (*Another section*)", "5 (*Own section*, *Another section*)", "5 (*Exercise 1*)"],
)
def test_a_section_that_is_not_there_is_refused(book, evidence):
    assert "The claim 'c': the chapter has no section" in read(book, evidence, sections=SECTIONS)[1]


def test_two_sections_of_one_title_are_refused(book):
    said = read(book, sections="## Own section\n\nText.\n\n### Own section\n\nText.")[1]
    assert "Two sections have the title 'Own section'" in said


@pytest.mark.parametrize("place", ["(cell below)", "in the cell above", "(cells below)"])
def test_a_row_makes_sense_away_from_its_cells(book, place):
    assert "names a section, not a cell" in read(book, f"5 {place}")[1]
    assert "names a section, not a cell" in read(book, verdict=f"**myth** {place}")[1]
