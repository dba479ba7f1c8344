"""How a page is read: what comes first, finding one's way, the keyboard, a phone, paper."""

import sys

import pytest
from built_site import ROOT

sys.path.insert(0, str(ROOT / "tests" / "book"))
sys.path.insert(0, str(ROOT / "book" / "ext"))

pytestmark = pytest.mark.browser

SCREEN = 800
PHONE, TABLET, DESKTOP = 390, 1000, 1280
# All sections are laid out, also those that nobody has come near yet.
WHOLE = ".bb-article > section > section { content-visibility: visible !important }"


@pytest.fixture(scope="session")
def chapters(pages):
    return [name for name in pages if name.startswith("chapters/")]


def whole(one, name):
    """A page with all that is on it laid out."""
    page = one.open(name)
    page.add_style_tag(content=WHOLE)
    return page


# -- the opening -----------------------------------------------------------------------------------


def test_a_chapter_asks_and_shows_something_within_a_screen_and_a_half(visit, chapters):
    page_of = visit(width=DESKTOP)
    late = []
    for name in chapters:
        page = page_of.open(name)
        for what, where in {
            "first sentence": "section section p",
            "first figure": ".cell_output :is(img, svg, canvas)",
            "first question": ".bb-predict",
        }.items():
            top = page.locator(f".bb-article {where}").first.bounding_box()["y"]
            if top > 1.5 * SCREEN:
                late.append(f"{name}: {what} at {top:.0f} px")
    assert late == []


def test_links_to_headings_take_no_room_from_the_titles(visit, pages):
    without = "() => [...document.querySelectorAll('.headerlink')].forEach((a) => a.remove())"
    heights = "() => [...document.querySelectorAll('h1, h2, h3')].map((h) => h.offsetHeight)"
    one = visit()

    def at_both_widths(page):
        for width in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": SCREEN})
            yield page.evaluate(heights)

    for name in pages:
        page = whole(one, name)
        before = list(at_both_widths(page))
        page.evaluate(without)
        assert list(at_both_widths(page)) == before, name


@pytest.mark.parametrize("width", [900, 950, 1000, 1280])
def test_the_cover_has_no_hole_above_the_timeline_and_nothing_lies_over_it(visit, pages, width):
    page = visit(width=width).open(pages[0])
    box = {
        name: page.locator(name).first.bounding_box()
        for name in (".bb-actions", ".bb-timeline", ".bb-hero, .bb-landing figure")
    }
    above = box[".bb-actions"]["y"] + box[".bb-actions"]["height"]
    hero = box[".bb-hero, .bb-landing figure"]
    assert 0 < box[".bb-timeline"]["y"] - max(above, hero["y"] + hero["height"]) <= 64


# -- finding one's way -----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [DESKTOP, TABLET, PHONE])
def test_the_contents_of_the_page_are_at_hand_on_every_width(visit, chapters, width):
    one = visit(width=width)
    page = one.open(chapters[-1])
    contents = page.get_by_role("navigation", name="On this page")
    link = contents.get_by_role("link", name="Quiz")
    if width < DESKTOP:
        assert not link.is_visible()
        contents.locator("summary").click()
    link.click()
    page.wait_for_function(
        "Math.abs(document.querySelector('#quiz h2').getBoundingClientRect().top - 100) < 80"
    )
    assert contents.bounding_box()["y"] >= 0  # they stay at hand
    if width < DESKTOP:
        assert not link.is_visible()
        page.wait_for_function("document.querySelector('.bb-here').textContent === 'Quiz'")
    one.must_be_faultless()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_who_jumps_to_the_end_finds_that_the_next_page_stays_in_its_place(visit, chapters, width):
    places = """() => new Promise((done) => {
        const link = document.querySelector("nav a[rel=next]");
        const places = [];
        link.scrollIntoView();
        const look = () => {
            places.push(link.getBoundingClientRect().top);
            if (places.length === 30) done(places); else requestAnimationFrame(look);
        };
        look();
    })"""
    one = visit(width=width)
    for name in chapters:
        seen = one.open(name).evaluate(places)
        assert max(seen) - min(seen) < 1, name


def test_without_scripts_contents_and_all_claims_are_there(browser, site, chapters):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": PHONE, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{site}/{chapters[0]}")
    assert page.locator(".bb-toc a").last.is_visible()
    assert page.locator(".bb-nav a").last.is_visible()
    page.goto(f"{site}/book/claims.html")
    assert page.locator(".bb-jump").is_visible()
    assert not page.locator(".bb-filter").is_visible()
    rows = page.locator("tbody tr")
    assert all(rows.nth(k).is_visible() for k in range(rows.count()))
    context.close()


