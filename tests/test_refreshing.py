"""Figures are drawn anew by themselves, and what was computed is left as it is."""

import notebooks
import pytest
import refreshing
from cells import needed, statements, trains
from nbformat.v4 import new_code_cell, new_notebook, new_output


def cell(name, source, html="", text="", tags=()):
    outputs = []
    if text:
        outputs.append(new_output("stream", name="stdout", text=text))
    if html:
        outputs.append(new_output("display_data", {"text/html": html, "text/plain": "old"}))
    made = new_code_cell(source, id=name, execution_count=1, outputs=outputs)
    if tags:
        made.metadata = {"tags": list(tags)}
    return made


PICTURE = '<figure class="bb-picture">old</figure>'
EXPLORER = '<figure class="bb-explorer" id="bb-0">old</figure>'
CELLS = [
    cell("set-up", "raise RuntimeError('the set-up cell was run')"),
    cell(
        "imports",
        "from backbones.diagrams import Picture, svg\n"
        "from backbones.explorers import Axis, Explorer, Question, Quiz, lab",
    ),
    cell("widths", "widths = [10, 20]  # of squares\nprint(1 / 0)", text="old"),
    cell("training", "runs = len(open('no such file').read())\nname = 'a name'"),
    cell(
        "drawing",
        "def draw(side):\n    words = f'A square, {side} wide: {name}.'\n"
        "    return Picture(svg.document(50, 50, svg.rect(5, 5, side, 10)), words)",
    ),
    cell("explorer", "Explorer(draw, title='Squares', alt='Squares', side=Axis(widths))", EXPLORER),
    cell("picture", "sides = [w + 1 for w in widths]\ndraw(sides[0])", PICTURE, "old"),
    cell("again", "draw(sides[1])", PICTURE),
    cell("computed", "draw(runs)", PICTURE),
    cell("measured", "draw(widths[0])", PICTURE, tags=["measured"]),
    cell("live", "lab(draw, side=widths)", PICTURE),
    cell("broken", "draw(widths[7])", PICTURE),
    cell("loud", "import sys\nprint('x', file=sys.stderr)\ndraw(widths[0])", PICTURE),
    cell("numbers", "print(widths)", text="old"),
    cell("quiz", "Quiz([Question('One?', {'one': 'Yes.', 'two': 'No.'}, 'one')])", "<p>old</p>"),
]


