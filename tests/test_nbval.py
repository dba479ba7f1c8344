"""`pytest --nbval`, as conftest.py sets it up, fails where it should and only there."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

import nbformat
import notebooks
import pytest
from cells import code_cells, trains
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

SHOW = """
class Show:
    def __init__(self, html):
        self.html = html

    def __repr__(self):
        return "Show()"

    def _repr_html_(self):
        return self.html
"""
PLOT = (
    "<figure class='bb-plot' data-numbers='[{2}]'>"
    "<svg role='img' aria-label='{0}'><path d='{1}'/></svg></figure>"
)
EXPLORER = (
    '<figure class="bb-explorer" id="bb-{0}"><style>{0}</style>'
    '<script type="application/json">{1}</script><script>{0}</script></figure>'
)
NEAR = {"absolute": 0.03, "relative": 0.05}


def stream(text):
    return new_output("stream", name="stdout", text=text)


def html_cell(fresh, old, name):
    """A cell that puts out one text of HTML and was stored with another."""
    cell = new_code_cell(f"{SHOW}\nShow({fresh!r})", id=name, execution_count=1)
    data = {"text/html": old, "text/plain": "Show()"}
    cell.outputs = [new_output("execute_result", data, execution_count=1)]
    return cell


def text_cell(source, old, name):
    outputs = [stream(old)] if old else []
    return new_code_cell(source, id=name, execution_count=1, outputs=outputs)


def measured(cell, tolerance=NEAR):
    cell.metadata = {"tags": ["measured"], "tolerance": tolerance}
    return cell


def plot_cell(fresh, old, name):
    """A cell that draws a plot: text alternative, line, number."""
    return html_cell(PLOT.format(*fresh), PLOT.format(*old), name)


def picture_cell(fresh, old, name):
    """A cell that shows a random grey picture of one size and was stored with another size."""
    source = textwrap.dedent(f"""
        import base64, io, os
        from PIL import Image
        file = io.BytesIO()
        Image.frombytes("L", {fresh}, os.urandom({fresh[0] * fresh[1]})).save(file, "png")
        code = base64.b64encode(file.getvalue()).decode()
        Show('<img alt="x" src="data:image/png;base64,' + code + '">')
    """)
    file = io.BytesIO()
    Image.new("L", old).save(file, "png")
    code = base64.b64encode(file.getvalue()).decode()
    cell = html_cell("", f'<img alt="x" src="data:image/png;base64,{code}">', name)
    cell.source = SHOW + source
    return cell


# In order: the verdict that nbval must give on each cell of one notebook.
TRIALS = {
    "equal": ("passes", text_cell("print(2)", "2\n", "a")),
    "changed": ("fails", text_cell("print(3)", "2\n", "b")),
    "raises": ("fails", text_cell("1 / 0", "", "c")),
    "vanished": ("fails", text_cell("pass", "2\n", "d")),
    "new output": ("fails", text_cell("print(3)", "", "e")),
    "never run": ("fails", new_code_cell("pass", id="f")),
    "semicolon": ("passes", text_cell("40 + 2;", "", "g")),
    "plot, other line": ("passes", plot_cell(("up", 1, 5), ("up", 2, 5), "h")),
    "plot, other alt": ("fails", plot_cell(("up", 1, 5), ("down", 1, 5), "i")),
    "plot, other number": ("fails", plot_cell(("up", 1, 5), ("up", 1, 5.1), "h2")),
    "measured plot": ("passes", measured(plot_cell(("up", 1, 5), ("up", 1, 5.1), "h3"))),
    "measured, shifted": ("fails", measured(plot_cell(("up", 1, 5), ("up", 1, 6), "h4"))),
    "measured, other alt": ("fails", measured(plot_cell(("up", 1, 5), ("down", 1, 5), "i2"))),
    "measured number": ("passes", measured(text_cell("print('a  ', 0.52)", "a 0.51\n", "q"))),
    "measured, wrong number": ("fails", measured(text_cell("print('a', 0.7)", "a 0.5\n", "r"))),
    "measured, wrong word": ("fails", measured(text_cell("print('b', 0.5)", "a 0.5\n", "s"))),
    "no tolerance": ("fails", measured(text_cell("print(1)", "1\n", "t"), None)),
    "negative tolerance": ("fails", measured(text_cell("print(1)", "1\n", "u"), -1)),
    "explorer": ("fails", html_cell(EXPLORER.format(1, 1), EXPLORER.format(1, 2), "j")),
    "explorer, other script": (
        "passes",
        html_cell(EXPLORER.format(1, 1), EXPLORER.format(2, 1), "j2"),
    ),
    "picture": ("passes", picture_cell((8, 6), (8, 6), "k")),
    "picture, other size": ("fails", picture_cell((8, 6), (8, 7), "l")),
    "widget": (
        "passes",
        text_cell("import ipywidgets\ndisplay(ipywidgets.IntSlider())\nprint(1)", "1\n", "m"),
    ),
    "quiet": ("passes", text_cell("import os\nprint(os.environ['BACKBONES_QUIET'])", "1\n", "n")),
    "no GPU": (
        "passes",
        text_cell(
            "from os import environ as e\nprint([e['CUDA_VISIBLE_DEVICES'], e['OMP_NUM_THREADS']])",
            "['', '1']\n",
            "v",
        ),
    ),
    "kernel dies": ("fails", text_cell("import os\nos._exit(1)", "", "o")),
    "behind its end": ("fails", text_cell("print(2)", "2\n", "p")),
}


PLAIN = [sys.executable, "-m", "pytest", "--nbval"]


def run_nbval(folder, *arguments, command=PLAIN, **environment):
    """Run nbval as a reader does; return {notebook: ["passes" or "fails" for each cell]}."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [*command, "-q", "--junitxml=report.xml", *arguments],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    verdicts = {}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        notebook = case.get("classname").split(".")[-1]
        failed = case.find("failure") is not None or case.find("error") is not None
        verdicts.setdefault(notebook, []).append("fails" if failed else "passes")
    return verdicts, done.stdout


