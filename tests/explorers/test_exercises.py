"""Every exercise of code in every chapter: the starter is not right, the solution is, and wrong
answers are refused in words that a reader can use."""

import re
import textwrap

import nbformat
import pytest
from chapter_cells import CHAPTERS, WRONG_ANSWERS, exercises, run_exercise, wrong_answers

from backbones.explorers import Checked


def faults(exercise, wrong):
    """What is not as it should be with an exercise and its wrong answers, in words."""
    ran = run_exercise(exercise)
    if ran.check is None:
        return [f"its check defines no check_{exercise.number}"]
    found = []
    for name, result, right in (
        ("starter", ran.of_starter, False),
        ("solution", ran.of_solution, True),
    ):
        if not isinstance(result, Checked):
            found.append(f"the cell that checks the {name} must end with a call of its check")
        elif result.right is not right:
            found.append(f"the {name} is {'not ' if right else ''}right: {result.message}")
    if len(wrong) < 2:
        found.append(f"it needs two wrong answers, it has {len(wrong)}")
    for answer in wrong:
        result = ran.check(answer)
        if result.right:
            found.append(f"{answer.__name__} passes as right")
        elif re.search(r"^Not there yet| raises | did not finish", result.message):
            found.append(f"{answer.__name__} is no wrong answer: {result.message}")
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_exercises_tell_right_from_wrong(path):
    found = {exercise.number: exercise for exercise in exercises(path)}
    file = WRONG_ANSWERS / path.name.replace("ipynb", "py")
    wrong = wrong_answers(file) if file.exists() else {}
    told = {number: faults(exercise, wrong.get(number, [])) for number, exercise in found.items()}
    assert {number: words for number, words in told.items() if words} == {}
    assert set(wrong) <= set(found), "wrong answers to exercises that are not in the chapter"


def test_exercises_are_found_and_no_wrong_answers_are_without_a_chapter():
    assert any(exercises(path) for path in CHAPTERS)
    chapters = {path.stem for path in CHAPTERS}
    assert {path.stem for path in WRONG_ANSWERS.glob("*.py")} <= chapters


# ----------------------------------------------- the discovery itself, on a small notebook

IMPORTS = "import math\nfrom backbones.explorers import Case, check"
STARTER = "def double(x):\n    ..."
CHECK = """\
# @title Check of exercise 2
def check_2(answer):
    return check(answer, Case("double(3)", lambda f: f(3), 6))


check_2(double)"""
SOLUTION = """\
# @title Solution to exercise 2
def double_solution(x):
    return 2 * x


check_2(double_solution)"""


def notebook(folder, *sources):
    cells = [nbformat.v4.new_code_cell("import sys\nsys.exit()", id="set-up")]
    cells += [nbformat.v4.new_markdown_cell("# A chapter")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def one_more(x):
    return x + 1


def same(x):
    return x


def test_an_exercise_is_found_by_its_titles_and_run_by_itself(tmp_path):
    path = notebook(tmp_path, "1", IMPORTS, "1 / 0", STARTER, CHECK, SOLUTION, "1 / 0")
    (exercise,) = exercises(path)
    assert exercise == (2, IMPORTS, STARTER, CHECK, SOLUTION)
    ran = run_exercise(exercise)
    assert ran.of_starter.message == "Not there yet: double(3) gives None."
    assert ran.of_solution.right
    assert faults(exercise, [one_more, same]) == []


def test_a_chapter_without_checks_has_no_exercise_of_code(tmp_path):
    solution = "# @title Solution to exercise 4\n1"
    assert exercises(notebook(tmp_path, IMPORTS, solution)) == []


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([IMPORTS, STARTER, CHECK, CHECK, SOLUTION], "exercise 2 has two checks"),
        ([CHECK, SOLUTION], "exercise 2 has no starter before its check"),
        ([IMPORTS, SOLUTION, CHECK, SOLUTION], "exercise 2 has no starter before its check"),
        ([IMPORTS, STARTER, CHECK], "exercise 2 has 0 solutions after its check"),
        ([SOLUTION, IMPORTS, STARTER, CHECK], "exercise 2 has 0 solutions after its check"),
        ([IMPORTS, STARTER, CHECK.replace("of ", ""), SOLUTION], "a check without its title"),
        ([STARTER, CHECK, SOLUTION], "no cell begins with an import"),
    ],
)
def test_incomplete_exercises_are_refused(tmp_path, sources, message):
    with pytest.raises(ValueError, match=message):
        exercises(notebook(tmp_path, *sources))


def raising(x):
    raise ZeroDivisionError


def right(x):
    return x + x


@pytest.mark.parametrize(
    ("changed", "wrong", "message"),
    [
        ({}, [one_more], "it needs two wrong answers, it has 1"),
        ({}, [one_more, right], "right passes as right"),
        ({}, [one_more, raising], "raising is no wrong answer: double(3) raises Zero"),
        ({}, [one_more, print], "print is no wrong answer: Not there yet"),
        ({"...": "return 2 * x"}, [one_more, same], "the starter is right"),
        ({"2 * x": "x"}, [one_more, same], "the solution is not right: double(3) should be 6"),
        ({"check_2(double_solution)": ""}, [one_more, same], "checks the solution must end with"),
        ({"check_2(double)": ""}, [one_more, same], "checks the starter must end with"),
        ({"check_2": "check_3"}, [one_more, same], "its check defines no check_2"),
    ],
)
def test_faults_are_told(tmp_path, changed, wrong, message):
    sources = [IMPORTS, STARTER, CHECK, SOLUTION]
    for old, new in changed.items():
        sources = [source.replace(old, new) for source in sources]
    (exercise,) = exercises(notebook(tmp_path, *sources))
    (fault,) = faults(exercise, wrong)
    assert message in fault


def test_cells_of_an_exercise_cannot_use_the_rest_of_the_chapter(tmp_path):
    uses = STARTER.replace("...", "return factor * x").replace("def", "factor\n\n\ndef")
    (exercise,) = exercises(notebook(tmp_path, IMPORTS, "factor = 2", uses, CHECK, SOLUTION))
    with pytest.raises(NameError, match="factor"):
        run_exercise(exercise)


def test_wrong_answers_are_read_from_a_file(tmp_path):
    path = tmp_path / "small.py"
    path.write_text(textwrap.dedent("def f(x):\n    return x\n\n\nWRONG = {2: [f, f]}\n"))
    assert list(wrong_answers(path)) == [2]
