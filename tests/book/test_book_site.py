"""The site's shell: where pages are, and what they know of themselves."""

from urllib.parse import urlsplit

from docutils import nodes

REPOSITORY = "https://github.com/backbones-book/backbones"


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
