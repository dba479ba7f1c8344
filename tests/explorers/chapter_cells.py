"""Exercises and quizzes as the chapters hold them: found by their titles, run by themselves."""

import ast
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
WRONG_ANSWERS = ROOT / "tests" / "exercises"
SETUP = "set-up"

CHECK = re.compile(r"# @title Check of exercise (\d+)\s*\n")
SOLUTION = re.compile(r"# @title Solution to exercise (\d+)\s*\n")


class Exercise(NamedTuple):
    """The cells of an exercise of code, with what they need of the chapter."""

    number: int
    imports: str
    starter: str
    check: str
    solution: str


class Ran(NamedTuple):
    """What an exercise's own cells say, and the check that they define."""

    of_starter: object
    of_solution: object
    check: object


def code_cells(path):
    """Sources of the code cells of a chapter, without the one that installs the package."""
    notebook = nbformat.read(path, as_version=4)
    return [c.source for c in notebook.cells if c.cell_type == "code" and c.id != SETUP]


def imports_of(cells):
    """The first cell that begins with an import."""
    for source in cells:
        body = ast.parse(source).body
        if body and isinstance(body[0], ast.Import | ast.ImportFrom):
            return source
    raise ValueError("no cell begins with an import")


def exercises(path):
    """Exercises of a chapter that have a check, in order.

    Raises:
        ValueError: If an exercise has two checks, or a check without its title, without a starter
            just before it or without a solution after it.
    """
    cells = code_cells(path)
    found = {}
    for place, source in enumerate(cells):
        if not (title := CHECK.match(source)):
            if re.search(r"\bCase\(", source):
                raise ValueError(f"{path.name}: a check without its title: {source[:80]!r}")
            continue
        number = int(title[1])
        if number in found:
            raise ValueError(f"{path.name}: exercise {number} has two checks")
        starter = cells[place - 1] if place else ""
        if not starter or CHECK.match(starter) or SOLUTION.match(starter):
            raise ValueError(f"{path.name}: exercise {number} has no starter before its check")
        later = [s for s in cells[place:] if (t := SOLUTION.match(s)) and int(t[1]) == number]
        if len(later) != 1:
            raise ValueError(
                f"{path.name}: exercise {number} has {len(later)} solutions after its check"
            )
        found[number] = Exercise(number, imports_of(cells), starter, source, later[0])
    return list(found.values())


def run_exercise(exercise):
    """Run the exercise's cells, and only those, after the imports of the chapter."""
    namespace = {"__name__": "chapter"}
    run_cell(exercise.imports, namespace, "imports")
    run_cell(exercise.starter, namespace, "starter")
    of_starter = run_cell(exercise.check, namespace, "check")
    of_solution = run_cell(exercise.solution, namespace, "solution")
    return Ran(of_starter, of_solution, namespace.get(f"check_{exercise.number}"))


def run_cell(source, namespace, name="cell"):
    """The value of the last expression, which a notebook shows."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), f"<{name}>", "exec"), namespace)
    if last is not None:
        return eval(compile(ast.Expression(last.value), f"<{name}>", "eval"), namespace)
    return None


def quizzes(path):
    """Quizzes of a chapter: the values of the cells that make one."""
    cells = code_cells(path)
    namespace = {"__name__": "chapter"}
    made = [source for source in cells if re.search(r"^\w*(?: = )?Quiz\(", source, re.MULTILINE)]
    if made:
        run_cell(imports_of(cells), namespace, "imports")
    return [run_cell(source, namespace, "quiz") for source in made]


def wrong_answers(path):
    """Number of an exercise to wrong answers, from ``tests/exercises/<chapter>.py``."""
    spec = importlib.util.spec_from_file_location(f"wrong_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WRONG
