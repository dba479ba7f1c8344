"""What the site makes of a chapter's Markdown, and what it refuses."""

import pytest
from docutils import nodes
from small_book import ROOT, chapter, claims, code, notebook, opening

VGG = "chapters/vgg"


def classes(doctree, name):
    """The elements of a class."""
    return [node for node in doctree.findall(nodes.Element) if name in node.get("classes", ())]


def texts(elements):
    return [" ".join(element.get_text(" ", strip=True).split()) for element in elements]


def test_a_good_book_is_read_without_a_warning(book):
    assert book.warnings == ""


# -- the opening -----------------------------------------------------------------------------------


def test_the_paragraph_after_the_title_leads_and_no_other(book):
    for name, lead in (("chapters/vgg", "Small filters, stacked."), ("book/claims", "Put to the")):
        page = book.page(name)
        (paragraph,) = page.select(".bb-lead")
        assert paragraph.get_text().startswith(lead)
        assert paragraph.find_previous_sibling().name == "h1"
        assert page.find("meta", {"name": "description"})["content"].startswith(lead)


def test_the_card_has_a_name_and_a_value_in_each_row(book):
    (card,) = book.page(VGG).select(".bb-glance")
    assert card.p.get_text(strip=True) == "At a glance"
    assert card.select("table") == []
    (facts,) = card.select("dl")
    assert texts(facts.select("dt")) == ["Year", "Paper", "ImageNet"]
    assert texts(facts.select("dd")) == ["2014", "Simonyan", "74.4 %, Table 3"]
    glance = book.app.env.backbones_pages["chapters/resnet"]["glance"]
    assert glance == {"Year": "2015"}


def test_short_facts_stand_in_a_line_above_the_long_ones(book):
    long = "an identity shortcut; the bottleneck; 152 layers"
    rows = f"| Year | 2015 |\n| Introduced | {long} |\n| MACs | 4.1 G at 224 × 224 |"
    doctree, said = book.read(VGG, chapter(rows=rows))
    assert said == ""
    (card,) = classes(doctree, "bb-glance")
    short, others = card.findall(nodes.definition_list)
    assert "bb-facts" in short["classes"]
    assert "bb-facts" not in others["classes"]
    assert [item[0].astext() for item in short] == ["Year", "MACs"]
    assert [item[1].astext() for item in others] == [long]


def test_other_tables_are_no_cards(book):
    doctree, said = book.read(VGG, chapter("| At a distance | |\n|:--|:--|\n| Year | 1 |"))
    assert said == ""
    assert len(classes(doctree, "bb-glance")) == 1


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([], "begins with its title"),
        (["# VGG\n\n## Section\n\nText."], "its one-line answer"),
        ([opening(rows="| Years | 2014 |")], "a row 'Year'"),
        ([opening(rows="| Year | 2014 |\n| ImageNet | 74.4 % |")], "links to where it was"),
    ],
)
def test_an_opening_without_its_parts_is_refused(book, cells, complaint):
    assert complaint in book.read(VGG, notebook(*cells))[1]


def test_only_chapters_need_a_card(book):
    assert book.read("book/claims", "# Claims\n\n## Section\n\nText.")[1] == ""


# -- sections --------------------------------------------------------------------------------------

ENDING = ["Pitfalls", "Live lab", "Exercises", "Quiz", "Summary", "References"]
OF_PAPERS = "| Year | 2014 |\n| Paper | [S](https://arxiv.org/abs/1409.1556) |"


def sections(*titles):
    return "\n\n".join(f"## {title}\n\nText." for title in titles)


def test_fixed_sections_stand_in_their_order(book):
    def said(*titles):
        before, after = titles[: titles.index("claims")], titles[titles.index("claims") + 1 :]
        cells = [opening(rows=OF_PAPERS), sections(*before), claims("c|e|**true**")]
        return book.read(VGG, notebook(*cells, sections(*after)))[1]

    right = ["Own", "Why it mattered", "More of its own", "claims", "Using it today", *ENDING]
    assert said(*right) == ""
    assert "come in the order" in said(*right[:-2], "References", "Summary")
    assert "come in the order" in said("claims", "Why it mattered", "Using it today", *ENDING)
    for missing in ("Why it mattered", "Using it today", *ENDING):
        assert f"has a section {missing!r}" in said(*(t for t in right if t != missing))


def test_a_chapter_without_a_paper_needs_no_history(book):
    assert book.read(VGG, notebook(opening(), claims("c|e|**true**"), sections(*ENDING)))[1] == ""


def test_a_section_below_another_is_not_a_fixed_one(book):
    said = book.read(VGG, notebook(opening(), claims("c|e|**true**") + "\n\n### Pitfalls"))[1]
    assert "has a section 'Pitfalls'" in said


# -- callouts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Predict first.", "predict"),
        ("Pitfall:", "pitfall"),
        ("Key idea.", "idea"),
        ("You will learn", "goals"),
        ("Know first:", "know"),
        ("Try it.", "try"),
        ("Note.", "note"),
    ],
)
def test_a_quote_that_begins_with_a_known_word_is_a_callout(book, words, kind):
    doctree, said = book.read(VGG, chapter(f"> **{words}** Some *text*.\n>\n> More."))
    (box,) = classes(doctree, "bb-callout")
    assert f"bb-{kind}" in box["classes"]
    assert [child.astext() for child in box] == [words.rstrip(".:"), "Some text.", "More."]
    assert "bb-callout-title" in box[0]["classes"]
    assert said == ""