@pytest.fixture
def scratch_book(tmp_path):
    """A folder set up like this one, with notebooks of its own."""
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(notebooks.ROOT / name, tmp_path)
    shutil.copytree(notebooks.ROOT / "tools", tmp_path / "tools")
    (tmp_path / "chapters").mkdir()
    return tmp_path


def test_nbval_fails_where_it_should_and_only_there(scratch_book):
    notebook = new_notebook(cells=[cell for _, cell in TRIALS.values()])
    nbformat.write(notebook, scratch_book / "chapters" / "trial.ipynb")
    verdicts, output = run_nbval(scratch_book, "chapters/")
    found = dict(zip(TRIALS, verdicts["ipynb"], strict=True))
    assert found == {name: verdict for name, (verdict, _) in TRIALS.items()}, output


def test_nbval_runs_notebooks_side_by_side_from_inside_their_folder(scratch_book):
    for name in "abc":
        cells = [text_cell(f"x = {name!r}", "", "first")]
        cells += [text_cell("print(x)", f"{name}\n", f"again-{n}") for n in range(9)]
        nbformat.write(new_notebook(cells=cells), scratch_book / "chapters" / f"{name}.ipynb")
    verdicts, output = run_nbval(scratch_book / "chapters", ".", "-n", "2")
    assert [v for found in verdicts.values() for v in found] == ["passes"] * 30, output


# -- with the GPU in sight ---------------------------------------------------

# Found on PYTHONPATH by every kernel that starts: a machine that has a GPU, so far as it says so.
STAND_IN = """
import sys
if "ipykernel_launcher" in " ".join(sys.orig_argv):
    import torch
    torch.accelerator.is_available = lambda: True
"""


def command_of(target):
    """The command by which the Makefile reaches a target, for the Python that runs this."""
    makefile = (notebooks.ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = re.findall(rf"^{target}:.*\n\t(.*)", makefile, re.MULTILINE)
    program, *arguments = recipe.split()
    assert program == "$(PY)"
    return [sys.executable, *arguments]


def test_with_a_gpu_in_sight_only_errors_fail(scratch_book, tmp_path_factory):
    stand_in = tmp_path_factory.mktemp("stand-in")
    (stand_in / "sitecustomize.py").write_text(STAND_IN, encoding="utf-8")
    cells = [
        text_cell("from backbones.train import device_is_fast\nfast = device_is_fast()", "", "a"),
        text_cell("print(f'{30 if fast else 2} epochs')", "2 epochs\n", "b"),
        text_cell("if fast:\n    raise MemoryError", "", "c"),
        new_code_cell("print(fast)", id="d"),
    ]
    nbformat.write(new_notebook(cells=cells), scratch_book / "chapters" / "small.ipynb")
    machine = {"PYTHONPATH": str(stand_in), "CUDA_VISIBLE_DEVICES": "0"}
    lax, output = run_nbval(scratch_book, command=command_of("test-gpu"), **machine)
    assert lax["ipynb"] == ["passes", "passes", "fails", "fails"], output
    compared, output = run_nbval(scratch_book, "chapters/", **machine)
    assert compared["ipynb"] == ["passes", "passes", "passes", "fails"], output


# -- a training that goes wrong ----------------------------------------------

SLOWED = """
def _slow_down():
    from backbones.train import loop

    groups = loop.parameter_groups
    loop.parameter_groups = lambda parameters, lr, *rest: groups(parameters, lr / 5, *rest)


_slow_down()
"""


def chapters_that_train():
    """Chapters that train a network in a cell, and compare what comes out."""
    found = []
    for path in notebooks.chapter_paths():
        code = code_cells(notebooks.read(path))
        measured = any("measured" in cell.metadata.get("tags", ()) for cell in code)
        if measured and any(trains(cell.source) for cell in code):
            found.append(path)
    return found


@pytest.mark.parametrize("path", chapters_that_train(), ids=lambda path: path.stem)
def test_a_fifth_of_the_learning_rate_is_noticed(path, scratch_book):
    notebook = notebooks.read(path)
    code_cells(notebook)[0].source += SLOWED
    nbformat.write(notebook, scratch_book / "chapters" / path.name)
    verdicts, output = run_nbval(scratch_book, "chapters/", "-x")
    assert verdicts["ipynb"][-1] == "fails", "every cell passed"
    # A comparison failed, the notebook's or the chapter's own, and nothing crashed.
    assert "Cell outputs differ" in output or "AssertionError" in output, output
