import re

import pytest

from backbones.explorers import Question, Quiz

OPTIONS = {"`3`": "⌊(7 − 3) / 2⌋ + 1 = 3 < 4.", "4": "With a padding of 1."}


def test_a_quiz_stands_without_a_script_as_questions_with_folded_answers():
    html = Quiz([Question("How <many>?", OPTIONS, "`3`")])._repr_html_()
    static = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    assert "<legend>1. How &lt;many&gt;?</legend>" in static
    assert "<li><code>3</code></li><li>4</li>" in static
    assert "<details><summary>Answer</summary>" in static
    assert "<li data-right><strong>✓ <code>3</code></strong>" in static
    assert "<li><strong>✗ 4</strong>" in static
    assert "3 &lt; 4." in static


def test_a_quiz_is_stable_and_needs_nothing_from_elsewhere():
    html = [Quiz([Question("How many?", OPTIONS, "4")])._repr_html_() for _ in range(2)]
    assert html[0] == html[1]
    assert "http" not in html[0]
    assert repr(Quiz([Question("Q", OPTIONS, "4")])) == "<Quiz: Check yourself; 1 questions>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", OPTIONS, "4"), "text must hold a question"),
        (("Q", {"4": "x"}, "4"), "options must hold at least two, got ['4']"),
        (("Q", {"4": "x", "5": " "}, "4"), "options must be explained, got '5'"),
        (("Q", OPTIONS, "5"), "answer must be one of ['`3`', '4'], got '5'"),
    ],
)
def test_wrong_questions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Question(*arguments)


def test_an_empty_quiz_is_refused():
    with pytest.raises(ValueError, match="at least one question"):
        Quiz([])
