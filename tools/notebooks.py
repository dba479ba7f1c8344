"""Keep the chapters in their normal form: execute, normalise, check and stamp notebooks.

    python tools/notebooks.py execute vgg      run a chapter and store its outputs (all: every one)
    python tools/notebooks.py normalise        rewrite every chapter in its normal form
    python tools/notebooks.py check            list what is not as it should be
    python tools/notebooks.py stamp            write the repository's address and the set-up cell

A chapter is one notebook, committed with its outputs. Its normal form is what a diff should show
and no more: no timestamps, no widget state, no version of the Python that happened to run it.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml
from comparison import tolerance_of
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

# Only what nbval compares: a png or jpeg output would be stored, shown and never verified.
OUTPUT_TYPES = {"text/plain", "text/html", "text/latex", "text/markdown", "image/svg+xml"}
TAGS = {
    "full-width",
    "hide-cell",
    "hide-input",
    "hide-output",
    "measured",
    "nbval-ignore-output",
    "output_scroll",
    "raises-exception",
    "remove-cell",
    "remove-input",
    "remove-output",
}
# What tells of the machine or the moment that ran the notebook, and is another one next time.
UNSTABLE = {
    "an absolute path": re.compile(
        r"(?<![\w./:-])/(?:home|Users|root|tmp|opt|usr|var|work|mnt|content)/[\w.-]+"
        r"|\b[A-Z]:\\\\?Users\b|site-packages"
    ),
    "a memory address": re.compile(r"\bat 0x[0-9a-f]{6,}"),
    "a moment in time": re.compile(r"\b20\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d"),
}
IMAGE_DATA = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+")
ADDRESS_IN_SETUP = re.compile(r'"git\+(\S+?)"')


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


# -- executing ---------------------------------------------------------------


def kernel_environment(gpu: bool = False) -> dict[str, str]:
    """What a kernel is given so that a chapter prints the same thing every time.

    ``execute`` and the checks of ``pytest --nbval`` both use it. One thread: the order of a sum,
    and with it the last digits, follows from their number; and for networks as small as a
    chapter's, two threads wait for each other longer than they work.

    Args:
        gpu: Leave the GPU in sight, on which numbers are other ones.
    """
    environment = {
        "BACKBONES_QUIET": "1",  # no progress bars
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger's warning about frozen modules
    }
    # The first hides NVIDIA's and AMD's; the second tells `fit` to leave Apple's alone as well.
    hidden = {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "1"}
    return environment if gpu else {**environment, **hidden}


def execute(path: Path, timeout: int = 900) -> None:
    """Run a chapter from a fresh kernel and store it with its new outputs, in normal form.

    The stored notebook is replaced only by one that ran to its end.

    Raises:
        ChapterError: a cell failed; the message shows the cell and the error.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    os.environ.update(kernel_environment())
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    running = ["before its first cell"]

    def remember(cell: NotebookNode, cell_index: int) -> None:
        number = sum(c.cell_type == "code" for c in notebook.cells[:cell_index])
        running[0] = f"in cell {number} (id {cell.id})"

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # the kernel's own talk, not the chapter's
        on_cell_start=remember,
        resources={"metadata": {"path": str(path.parent)}},
    )
    # This Python's own kernel, even where the user has installed another one named python3.
    client.create_kernel_manager()
    client.km.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise ChapterError(
            f"{path.name} failed {running[0]}; the file was left as it was.\n\n{error}".rstrip()
        ) from None
    replace_file(path, dumps(normalise(notebook)))


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


# -- checking ----------------------------------------------------------------


def problems(path: Path, address: str) -> list[str]:
    """What is wrong with a stored chapter, one sentence each; an empty list is a good chapter."""
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    found = []
    if text != dumps(normalise(notebook)):
        found.append("not in normal form: run `make normalise`")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code or code[0].source != setup_source(address) or code[0].id != SETUP_ID:
        found.append("its first code cell is not the set-up cell: run `make stamp`")
    for number, cell in enumerate(code):
        found += [f"cell {number} (id {cell.id}): {p}" for p in cell_problems(cell)]
    with_output = [c for c in code if c.outputs]
    ignored = [c for c in with_output if "nbval-ignore-output" in c.metadata.get("tags", ())]
    if 10 * len(ignored) > len(with_output):
        found.append(
            f"{len(ignored)} of its {len(with_output)} output cells are tagged "
            "nbval-ignore-output: at most one in ten may be"
        )
    return found


def cell_problems(cell: NotebookNode) -> Iterator[str]:
    """What is wrong with a code cell."""
    if not cell.source.strip():
        yield "is empty"
    elif cell.execution_count is None:
        yield "was never run, so nbval would compare nothing: run `make execute`"
    for tag in sorted(set(cell.metadata.get("tags", ())) - TAGS):
        yield f"has the tag {tag!r}; allowed are {', '.join(sorted(TAGS))}"
    try:
        tolerance_of(cell.metadata)
    except ValueError as error:
        yield str(error)
    if re.search(r"^\s*#\s*(NBVAL|PYTEST)_\w+", cell.source, re.MULTILINE):
        yield "talks to nbval in a comment: use a tag"
    for output in cell.outputs:
        if output.get("name") == "stderr":
            yield f"wrote to stderr: {output.text.strip()[:120]!r}"
        for kind in sorted(set(output.get("data", ())) - OUTPUT_TYPES):
            yield f"has an output of type {kind}, which nbval does not compare"
        for what, piece in unstable_pieces(output_text(output)):
            yield f"its output shows {what}: {piece!r}"


def output_text(output: NotebookNode) -> str:
    """All text of an output, without embedded pictures."""
    parts = [output.get("text", ""), *output.get("traceback", ()), output.get("evalue", "")]
    parts += [v for v in output.get("data", {}).values() if isinstance(v, str)]
    return IMAGE_DATA.sub("", "\n".join(parts))


def unstable_pieces(text: str) -> Iterator[tuple[str, str]]:
    """What in a text tells of the machine or the moment: (kind, the piece)."""
    for what, pattern in UNSTABLE.items():
        if match := pattern.search(text):
            yield what, match[0]
    host = platform.node()
    if len(host) > 5 and host.lower() != "localhost" and host in text:
        yield "this machine's name", host


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
    parser.add_argument("command", choices=["execute", "normalise", "check", "stamp"])
    parser.add_argument("chapters", nargs="*", help="names such as vgg; none or 'all': every one")
    arguments = parser.parse_args(argv)
    if arguments.command == "execute" and not arguments.chapters:
        parser.error("execute which chapter? Name one, or say all")
    try:
        return run(arguments.command, arguments.chapters)
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
