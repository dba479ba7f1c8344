"""The site's shell: where pages are, what they know of themselves, what can be searched."""

import json
from urllib.parse import urlsplit

from docutils import nodes
from docutils.utils import new_document

REPOSITORY = "https://github.com/backbones-book/backbones"


def entries(book):
    text = (book.out / "search-index.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("backbonesIndex="))


def test_the_cover_is_the_index_and_its_old_address_leads_there(book):
    assert book.page("index").select_one("body.bb-landing h1").get_text().startswith("The book")
    assert "url=../index.html" in (book.out / "book" / "index.html").read_text()
    assert book.page("chapters/vgg").select_one("a.bb-brand")["href"] == "../index.html"


def test_a_page_knows_its_part_and_its_neighbours(book):
    page = book.page("chapters/resnet")
    assert page.select_one(".bb-part").get_text() == "Skip connections"
    assert page.select_one("nav.bb-turn a[rel=prev]")["href"] == "vgg.html"
    assert page.select_one("nav.bb-turn a[rel=next]")["href"] == "../book/claims.html"


def test_a_chapter_leads_to_colab_and_to_its_notebook(book):
    page = book.page("chapters/vgg")
    owner = urlsplit(REPOSITORY).path
    colab = f"https://colab.research.google.com/github{owner}/blob/main/chapters/vgg.ipynb"
    assert page.select_one("a.bb-colab")["href"] == colab
    assert page.select_one("a[download]")["href"] == "../_sources/chapters/vgg.ipynb"
    assert f"{REPOSITORY}/blob/main/chapters/vgg.ipynb" in {a["href"] for a in page.select("a")}
    assert book.page("book/claims").select("a.bb-colab, a[download]") == []


def test_a_page_loads_its_own_style_and_script_and_no_other(book):
    page = book.page("chapters/vgg")
    assert page.select("link[rel=stylesheet]") == []
    (style,) = page.select("style")
    assert "--bb-blue:light-dark(" in style.get_text().replace(": ", ":")
    assert [s["src"] for s in page.select("script[src]")] == ["../_static/backbones.js"]
    assert [path.name for path in (book.out / "_static").iterdir()] == []  # the book has no assets
    assert (book.out / ".nojekyll").exists()


def test_pages_are_told_the_address_of_the_repository(book):
    doctree, _ = book.read("book/claims", "# Claims\n\nSee {{ repository }}/issues.")
    assert f"See {REPOSITORY}/issues." in doctree.astext()


def test_only_pages_with_formulas_ask_for_their_style():
    from book_site import is_math

    assert is_math(nodes.math("", "x"))
    assert is_math(nodes.math_block("", "x"))
    assert not is_math(nodes.literal("", "x"))


def test_every_section_and_every_term_can_be_found(book):
    found = {(page, anchor): (of, title, text) for page, anchor, of, title, text in entries(book)}
    assert found["chapters/vgg.html", ""][:2] == ("VGG: depth", "VGG: depth")
    assert found["chapters/vgg.html", "fields-of-a-stack"][1:] == (
        "Fields of a stack",
        "They add up. plot() shown()",
    )
    assert found["book/glossary.html", "term-block"] == (
        "Glossary",
        "block",
        "块 · layers · ResNet",
    )
    assert len(found) == len(entries(book))
    assert not any(page == "index.html" for page, _ in found)


def test_what_cells_put_out_and_raw_html_are_not_searched():
    from book_site import words

    section = nodes.section()
    section += nodes.paragraph("", "A sentence.")
    section += nodes.raw("", "<b>raw</b>", format="html")
    section += nodes.comment("", "a comment")
    section += nodes.container("", nodes.paragraph("", "0.123"), nb_element="cell_code_output")
    section += nodes.container("", nodes.paragraph("", "inside"), nb_element="cell_code")
    section += nodes.table("", nodes.paragraph("", "a term"), classes=["bb-glossary"])
    new_document("page").append(section)
    assert words(section) == ["A sentence.", "inside"]