def test_claims_are_sifted_and_the_address_keeps_how(visit):
    one = visit()
    page = one.open("book/claims.html")
    rows, all_rows = page.locator("tbody tr:visible"), page.locator("tbody tr").count()
    page.get_by_role("radio", name="myth").focus()
    page.keyboard.press("Space")
    myths = rows.count()
    assert 0 < myths < all_rows
    assert rows.locator(".bb-verdict-myth").count() == myths
    assert page.get_by_role("status").inner_text() == f"{myths} claim{'s' if myths > 1 else ''}"
    assert page.url.endswith("claims.html?verdict=myth")
    one.open("book/claims.html?verdict=myth&chapter=vgg")
    assert page.locator("section.bb-of-chapter:visible").count() <= 1
    page.get_by_label("Chapter").select_option("")
    assert rows.count() == myths
    one.must_be_faultless()


@pytest.fixture(scope="session")
def long_site(tmp_path_factory):
    """A book with all the chapters that are planned."""
    import warnings

    from small_book import SmallBook, long_book
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    with patch_docutils(), docutils_namespace(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = tmp_path_factory.mktemp("long")
        yield SmallBook(folder, *long_book(), assets=ROOT / "book" / "assets").out.as_uri()


def test_a_book_of_all_planned_chapters_fits_its_contents_and_its_cover(browser, long_site):
    context = browser.new_context(viewport={"width": DESKTOP, "height": SCREEN})
    page = context.new_page()
    page.goto(f"{long_site}/chapters/resnet.html")
    nav = page.locator(".bb-nav")
    assert nav.locator("a:visible").count() < 20
    assert page.evaluate("document.querySelector('.bb-nav').scrollHeight") <= SCREEN
    page.set_viewport_size({"width": PHONE, "height": SCREEN})
    page.goto(f"{long_site}/index.html")
    book_map = page.locator(".bb-map")
    assert book_map.bounding_box()["height"] < 0.6 * SCREEN
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    book_map.locator("summary").first.click()
    assert book_map.get_by_role("link").first.is_visible()
    context.close()


# -- by keyboard -----------------------------------------------------------------------------------

TAB_STOPS = """
() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")]
  .filter((e) => e.tabIndex >= 0 && e.checkVisibility())
  .filter((e) => !e.closest("details:not([open]) > :not(summary)"))
  .map((e) => e.className)
"""


def test_copy_buttons_take_one_stop_and_the_arrow_keys_reach_them_all(visit, chapters):
    one = visit()
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = whole(one, chapters[-1])
    buttons = page.locator(".bb-copy")
    assert buttons.count() > 20
    assert page.evaluate(TAB_STOPS).count("bb-copy") == 1
    page.locator(".bb-copy[tabindex='0']").focus()
    first = page.evaluate("document.activeElement.parentElement.innerText")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.parentElement.innerText")
    assert second != first
    assert page.evaluate(TAB_STOPS).count("bb-copy") == 1
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        copied.strip()
        == page.evaluate(
            "document.activeElement.parentElement.querySelector('pre').textContent"
        ).strip()
    )


# -- formulas --------------------------------------------------------------------------------------

BROKEN_FORMULAS = """
() => [...document.querySelectorAll("span.math:not(.bb-long)")].filter((formula) => {
  const bases = [...formula.querySelectorAll(".katex-html > .base")];
  const lefts = bases.map((base) => base.getBoundingClientRect().left);
  return lefts.some((left, k) => left < lefts[k - 1]);
}).map((formula) => formula.querySelector("annotation").textContent)
"""
CUT_FORMULAS = """
() => [...document.querySelectorAll(".katex-display")].filter((formula) => {
  const tag = formula.querySelector(".tag"), whole = formula.querySelector(".katex-html");
  if (!tag) return false;
  const number = tag.lastElementChild.getBoundingClientRect(), row = whole.getBoundingClientRect();
  const last = [...whole.querySelectorAll(":scope > .base")].at(-1).getBoundingClientRect();
  return number.right > row.right + 1 || number.left < last.right;
}).map((formula) => formula.querySelector("annotation").textContent)
"""


