"""Wrong numbers and wrong words are found, and what tells a reader nothing is left alone."""

import json
import math

import pytest
import torch
from comparison import EXACT, Tolerance, differences, tolerance_of
from matplotlib.figure import Figure
from nbformat.v4 import new_output
from reading import Number, text_pieces

from backbones.diagrams import svg
from backbones.diagrams.picture import Picture
from backbones.explorers import Axis, Explorer, Question, Quiz
from backbones.plots import bars, compare_runs, heatmap, image_grid, lines, picture
from backbones.plots.numbers import drawn, shortened
from backbones.train.history import History

NEAR = Tolerance(absolute=0.03, relative=0.05)


def printed(text):
    return [new_output("stream", name="stdout", text=text)]


def shown(html):
    html = html if isinstance(html, str) else html._repr_html_()
    return [new_output("display_data", {"text/html": html})]


# -- tolerances --------------------------------------------------------------


def test_a_tolerance_is_read_from_the_metadata():
    tags = {"tags": ["measured"]}
    assert tolerance_of({}) is None
    assert tolerance_of({"tags": ["hide-input"]}) is None
    assert tolerance_of({**tags, "tolerance": 0.5}) == Tolerance(0.5)
    assert tolerance_of({**tags, "tolerance": {"relative": 0.1}}) == Tolerance(0, 0.1)
    both = {"absolute": 0.03, "relative": 0.05}
    assert tolerance_of({**tags, "tolerance": both}) == NEAR


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"tags": ["measured"]}, "must state a tolerance"),
        ({"tags": ["measured"], "tolerance": {}}, "must state a tolerance"),
        ({"tags": ["measured"], "tolerance": None}, "must state a tolerance"),
        ({"tags": ["measured"], "tolerance": "0.1"}, "absolute tolerance '0.1'"),
        ({"tags": ["measured"], "tolerance": True}, "absolute tolerance True"),
        ({"tags": ["measured"], "tolerance": [0.1]}, "must be a number"),
        ({"tags": ["measured"], "tolerance": {"relative": -1}}, "relative tolerance -1"),
        ({"tags": ["measured"], "tolerance": math.nan}, "must be a number"),
        ({"tags": ["measured"], "tolerance": math.inf}, "must be a number"),
        ({"tags": ["measured"], "tolerance": {"percent": 3}}, "of kind 'percent'"),
        ({"tags": ["hide-input"], "tolerance": 0.1}, "but not the tag"),
        ({"tolerance": 0.1}, "but not the tag"),
    ],
)
def test_a_tolerance_that_is_none_is_refused(metadata, message):
    with pytest.raises(ValueError, match=message):
        tolerance_of(metadata)


# -- numbers and words -------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("97.2%", [97.2, "%"]),
        ("1,234,567 steps", [1234567, "steps"]),
        ("1\u202f234", [1234]),
        ("12,3", [12, ",", 3]),
        ("-0.5", [-0.5]),
        ("\u22120.5", [-0.5]),
        ("loss -0.5", ["loss", -0.5]),
        ("x=+3", ["x=", 3]),
        ("3-5", [3, "-", 5]),
        ("0.5.", [0.5, "."]),
        ("1e-5", [1e-5]),
        ("1.5E+05", [1.5e5]),
        ("2.3·10⁵", [2.3e5]),
        ("4 × 10⁻³", [4e-3]),
        ("10⁵", [1e5]),
        ("2*10^-3", [2e-3]),
        ("±0.03", ["±", 0.03]),
        ("nan and -inf", ["nan and -inf"]),
        ("plain-44", ["plain-44"]),
        ("conv3_1 v1.2.3", ["conv3_1 v1.2.3"]),
        ("12.3M", [12.3, "M"]),
        ("3×3", [3, "×", 3]),
        ("[-0.1, 1.]", ["[", -0.1, ",", 1, "]"]),
        ("a  |   1\n-------\n", ["a |", 1, "\n---\n"]),
    ],
)
def test_a_text_is_read_as_numbers_and_words(text, expected):
    pieces = text_pieces(text)
    read = [piece.value if isinstance(piece, Number) else piece for piece in pieces]
    for found, wanted in zip(read, expected, strict=True):
        assert found == (wanted if isinstance(wanted, str) else pytest.approx(wanted))


STORED = "accuracy 97.2% after 30 epochs: better"


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        (STORED, STORED),
        (STORED, "accuracy 95.0% after 30 epochs: better"),
        ("a     0.50\nb     0.61", "a   0.51\nb  0.6"),
        ("loss\n----\n9.99", "loss\n-----\n10.12"),
        ("-0.01", "0.01"),
        ("[ 0.10, -0.02]", "[0.12, 0.00]"),
        ("2.3·10⁵", "2.35e5"),
        ("1,234", "1250"),
        ("nan", "nan"),
    ],
)
def test_numbers_within_the_tolerance_agree(stored, fresh):
    assert differences(printed(stored), printed(fresh), NEAR) == []


