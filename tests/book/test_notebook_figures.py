"""Explorers and quizzes of a page share one script and one style."""

import re

import pytest
from bs4 import BeautifulSoup
from small_book import PAGES, chapter, code

from backbones.diagrams import Picture, svg
from backbones.explorers import Explorer, Question, Quiz


def explorer(title):
    def draw(side):
        return Picture(svg.document(50, 50, svg.rect(1, 1, side, side)), f"A square of {side}.")

    return Explorer(draw, title=title, alt="A square", side=(10, 20))._repr_html_()


def quiz(text):
    return Quiz([Question(text, {"one": "Yes.", "two": "No."}, "one")])._repr_html_()


def test_copies_become_one_link_and_everything_else_stays():
    from notebook_figures import shared

    figures = [explorer("One"), quiz("How?"), explorer("Two"), quiz("Why?")]
    body = "<p>Before.</p>" + "<p>Between.</p>".join(figures)
    changed, files = shared(body, "../figures")
    kinds = [re.fullmatch(r"(\w+)-[0-9a-f]{8}\.(\w+)", name).groups() for name in files]
    assert sorted(kinds) == [(k, end) for k in ("explorer", "quiz") for end in ("css", "js")]
    page, before = (BeautifulSoup(text, "html.parser") for text in (changed, body))
    links = [link["href"] for link in page.select("figure > link[rel=stylesheet]")]
    scripts = [script["src"] for script in page.select("figure > script[defer][data-site][src]")]
    assert [*links, *scripts] == [
        f"../figures/{name}" for end in ("css", "js") for name in files if name.endswith(end)
    ]
    assert page.get_text() == before.get_text()
    data = "script[type='application/json']"
    assert [s.string for s in page.select(data)] == [s.string for s in before.select(data)]
    assert len(page.select("style, script")) == 2 + 2


def test_what_was_stored_by_two_versions_keeps_both_scripts():
    from notebook_figures import shared

    old = explorer("Old").replace("</script></figure>", "old()</script></figure>")
    changed, files = shared(old + explorer("New"), "figures")
    assert sum(name.endswith(".js") for name in files) == 2
    assert sum(name.endswith(".css") for name in files) == 1
    assert changed.count("<script defer data-site") == 2


def test_words_that_only_look_like_scripts_are_left_alone():
    from notebook_figures import shared

    text = "<pre>&lt;style data-bb=&quot;explorer&quot;&gt;</pre><style>p{}</style>"
    assert shared(text, "figures") == (text, {})


@pytest.fixture
def written(book):
    """Write one chapter of the small book anew; give back its page, and what was said of it."""

    def write(text):
        _, said = book.read("chapters/resnet", text)
        book.said.seek(0)
        book.said.truncate()
        book.app.builder.write(["chapters/resnet"], ["chapters/resnet"], "specific")
        return book.page("chapters/resnet"), said + book.said.getvalue()

    yield lambda *cells: write(chapter(*cells, title="ResNet"))
    write(PAGES["chapters/resnet.ipynb"])


def test_the_site_writes_the_files_that_its_pages_link(book, written):
    page, said = written(*(code("x", html=explorer(title)) for title in ("One", "Two")))
    assert said == ""
    (link,) = page.select("figure.bb-explorer link")
    (script,) = page.select("figure.bb-explorer script[src]")
    for address in (link["href"], script["src"]):
        assert address.startswith("../figures/explorer-")
        assert (book.out / "chapters" / address).read_text(encoding="utf-8")
    assert "data-name" in (book.out / "chapters" / script["src"]).read_text(encoding="utf-8")


def test_two_explorers_of_one_name_are_a_fault(written):
    _, said = written(code("x", html=explorer("One")), code("y", html=explorer("One")))
    assert "Two explorers are called 'explorer-one': one needs another title or name" in said
