"""Drawings in a browser: parts that light up, by pointer and by keyboard."""

import pytest

from backbones.diagrams import Picture, svg

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><body>{}<figure><svg width="9" height="9">
<rect data-part="1" id="other" width="9" height="9"/></svg></figure>"""


def test_parts_light_up_by_pointer_and_by_keyboard(browser):
    """The others of the same figure fade, those of other figures do not."""
    shapes = [
        svg.text(50, 10, (1, "F"), " and ", (2, "P")),
        svg.part(1, svg.rect(10, 30, 20, 20), label="the window"),
        svg.part(2, svg.rect(60, 30, 20, 20), label="the padding"),
    ]
    page = browser.new_page(reduced_motion="reduce")
    try:
        page.set_content(PAGE.format(Picture(svg.document(100, 100, *shapes), "x")._repr_html_()))

        def dimmed():
            return page.evaluate(
                "[...document.querySelectorAll('[data-part]')].map((e) => "
                "(e.tagName === 'tspan' ? getComputedStyle(e).fillOpacity : "
                "getComputedStyle(e).opacity) < 1)"
            )

        assert dimmed() == [False] * 5
        page.locator("tspan", has_text="P").hover()
        assert dimmed() == [True, False, True, False, False]
        page.locator("g[data-part='1'] rect").hover()  # though it is not filled
        assert dimmed() == [False, True, False, True, False]
        page.mouse.move(0, 150)
        assert dimmed() == [False] * 5
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "the window"
        assert dimmed() == [False, True, False, True, False]
        page.keyboard.press("Tab")
        assert dimmed() == [True, False, True, False, False]
    finally:
        page.close()
