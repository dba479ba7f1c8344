"""The chapters are in normal form, and the machinery that says so can be trusted."""

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
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ADDRESS = "https://example.org/someone/book"
CHAPTERS = notebooks.chapter_paths()


# -- the chapters as stored --------------------------------------------------


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_is_in_order(path):
    assert notebooks.problems(path, notebooks.repository_address()) == []


def table_of_contents():
    contents = yaml.safe_load((notebooks.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry for part in contents["parts"] for entry in part["chapters"]]
    return [contents["root"], *(entry["file"] for entry in entries if "file" in entry)]


def test_every_chapter_is_in_the_table_of_contents_and_the_other_way_round():
    listed = [name for name in table_of_contents() if name.startswith("chapters/")]
    assert sorted(listed) == sorted(f"chapters/{path.stem}" for path in CHAPTERS)
    for name in set(table_of_contents()) - set(listed):
        assert (notebooks.ROOT / f"{name}.md").is_file(), f"_toc.yml lists {name}, which is no page"


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|\bhref=\"([^\"]+)\"")


def prose():
    """Each page and chapter with its Markdown, without code."""
    for path in sorted((notebooks.ROOT / "book").glob("*.md")):
        yield path, path.read_text(encoding="utf-8")
    for path in CHAPTERS:
        cells = [c.source for c in notebooks.read(path).cells if c.cell_type == "markdown"]
        yield path, "\n\n".join(cells)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        yield notebooks.ROOT / name, (notebooks.ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "text"), list(prose()), ids=lambda value: getattr(value, "name", "")
)
def test_links_to_files_resolve(path, text):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    for match in LINK.finditer(text):
        target = (match[1] or match[2]).split("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), (
                f"{path.name} links to {target}, which is no file"
            )


# -- normal form -------------------------------------------------------------


def chapter(*cells):
    setup = new_code_cell(notebooks.setup_source(ADDRESS), id="set-up", execution_count=1)
    return new_notebook(cells=[new_markdown_cell("# Title", id="title"), setup, *cells])


def stored(tmp_path, notebook, name="chapter.ipynb"):
    path = tmp_path / name
    path.write_text(notebooks.dumps(notebooks.normalise(notebook)), encoding="utf-8")
    return path


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def test_normal_form_keeps_what_matters_and_drops_the_rest(tmp_path):
    cell = new_code_cell("x = 1   \nx\n\n", id="speaking", execution_count=41)
    cell.metadata = {
        "tags": ["hide-input", "full-width", "measured"],
        "tolerance": {"relative": 0.1},
        "execution": {"iopub.execute_input": "2026-01-01T10:00:00"},
        "collapsed": False,
        "jupyter": {"source_hidden": True, "outputs_hidden": True},
    }
    cell.outputs = [
        stream("a\n"),
        stream("b\n"),
        new_output("display_data", {notebooks.WIDGET: {"model_id": "x"}, "text/plain": "Box()"}),
        new_output("execute_result", {"text/plain": "1"}, execution_count=41),
    ]
    before = chapter(cell)
    before.metadata = {"widgets": {"state": {}}, "kernelspec": {"name": "mine"}, "toc": {}}
    after = notebooks.normalise(before)
    assert after.metadata == {"kernelspec": notebooks.KERNEL, "language_info": {"name": "python"}}
    cell = after.cells[-1]
    assert (cell.id, cell.source, cell.execution_count) == ("speaking", "x = 1\nx", 2)
    assert cell.metadata == {
        "tags": ["full-width", "hide-input", "measured"],
        "tolerance": {"relative": 0.1},
        "jupyter": {"source_hidden": True},
    }
    assert [o.output_type for o in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "a\nb\n"
    assert cell.outputs[1].execution_count == 2
    nbformat.validate(after)
    assert notebooks.dumps(notebooks.normalise(after)) == notebooks.dumps(after)
    assert notebooks.problems(stored(tmp_path, after), ADDRESS) == []


def test_a_stored_traceback_does_not_show_this_machine():
    cell = new_code_cell("f()", id="c", execution_count=2, metadata={"tags": ["raises-exception"]})
    trace = ["\x1b[31mValueError\x1b[0m Traceback", "File /home/me/x.py:3, in f()"]
    cell.outputs = [new_output("error", ename="ValueError", evalue="no", traceback=trace)]
    assert notebooks.normalise(chapter(cell)).cells[-1].outputs[0].traceback == ["ValueError: no"]


def test_a_normal_notebook_is_left_alone_by_ruff(tmp_path):
    cell = new_code_cell('x = {"a": 1}\nx;', id="c", execution_count=2)
    cell.outputs = [new_output("display_data", {"text/html": "<b>ü</b>\n<i>x</i>"})]
    path = stored(tmp_path, chapter(cell))
    before = path.read_bytes()
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "88"]
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    assert path.read_bytes() == before


