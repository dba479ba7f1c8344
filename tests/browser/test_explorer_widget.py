"""Explorers and quizzes in a bare page: what their scripts do, by mouse and by keyboard."""

import re

import pytest
import widgets
from widgets import INSERT, described, squares, the_quiz

from backbones.explorers import Question, Quiz
from backbones.gallery import convolution, resnet

pytestmark = pytest.mark.browser
show = widgets.show


def test_the_first_state_and_the_controls_are_there(show):
    page = show(squares())
    slider = page.get_by_role("slider", name="side")
    assert described(page) == "A blue square of 20."
    assert slider.get_attribute("aria-valuetext") == "20 px"
    assert page.locator(".bb-value").inner_text() == "20 px"
    assert page.get_by_role("radio", name="blue").is_checked()
    assert page.locator(".bb-unscripted").count() == 0
    assert page.get_by_role("group", name="Controls").count() == 1
    assert page.get_by_role("status").inner_text() == ""  # nothing is announced on arrival


def test_the_keyboard_moves_a_slider(show):
    page = show(squares())
    slider = page.get_by_role("slider", name="side")
    page.keyboard.press("Tab")  # the radio buttons come first
    page.keyboard.press("Tab")
    assert slider.evaluate("node => node === document.activeElement")
    page.keyboard.press("ArrowRight")
    assert described(page) == "A blue square of 30."
    assert slider.get_attribute("aria-valuetext") == "30 px"
    page.keyboard.press("Home")
    assert described(page) == "A blue square of 10."
    page.keyboard.press("End")
    assert described(page) == "A blue square of 40."


def test_the_keyboard_moves_between_buttons(show):
    page = show(squares())
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="orange").is_checked()
    assert described(page) == "A orange square of 20."


def test_the_mouse_works_too(show):
    page = show(squares())
    box = page.get_by_role("slider", name="side").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert described(page) == "A blue square of 40."
    page.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert described(page) == "A blue square of 10."
    page.get_by_role("radio", name="orange").click()
    assert described(page) == "A orange square of 10."


def test_an_impossible_state_says_why(show):
    page = show(squares())
    page.get_by_role("slider", name="side").press("End")
    page.get_by_role("radio", name="orange").click()
    assert page.locator(".bb-message").inner_text() == "No orange square is that large."
    assert page.locator(".bb-stage").get_by_role("img").count() == 0
    stale = page.locator(".bb-stage svg")  # the picture before it holds its place, faded
    assert float(stale.evaluate("node => getComputedStyle(node).opacity")) < 0.2
    page.get_by_role("slider", name="side").press("ArrowLeft")
    assert described(page) == "A orange square of 30."
    assert page.locator(".bb-message").count() == 0


def test_a_new_state_is_announced_once_after_the_reader_stops(show):
    page = show(squares())
    page.evaluate(
        """() => {
            window.heard = [];
            const voice = document.querySelector("[role=status]");
            new MutationObserver(() => heard.push(voice.textContent))
                .observe(voice, { childList: true });
        }"""
    )
    for _ in range(3):
        page.get_by_role("slider", name="side").press("ArrowRight")
    page.wait_for_function("heard.length > 0")
    page.wait_for_timeout(700)
    assert page.evaluate("heard") == ["A blue square of 40."]


def test_every_state_in_the_browser_is_the_one_drawn(show):
    shown = resnet.residual_block()
    page = show(shown)
    states = iter(shown.states)
    for block in ("basic", "bottleneck"):
        for shortcut in ("none", "identity", "projection"):
            for stride in ("1", "2"):
                for label in (block, shortcut, stride):
                    page.get_by_role("radio", name=label, exact=True).click()
                words, drawing = next(states)
                if drawing:
                    assert described(page) == words
                    inside = page.locator(".bb-stage svg").evaluate("node => node.textContent")
                    assert inside == re.sub(r"<[^>]*>", "", drawing).replace("&amp;", "&")
                else:
                    assert page.locator(".bb-message").inner_text() == words


def test_the_same_explorer_twice_and_another_one_do_not_disturb_each_other(show):
    page = show(squares(), squares(), squares("Other squares"))
    sliders = page.get_by_role("slider")
    assert sliders.count() == 3
    sliders.nth(1).press("ArrowRight")
    page.get_by_role("radio", name="orange").nth(2).check()
    assert [described(page, k) for k in range(3)] == [
        "A blue square of 20.",
        "A blue square of 30.",
        "A orange square of 20.",
    ]
    assert page.get_by_role("radio", checked=True).count() == 3
    ids = page.eval_on_selector_all("input[id]", "nodes => nodes.map(node => node.id)")
    assert len(set(ids)) == 3


def test_a_notebook_may_insert_an_output_late_and_twice_and_run_scripts_again(show):
    page = show()
    for figure in (squares(), squares(), the_quiz(), the_quiz(), squares("Other squares")):
        page.evaluate(INSERT, figure._repr_html_())
    page.evaluate("document.querySelectorAll('script:not([type])').forEach(s => eval(s.text))")
    assert page.get_by_role("slider").count() == 3
    assert page.locator(".bb-voice").count() == 3
    assert page.locator(".bb-quiz").nth(0).get_by_role("button").count() == 4
    page.get_by_role("slider").nth(1).press("End")
    assert [described(page, k) for k in range(3)] == [
        "A blue square of 20.",
        "A blue square of 40.",
        "A blue square of 20.",
    ]
    page.locator("div:has(> figure)").nth(1).evaluate("node => node.remove()")
    page.evaluate(INSERT, squares()._repr_html_())  # a cell was run again
    page.get_by_role("radio", name="orange").nth(2).check()
    assert page.get_by_role("radio", checked=True).count() == 3


