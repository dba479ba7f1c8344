"""The chapters are in normal form, and the machinery that says so can be trusted."""

import os
import re
import subprocess
import sys

import checking
import nbformat
import notebooks
import pytest
import running
import storing
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
        new_output("display_data", {storing.WIDGET: {"model_id": "x"}, "text/plain": "Box()"}),
        new_output("execute_result", {"text/plain": "1"}, execution_count=41),
    ]
    before = chapter(cell)
    before.metadata = {"widgets": {"state": {}}, "kernelspec": {"name": "mine"}, "toc": {}}
    after = notebooks.normalise(before)
    assert after.metadata == {"kernelspec": storing.KERNEL, "language_info": {"name": "python"}}
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
    "which compares nothing": {
        "metadata": {"tags": ["measured", "nbval-ignore-output"], "tolerance": 1}
    },
    "is no Python": {"source": "print 1"},
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


def test_one_output_in_ten_may_be_ignored_and_not_two(tmp_path):
    cells = [new_code_cell("1", id=f"c{n}", execution_count=2 + n) for n in range(10)]
    for cell in cells:
        cell.outputs = [stream("3 ms")]
    for ignored, complaints in ((1, 0), (2, 1)):
        for cell in cells[:ignored]:
            cell.metadata = {"tags": ["nbval-ignore-output"]}
        found = notebooks.problems(stored(tmp_path, chapter(*cells)), ADDRESS)
        assert len(found) == complaints, found


def test_eight_lines_may_import_from_the_package(tmp_path):
    lines = [f"from backbones.part{n} import (\n    a,\n    b,\n)" for n in range(8)]
    for more, complaints in ("import torch", 0), ("import backbones", 1):
        source = "\n".join([*lines, more])
        cell = new_code_cell(source, id="c", execution_count=2)
        found = notebooks.problems(stored(tmp_path, chapter(cell)), ADDRESS)
        assert len(found) == complaints, found


def test_a_chapter_that_trains_measures(tmp_path):
    training = new_code_cell("run = fit(model, data, 3)", id="c", execution_count=2)
    told = new_code_cell("print(run)", id="d", execution_count=3)
    for metadata, complaints in ({}, 1), ({"tags": ["measured"], "tolerance": 1}, 0):
        told.metadata = metadata
        found = notebooks.problems(stored(tmp_path, chapter(training, told)), ADDRESS)
        assert len(found) == complaints, found


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ("assert x < y\nprint('Deeper is always better.')", 1),
        ("print('Deeper is always better.')\nassert x < y", 1),
        ("assert x < y\nif x:\n    print(f'Deeper is better.')", 1),
        ("torch.testing.assert_close(x, y)\nprint('equal to the package', 'in every way')", 1),
        ("print('Deeper is always better.')", 0),
        ("assert x < y\nprint(f'Deeper is better by {y - x:.1f} points.')", 0),
        ("assert x < y\nprint('better' if x < y else 'worse by a lot')", 0),
        ("print('layer   loss  accuracy')\nassert x < y", 0),
        ("print('Parameters by stage:')\nassert x < y", 0),
        ("assert x < y\nprint()", 0),
        ("def check_2(x):\n    assert x < 1\n    print('This is not right yet.')", 0),
        ("# @title Check of exercise 2\nassert x < y\nprint('Your answer is right.')", 0),
        ("# @title Solution to exercise 2\nassert x < y\nprint('Your answer is right.')", 0),
    ],
)
def test_sentences_that_hide_what_was_measured_are_found(source, sentences):
    assert len(list(checking.hidden_verdicts(source))) == sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The layer shall see 7 pixels.", ["shall"]),
        ("It leaves a rest, for ever.", ["leaves a rest", "for ever"]),
        (
            "The curves pull apart. It holds this against that.",
            ["pull apart", "holds this against"],
        ),
        ("Two layers a block, three blocks\na stage.", ["layers a block", "blocks a stage"]),
        ("Used everywhere since, in every later network.", ["Used everywhere since", "in every"]),
        ("It shows nothing else.", ["nothing else"]),
        ("Marshall leaves a remainder; forever; a layer of a block.", []),
        ("`shall` $shall$ [paper](https://example.org/shall)\n```\nshall\n```", []),
    ],
)
def test_wordings_that_are_no_house_style_are_found(text, found):
    complaints = list(checking.wordings(text))
    assert len(complaints) == len(found)
    for piece in found:
        assert any(complaint.startswith(f"'{piece}") for complaint in complaints), complaints


def test_the_text_of_a_chapter_is_looked_at(tmp_path):
    notebook = chapter(new_markdown_cell("It shall.", id="promise"))
    (found,) = notebooks.problems(stored(tmp_path, notebook), ADDRESS)
    assert found.startswith("text (id promise): 'shall' in 'It shall.': should")


def test_paths_inside_addresses_and_pictures_are_no_machine_paths():
    harmless = "https://example.org/home/me models/vgg.py /1/opt a/usr/lib"
    assert list(checking.unstable_pieces(harmless)) == []
    output = new_output("display_data", {"text/html": '<img src="data:image/png;base64,/tmp/ab=">'})
    assert list(checking.unstable_pieces(checking.output_text(output))) == []


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
    for command in ("execute", "refresh"):
        with pytest.raises(SystemExit):
            notebooks.main([command])


def test_a_kernel_sees_no_gpu_and_has_one_thread(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    names = ["CUDA_VISIBLE_DEVICES", "ACCELERATE_USE_CPU", "OMP_NUM_THREADS"]
    path = stored(
        tmp_path, chapter(new_code_cell(f"import os\n[os.environ[n] for n in {names}]", id="c"))
    )
    notebooks.execute(path)
    assert notebooks.read(path).cells[-1].outputs[0].data["text/plain"] == "['', '1', '1']"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"  # ours stays as it is
    hidden = set(running.kernel_environment()) - set(running.kernel_environment(gpu=True))
    assert hidden == {"CUDA_VISIBLE_DEVICES", "ACCELERATE_USE_CPU"}