def store(tmp_path, cells):
    path = tmp_path / "small.ipynb"
    notebook = notebooks.normalise(new_notebook(cells=cells))
    path.write_text(notebooks.dumps(notebook), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    path = store(tmp_path_factory.mktemp("book"), CELLS)
    before = {c.id: c for c in notebooks.read(path).cells}
    result = refreshing.refresh(path)
    return path, before, {c.id: c for c in notebooks.read(path).cells}, result


def test_what_is_drawn_is_drawn_anew(refreshed):
    _, _, after, result = refreshed
    assert result.drawn == result.changed == ["explorer", "picture", "again", "quiz"]
    page = after["explorer"].outputs[0].data["text/html"]
    assert "A square, 10 wide: a name." in page
    assert "A square, 21 wide" in after["again"].outputs[0].data["text/html"]
    assert [o.output_type for o in after["picture"].outputs] == ["execute_result"]
    assert list(result.differing) == result.drawn  # "old" was stored
    assert "One?" in after["quiz"].outputs[0].data["text/html"]


def test_the_rest_is_kept(refreshed):
    _, before, after, result = refreshed
    for name in before.keys() - set(result.drawn):
        assert after[name] == before[name], name
    for name in before:
        assert after[name].execution_count == before[name].execution_count
        assert after[name].source == before[name].source


def test_what_cannot_be_drawn_by_itself_is_named(refreshed):
    _, _, _, result = refreshed
    assert result.left == {
        "computed": "needs `runs`, which the cell training computes",
        "broken": "failed by itself: IndexError: list index out of range",
        "loud": "wrote to stderr",
    }
    assert "left as it is: computed, which needs `runs`" in str(result)


def test_a_second_time_changes_nothing(refreshed):
    path, _, _, _ = refreshed
    before = path.stat().st_mtime_ns, path.read_bytes()
    result = refreshing.refresh(path)
    assert result.changed == list(result.differing) == []
    assert len(result.drawn) == 4
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_change_of_the_look_is_told_from_one_of_what_is_shown(refreshed):
    path, _, _, _ = refreshed
    notebook = notebooks.read(path)
    cells = {c.id: c for c in notebook.cells}
    changes = ("again", "A square", "A circle"), ("explorer", "</style>", "p{}</style>")
    for name, old, new in changes:
        data = cells[name].outputs[0].data
        data["text/html"] = data["text/html"].replace(old, new)
    path.write_text(notebooks.dumps(notebook), encoding="utf-8")
    result = refreshing.refresh(path)
    assert result.changed == ["explorer", "again"]
    assert list(result.differing) == ["again"]
    assert "shows something else: again: text/html: 'A circle" in str(result)


def test_nothing_is_stored_where_what_figures_need_fails(tmp_path):
    cells = [cell("imports", "import no_such_module as x"), cell("figure", "x.draw()", PICTURE)]
    path = store(tmp_path, cells)
    before = path.read_bytes()
    with pytest.raises(notebooks.ChapterError, match="no_such_module"):
        refreshing.refresh(path)
    assert path.read_bytes() == before


def test_a_chapter_without_figures_starts_no_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(refreshing, "run_notebook", None)
    path = store(tmp_path, [cell("a", "x = 1"), cell("b", "print(x)", text="1")])
    assert refreshing.refresh(path).drawn == []


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (["x = [1]"], None),
        (["x: list = [len('a')]"], None),
        (["def x():\n    return y", "y = 3"], None),
        (["x = y", "y = 3"], "needs `y`"),
        (["class X:\n    z = 1\n    y = z\nx = [X]"], None),
        (["import torch", "torch.manual_seed(0)", "x = torch"], None),
        (["from copy import copy as x"], None),
        (["%matplotlib inline\nx = 3"], None),
        (["y = 2\nx = {a: y for a in range(3)}"], None),
        (["x = [1]", "x.append(2)"], "the cell c1 computes"),
        (["x = {}", "x['a'] = 1"], "the cell c1 computes"),
        (["x = [1]", "del x[0]"], "the cell c1 computes"),
        (["x = 1", "x += 1"], "the cell c1 computes"),
        (["x = 1", "for x in range(3):\n    pass"], "the cell c1 computes"),
        (["x = 1", "x = compute()"], "the cell c1 computes"),
        (["with open('f') as x:\n    pass"], "the cell c0 computes"),
        (["x = build(3)"], "the cell c0 computes"),
        (["x = y.z(3)", "y = 1"], "the cell c0 computes"),
        (["y = compute()\nx = [y]"], "the cell c0 computes"),
        ([], "no cell before it sets"),
    ],
)
def test_what_a_figure_needs_is_found_in_the_code(before, reason):
    cells = [cell(f"c{n}", source) for n, source in enumerate(before)]
    left = {}
    plan = refreshing.planned([*cells, cell("figure", "repr(x)", PICTURE)], left)
    if reason is not None:
        assert plan == []
        assert reason in left["figure"]
        return
    assert left == {}
    namespace = {}
    for _, code in plan:
        exec(code.source, namespace)


def test_names_that_a_cell_needs():
    source = "def f():\n    return g() + a\ndef g():\n    return b\nc = d\ne = [c for c in h]\nf(e)"
    assert needed(statements(source)) == {"a", "b", "d", "h"}
    assert needed(statements("x = x + 1")) == {"x"}
    assert needed(statements("for x in range(3):\n    print(x, y)")) == {"y"}


def test_cells_that_train_are_known():
    assert trains("def go():\n    return fit(model, data, 3)")
    assert trains("experiments.rerun('vgg', 'D', epochs=1)")
    assert not trains("fitted = outfit(model)  # fit()")