def test_formulas_do_not_break_and_their_numbers_are_whole(visit, pages):
    one = visit()
    for name in pages:
        page = whole(one, name)
        for media in ("screen", "print"):
            page.emulate_media(media=media)
            for width in (DESKTOP, PHONE):
                page.set_viewport_size({"width": width, "height": SCREEN})
                assert page.evaluate(BROKEN_FORMULAS) == [], (name, media, width)
                assert page.evaluate(CUT_FORMULAS) == [], (name, media, width)
        page.emulate_media(media="screen")


# -- on a phone ------------------------------------------------------------------------------------

SCROLLING = """
(selector) => [...document.querySelectorAll(selector)]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .filter((e) => parseFloat(getComputedStyle(e).getPropertyValue("--fade-end")) < 20)
  .map((e) => e.outerHTML.slice(0, 120))
"""


def test_on_a_phone_code_is_small_and_what_scrolls_fades_at_its_edge(visit, chapters):
    one = visit(width=PHONE)
    for name in chapters:
        page = whole(one, name)
        sizes = page.locator(".highlight pre").evaluate_all(
            "all => all.map((e) => getComputedStyle(e).fontSize)"
        )
        assert set(sizes) == {"12px"}, name
        boxes = ".highlight pre, .bb-table, .pst-scrollable-table-container, .katex-display"
        assert page.evaluate(SCROLLING, boxes) == [], name


COUNTS = """
() => [...document.querySelectorAll(".bb-table")].filter((e) => e.checkVisibility()).map((box) => {
  const edge = box.getBoundingClientRect().right;
  const heads = [...box.querySelectorAll("thead th")];
  const seen = heads.filter((head) => head.getBoundingClientRect().right <= edge);
  box.scrollLeft = 200;
  const left = box.getBoundingClientRect().left;
  const moved = box.querySelector("tbody th").getBoundingClientRect().left - left;
  return [seen.map((head) => head.textContent), moved];
})
"""


def test_on_a_phone_a_profile_shows_its_counts_and_keeps_its_first_column(visit, chapters):
    one = visit(width=PHONE)
    found = [table for name in chapters for table in whole(one, name).evaluate(COUNTS)]
    assert found
    for seen, moved in found:
        assert {"layer", "parameters", "MACs"} <= set(seen)
        assert abs(moved) <= 1


# -- heights ---------------------------------------------------------------------------------------

HEIGHTS = """
() => [...document.querySelectorAll(".bb-article > section > section")].map((section) => {
  const guess = getComputedStyle(section).containIntrinsicHeight.match(/[\\d.]+px/)[0];
  return [parseFloat(guess), section.offsetHeight];
})
"""


def test_room_is_kept_for_what_is_not_laid_out_yet(visit, chapters):
    one = visit()
    for name in chapters:
        page = whole(one, name)
        for width in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": SCREEN})
            heights = page.evaluate(HEIGHTS)
            guessed, real = (sum(column) for column in zip(*heights, strict=True))
            assert 0.75 < guessed / real < 1.33, (name, width)


# -- on paper --------------------------------------------------------------------------------------

CUT_ON_PAPER = """
() => [...document.querySelectorAll(".bb-article *")].filter((e) => {
  const style = getComputedStyle(e);
  const apart = "svg, .katex, .bb-explorer, .bb-quiz, .bb-glance > p, thead";
  return e.checkVisibility() && !e.closest(apart)
    && style.overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1;
}).map((e) => e.outerHTML.slice(0, 120))
"""


def test_on_paper_nothing_is_cut_and_derivations_are_open_but_answers_are_not(visit, chapters):
    one = visit(width=700)
    one.page.emulate_media(media="print")
    for name in chapters:
        page = one.open(name)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(CUT_ON_PAPER) == [], name
        folds = page.locator(".bb-article details").evaluate_all(
            "all => all.filter((e) => !e.closest('.bb-exercise'))"
            ".map((e) => [e.querySelector('summary').textContent.trim(), e.open])"
        )
        for title, opened in folds:
            kept = title.lower().startswith(
                ("answer", "hint", "solution", "code", "set-up", "check")
            )
            assert opened != kept, f"{name}: {title}"
        assert page.locator(".bb-exercise details[open]").count() == 0
        for shell in (".bb-top", ".bb-nav", ".bb-toc", ".bb-turn"):
            assert not page.locator(shell).first.is_visible(), shell
        sign = "getComputedStyle(document.querySelector('.bb-callout-title'), '::before')"
        assert page.evaluate(f"{sign}.printColorAdjust") == "exact"
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator(".bb-article details[open]").count() == 0
