"""Explorers on the site: one script for all of them, which keeps their states in the address."""

import re
import sys
from pathlib import Path

import pytest
from widgets import described, squares, the_quiz

from backbones.gallery import convolution, vgg

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "ext"))

pytestmark = pytest.mark.browser


@pytest.fixture
def place(tmp_path, browser):
    """Write a page as the site's extension does, and open it; give back the page and its folder."""
    from notebook_figures import shared

    contexts, faults = [], []

    def open_page(*figures, query="", served=True, scripts=True, **options):
        bodies = "\n".join(figure._repr_html_() for figure in figures)
        body, files = shared(bodies, "figures")
        (tmp_path / "figures").mkdir(exist_ok=True)
        for name, text in files.items():
            (tmp_path / "figures" / name).write_text(text, encoding="utf-8")
        text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>T</title>{body}'
        text += '<h2 id="below" style="margin-top: 90vh">Below</h2><a href="#below">Down</a>'
        for name in ("page.html", "other.html"):
            (tmp_path / name).write_text(text, encoding="utf-8")
        context = browser.new_context(java_script_enabled=scripts, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        if served:
            context.route("https://book.test/**", serve)
        start = "https://book.test/page.html" if served else (tmp_path / "page.html").as_uri()
        page.goto(start + query)
        return page

    def serve(route):
        path = tmp_path / re.match(r"https://book\.test/([^?#]*)", route.request.url)[1]
        if path.is_file():
            route.fulfill(path=path)
        else:
            route.fulfill(status=204)

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def named(name):
    return squares(f"The {name} squares", name=name)


def address(page):
    return page.url.removeprefix("https://book.test/")


def settled(page):
    """After the pause in which a reader may still move on."""
    page.wait_for_timeout(750)
    return address(page)


def test_what_differs_from_the_start_is_in_the_address(place):
    page = place(named("one"), named("two"))
    assert address(page) == "page.html"
    page.get_by_role("slider").nth(1).press("End")
    assert settled(page) == "page.html?two.side=40-px"
    page.get_by_role("radio", name="orange").first.check()
    assert settled(page) == "page.html?two.side=40-px&one.color=orange"
    page.get_by_role("slider").nth(1).press("ArrowLeft")
    page.get_by_role("slider").nth(1).press("ArrowLeft")
    assert settled(page) == "page.html?one.color=orange"
    page.get_by_role("button", name="Reset").first.click()
    assert address(page) == "page.html"


def test_a_state_is_read_from_the_address(place):
    page = place(named("one"), named("two"), query="?two.color=orange&two.side=10-px#explorer-two")
    assert [described(page, k) for k in (0, 1)] == [
        "A blue square of 20.",
        "A orange square of 10.",
    ]
    assert page.get_by_role("radio", name="orange").nth(1).is_checked()
    assert page.get_by_role("slider").nth(1).get_attribute("aria-valuetext") == "10 px"
    assert page.locator(".bb-value").nth(1).inner_text() == "10 px"
    assert page.get_by_role("button", name="Reset").count() == 1
    assert settled(page) == "page.html?two.color=orange&two.side=10-px#explorer-two"
    assert page.locator(".bb-voice").all_inner_texts() == ["", ""]


def test_an_impossible_state_can_be_linked_too(place):
    page = place(named("one"), query="?one.color=orange&one.side=40-px")
    assert page.locator(".bb-message").inner_text() == "No orange square is that large."
    page.get_by_role("slider").press("Home")
    assert described(page) == "A orange square of 10."


def test_other_keys_and_the_fragment_are_kept_and_wrong_values_ignored(place):
    query = "?q=a%20b&flag&one.side=1000&one.else=1&other.side=7#below"
    page = place(named("one"), query=query)
    assert described(page) == "A blue square of 20."
    assert settled(page) == f"page.html{query}"
    page.get_by_role("slider").press("Home")
    assert settled(page) == "page.html?q=a%20b&flag&one.else=1&other.side=7&one.side=10-px#below"


def test_the_state_is_there_after_the_way_back_and_forward(place):
    page = place(named("one"))
    page.get_by_role("slider").press("End")
    page.wait_for_url("**?one.side=40-px")
    page.goto("https://book.test/other.html")
    assert described(page) == "A blue square of 20."
    page.go_back()
    assert described(page) == "A blue square of 40."
    assert page.get_by_role("slider").input_value() == "3"
    assert page.locator(".bb-value").inner_text() == "40 px"
    page.go_forward()
    assert described(page) == "A blue square of 20."
    page.reload()
    assert page.get_by_role("slider").input_value() == "1"


def test_links_inside_the_page_keep_the_state_and_the_way_back_has_the_older_one(place):
    page = place(named("one"))
    page.get_by_role("slider").press("End")
    page.wait_for_url("**?one.side=40-px")
    page.get_by_role("link", name="Down").click()
    assert settled(page) == "page.html?one.side=40-px#below"
    page.get_by_role("slider").press("Home")
    page.wait_for_url("**?one.side=10-px#below")
    page.go_back()
    assert described(page) == "A blue square of 40."
    page.go_forward()
    assert described(page) == "A blue square of 10."


def test_a_link_to_the_state_can_be_copied(place):
    page = place(named("one"), permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("slider").press("End")
    page.get_by_role("button", name="Link").click()
    page.get_by_role("button", name="Copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == "https://book.test/page.html?one.side=40-px#explorer-one"
    assert page.locator(".bb-voice").inner_text() == "Copied"
    page.goto(link)
    assert described(page) == "A blue square of 40."
    assert page.locator("#explorer-one").bounding_box()["y"] < 100


def test_where_nothing_can_be_copied_the_address_bar_has_the_link(place):
    page = place(named("one"))
    page.evaluate("() => delete Navigator.prototype.clipboard")
    page.get_by_role("slider").press("End")
    page.get_by_role("button", name="Link").click()
    assert address(page) == "page.html?one.side=40-px#explorer-one"


def test_pages_opened_from_disk_work_too(place):
    page = place(named("one"), the_quiz(), served=False)
    page.get_by_role("slider").press("End")
    assert described(page) == "A blue square of 40."
    page.wait_for_timeout(750)
    page.get_by_role("button", name="four").click()
    assert page.locator(".bb-reply").first.inner_text().startswith("✗ Not quite.")
    page.goto(page.url.split("?")[0] + "?one.color=orange")
    assert described(page) == "A orange square of 20."


def test_the_address_of_a_notebook_is_left_alone(place, browser):
    context = browser.new_context()
    page = context.new_page()
    html = f"<!doctype html><title>Notebook</title>{named('one')._repr_html_()}"
    page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto("http://lab.test/notebook?one.side=40-px")
    assert described(page) == "A blue square of 20."
    page.get_by_role("slider").press("Home")
    page.wait_for_timeout(750)
    assert page.url == "http://lab.test/notebook?one.side=40-px"
    assert page.get_by_role("button", name="Link").count() == 0
    context.close()


# ------------------------------------------------------------------------------ one script a page


def test_a_page_links_one_script_and_one_style_of_each_kind(place):
    page = place(convolution.convolution_steps(), vgg.vgg_costs(), the_quiz(), the_quiz())
    kinds = "nodes => nodes.map(node => (node.src ?? node.href).match(/(\\w+)-\\w+\\.\\w+$/)[1])"
    assert page.eval_on_selector_all("script[src]", kinds) == ["explorer", "quiz"]
    assert page.eval_on_selector_all("link[rel=stylesheet]", kinds) == ["explorer", "quiz"]
    assert page.eval_on_selector_all("script[src]", "nodes => nodes.every(n => n.defer)")
    assert page.locator("style, script:not([src], [type])").count() == 0
    assert page.get_by_role("slider").count() > 0
    assert page.locator(".bb-explorer[data-ready]").count() == 2
    assert page.locator(".bb-quiz[data-ready]").count() == 2


def test_without_scripts_the_first_states_have_their_style(place):
    page = place(named("one"), named("two"), the_quiz(), scripts=False)
    for nth in (0, 1):
        box = page.locator(".bb-stage").nth(nth).bounding_box()
        assert box["width"] == round(120 * 1.3)
        assert page.locator(".bb-stage img").nth(nth).bounding_box() == box


# ------------------------------------------------------------------------------- the built site


@pytest.mark.parametrize("chapter", ["convolution", "receptive_field", "resnet", "vgg"])
def test_on_the_site_a_state_is_there_after_the_next_page_and_back(visit, chapter):
    one = visit()
    page = one.open(f"chapters/{chapter}.html")
    scripts = page.locator("script[src*='figures/']")
    assert scripts.count() == 2  # of explorers, of quizzes
    figure = page.locator(".bb-explorer").first
    name = figure.get_attribute("data-name")
    control = figure.locator(".bb-controls input").first
    control.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/{chapter}.html?{name}.*=*")
    state = figure.locator(".bb-stage > svg").get_attribute("aria-label")
    with page.expect_navigation():
        page.locator("nav a[rel=next]").press("Enter")
    page.go_back()
    figure = page.locator(".bb-explorer").first
    assert figure.locator(".bb-stage > svg").get_attribute("aria-label") == state
    figure.get_by_role("button", name="Reset").click()
    assert page.url.endswith(f"{chapter}.html")
    one.must_be_faultless()
