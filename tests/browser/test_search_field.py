"""Search as a reader meets it: the keyboard, a phone, a page opened from disk."""

import re

import pytest
from built_site import HTML, must_be_built

pytestmark = pytest.mark.browser


def open_search(page):
    """Open the dialog; return its field and its list."""
    page.get_by_role("button", name="Search").click()
    dialog = page.get_by_role("dialog", name="Search the book")
    return dialog.get_by_role("combobox"), dialog.get_by_role("option")


@pytest.mark.parametrize("width", [1280, 390])
def test_search_finds_and_leads_there_by_keyboard(visit, pages, width):
    one = visit(width=width)
    page = one.open(pages[0])
    field, options = open_search(page)
    page.keyboard.type("recpetive feild")
    options.filter(has_text="Receptive fields").first.wait_for()
    assert options.count() >= 3
    chosen = page.locator("[role=option][aria-selected=true]")
    assert chosen.get_attribute("id") == field.get_attribute("aria-activedescendant")
    assert "Chapter" in chosen.inner_text()
    for key, index in (("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", options.count() - 1)):
        page.keyboard.press(key)
        assert options.nth(index).get_attribute("aria-selected") == "true"
        assert chosen.count() == 1
        assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/chapters/receptive_field.html")
    one.must_be_faultless()


def test_results_tell_where_they_lead_and_mark_what_was_found(visit, pages):
    one = visit()
    page = one.open(pages[0])
    field, options = open_search(page)
    assert field.get_attribute("aria-expanded") == "false"
    page.keyboard.type("BN")
    section = options.filter(has_text="With and without batch norm")
    section.locator(".bb-quote mark").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    assert section.locator("small").inner_text() == "ResNet"
    assert section.locator("strong mark").all_inner_texts() == ["batch", "norm"]
    assert set(section.locator(".bb-quote mark").all_inner_texts()) <= {"BN", "batch", "norm"}
    assert section.get_attribute("href").endswith("resnet.html#with-and-without-batch-norm")
    told = page.get_by_role("dialog").get_by_role("status")
    assert re.match(r"\d+ places", told.inner_text())
    field.fill("xyzzy")
    page.get_by_text("Nothing found for “xyzzy”").wait_for()
    assert field.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    one.must_be_faultless()


def test_every_place_of_the_index_exists(visit, pages):
    one = visit()
    page = one.open("search.html")
    page.get_by_role("combobox").fill("a word")
    page.wait_for_function("typeof backbonesIndex !== 'undefined'")
    places = page.evaluate(
        """() => new BackbonesSearch(backbonesIndex).entries.map((e) =>
        [e.uri, e.place ? e.anchor || e.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "") : ""])"""
    )
    assert len(places) > 200
    texts = {uri: (HTML / uri).read_text(encoding="utf-8") for uri in {uri for uri, _ in places}}
    missing = [place for place in places if place[1] and f'id="{place[1]}"' not in texts[place[0]]]
    assert missing == []


def test_nothing_of_search_is_loaded_before_the_field_has_the_focus(visit, pages):
    one = visit()
    asked = []
    one.page.on("request", lambda request: asked.append(request.url.removeprefix(one.site)))
    page = one.open(pages[3])
    assert not [url for url in asked if "search" in url]
    page.keyboard.press("/")
    page.keyboard.type("stride")
    page.locator(".bb-quote mark").first.wait_for()
    assert {"/_static/search.js", "/search-index.js", "/search/book/glossary.js"} <= set(asked)
    searched = [url for url in asked if "search" in url]
    assert len(searched) == len(set(searched)), "nothing is asked for twice"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_results_is_sound(visit, axe, width, theme):
    one = visit(width=width, theme=theme)
    page = one.open("search.html?q=感受野")
    page.locator("main .bb-quote mark").first.wait_for()
    assert page.get_by_role("combobox").input_value() == "感受野"
    assert page.get_by_role("option").first.inner_text().startswith("Receptive fields")
    one.faults += axe(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("combobox").fill("stride")
    page.wait_for_url("**/search.html?q=stride")
    open_search(page)
    page.keyboard.type("padding")
    page.locator("dialog .bb-quote mark").first.wait_for()
    one.faults += axe(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/chapters/convolution.html#*")
    one.must_be_faultless()


def test_search_works_on_pages_opened_from_disk(browser):
    must_be_built()
    context = browser.new_context()
    page = context.new_page()
    page.goto((HTML / "chapters" / "vgg.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("感受野 计算")
    page.locator("dialog .bb-quote mark").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("file://**/receptive_field.html*")
    context.close()