def test_outputs_of_older_versions_are_left_to_their_own_scripts(show):
    page = show()
    page.evaluate(INSERT, '<figure class="bb-explorer" id="bb-12"><p>An old one.</p></figure>')
    page.evaluate(INSERT, squares()._repr_html_())
    assert page.locator("#bb-12").inner_html() == "<p>An old one.</p>"
    assert page.get_by_role("slider").count() == 1


def test_after_the_way_back_controls_and_picture_agree(browser):
    body = f"<!doctype html><title>Test</title><body>{squares()._repr_html_()}"
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto("http://book.invalid/")
    page.get_by_role("slider").press("End")
    page.get_by_role("radio", name="orange").click()
    page.goto("http://book.invalid/other")
    page.go_back()
    side = page.get_by_role("slider").get_attribute("aria-valuetext")
    color = "blue" if page.get_by_role("radio", name="blue").is_checked() else "orange"
    assert page.get_by_role("slider").input_value() == str(["10 px", "20 px"].index(side))
    assert described(page) == f"A {color} square of {side.removesuffix(' px')}."
    # Also where a browser fills the controls in although it is asked not to.
    page.get_by_role("slider").evaluate("node => (node.value = 3)")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    assert page.get_by_role("slider").input_value() == "1"
    context.close()


def test_keys_and_presses_stay_inside(show):
    page = show(squares(play="side"), Quiz([Question("Q?", {"a": "x", "b": "y"}, "a")]))
    page.evaluate(
        """() => {
            window.leaked = [];
            for (const name of ["keydown", "keyup", "mousedown", "pointerdown"])
                document.body.addEventListener(name, (event) => leaked.push(event.type));
        }"""
    )
    page.get_by_role("slider").click()
    page.get_by_role("slider").press("ArrowRight")
    page.get_by_role("button", name="a", exact=True).press("Enter")
    assert page.evaluate("leaked") == []
    assert page.locator('.bb-explorer[data-lm-suppress-shortcuts="true"]').count() == 1
    assert page.locator('.bb-quiz[data-lm-suppress-shortcuts="true"]').count() == 1


def test_play_steps_through_its_axis_and_stops_at_the_end(show):
    page = show(squares(play="side"))
    page.clock.install()
    page.get_by_role("button", name="Play").click()
    assert described(page) == "A blue square of 30."
    page.clock.run_for(900)
    assert described(page) == "A blue square of 40."
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "40 px"
    assert page.get_by_role("button", name="Play").inner_text() == "▶ Play"
    page.clock.run_for(3_000)
    assert described(page) == "A blue square of 40."
    page.get_by_role("button", name="Play").click()
    assert described(page) == "A blue square of 10."
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(3_000)
    assert described(page) == "A blue square of 10."


def test_nothing_moves_by_itself_for_those_who_want_it_so(show):
    page = show(squares(play="side"), reduced_motion="reduce")
    page.get_by_role("button", name="Next step").click()
    page.wait_for_timeout(1_000)
    assert described(page) == "A blue square of 30."


def test_without_scripts_the_first_state_is_a_picture(show):
    page = show(squares(), scripts=False)
    picture = page.get_by_role("img", name="A blue square of 20.")
    assert picture.bounding_box()["width"] == round(120 * 1.3)
    assert page.get_by_role("slider").count() == 0
    assert "need JavaScript" in page.locator(".bb-unscripted").inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_explorers_fit_the_page_and_the_finger(show, width):
    page = show(convolution.sliding_window(), resnet.depth_and_stages(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator(".bb-controls :is(input[type=range], label:has(input))").all():
        box = control.bounding_box()
        assert box["height"] >= 40
        assert box["width"] >= 44


def test_printing_shows_the_state_without_the_controls(show):
    page = show(squares(play="side"))
    page.emulate_media(media="print")
    assert not page.get_by_role("slider").is_visible()
    assert page.get_by_role("button").count() == 0
    assert page.locator(".bb-value").is_visible()
    assert page.get_by_text("blue", exact=True).is_visible()
    assert not page.get_by_text("orange", exact=True).is_visible()


def test_axe_finds_nothing(show):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = show(squares(play="side"), convolution.sliding_window(), the_quiz())
    page.get_by_role("button", name="four").click()
    page.evaluate(
        "document.body.innerHTML = `<main><h1>Test</h1>${document.body.innerHTML}</main>`"
    )
    found = axe.run(page).response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"]) for one in found]


def test_a_quiz_explains_every_choice_and_counts_first_tries(show):
    page = show(the_quiz())
    reply = page.locator(".bb-reply").first
    assert page.locator("details").count() == 0
    page.get_by_role("button", name="four").click()
    assert reply.inner_text() == "✗ Not quite. One too many."
    page.get_by_role("button", name="3").focus()
    page.keyboard.press("Enter")
    assert reply.inner_text() == "✓ Right. That is it."
    assert page.locator(".bb-score").inner_text() == ""
    page.get_by_role("button", name="far").focus()
    page.keyboard.press("Space")
    assert page.locator(".bb-reply").nth(1).inner_text() == "✓ Right. Yes."
    assert page.locator(".bb-score").inner_text() == "1 of 2 right at the first try."
    assert page.get_by_role("group", name="1. How many?").count() == 1


def test_a_quiz_without_scripts_folds_its_answers(show):
    page = show(the_quiz(), scripts=False)
    assert page.get_by_role("button").count() == 0
    page.locator("summary").first.click()
    assert page.get_by_text("One too many.").is_visible()
    assert not page.get_by_text("Yes.").is_visible()
