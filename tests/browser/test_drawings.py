"""Drawings in a browser: their letters, and parts that light up by pointer and keyboard."""

import contextlib
import inspect
import itertools

import pytest
from layout import layout_faults

from backbones.diagrams import Picture, svg
from backbones.diagrams.palette import PALETTE
from backbones.explorers import Explorer
from backbones.gallery import convolution, receptive_field, resnet, vgg

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


def corners(module, name):
    """The drawings of an explorer at the ends of all its axes; of a figure, itself."""
    held = {}
    with pytest.MonkeyPatch.context() as patch:
        start = Explorer.__init__

        def keep(self, draw, **options):
            held["draw"] = draw
            start(self, draw, **options)

        patch.setattr(Explorer, "__init__", keep)
        made = getattr(module, name)()
    if isinstance(made, Picture):
        return [made]
    ends = (
        {axis.values[0], axis.values[axis.start], axis.values[-1]} for axis in made.axes.values()
    )
    drawn = []
    for values in itertools.product(*(sorted(end, key=str) for end in ends)):
        with contextlib.suppress(ValueError):  # an impossible combination
            drawn.append(held["draw"](**dict(zip(made.axes, values, strict=True))))
    return drawn


def themed(theme):
    """The colours of the site."""
    tones = "".join(f"--bb-{name}:{getattr(tone, theme)};" for name, tone in PALETTE.items())
    ground = {"light": "color:#1c2227;background:#fff", "dark": "color:#dfe4e8;background:#1b2127"}
    return f"<style>:root{{{tones}}}body{{margin:0;{ground[theme]}}}figure{{margin:0}}</style>"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("module", [convolution, receptive_field, resnet, vgg])
def test_letters_of_the_gallery_in_a_browser(browser, module, theme):
    """No letter is cut, covered, too small or too faint, as Chromium draws it."""
    names = [
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__annotations__.get("return") in (Picture, Explorer)
        and name[0] != "_"
        and function.__module__ == module.__name__
    ]
    page = browser.new_page()
    try:
        figures = [picture._repr_html_() for name in names for picture in corners(module, name)]
        page.set_content(f'<!doctype html><html lang="en">{themed(theme)}<body>{"".join(figures)}')
        for width in (690, 340):  # of the content at 1280 and 390 pixels
            assert layout_faults(page, width) == []
    finally:
        page.close()