@pytest.mark.parametrize(
    ("stored", "fresh", "message"),
    [
        (STORED, "accuracy 47.2% after 30 epochs: better", "97.2 is stored, 47.2 came out"),
        (STORED, "accuracy 97.2% after 30 epochs: worse", "better"),
        (STORED, "accuracy 97.2% after 30 epochs", "better"),
        (STORED, "accuracy nan% after 30 epochs: better", "nan"),
        (STORED, "", "came out"),
        ("0.50 0.60", "0.50", "the end"),
        ("0.50", "0.50 0.60", "the end"),
        ("0.50", "-0.50", "they differ by 1, 0.055 is allowed"),
        ("0.50", "0.556", "0.055 is allowed"),
        ("1e-5", "1e+5", "came out"),
        ("plain-44", "plain-45", "plain-44"),
        ("a\nb", "a b", "came out"),
        ("12,345", "12.345", "came out"),
    ],
)
def test_a_wrong_number_or_word_is_found(stored, fresh, message):
    (found,) = differences(printed(stored), printed(fresh), NEAR)
    assert message in found
    assert found.startswith("stdout: ")


def test_the_edge_of_a_tolerance_is_allowed():
    assert differences(printed("97.2"), printed("97.5"), Tolerance(0.3)) == []
    assert differences(printed("97.2"), printed("97.51"), Tolerance(0.3)) != []


def test_without_a_tolerance_a_text_is_compared_character_by_character():
    for fresh in ("loss 0.5001", "loss  0.5", "loss 0.50"):
        assert differences(printed("loss 0.5"), printed(fresh), None)
        assert differences(printed("loss 0.5"), printed(fresh), NEAR) == []


def test_an_output_that_vanished_or_is_new_is_found():
    assert "1 output is stored, no outputs are" in differences(printed("a"), [], None)[0]
    assert "no outputs are stored, 1 output is" in differences([], printed("a"), NEAR)[0]
    assert len(differences(printed("a"), shown("<b>a</b>"), None)) == 2


def test_many_differences_are_counted():
    found = differences(printed("1 " * 50), printed("2 " * 50), NEAR)
    assert len(found) == 13
    assert found[-1] == "stdout: and 38 more"


# -- plots -------------------------------------------------------------------


def curve(shift=0.0, name="VGG", caption="By epoch.", alt="It rises."):
    ys = [0.2 + shift, 0.5 + shift, 0.9 + shift]
    return lines({name: ([1, 2, 3], ys)}, "epoch", "accuracy", alt=alt, caption=caption)


def test_a_shifted_curve_is_found_and_one_within_the_tolerance_is_not():
    assert differences(shown(curve()), shown(curve(0.02)), NEAR) == []
    found = differences(shown(curve()), shown(curve(0.1)), NEAR)
    assert len(found) == 3
    assert "0.2 is stored, 0.3 came out (1 lines 1 2 1)" in found[0]


def test_every_plot_of_an_output_is_compared():
    two = [curve()._repr_html_(), "<p>and</p>", curve()._repr_html_()]
    other = [*two[:2], curve(0.1)._repr_html_()]
    assert differences(shown("".join(two)), shown("".join(two)), None) == []
    assert len(differences(shown("".join(two)), shown("".join(other)), NEAR)) == 3


def test_an_untagged_plot_is_compared_to_four_digits():
    assert differences(shown(curve()), shown(curve(1e-5)), None) == []
    assert differences(shown(curve()), shown(curve(2e-3)), None)
    zero, noise = ({"a": ([1, 2], [y, 1])} for y in (0.0, 1e-9))
    assert differences(*(shown(lines(s, "x", "y", alt="a")) for s in (zero, noise)), None) == []


@pytest.mark.parametrize(
    "other",
    [{"alt": "It falls."}, {"caption": "By step."}, {"name": "ResNet"}],
)
@pytest.mark.parametrize("tolerance", [None, NEAR])
def test_the_words_of_a_plot_are_compared(other, tolerance):
    assert differences(shown(curve()), shown(curve(**other)), tolerance)


def test_the_look_of_a_plot_is_not_compared():
    page = curve()._repr_html_()
    other = page.replace(' d="M', ' d="M9 9L').replace("stroke:", "stroke:red;x:")
    assert other != page
    assert differences(shown(page), shown(other), None) == []


def test_a_plot_that_lost_its_numbers_is_found():
    page = curve()._repr_html_()
    bare = page.replace(page[page.index(" data-numbers") : page.index("><svg")], "")
    assert differences(shown(page), shown(bare), None)


