"""Draw a chapter's figures anew without running the rest.

A new script, colour or drawing changes the stored explorers, quizzes, listings and pictures of
every chapter. What such a cell needs is found in its code: imports, definitions and plain values
of the cells before it. Those are run, and the cell; a cell that needs more is left as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from cells import TRAINING, Statement, called, code_cells, is_python, needed, statements
from comparison import differences
from nbformat import NotebookNode
from running import run_notebook
from storing import SETUP_ID, ChapterError, dumps, normalise, read, replace_file

DRAWN = re.compile(r'<figure class="bb-(?:explorer|quiz|picture|plot)\b')
MAKERS = {"Explorer", "Quiz", "Source"}
NEVER = TRAINING | {"lab"}  # what such a cell calls is computed, not drawn
COMPUTED = {"measured", "nbval-ignore-output", "raises-exception"}


class LeftError(Exception):
    """A cell cannot be drawn anew by itself; the message says why."""


@dataclass
class Refreshed:
    """What became of a chapter: ids of cells.

    Attributes:
        drawn: Drawn anew.
        changed: Of these, the ones whose stored output is another one now.
        differing: Of these, the ones that not only look different: the first difference.
        left: Those that could not be drawn by themselves, and why.
    """

    drawn: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    differing: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{len(self.drawn)} cells drawn anew, {len(self.changed)} of them changed"]
        if self.changed:
            lines[0] += f": {', '.join(self.changed)}"
        lines += [f"  shows something else: {name}: {how}" for name, how in self.differing.items()]
        lines += [f"  left as it is: {name}, which {why}" for name, why in self.left.items()]
        return "\n".join(lines)


def refresh(path: Path, timeout: int = 300) -> Refreshed:
    """Draw a chapter's figures anew, and store them; everything else is kept.

    Raises:
        ChapterError: what the figures need could not be run; the file is left as it was.
    """
    notebook = read(path)
    cells = code_cells(notebook)
    result = Refreshed()
    plan = planned(cells, result.left)
    trial = nbformat.v4.new_notebook(cells=[cell for _, cell in plan])
    if any(cell is not None for cell, _ in plan):
        run_notebook(trial, path, timeout, allow_errors=True)
    for cell, ran in plan:
        errors = [o for o in ran.outputs if o.output_type == "error"]
        why = [f"failed by itself: {e.ename}: {e.evalue}" for e in errors]
        if cell is None and why:
            raise ChapterError(
                f"{path.name}: what its figures need {why[0]}\n\n{ran.source}\n\n"
                "The file was left as it was."
            )
        if cell is None:
            continue
        why += ["wrote to stderr" for o in ran.outputs if o.get("name") == "stderr"]
        if why:
            result.left[cell.id] = why[0]
            continue
        result.drawn.append(cell.id)
        before = one_cell(cell)
        cell.outputs = ran.outputs
        after = one_cell(cell)
        if after != before:
            result.changed.append(cell.id)
        if found := differences(before.outputs, after.outputs, None):
            result.differing[cell.id] = found[0]
    if result.changed:
        replace_file(path, dumps(normalise(notebook)))
    return result


def one_cell(cell: NotebookNode) -> NotebookNode:
    """A cell in normal form, to compare it."""
    return normalise(nbformat.v4.new_notebook(cells=[nbformat.from_dict(cell)])).cells[0]


def planned(
    cells: list[NotebookNode], left: dict[str, str]
) -> list[tuple[NotebookNode | None, NotebookNode]]:
    """What to run, in order: pairs of a cell to draw anew, or None, and the code to run.

    Args:
        cells: The code cells of a chapter.
        left: Is given the ids of cells that cannot be drawn anew by themselves, and why.
    """
    code = [
        statements(cell.source) if cell.id != SETUP_ID and is_python(cell.source) else []
        for cell in cells
    ]
    galleries = {name for cell in code for line in cell for name in gallery_names(line)}
    run: dict[int, set[int]] = {}  # numbers of statements, by number of the cell
    again: set[int] = set()  # cells that are run whole
    for number, cell in enumerate(cells):
        if not draws(cell, code[number], galleries):
            continue
        try:
            wanted = resolved(needed(code[number]), number, cells, code, again)
        except LeftError as why:
            left[cell.id] = str(why)
            continue
        again.add(number)
        for where, which in wanted:
            run.setdefault(where, set()).add(which)
    plan = []
    for number, cell in enumerate(cells):
        if number in again:
            plan.append((cell, nbformat.v4.new_code_cell(cell.source)))
        elif number in run:
            lines = [code[number][which].source for which in sorted(run[number])]
            plan.append((None, nbformat.v4.new_code_cell("\n".join(lines))))
    return plan


def gallery_names(statement: Statement) -> Iterable[str]:
    """Names under which a chapter imports its gallery, or parts of it."""
    node = statement.node
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backbones.gallery"):
        return [alias.asname or alias.name for alias in node.names]
    return []


def draws(cell: NotebookNode, code: list[Statement], galleries: set[str]) -> bool:
    """Whether a cell puts out what is drawn, and was not measured."""
    if not cell.outputs or COMPUTED & set(cell.metadata.get("tags", ())):
        return False
    expressions = [s.node for s in code if isinstance(s.node, ast.Expr)]
    if any(name in NEVER for s in code for name in called(s.node)):
        return False
    for expression in expressions:
        for node in ast.walk(expression):
            if isinstance(node, ast.Call):
                function = node.func
                while isinstance(function, ast.Attribute):
                    function = function.value
                if isinstance(function, ast.Name) and function.id in MAKERS | galleries:
                    return True
    return any(DRAWN.search(o.get("data", {}).get("text/html", "")) for o in cell.outputs)


def resolved(
    names: set[str],
    before: int,
    cells: list[NotebookNode],
    code: list[list[Statement]],
    again: set[int],
) -> set[tuple[int, int]]:
    """The statements that set the names, as (cell, statement), and those that these need.

    Raises:
        LeftError: A name is set by more than imports, definitions and plain values.
    """
    wanted: set[tuple[int, int]] = set()
    todo = [(name, before, len(code[before])) for name in sorted(names)]
    while todo:
        name, cell, position = todo.pop()
        earlier = [
            (where, which)
            for where in range(cell + 1)
            for which, statement in enumerate(code[where])
            if (where, which) < (cell, position) and name in statement.binds | statement.changes
        ]
        setting = [(i, j) for i, j in earlier if name in code[i][j].binds]
        if not setting:
            raise LeftError(f"needs `{name}`, which no cell before it sets")
        if all(code[i][j].imports for i, j in setting):
            earlier = setting  # a module's functions are called, and it stays what it is
        for i, j in earlier:
            if i in again or (i, j) in wanted:
                continue
            if not code[i][j].is_simple:
                raise LeftError(f"needs `{name}`, which the cell {cells[i].id} computes")
            wanted.add((i, j))
            # A function's names are looked up when it is called, a value's at once.
            later = isinstance(code[i][j].node, ast.FunctionDef | ast.ClassDef)
            end = (before, 0) if later else (i, j)
            todo += [(inner, *end) for inner in code[i][j].needs - {name}]
    return wanted
