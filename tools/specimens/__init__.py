"""Specimens of all that a page of the book can show, for the gallery that authors look at.

Each module here holds the specimens of one kind: every public function is one. Its docstring is
the title, its body becomes a code cell, and what it returns is shown below. The drawings of
`backbones.gallery` that need no argument are specimens by themselves. `page.md` is the page.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import backbones
from backbones import diagrams, explorers, gallery, plots

KINDS = ("cells", "plots", "drawings", "explorers", "quizzes", "exercises", "labs", "tables")
WITH_DRAWINGS = (plots, diagrams, explorers)  # whose functions all need a specimen


@dataclass(frozen=True)
class Specimen:
    """One thing to be looked at.

    Attributes:
        title: What it is, in words.
        code: The cell that shows it.
        calls: Functions and classes that the cell calls.
        tags: Of the cell.
    """

    title: str
    code: str
    calls: tuple[object, ...]
    tags: tuple[str, ...] = ("hide-input",)


def tagged(*tags: str) -> Callable[[Callable], Callable]:
    """Give the cell of a specimen other tags than ``hide-input``; a title it has only with that."""

    def mark(function: Callable) -> Callable:
        function.tags = tags
        return function

    return mark


def specimens() -> dict[str, dict[str, Specimen]]:
    """All specimens: by kind, then by name. The kinds of drawings of a chapter end in its name."""
    found = {}
    for kind in KINDS:
        module = importlib.import_module(f"specimens.{kind}")
        found[kind] = {name: _written(function) for name, function in public_functions(module)}
    for module in modules_of(gallery):
        chapter = module.__name__.rpartition(".")[2]
        found[f"gallery.{chapter}"] = {
            name: Specimen(
                _title(function),
                f"from backbones.gallery import {chapter}\n\n{chapter}.{name}()",
                (function,),
            )
            for name, function in public_functions(module)
            if draws(function) and not needs_arguments(function)
        }
    return found


def _written(function: Callable) -> Specimen:
    """The specimen that a function of these modules is."""
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    first, last = definition.body[1], definition.body[-1]  # what comes first is the docstring
    lines = source.splitlines()[first.lineno - 1 : last.end_lineno]
    if isinstance(last, ast.Return):
        place = last.lineno - first.lineno
        lines[place] = lines[place].replace("return ", "", 1)
    called = {ast.unparse(n.func) for n in ast.walk(definition) if isinstance(n, ast.Call)}
    calls = [_known(name, function) for name in sorted(called) if re.fullmatch(r"[\w.]+", name)]
    tags = getattr(function, "tags", Specimen.tags)
    return Specimen(_title(function), textwrap.dedent("\n".join(lines)), tuple(calls), tags)


def _title(function: Callable) -> str:
    return inspect.getdoc(function).partition("\n")[0].rstrip(".")


def _known(name: str, function: Callable) -> object:
    """What a dotted name means in a function's module, or None."""
    first, *rest = name.split(".")
    thing = function.__globals__.get(first)
    for attribute in rest:
        thing = getattr(thing, attribute, None)
    return thing


# -- what needs a specimen ---------------------------------------------------


def wanted() -> dict[str, object]:
    """All that needs a specimen, by name: functions that draw, and classes that show themselves."""
    found = {}
    for face in WITH_DRAWINGS:
        for name in face.__all__:
            thing = getattr(face, name)
            if inspect.isfunction(thing) and shows(thing):
                found[f"{_short(face)}.{name}"] = thing
    for module in modules_of(gallery):
        for name, function in public_functions(module):
            if draws(function):
                found[f"{_short(module)}.{name}"] = function
    for module in modules_of(backbones):
        for name in getattr(module, "__all__", vars(module)):
            thing = getattr(module, name)
            here = hasattr(module, "__all__") or getattr(thing, "__module__", "") == module.__name__
            if here and not name.startswith("_") and shows_itself(thing):
                found[f"{_short(module)}.{name}"] = thing
    return found


def missing() -> list[str]:
    """Names of what has no specimen."""
    called = {call for kind in specimens().values() for one in kind.values() for call in one.calls}
    # What a function returns is shown as well.
    shown = called | {thing for call in called for thing in returned(call)}
    return sorted(name for name, thing in wanted().items() if thing not in shown)


def _short(module: types.ModuleType) -> str:
    return module.__name__.removeprefix("backbones.")


def modules_of(package: types.ModuleType) -> Iterator[types.ModuleType]:
    """The public modules right below a package."""
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{info.name}")


def public_functions(module: types.ModuleType) -> Iterator[tuple[str, Callable]]:
    """Functions that a module defines, in its order."""
    for name, thing in vars(module).items():
        own = inspect.isfunction(thing) and thing.__module__ == module.__name__
        if own and not name.startswith("_"):
            yield name, thing


def shows(function: Callable) -> bool:
    """Whether a function returns something that shows itself, or shows it and returns nothing."""
    hint = typing.get_type_hints(function).get("return")
    return hint is type(None) or any(map(shows_itself, returned(function)))


def draws(function: Callable) -> bool:
    """Whether a function returns a drawing or an explorer, not a table of numbers."""
    return not {diagrams.Picture, explorers.Explorer}.isdisjoint(returned(function))


def returned(function: object) -> list[type]:
    """Classes that a function says it returns."""
    if not inspect.isfunction(function):
        return []
    hint = typing.get_type_hints(function).get("return")
    return [thing for thing in (hint, *typing.get_args(hint)) if inspect.isclass(thing)]


def shows_itself(thing: object) -> bool:
    """Whether a class has a picture or a text of its own in a notebook."""
    return inspect.isclass(thing) and any(
        hasattr(thing, f"_repr_{kind}_") for kind in ("html", "markdown", "svg")
    )


def needs_arguments(function: Callable) -> bool:
    """Whether a function cannot be called without arguments."""
    parameters = inspect.signature(function).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(p.default is p.empty and p.kind not in variable for p in parameters)
