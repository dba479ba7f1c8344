"""Where chapters are, and their normal form.

A chapter is one notebook, committed with its outputs. Its normal form is what a diff should show
and no more: no timestamps, no widget state, no version of the Python that happened to run it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"

SETUP_ID = "set-up"
SETUP_TAGS = ["remove-cell"]
SETUP_SOURCE = """\
# @title Set-up: run this cell first
# Nothing happens where the book's package is installed. In Colab, this installs it.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("backbones") is None:
    source = "git+{address}"
    print(f"Installing the book's package from {{source}} ...")
    command = [sys.executable, "-m", "pip", "install", "--quiet", source]
    pip = subprocess.run(command, capture_output=True, text=True)
    if pip.returncode:
        raise ImportError(f"pip failed: is there a network, and git?\\n{{pip.stderr}}")
    importlib.invalidate_caches()
    print("Done.")"""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"


class ChapterError(Exception):
    """A chapter cannot be found or run; the message is for a person."""


# -- the folder --------------------------------------------------------------


def chapter_paths() -> list[Path]:
    """Every chapter's notebook, by name."""
    return sorted(CHAPTERS.glob("*.ipynb"))


def find_chapter(name: str) -> Path:
    """The notebook of a chapter given as ``vgg``, ``vgg.ipynb`` or ``chapters/vgg.ipynb``.

    Raises:
        ChapterError: there is no such chapter.
    """
    path = CHAPTERS / f"{Path(name).stem}.ipynb"
    if not path.is_file():
        known = ", ".join(p.stem for p in chapter_paths()) or "none yet"
        raise ChapterError(f"There is no chapter {name!r}; the chapters are: {known}.")
    return path


def repository_address(root: Path = ROOT) -> str:
    """The repository's address, from ``_config.yml``, the one place where it stands."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return config["repository"]["url"].rstrip("/").removesuffix(".git")


def setup_source(address: str) -> str:
    """The first code cell of every chapter."""
    return SETUP_SOURCE.format(address=address)


def read(path: Path) -> NotebookNode:
    """Read a notebook as the current version of the format."""
    return nbformat.read(path, as_version=4)


def dumps(notebook: NotebookNode) -> str:
    """A notebook as it is stored: sorted keys, one space of indent, a newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def replace_file(path: Path, text: str) -> None:
    """Write aside, then rename: an interruption leaves the old file or the new one, whole."""
    aside = path.with_name(f".{path.name}.new")
    try:
        aside.write_text(text, encoding="utf-8", newline="\n")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


# -- normal form -------------------------------------------------------------


def normalise(notebook: NotebookNode) -> NotebookNode:
    """The same notebook in its normal form; ids, sources, tags and outputs are kept.

    Execution counts become 1, 2, 3 ...; neighbouring pieces of a stream become one; a widget's
    view, which is nothing without its kernel, goes; so does all but the last line of a traceback,
    which would show the paths of the machine that ran it.
    """
    notebook = nbformat.from_dict(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    taken: set[str] = set()
    count = 0
    for position, cell in enumerate(notebook.cells):
        cell.source = "\n".join(line.rstrip() for line in cell.source.split("\n")).strip("\n")
        if not cell.get("id") or cell.id in taken:
            cell.id = f"cell-{position}"
        taken.add(cell.id)
        cell.metadata = normal_metadata(cell.metadata)
        if cell.cell_type != "code":
            cell.pop("attachments", None)
            continue
        ran = cell.execution_count is not None
        count += ran
        cell.execution_count = count if ran else None
        cell.outputs = [normal_output(o, cell.execution_count) for o in merged(cell.outputs)]
    return notebook


def normal_metadata(metadata: NotebookNode) -> NotebookNode:
    """What is part of a cell: its tags, and that its code is folded; the rest is of the moment."""
    kept = {}
    if metadata.get("tags"):
        kept["tags"] = sorted(set(metadata["tags"]))
    if "tolerance" in metadata:
        kept["tolerance"] = metadata["tolerance"]
    if metadata.get("cellView"):
        kept["cellView"] = metadata["cellView"]
    if metadata.get("jupyter", {}).get("source_hidden"):
        kept["jupyter"] = {"source_hidden": True}
    return nbformat.from_dict(kept)


def merged(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Outputs without widget views, and with neighbouring pieces of one stream joined."""
    previous = None
    for output in outputs:
        if WIDGET in output.get("data", {}):
            continue
        if (
            previous is not None
            and output.output_type == previous.output_type == "stream"
            and output.name == previous.name
        ):
            previous.text += output.text
            continue
        if previous is not None:
            yield previous
        previous = nbformat.from_dict(output)
    if previous is not None:
        yield previous


def normal_output(output: NotebookNode, count: int | None) -> NotebookNode:
    """One output in its normal form."""
    if "metadata" in output:
        output.metadata = nbformat.from_dict({})
    if output.output_type == "execute_result":
        output.execution_count = count
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output
