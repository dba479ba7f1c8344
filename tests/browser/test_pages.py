"""Every page, wide and narrow, light and dark, as a reader's browser shows it."""

import pytest

pytestmark = pytest.mark.browser

# Each width is loaded once by itself, the other one reached by resizing, as on a turned phone.
VISITS = {"light": (1280, 390), "dark": (390, 1280)}
THEME = "document.documentElement.dataset.theme"
NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PICTURES_WITHOUT_TEXT = """
() => {
  const hidden = (e) => e.closest('[aria-hidden="true"], [role="presentation"], [role="none"]');
  const named = (e) => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
    || e.querySelector(":scope > title");
  const inControl = (e) => e.parentElement.closest("button, a[aria-label], [role=img]");
  const images = [...document.querySelectorAll("img")]
    .filter((e) => !e.alt.trim() && !hidden(e) && !inControl(e));
  const drawings = [...document.querySelectorAll("svg")]
    .filter((e) => !e.parentElement.closest("svg"))
    .filter((e) => !hidden(e) && !named(e) && !inControl(e));
  return [...images, ...drawings].map((e) => e.outerHTML.slice(0, 160));
}
"""
WIDER_THAN_THE_PAGE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const cut = (e) => {
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
      if (getComputedStyle(p).overflowX !== "visible") return true;
    }
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !cut(e))
    .slice(0, 5)
    .map((e) => e.outerHTML.slice(0, 160));
}
"""


def axe_looks_at(page_name, theme, width):
    """What axe is asked for: nothing twice, for on a long page it takes ten seconds and more.

    Colours are those of the theme, whatever the width; the frame of a wide page is everywhere the
    same, so that in the dark one chapter of them all is looked at.
    """
    if theme == "light":
        return "all" if width == 1280 else "all but colors"
    same = page_name.startswith("chapters/") and page_name != "chapters/convolution.html"
    return "nothing" if width == 1280 and same else "colors"


@pytest.mark.parametrize("theme", VISITS)
def test_page_is_sound(visit, axe, page_name, theme):
    first, second = VISITS[theme]
    one = visit(width=first, theme=theme)
    page = one.open(page_name)
    assert page.evaluate(THEME) == theme
    for width in (first, second):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(NEXT_FRAME)
        one.faults += [
            f"at {width} px, wider than the page: {e}" for e in page.evaluate(WIDER_THAN_THE_PAGE)
        ]
        found = axe(page, axe_looks_at(page_name, theme, width))
        one.faults += [f"at {width} px, {e}" for e in found]
    one.faults += [f"no text alternative: {e}" for e in page.evaluate(PICTURES_WITHOUT_TEXT)]
    one.must_be_faultless()


def test_the_book_can_be_read_from_cover_to_cover_and_back(visit, pages):
    one = visit()
    page = one.open(pages[0])
    for direction, names in (("next", pages[1:]), ("prev", pages[-2::-1])):
        for name in names:
            page.locator(f"nav a[rel={direction}]").click()
            page.wait_for_url(f"**/{name}")
    one.must_be_faultless()


def test_the_contents_open_on_a_narrow_screen(visit, pages):
    one = visit(width=390)
    page = one.open(pages[1])
    contents = page.get_by_role("navigation", name="Book", exact=True)
    button = page.get_by_role("button", name="Contents of the book")
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    contents.locator("li a").last.click()
    page.wait_for_url(f"**/{pages[-1]}")
    one.must_be_faultless()


def test_the_theme_can_be_switched_and_is_kept(visit, pages):
    one = visit(theme="light")
    page = one.open(pages[0])
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(THEME) == "dark"
    one.open(pages[1])
    assert page.evaluate(THEME) == "dark"
    one.must_be_faultless()


# -- weight ------------------------------------------------------------------
LINE = {
    "offline": False,
    "latency": 40,
    "downloadThroughput": 10e6 / 8,
    "uploadThroughput": 10e6 / 8,
}


def test_first_visit_is_light(visit, page_name, record_property):
    one = visit()
    one.context.unroute("**/*")  # interception would bypass the emulated line
    line = one.context.new_cdp_session(one.page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", LINE)
    sizes = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page = one.open(page_name)
    page.wait_for_load_state("networkidle")
    painted = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
    )
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    weight = sum(sizes) / 1000
    record_property(
        "weight",
        f"{page_name:32} {weight:6.0f} kB in {len(sizes):2} requests, "
        f"painted after {painted / 1000:.2f} s, complete after {loaded / 1000:.2f} s",
    )
    assert weight < 300


# -- figures that answer -----------------------------------------------------


def explorer_states(figure):
    """What the reader sees of a figure: its drawing or message, and its controls' values."""
    return figure.locator(".bb-stage").inner_html()


