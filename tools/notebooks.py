"""Keep the chapters in order: execute, refresh, normalise, check and stamp notebooks.

    python tools/notebooks.py execute vgg      run a chapter and store its outputs (all: every one)
    python tools/notebooks.py refresh vgg      draw its figures anew without running the rest
    python tools/notebooks.py normalise        rewrite every chapter in its normal form
    python tools/notebooks.py check            list what is not as it should be
    python tools/notebooks.py stamp            write the repository's address and the set-up cell

What they do is in ``running.py``, ``refreshing.py``, ``storing.py``, ``checking.py`` and here.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import nbformat
from checking import problems
from refreshing import refresh
from running import execute
from storing import (
    ROOT,
    SETUP_ID,
    SETUP_TAGS,
    ChapterError,
    chapter_paths,
    dumps,
    find_chapter,
    normalise,
    read,
    replace_file,
    repository_address,
    setup_source,
)

COMMANDS = ("execute", "refresh", "normalise", "check", "stamp")
ADDRESS_IN_SETUP = re.compile(r'"git\+(\S+?)"')


# -- stamping ----------------------------------------------------------------


def stamp(path: Path, address: str) -> None:
    """Write the set-up cell, and the repository's address wherever the old one stood."""
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    old = code[0] if code and code[0].get("id") == SETUP_ID else None
    if old is None:
        old = nbformat.v4.new_code_cell(id=SETUP_ID)
        first = notebook.cells.index(code[0]) if code else len(notebook.cells)
        notebook.cells.insert(first, old)
    elif (match := ADDRESS_IN_SETUP.search(old.source)) and match[1] != address:
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = cell.source.replace(match[1], address)
    old.source = setup_source(address)
    # Colab folds the cell to its title; the site leaves it out: its reader needs no installing.
    old.metadata = nbformat.from_dict({"tags": SETUP_TAGS, "cellView": "form"})
    text = dumps(normalise(notebook))
    if text != path.read_text(encoding="utf-8"):
        replace_file(path, text)


def stamp_project(root: Path, address: str) -> None:
    """Write the repository's address where packaging and citing need it."""
    declared = root / "pyproject.toml"
    old = re.search(r'^Repository = "(.*)"$', declared.read_text(encoding="utf-8"), re.MULTILINE)[1]
    for path in (declared, root / "CITATION.cff"):
        text = path.read_text(encoding="utf-8")
        if old != address and old in text:
            replace_file(path, text.replace(old, address))


# -- the command line --------------------------------------------------------


def run(command: str, names: list[str]) -> int:
    """Carry out one command on the named chapters, or on all; return the exit code."""
    everything = names in ([], ["all"])
    paths = chapter_paths() if everything else [find_chapter(name) for name in names]
    address = repository_address() if command in ("check", "stamp") else ""
    faults = 0
    if command == "stamp" and everything:
        stamp_project(ROOT, address)
    for path in paths:
        if command == "execute":
            print(f"Running {path.name} ...", flush=True)
            execute(path)
        elif command == "refresh":
            print(f"{path.name}: {refresh(path)}", flush=True)
        elif command == "normalise":
            replace_file(path, dumps(normalise(read(path))))
        elif command == "stamp":
            stamp(path, address)
        else:
            for problem in problems(path, address):
                print(f"{path.relative_to(ROOT)}: {problem}")
                faults += 1
    return 1 if faults else 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("chapters", nargs="*", help="names such as vgg; none or 'all': every one")
    arguments = parser.parse_args(argv)
    if arguments.command in ("execute", "refresh") and not arguments.chapters:
        parser.error(f"{arguments.command} which chapter? Name one, or say all")
    try:
        return run(arguments.command, arguments.chapters)
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
