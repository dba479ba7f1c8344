import re
from collections import Counter

import nbformat
import pytest
from chapter_cells import CHAPTERS, quizzes

from backbones.explorers import Question, Quiz

OPTIONS = {"`3`": "⌊(7 − 3) / 2⌋ + 1 = 3 < 4.", "4": "With a padding of 1."}


def test_a_quiz_stands_without_a_script_as_questions_with_folded_answers():
    html = Quiz([Question("How <many>?", OPTIONS, "`3`")])._repr_html_()
    static = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    assert "<legend>1. How &lt;many&gt;?</legend>" in static
    assert "<li>4</li><li><code>3</code></li>" in static
    assert "<details><summary>Answer</summary>" in static
    assert "<li data-right><strong>✓ <code>3</code></strong>" in static
    assert "<li><strong>✗ 4</strong>" in static
    assert "3 &lt; 4." in static


def test_a_quiz_is_stable_and_needs_nothing_from_elsewhere():
    html = [Quiz([Question("How many?", OPTIONS, "4")])._repr_html_() for _ in range(2)]
    assert html[0] == html[1]
    assert "http" not in html[0]
    assert repr(Quiz([Question("Q", OPTIONS, "4")])) == "<Quiz: Check yourself; 1 questions>"


def places(quiz):
    return [list(question.options).index(question.answer) for question in quiz.questions]


def test_right_answers_are_spread_over_all_places():
    letters = {letter: f"{letter} is so." for letter in "abcd"}
    quiz = Quiz([Question(f"Question {k}?", letters, "a") for k in range(8)])
    counts = Counter(places(quiz))
    assert counts == {0: 2, 1: 2, 2: 2, 3: 2}
    for question in quiz.questions:
        assert dict(question.options) == letters
        assert [option for option in question.options if option != "a"] == ["b", "c", "d"]
    others = [places(Quiz([Question(f"{k}?", letters, "a")])) for k in range(20)]
    assert len({place for (place,) in others}) == 4  # nobody can tell where the first one is


def test_questions_with_fewer_options_are_spread_too():
    pair = {"a": "x", "b": "y"}
    assert sorted(places(Quiz([Question("One?", pair, "b"), Question("Two?", pair, "b")]))) == [
        0,
        1,
    ]


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


# ------------------------------------------------------------------- the chapters' quizzes


def faults(found):
    """What is not as it should be with the quizzes of a chapter, in words."""
    if [type(one) for one in found] != [Quiz]:
        return [f"a chapter has one quiz, which its cell shows; found: {found}"]
    questions = found[0].questions
    told = []
    if len(questions) != 3:
        told.append(f"a quiz has 3 questions, not {len(questions)}")
    if not any(re.search(r"\bwhy\b", question.text, re.IGNORECASE) for question in questions):
        told.append("no question asks why")
    most = min(len(questions), *(len(question.options) for question in questions))
    if len(set(places(found[0]))) < most:
        told.append(f"right answers are at {len(set(places(found[0])))} places only")
    return told


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_has_a_quiz_that_asks_why(path):
    assert faults(quizzes(path)) == []


def test_a_quiz_is_found_in_a_chapter_and_run_by_itself(tmp_path):
    question = 'Question("Why?", {"a": "x", "b": "y"}, "a")'
    sources = [
        "from backbones.explorers import Question, Quiz",
        "1 / 0",
        f"Quiz(\n    [{question}]\n)",
        f"made = Quiz([{question}, {question}])\nmade",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = tmp_path / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert [len(one.questions) for one in quizzes(path)] == [1, 2]


def test_faults_of_a_quiz_are_told():
    why = Question("Tell me why.", OPTIONS, "`3`")
    how, other = Question("How?", OPTIONS, "`3`"), Question("What?", OPTIONS, "4")
    assert faults([Quiz([why, how, other])]) == []
    assert faults([Quiz([why, other])]) == ["a quiz has 3 questions, not 2"]
    assert faults([Quiz([how, how, other])]) == ["no question asks why"]
    for found in ([], [None], [Quiz([why])] * 2):
        (fault,) = faults(found)
        assert fault.startswith("a chapter has one quiz")