FAULTS = {
    "was never run": {"execution_count": None},
    "is empty": {"source": ""},
    "'hide_input'": {"metadata": {"tags": ["hide_input"]}},
    "'nbval-skip'": {"metadata": {"tags": ["nbval-skip"]}},
    "must state a tolerance": {"metadata": {"tags": ["measured"]}},
    "not the tag 'measured'": {"metadata": {"tolerance": 0.1}},
    "at least 0": {"metadata": {"tags": ["measured"], "tolerance": -1}},
    "talks to nbval": {"source": "# NBVAL_IGNORE_OUTPUT\n1"},
    "stderr": {"outputs": [stream("UserWarning: x", "stderr")]},
    "image/png": {"outputs": [new_output("display_data", {"image/png": "aaaa"})]},
    "an absolute path": {"outputs": [stream("saved to /home/me/data")]},
    "a memory address": {"outputs": [stream("<Thing at 0x7f3a2b1c9d00>")]},
    "a moment in time": {"outputs": [stream("done 2026-05-04 10:11:12")]},
    "at most one in ten": {
        "metadata": {"tags": ["nbval-ignore-output"]},
        "outputs": [stream("3 ms")],
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_check_finds(fault, tmp_path):
    cell = new_code_cell("1", id="c", execution_count=2)
    cell.update(nbformat.from_dict(FAULTS[fault]))
    found = notebooks.problems(stored(tmp_path, chapter(cell)), ADDRESS)
    assert any(fault in problem for problem in found), found


def test_check_finds_a_notebook_that_is_not_normal_or_has_another_set_up_cell(tmp_path):
    path = tmp_path / "c.ipynb"
    notebook = chapter(new_code_cell("1", id="c", execution_count=7))
    notebook.cells[1].source += "\nimport more"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    found = "\n".join(notebooks.problems(path, ADDRESS))
    assert "not in normal form" in found
    assert "not the set-up cell" in found


def test_paths_inside_addresses_and_pictures_are_no_machine_paths():
    harmless = "https://example.org/home/me models/vgg.py /1/opt a/usr/lib"
    assert list(notebooks.unstable_pieces(harmless)) == []
    output = new_output("display_data", {"text/html": '<img src="data:image/png;base64,/tmp/ab=">'})
    assert list(notebooks.unstable_pieces(notebooks.output_text(output))) == []


# -- stamping ----------------------------------------------------------------


def test_stamp_inserts_and_renews_the_set_up_cell_and_moves_links(tmp_path):
    path = tmp_path / "c.ipynb"
    link = new_markdown_cell(f"[source]({ADDRESS}/tree/main)", id="link")
    plain = new_notebook(cells=[new_markdown_cell("# T", id="t"), link, new_code_cell("1", id="c")])
    path.write_text(notebooks.dumps(plain), encoding="utf-8")
    notebooks.stamp(path, ADDRESS)
    stamped = notebooks.read(path)
    assert [cell.id for cell in stamped.cells] == ["t", "link", "set-up", "c"]
    assert stamped.cells[2].source == notebooks.setup_source(ADDRESS)
    notebooks.stamp(path, "https://example.org/other")
    moved = notebooks.read(path)
    assert moved.cells[2].source == notebooks.setup_source("https://example.org/other")
    assert moved.cells[1].source == "[source](https://example.org/other/tree/main)"


def test_stamp_moves_the_address_in_the_project_files(tmp_path):
    declared = tmp_path / "pyproject.toml"
    declared.write_text(f'[project.urls]\nRepository = "{ADDRESS}"\n', encoding="utf-8")
    cited = tmp_path / "CITATION.cff"
    cited.write_text(f"repository-code: {ADDRESS}\n", encoding="utf-8")
    notebooks.stamp_project(tmp_path, "https://example.org/other")
    assert declared.read_text() == '[project.urls]\nRepository = "https://example.org/other"\n'
    assert cited.read_text() == "repository-code: https://example.org/other\n"


def test_the_set_up_cell_does_nothing_where_the_package_is_importable(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the set-up cell started a process")

    monkeypatch.setattr(subprocess, "run", refuse)
    exec(notebooks.setup_source(ADDRESS), {})


def test_the_set_up_cell_says_what_went_wrong(monkeypatch):
    import importlib.util

    failure = subprocess.CompletedProcess([], 1, "", "fatal: could not read from remote")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failure)
    with pytest.raises(ImportError, match=r"network, and git.*\n.*could not read"):
        exec(notebooks.setup_source(ADDRESS), {})


# -- executing ---------------------------------------------------------------


def test_execute_replaces_the_outputs_and_a_failure_replaces_nothing(tmp_path):
    path = stored(tmp_path, chapter(new_code_cell("print(6 * 7)", id="c")))
    notebooks.execute(path)
    cell = notebooks.read(path).cells[-1]
    assert (cell.execution_count, cell.outputs[0].text) == (2, "42\n")

    notebook = notebooks.read(path)
    notebook.cells[-1].source = "1 / 0"
    before = notebooks.dumps(notebook)
    path.write_text(before, encoding="utf-8")
    with pytest.raises(notebooks.ChapterError, match=r"cell 1 \(id c\)[\s\S]*ZeroDivisionError"):
        notebooks.execute(path)
    assert path.read_text(encoding="utf-8") == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_command_line_names_what_it_does_not_know(capsys):
    assert notebooks.main(["execute", "no-such-chapter"]) == 1
    assert "no-such-chapter" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        notebooks.main(["execute"])


# -- nbval, as conftest sets it ----------------------------------------------


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
    import base64
    import io

    from PIL import Image

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


def run_nbval(folder, *arguments):
    """Run nbval as a reader does; return {cell name: "passes" or "fails"} a notebook."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "--junitxml=report.xml"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True
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