PLOTS = {
    "bars": lambda x: bars({"VGG": 1.0, "ResNet": x}, "error"),
    "runs": lambda x: compare_runs({"VGG": [1.0, 2.0], "ResNet": [2.0, x]}),
    "heat map": lambda x: heatmap(torch.tensor([[1.0, 2.0], [3.0, x]]), "share"),
    "large heat map": lambda x: heatmap(torch.full((70, 50), x), "share"),
    "long curve": lambda x: lines({"a": (range(999), [x] * 999)}, "x", "y"),
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_carries_its_numbers(name):
    first, near, far = (shown(PLOTS[name](x)) for x in (1.2, 1.21, 2.2))
    # "1.2" is written into some plots, so the words agree only within the tolerance
    assert differences(first, near, NEAR) == []
    assert differences(first, far, NEAR)
    assert differences(first, far, None)
    assert len(json.dumps(PLOTS[name](1.2).numbers)) < 6000


def test_numbers_are_read_off_any_figure():
    figure = Figure()
    axes = figure.subplots()
    axes.scatter([1, 2], [3, 4])
    axes.fill_between([1, 2], [3, 4])
    axes.bar(["one", "two"], [5, math.nan])
    axes.text(0, 0, "87")
    axes.plot([1, 2], [3, 4], label="a curve")
    axes.legend()
    (found,) = shortened(drawn(figure))
    assert found["points"] == [[[1, 2], [3, 4]]]
    assert found["bars"] == [[5, "nan"]]
    assert found["texts"] == ["87"]
    assert found["lines"] == [[[1, 2], [3, 4]]]
    assert found["names"] == ["a curve", "one", "two"]
    assert set(found["areas"][0][1]) == {0, 3, 4}


def test_numbers_may_be_given():
    figure = Figure()
    figure.subplots().plot([1, 2])
    drawing = picture(figure, "a line", numbers={"it's": torch.tensor([1.23456, 20.0])})
    assert drawing.numbers == {"it's": [1.235, 20]}
    assert differences(shown(drawing), shown(drawing), None) == []


def test_pictures_are_compared_by_their_size_and_where_nothing_is_measured_by_title():
    def grid(title, side=4):
        return shown(image_grid(torch.randint(256, (1, 1, side, side)).byte(), [title], alt="a"))

    assert differences(grid("rose"), grid("rose"), None) == []
    assert differences(grid("rose"), grid("tulip"), None)
    assert differences(grid("rose"), grid("tulip"), NEAR) == []
    assert differences(grid("rose"), grid("rose", 5), NEAR)


# -- tables, drawings, explorers ---------------------------------------------


def history(loss=0.5, seconds=1.0):
    values = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    return History(**{name: [loss] for name in values}, gradient_norm=[1.0], seconds=[seconds])


def test_of_a_history_all_but_the_seconds_is_compared():
    assert differences(shown(history()), shown(history(seconds=88)), None) == []
    assert differences(shown(history()), shown(history(0.52, 88)), None)
    assert differences(shown(history()), shown(history(0.501, 88)), Tolerance(0.15)) == []
    found = differences(shown(history()), shown(history(0.9)), NEAR)
    assert "0.5 is stored" not in found[0]
    assert "0.500 is stored, 0.900 came out" in found[0]


def drawing(x=10.0, fill="blue", other="blue", label="one"):
    shapes = svg.rect(x, 5, 10, 10, fill=fill), svg.rect(40, 5, 10, 10, fill=other)
    return Picture(svg.document(100, 50, *shapes, svg.text(50, 40, label)), "Two squares.")


def test_a_drawing_is_compared_but_not_its_shades():
    assert differences(shown(drawing()), shown(drawing(fill="green", other="green")), None) == []
    assert differences(shown(drawing()), shown(drawing(fill="green")), None)
    assert differences(shown(drawing()), shown(drawing(x=12)), None)
    assert differences(shown(drawing()), shown(drawing(x=12)), NEAR) == []
    for tolerance in (None, NEAR):
        assert differences(shown(drawing()), shown(drawing(label="two")), tolerance)


def explorer(side=30, word="wide", fill="blue"):
    def draw(size):
        square = svg.rect(5, 5, size, side, fill=fill)
        return Picture(svg.document(100, 100, square), f"A square {size} {word}.")

    return Explorer(draw, title="A square", alt="A square", size=Axis([10, 20, 30]))


def test_the_states_of_an_explorer_are_compared():
    page = explorer()._repr_html_()
    assert differences(shown(page), shown(explorer(word="high")), None)
    assert differences(shown(page), shown(explorer(side=35)), None)


def test_scripts_styles_ids_and_colours_of_an_explorer_are_not_compared():
    page = explorer()._repr_html_()
    start, end = page.rindex("<script"), page.rindex("</script>")
    other = f"{page[:start]}<script>another(){page[end:]}".replace("</style>", "p{}</style>")
    other = other.replace('id="explorer-a-square"', 'id="other"')
    assert other.count("another()") == other.count("p{}") == other.count("other") - 1 == 1
    assert differences(shown(page), shown(other), None) == []
    assert differences(shown(page), shown(explorer(fill="green")), None) == []


def test_the_words_of_a_quiz_are_compared():
    def quiz(reason="Because."):
        options = {"one": reason, "two": "No: `2`."}
        return Quiz([Question("How many?", options, "one")])._repr_html_()

    other = quiz().replace("</script>", "x();</script>").replace("</style>", "p{}</style>")
    assert differences(shown(quiz()), shown(other), None) == []
    assert differences(shown(quiz()), shown(quiz("For that.")), None)


def test_exact_is_no_tolerance():
    assert EXACT.of(Number(1e9, "1e9")) < 1e-9
