"""Letters on every page: none is cut, covered, too small or too faint, and nothing is too wide."""

import pytest
from layout import layout_faults

from backbones.diagrams import Picture, svg
from backbones.explorers import Explorer, Question, Quiz

pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_of_every_page(visit, page_name, theme):
    """Guards every drawing, plot, explorer's state and text against an edit that spoils it."""
    one = visit(width=WIDTHS[0], theme=theme)
    page = one.open(page_name)
    for width in WIDTHS:
        one.faults += layout_faults(page, width)
    one.must_be_faultless()


# -- the checks themselves -----------------------------------------------------------------------

STYLE = """<style>
body { font: 16px sans-serif; color: #111; background: #fff; margin: 8px }
figure { margin: 0 }
</style>"""


@pytest.fixture(scope="module")
def shown(browser):
    """A bare page with the given body, 390 px wide."""
    context = browser.new_context(viewport={"width": 390, "height": 800})

    def show(body):
        page = context.new_page()
        page.set_content(f'<!doctype html><html lang="en"><title>Test</title>{STYLE}{body}')
        return page

    yield show
    context.close()


def drawing(*fragments, width=200, height=100, alt="A drawing"):
    return Picture(svg.document(width, height, *fragments), alt)._repr_html_()


SOUND = {
    "words side by side": drawing(svg.text(50, 30, "left"), svg.text(140, 30, "right")),
    "lines below each other": drawing(svg.text(50, 30, "one", size=13), svg.text(50, 46, "two")),
    "turned names that would meet if they were not": drawing(
        '<g transform="translate(40 80) rotate(-40)"><text fill="#111">automobile</text></g>'
        '<g transform="translate(70 80) rotate(-40)"><text fill="#111">aeroplane</text></g>'
    ),
    "an overlap that is meant": drawing(
        svg.text(50, 30, "shadow"),
        f'<g data-overlap="intended">{svg.text(52, 31, "shadow")}</g>',
    ),
    "what is not displayed": f'<div style="display:none">{drawing(svg.text(250, 9, "away"))}</div>',
    "only for screen readers": '<p style="position:absolute;width:1px;height:1px;overflow:hidden;'
    'clip-path:inset(50%)">Words that nobody sees</p>',
    "a box that scrolls": '<div style="overflow:auto;width:200px"><pre>'
    f"{'a long line ' * 9}</pre></div>",
    "dark words on a tint": drawing(
        svg.rect(0, 0, 200, 100, fill="blue", tint=0.2), svg.text(100, 50, "words")
    ),
    "light words on a dark shape": drawing(
        '<rect width="200" height="100" fill="#003050"/>'
        '<text x="50" y="50" fill="#fff">words</text>'
    ),
    "small indices of a formula": '<span class="katex" style="font-size:9px">x</span>',
    "a narrow drawing in place of one that is too small": Picture(
        svg.document(800, 40, svg.text(400, 20, "wide")),
        "Two drawings",
        narrow=svg.document(200, 40, svg.text(100, 20, "narrow")),
    )._repr_html_(),
}

