"""A bare page with explorers and quizzes on it, as a notebook shows them."""

import pytest

from backbones.diagrams import Picture, svg
from backbones.explorers import Axis, Explorer, Question, Quiz

# A notebook adds outputs one by one, and starts their scripts itself.
INSERT = """(html) => {
    const output = document.createElement("div");
    output.innerHTML = html;
    document.body.append(output);
    for (const old of output.querySelectorAll("script:not([type])")) {
        const script = document.createElement("script");
        script.textContent = old.textContent;
        old.replaceWith(script);
    }
}"""


def draw(side, color):
    if side == 40 and color == "orange":
        raise ValueError("No orange square is that large.")
    drawing = svg.document(120, side + 10, svg.rect(5, 5, side, side, fill=color))
    return Picture(drawing, f"A {color} square of {side}.")


def squares(title="Squares", **options):
    side = Axis((10, 20, 30, 40), "side", unit="px", default=20)
    color = ("blue", "orange")
    return Explorer(draw, title=title, alt="A square", side=side, color=color, **options)


@pytest.fixture
def show(browser):
    """Open a page that holds nothing but the given figures; no request may leave it."""
    contexts, faults = [], []

    def open_page(*figures, width=800, scripts=True, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=scripts, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.append(request.url))
        bodies = "".join(figure._repr_html_() for figure in figures)
        page.set_content(f'<!doctype html><html lang="en"><title>Test</title><body>{bodies}')
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [fault for fault in faults if not fault.startswith("data:")]


def described(page, nth=0):
    """What a screen reader is told of the picture on stage."""
    drawing = page.locator(".bb-stage").nth(nth).locator("> svg:not([aria-hidden])")
    return drawing.get_attribute("aria-label")


def the_quiz():
    return Quiz(
        [
            Question("How many?", {"`3`": "That is it.", "four": "One too many."}, "`3`"),
            Question("How far?", {"near": "No.", "far": "Yes."}, "far"),
        ]
    )
