"""The built site is whole: its pages, their links, and nothing that another host would serve."""

import functools
import json
import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import notebooks
import pytest
from built_site import HTML, must_be_built, page_names, sources

# What a page fetches by itself; <a href> waits for the reader and may lead anywhere.
LOADING = {"src", "srcset", "data", "poster", "background"}
LOADING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "manifest",
    "apple-touch-icon",
}
ELSEWHERE = re.compile(r"^\s*(?:[a-z]+:)?//", re.IGNORECASE)
STYLE_ADDRESS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Page(HTMLParser):
    """What the checks need of a page."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.ids = [], [], Counter()
        self.tags, self.language, self.description, self.style = Counter(), None, None, []
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags[tag] += 1
        self._in_style = tag == "style"
        if "id" in values:
            self.ids[values["id"]] += 1
        if tag == "html":
            self.language = values.get("lang")
        if tag == "meta" and values.get("name") == "description":
            self.description = values.get("content")
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and LOADING_LINKS & set((values.get("rel") or "").split()):
            self.loads.append(values["href"])
        self.loads += [values[name] for name in LOADING & values.keys() if values[name]]
        if "style" in values:
            self.style.append(values["style"] or "")

    def handle_data(self, data):
        if self._in_style:
            self.style.append(data)

    def handle_endtag(self, tag):
        self._in_style = False


@pytest.fixture(scope="module", autouse=True)
def _built():
    must_be_built()


@functools.cache
def page(path):
    return Page(path.read_text(encoding="utf-8"))


def every_page():
    return sorted(HTML.rglob("*.html"))


def short(path):
    return path.relative_to(HTML).as_posix()


def test_every_page_of_the_contents_is_built_and_no_other():
    cover = f"{sources()[0]}.html"  # leads to index.html
    built = {short(path) for path in every_page()}
    assert built == {*page_names(), "search.html", cover}


def test_every_page_names_itself():
    for name in page_names():
        one = page(HTML / name)
        assert one.language, name
        assert one.tags["h1"] == 1, f"{name} has {one.tags['h1']} titles"
        assert one.tags["title"] >= 1, name
        assert one.description, f"{name} has no description"


def test_no_page_holds_an_error_of_the_build():
    for path in every_page():
        text = path.read_text(encoding="utf-8")
        found = re.findall(
            r'katex-error|class="(?:system-message|problematic)"|\{(?:ref|cite)\}', text
        )
        assert found == [], short(path)


def test_no_page_or_style_loads_anything_from_another_host():
    for path in every_page():
        one = page(path)
        addresses = [*one.loads, *style_addresses("\n".join(one.style))]
        assert [a for a in addresses if ELSEWHERE.match(a)] == [], short(path)
    for path in HTML.rglob("*.css"):
        addresses = style_addresses(path.read_text(encoding="utf-8"))
        assert [a for a in addresses if ELSEWHERE.match(a)] == [], short(path)


def style_addresses(text):
    return [match[1] or match[2] for match in STYLE_ADDRESS.finditer(text)]


def test_everything_that_a_page_loads_is_there():
    for path in every_page():
        for address in page(path).loads:
            if not re.match(r"data:|#", address):
                target = path.parent / unquote(urlsplit(address).path)
                assert target.is_file(), f"{short(path)} loads {address}"


def test_every_link_inside_the_book_leads_somewhere():
    lost = []
    for path in every_page():
        for link in page(path).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file() or (
                parts.fragment
                and target.suffix == ".html"
                and unquote(parts.fragment) not in page(target).ids
            ):
                lost.append(f"{short(path)} -> {link}")
    assert lost == []


def test_ids_are_unique_on_a_page():
    for path in every_page():
        twice = [name for name, count in page(path).ids.items() if count > 1]
        assert twice == [], short(path)


def test_every_chapter_leads_to_colab_and_to_its_notebook():
    owner = urlsplit(notebooks.repository_address()).path.strip("/")
    for chapter in notebooks.chapter_paths():
        links = page(HTML / "chapters" / f"{chapter.stem}.html").links
        colab = (
            f"https://colab.research.google.com/github/{owner}/blob/main/chapters/{chapter.name}"
        )
        assert colab in links
        download = HTML / "_sources" / "chapters" / chapter.name
        assert f"../_sources/chapters/{chapter.name}" in links
        assert json.loads(download.read_bytes()) == json.loads(chapter.read_bytes())


def test_the_set_up_cell_is_not_on_the_pages():
    for path in (HTML / "chapters").glob("*.html"):
        assert "find_spec" not in path.read_text(encoding="utf-8"), short(path)


def test_the_search_index_knows_every_page():
    index = (HTML / "search-index.js").read_text(encoding="utf-8")
    assert [name for name in page_names()[1:] if f'"{name}"' not in index] == []