BROKEN = {
    "clipped by its drawing": (
        drawing(svg.text(180, 50, "64 × 112 × 112"), alt="Maps"),
        "Maps: clipped: '64 × 112 × 112' by ",
    ),
    "clipped above": (drawing(svg.text(100, 2, "High")), "A drawing: clipped: 'High' by "),
    "cut by its box": (
        '<p class="box" style="overflow:hidden;width:60px;white-space:nowrap">A long sentence</p>',
        "P box: clipped: 'A long sentence' by ",
    ),
    "cut below by its box": (
        '<div class="box" style="overflow:hidden;height:30px">one<br>two<br>three</div>',
        "DIV box: clipped: 'two' by ",
    ),
    "cut inside a fold": (
        "<details><summary>More</summary><p class=box style='overflow:clip;width:9px'>Words</p>"
        "</details>",
        "P box: clipped: 'Words' by ",
    ),
    "labels on each other": (
        drawing(svg.text(50, 30, "plain-8"), svg.text(60, 34, "plain-20")),
        "overlapping: 'plain-8' and 'plain-20' by ",
    ),
    "turned labels on each other": (
        drawing(
            *(
                f'<g transform="translate({x} 90) rotate(-40)"><text fill="#111">frog</text></g>'
                for x in (40, 48)
            )
        ),
        "overlapping: 'frog' and 'frog' by ",
    ),
    "small letters of a drawing": (
        drawing(svg.text(300, 50, "tiny", size=16), width=600),
        "A drawing: too small: 'tiny' 10 px",  # of 16 in a drawing that is made smaller
    ),
    "small letters of a text": (
        '<p class="note" style="font-size:10px">Fine print</p>',
        "P note: too small: 'Fine print' 10 px",
    ),
    "faint letters of a drawing": (
        drawing('<text x="80" y="50" fill="#e69f00">yellow</text>'),
        "of low contrast: 'yellow' 2.3 to 1",
    ),
    "letters on a shape of nearly their colour": (
        drawing(svg.rect(0, 0, 200, 100, fill="blue"), svg.text(100, 50, "on blue")),
        "of low contrast: 'on blue' 3.",
    ),
    "letters that fade": (
        drawing(f'<g opacity=".4">{svg.text(100, 50, "faded")}</g>'),
        "of low contrast: 'faded' 2.",
    ),
    "wider than the page": (
        '<p class="wide" style="width:500px">A wide paragraph</p>',
        "P wide: wider than the page: 'A wide paragraph' by 118 px",
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_as_it_should_be_is_no_fault(shown, name):
    assert layout_faults(shown(SOUND[name])) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_found_and_named(shown, name):
    body, said = BROKEN[name]
    (fault,) = layout_faults(shown(body))
    assert fault.startswith("at 390 px, ")
    assert said in fault


def test_contrast_is_that_with_the_page_behind(shown):
    page = shown(drawing('<text x="50" y="50" fill="#eee">words</text>'))
    assert "of low contrast" in layout_faults(page)[0]
    page.evaluate("document.body.style.background = '#222'")
    assert layout_faults(page) == []


def test_states_that_only_a_reader_reaches_are_looked_at(shown):
    def draw(steps, label):
        return Picture(
            svg.document(200, 60, svg.text(10, 30, label * steps, anchor="start")), f"{steps}"
        )

    explorer = Explorer(draw, title="Steps", alt="Steps", steps=(1, 2, 3), label=("ab", "wide "))
    page = shown(explorer._repr_html_())
    assert layout_faults(page) == []
    explorer = Explorer(draw, title="Steps", alt="Steps", steps=(1, 2, 9), label=("ab", "wide "))
    page = shown(explorer._repr_html_())
    assert page.locator(".bb-stage").get_by_text("ab", exact=True).is_visible()
    (fault,) = layout_faults(page)
    assert "explorer Steps: clipped: 'wide wide" in fault
    assert "(state 2, 1)" in fault
    assert page.locator(".bb-stage").get_by_text("ab", exact=True).is_visible()  # as it was


def test_what_an_impossible_state_says_is_looked_at(shown):
    def draw(side):
        if side == 2:
            raise ValueError("There is no such square.")
        return Picture(svg.document(200, 60, svg.text(50, 30, "a")), "A square")

    explorer = Explorer(draw, title="Squares", alt="Squares", side=(1, 2, 3))
    page = shown("<style>.bb-message{font-size:9px}</style>" + explorer._repr_html_())
    (fault,) = layout_faults(page)
    assert "too small: 'There is no such square.' 9 px" in fault


def test_what_a_quiz_replies_is_looked_at(shown):
    quiz = Quiz([Question("Right?", {"yes": "It is so.", "no": "It is not."}, "yes")])
    page = shown("<style>.bb-reply{font-size:9px!important}</style>" + quiz._repr_html_())
    assert any("too small: '" in fault for fault in layout_faults(page))


def test_many_faults_of_a_figure_are_one_sentence(shown):
    words = [svg.text(50 + 100 * k, 20, f"word {k}") for k in range(8)]
    (fault,) = layout_faults(shown(drawing(*words, width=850)))
    assert fault.count("'word") == 4
    assert fault.endswith("; and 4 more")
