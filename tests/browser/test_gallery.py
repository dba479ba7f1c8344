"""The gallery of `make gallery`: everything that a page can show, on one page."""

import build_gallery
import pytest
from built_site import missing
from layout import layout_faults

pytestmark = pytest.mark.browser

NAME = f"{build_gallery.NAME}.html"


@pytest.fixture(scope="module")
def site():
    """The gallery in place of the book's site, as it is opened from the disk."""
    if not build_gallery.PAGE.is_file():
        missing("the gallery is not built: run `make gallery`")
    return build_gallery.HTML.as_uri()


@pytest.mark.parametrize("theme", build_gallery.THEMES)
def test_letters_of_everything_that_a_page_can_show(visit, theme):
    """Guards plots of awkward series, and what no chapter shows yet."""
    one = visit(width=build_gallery.WIDTHS[0], theme=theme)
    page = one.open(NAME)
    for width in build_gallery.WIDTHS:
        one.faults += layout_faults(page, width, states=6)  # the chapters' pages look at more
    one.must_be_faultless()


@pytest.mark.parametrize("theme", build_gallery.THEMES)
def test_the_words_around_drawings_can_be_read(visit, theme):
    """Contrast of HTML, by axe-core: `layout_faults` looks at that of drawings."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(theme=theme).open(NAME)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    only = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
    found = axe.run(page, options=only).response["violations"]
    assert [node["html"] for violation in found for node in violation["nodes"]] == []


def test_every_specimen_is_on_the_page(visit):
    """Guards the gallery itself: a specimen that put nothing out would be tested by nobody."""
    page = visit().open(NAME)
    empty = page.locator(".cell:not(:has(.cell_output))")
    assert empty.count() == 0, empty.first.inner_text()
    assert page.locator("figure.bb-explorer").count() > 1
    assert page.locator("figure.bb-plot").count() > 20


def test_pictures_of_the_page_have_all_of_it(visit):
    """Guards `make gallery`: its pictures go from the title to the last section."""
    page = visit().open(NAME)
    parts = dict(build_gallery.sections(page))
    assert {"opening", "plots", "drawings", "quiz"} <= set(parts)
    ends = [box["y"] + box["height"] for box in parts.values()]
    starts = [box["y"] for box in parts.values()]
    assert all(box["width"] > 600 and box["height"] > 100 for box in parts.values())
    assert all(end <= start + 1 for end, start in zip(ends, starts[1:], strict=False))