def drive_slider(page, figure, slider):
    """Move a slider by mouse and by keyboard; return what did not answer."""
    slider.scroll_into_view_if_needed()
    last = int(slider.get_attribute("max"))
    box = slider.bounding_box()
    values, states, spoken = set(), set(), set()

    def look():
        values.add(int(slider.input_value()))
        states.add(explorer_states(figure))
        spoken.add(slider.get_attribute("aria-valuetext"))

    for share in (0.98, 0.02):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        look()
    if values != {0, last}:
        yield f"a click at its ends gave {sorted(values)}, not 0 and {last}"
    slider.focus()
    for key, expected in (("End", last), ("Home", 0), ("ArrowRight", 1)):
        page.keyboard.press(key)
        look()
        if int(slider.input_value()) != expected:
            yield f"{key} gave {slider.input_value()}, not {expected}"
    for _ in range(last - 1):
        page.keyboard.press("ArrowRight")
        look()
    if len(states) < 2:
        yield "the picture never changed"
    if len(spoken) != last + 1 or None in spoken:
        yield f"{last + 1} positions have {len(spoken)} texts for a screen reader"


def drive_choice(page, figure, choice):
    """Choose each radio button by mouse, then walk through them by keyboard."""
    states = set()
    labels, inputs = choice.locator("label"), choice.locator("input")
    for k in reversed(range(inputs.count())):
        labels.nth(k).click()
        states.add(explorer_states(figure))
        if not inputs.nth(k).is_checked():
            yield f"a click on {labels.nth(k).inner_text()!r} did not choose it"
    inputs.first.focus()
    page.keyboard.press("ArrowRight")
    states.add(explorer_states(figure))
    if not inputs.nth(1).is_checked():
        yield "the arrow key did not move on"
    if len(states) < 2:
        yield "the picture never changed"


def drive_button(page, figure, button):
    """Press a button by mouse and by keyboard."""
    button.click()
    before = explorer_states(figure)
    button.focus()
    page.keyboard.press("Enter")
    if explorer_states(figure) == before:
        yield "Enter on the button changed nothing"


def drive_explorer(page, figure):
    """What is wrong with the controls of one explorer."""
    figure.scroll_into_view_if_needed()
    controls = figure.locator(".bb-controls")
    sliders = controls.locator("input[type=range]").all()
    choices = controls.locator("fieldset").all()
    if not sliders and not choices:
        yield "it has no controls"
    for kind, drive, found in (
        ("slider", drive_slider, sliders),
        ("choice", drive_choice, choices),
        ("button", drive_button, controls.locator("button").all()),
    ):
        for k, control in enumerate(found):
            for fault in drive(page, figure, control):
                yield f"{kind} {k}: {fault}"


def drive_quiz(page, quiz):
    """Answer each question by mouse, then otherwise by keyboard; return what did not answer."""
    questions = quiz.locator(".bb-question").all()
    for number, question in enumerate(questions, 1):
        options = question.locator(".bb-options button")
        reply = question.get_by_role("status")
        options.first.click()
        said = reply.inner_text()
        options.nth(1).focus()
        page.keyboard.press("Enter")
        if not said or reply.inner_text() == said:
            yield f"question {number} explains two answers by {said!r}"
    if f"of {len(questions)} right" not in quiz.locator(".bb-score").inner_text():
        yield "the score does not appear"


@pytest.mark.parametrize("width", [1280, 390])
def test_every_explorer_and_quiz_answers_mouse_and_keyboard(visit, page_name, width):
    one = visit(width=width)
    page = one.open(page_name)
    figures = page.locator("figure.bb-explorer").all()
    quizzes = page.locator("figure.bb-quiz").all()
    if page_name.startswith("chapters/"):
        assert figures, "a chapter has at least one explorer"
        assert quizzes, "a chapter has a quiz"
    for figure in figures:
        title = figure.locator("figcaption strong").inner_text()
        one.faults += [f"{title}: {fault}" for fault in drive_explorer(page, figure)]
    for quiz in quizzes:
        one.faults += [f"quiz: {fault}" for fault in drive_quiz(page, quiz)]
    one.must_be_faultless()
