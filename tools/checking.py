"""Find what is not as it should be in a stored chapter."""

from __future__ import annotations

import ast
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from cells import code_cells, is_python, parsed, title, trains
from comparison import MEASURED, tolerance_of
from nbformat import NotebookNode
from storing import SETUP_ID, dumps, normalise, read, setup_source

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


MOST_IMPORTS = 8  # lines that import from the package: one screenful
IMPORT = re.compile(r"^(?:from|import) backbones\b", re.MULTILINE)

# What good English does not say so, or what is seldom true, and what to write.
WORDINGS = {
    r"shall": "should, must or will",
    r"leaves? a rest": "leaves a remainder",
    r"for ever": "permanently",
    r"pull apart": "diverge",
    r"holds? (?:it|this|that|them) against": "compares it with",
    r"nothing else": "say what there is",
    r"(?:in )?every later (?:network|architecture)": "name them: seldom true of all",
    r"used everywhere since": "say where: seldom true of all",
    r"(?:blocks?|layers?|numbers?|weights?|parameters?) an? "
    r"(?:stage|block|token|layer|channel|image|epoch)": "per, as in blocks per stage",
}
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)
AROUND = 30  # characters shown on each side of a wording


def problems(path: Path, address: str) -> list[str]:
    """What is wrong with a stored chapter, one sentence each; an empty list is a good chapter."""
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    found = []
    if text != dumps(normalise(notebook)):
        found.append("not in normal form: run `make normalise`")
    code = code_cells(notebook)
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
    imports = sum(len(IMPORT.findall(cell.source)) for cell in code)
    if imports > MOST_IMPORTS:
        found.append(
            f"{imports} lines import from backbones: at most {MOST_IMPORTS}, from the faces of "
            "its parts"
        )
    measured = any(MEASURED in cell.metadata.get("tags", ()) for cell in code)
    if not measured and any(trains(cell.source) for cell in code if is_python(cell.source)):
        found.append(
            f"it trains a network, and no cell is tagged {MEASURED!r}: nothing that it learned is "
            "compared"
        )
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found += [f"text (id {cell.id}): {p}" for p in wordings(cell.source)]
    return found


def wordings(text: str) -> Iterator[str]:
    """Wordings of a text that house style does not have, with what to write."""
    prose = " ".join(NOT_PROSE.sub(" ", text).split())
    for wording, better in WORDINGS.items():
        for match in re.finditer(rf"\b{wording}\b", prose, re.IGNORECASE):
            around = prose[max(0, match.start() - AROUND) : match.end() + AROUND]
            yield f"{match[0]!r} in {around!r}: {better}"


def hidden_verdicts(source: str) -> Iterator[str]:
    """Constant sentences that a cell prints behind an assert: the reader sees no number.

    A sentence ends; headings of columns and labels, which have gaps or end in a colon, do not.
    Code inside of functions is not looked at, nor are checks and solutions of exercises.
    """
    if re.match(r"(?:check of|solution to) exercise", title(source), re.IGNORECASE):
        return
    todo: list[ast.AST] = list(parsed(source).body)
    asserted, said = False, []
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        todo += ast.iter_child_nodes(node)
        asserted |= isinstance(node, ast.Assert)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            asserted |= name.startswith("assert_")
            if name == "print" and node.args and all(map(is_constant, node.args)):
                said.append(" ".join(map(ast.unparse, node.args)))
    for sentence in said if asserted else ():
        words = sentence.strip("'\"")
        if len(words.split()) > 2 and "  " not in words and not words.endswith(":"):
            yield sentence


def is_constant(node: ast.expr) -> bool:
    """Whether an expression is a text without numbers put into it."""
    if isinstance(node, ast.JoinedStr):
        return all(isinstance(part, ast.Constant) for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


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
    tags = set(cell.metadata.get("tags", ()))
    if {MEASURED, "nbval-ignore-output"} <= tags:
        yield f"is tagged {MEASURED!r}, and 'nbval-ignore-output', which compares nothing"
    if not is_python(cell.source):
        yield "is no Python"
        return
    for sentence in hidden_verdicts(cell.source):
        yield f"prints {sentence[:90]} behind an assert: print what was measured"
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