def test_a_callout_has_a_title_of_its_own_after_a_colon(book):
    title = book.page(VGG).select_one(".bb-pitfall .bb-callout-title")
    assert title.get_text() == "Pitfall: bias before BN"


def test_a_callout_whose_label_is_a_line_of_its_own_has_no_empty_paragraph(book):
    doctree, _ = book.read(VGG, chapter("> **You will learn**\n>\n> - one;\n> - two."))
    (box,) = classes(doctree, "bb-goals")
    assert [type(child) for child in box] == [nodes.paragraph, nodes.bullet_list]


def test_other_quotes_stay_quotes_and_unknown_words_are_refused(book):
    doctree, said = book.read(VGG, chapter("> Plain, with **bold** in it.\n\n> - a list"))
    assert (len(list(doctree.findall(nodes.block_quote))), said) == (2, "")
    assert "begins with one of" in book.read(VGG, chapter("> **Beware.** Text."))[1]


# -- cells -----------------------------------------------------------------------------------------


def test_imports_are_folded_under_their_title(book):
    (fold,) = [f for f in book.page(VGG).select("details.hide") if "import torch" in f.get_text()]
    assert fold.summary.get_text() == "Set-up: imports"
    assert not fold.has_attr("open")
    assert "@title" not in fold.get_text()


def test_a_figure_comes_before_the_code_that_draws_it(book):
    (cell,) = [c for c in book.page(VGG).select(".cell") if "plot()" in c.get_text()]
    parts = [child for child in cell.children if child.name]
    assert parts[0].find("figure")
    assert parts[1].name == "details"
    assert parts[1].summary.get_text() == "Code: Where it is"
    assert "bb-code-below" in cell["class"]


def test_elsewhere_code_comes_before_what_it_puts_out(book):
    (cell,) = [c for c in book.page(VGG).select(".cell") if "shown()" in c.get_text()]
    parts = [child for child in cell.children if child.name]
    assert "shown()" in parts[0].get_text()
    assert "plain output" in parts[1].get_text()
    assert "bb-code-below" not in cell["class"]


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (code("# @title Shown\nf()"), "'Shown' is tagged hide-input or hide-cell"),
        (code("# @title Shown\nf()", "hide-output", html="x"), "is tagged hide-input or hide-cell"),
        (code("# @title Set-up: imports\nf()", "hide-input"), "is tagged hide-cell"),
        (code("# @title Any other\nf()", "hide-input"), ""),
        (code("#@title As Colab writes it\nf()", "hide-cell"), ""),
        (code("f()  # @title", "hide-input"), ""),
    ],
)
def test_a_titled_cell_is_folded(book, cell, complaint):
    said = book.read(VGG, chapter(cell))[1]
    assert complaint in said
    assert bool(said) == bool(complaint)


# -- exercises, papers, glossary -------------------------------------------------------------------


def test_an_exercise_is_a_card_with_its_level(book):
    (exercise,) = book.page(VGG).select(".bb-exercise")
    assert exercise.h3.select_one(".bb-level").get_text() == "easy"
    assert exercise.h3.get_text().startswith("Exercise 1: Count easy")
    assert exercise.p.get_text() == "Count."


@pytest.mark.parametrize("title", ["Exercise 1: Count", "Exercise 1: Count (simple)"])
def test_an_exercise_without_a_level_is_refused(book, title):
    assert "ends with its level" in book.read(VGG, chapter(f"## Own\n\n### {title}\n\nText."))[1]


def test_a_link_to_a_paper_shows_its_title(book):
    link = book.page("chapters/resnet").select_one("a.bb-paper")
    assert link["title"] == "He et al.: Deep residual learning (2016)"
    assert book.app.env.backbones_pages["chapters/resnet"]["cites"] == {"resnet"}


@pytest.mark.parametrize(
    "address", ["https://arxiv.org/abs/2010.11929", "https://doi.org/10.1000/999"]
)
def test_a_paper_that_is_not_in_the_bibliography_is_refused(book, address):
    assert f"{address} is not in" in book.read(VGG, chapter(f"[It]({address})."))[1]


def test_other_addresses_are_no_papers(book):
    doctree, said = book.read(VGG, chapter("[It](https://example.org/1409.1556)."))
    assert said == ""
    assert classes(doctree, "bb-paper") == []


def glossary(*rows):
    head = "# Glossary\n\nWords.\n\n| Term | 中文 | Meaning | Chapter |\n|:--|:--|:--|:--|\n"
    return head + "\n".join(f"| {row} |" for row in rows)


def test_terms_have_anchors_and_their_chinese_names_a_language(book):
    cells = book.page("book/glossary").select("table.bb-glossary tbody tr:first-child td")
    assert cells[0]["id"] == "term-block"
    assert [cell.get("lang") for cell in cells] == [None, "zh", None, None]


def test_a_glossary_is_alphabetical_and_knows_its_chapters(book):
    good = glossary("a | 甲 | m | ViT", "B | 乙 | m | MobileNet v1", "c | 丙 | m | ")
    assert book.read("book/glossary", good)[1] == ""
    said = book.read("book/glossary", glossary("b | 乙 | m | ViT", "a | 甲 | m | ViT"))[1]
    assert "'a' belongs before 'b'" in said
    said = book.read("book/glossary", glossary("a | 甲 | m | VitT"))[1]
    assert "has no chapter 'VitT'" in said


def test_the_books_own_glossary_is_in_order(book):
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    assert book.read("book/glossary", text)[1] == ""
