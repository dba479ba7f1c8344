"""What the code of a chapter's cells says before it is run: names, definitions, calls."""

from __future__ import annotations

import ast
import builtins
import dis
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType

from nbformat import NotebookNode

TRAINING = {"fit", "rerun", "repeat"}  # what of `backbones` trains a network

# Calls that take no time, change nothing, and give the same wherever they run.
SIMPLE_FUNCTIONS = {
    *("abs", "dict", "enumerate", "float", "frozenset", "int", "len", "list", "max", "min"),
    *("range", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
    *("Axis", "Case", "Question", "Upload", "partial"),
    *("load", "profile", "digits", "flowers", "photos"),
}
SIMPLE_METHODS = {
    *("format", "get", "items", "join", "keys", "replace", "split", "strip", "values"),
    *("load", "histories", "run", "runs", "final", "measured", "subset"),
}


def plain(source: str) -> str:
    """The code of a cell without IPython's own commands."""
    return re.sub(r"^[%!?].*$", "pass", source, flags=re.MULTILINE)


def parsed(source: str) -> ast.Module:
    """The code of a cell as a tree.

    Raises:
        SyntaxError: It is no Python.
    """
    return ast.parse(plain(source))


def is_python(source: str) -> bool:
    """Whether a cell can be read."""
    try:
        parsed(source)
    except SyntaxError:
        return False
    return True


def title(source: str) -> str:
    """What `# @title` names a cell, or nothing."""
    match = re.match(r"\s*# ?@title (.+)", source)
    return match[1].strip() if match else ""


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of a notebook that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def called(node: ast.AST) -> Iterator[str]:
    """Names of the functions and methods that are called somewhere in a piece of code."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            if isinstance(call.func, ast.Name):
                yield call.func.id
            elif isinstance(call.func, ast.Attribute):
                yield call.func.attr


def trains(source: str) -> bool:
    """Whether a cell trains a network, or defines a function that does."""
    return not TRAINING.isdisjoint(called(parsed(source)))


@dataclass(frozen=True)
class Statement:
    """One statement at the top of a cell.

    Attributes:
        source: Its code.
        node: Likewise, parsed.
        binds: Names that it sets.
        changes: Names whose objects it may change: by a method, an index, an attribute.
        needs: Names that must be set before it runs, those inside of functions included.
    """

    source: str
    node: ast.stmt
    binds: frozenset[str]
    changes: frozenset[str]
    needs: frozenset[str]

    @property
    def imports(self) -> bool:
        """Whether it is an import."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_simple(self) -> bool:
        """Whether it can be run by itself: an import, a definition, or a plain value."""
        if self.imports or isinstance(self.node, ast.FunctionDef | ast.ClassDef):
            return True
        if not isinstance(self.node, ast.Assign | ast.AnnAssign) or self.changes:
            return False
        return self.node.value is not None and all(map(is_simple, calls_of(self.node.value)))


def calls_of(node: ast.AST) -> Iterator[ast.Call]:
    """All calls in an expression."""
    return (call for call in ast.walk(node) if isinstance(call, ast.Call))


def is_simple(call: ast.Call) -> bool:
    """Whether a call takes no time and changes nothing."""
    if isinstance(call.func, ast.Name):
        return call.func.id in SIMPLE_FUNCTIONS
    return isinstance(call.func, ast.Attribute) and call.func.attr in SIMPLE_METHODS


def statements(source: str) -> list[Statement]:
    """The statements of a cell, in order."""
    found = []
    source = plain(source)
    for node in ast.parse(source).body:
        code = written(source, node)
        binds, needs = names_of(compile(code, "cell", "exec"))
        found.append(
            Statement(code, node, frozenset(binds), frozenset(changed(node)), frozenset(needs))
        )
    return found


def written(source: str, node: ast.stmt) -> str:
    """A statement as it is written in its cell, comments included."""
    code = ast.get_source_segment(source, node)
    decorators = getattr(node, "decorator_list", [])
    return "".join(f"@{ast.unparse(decorator)}\n" for decorator in decorators) + code


def names_of(code: CodeType) -> tuple[set[str], set[str]]:
    """Names that a statement sets, and names that it looks up, of the notebook's own."""
    stored = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
    loaded = {
        i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_NAME", "LOAD_GLOBAL")
    }
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            own, needs = names_of(inner)
            loaded |= needs - own  # a class keeps its names to itself
    return stored, {name for name in loaded if not hasattr(builtins, name)}


def changed(statement: ast.stmt) -> Iterator[str]:
    """Names whose objects a statement may change where it stands, not inside of functions."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        todo += ast.iter_child_nodes(node)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        by_method = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        target = node.value.func if by_method else node
        stored = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
        if (by_method or stored) and isinstance(target, ast.Attribute | ast.Subscript):
            while isinstance(target, ast.Attribute | ast.Subscript | ast.Call):
                target = target.func if isinstance(target, ast.Call) else target.value
            if isinstance(target, ast.Name):
                yield target.id


def needed(code: Iterable[Statement]) -> set[str]:
    """Names that the statements of a cell need from cells before it."""
    code = list(code)
    everything = {name for statement in code for name in statement.binds}
    so_far: set[str] = set()
    names: set[str] = set()
    for statement in code:
        deferred = isinstance(statement.node, ast.FunctionDef | ast.ClassDef)
        names |= statement.needs - (everything if deferred else so_far | statement.binds)
        if isinstance(statement.node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            names |= statement.needs & statement.binds - so_far
        so_far |= statement.binds
    return names
