"""Names and ticks: where they are, clear of each other and inside the drawing."""

import functools
import itertools
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbones import plots
from backbones.plots.placing import spread
from backbones.plots.ticks import percent
from backbones.plots.wording import broken, width


@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(8, 30)), min_size=1, max_size=8),
    st.floats(0, 10),
)
def test_names_are_moved_apart_and_stay_inside(names, gap):
    """Guards every column of names: whatever their places, none meets another or the edge."""
    places, sizes = zip(*names, strict=True)
    moved = spread(places, sizes, gap, 0, 400)
    boxes = sorted((y - size / 2, y + size / 2) for y, size in zip(moved, sizes, strict=True))
    assert boxes[0][0] >= -1e-6
    assert boxes[-1][1] <= 400 + 1e-6
    assert all(b[0] - a[1] >= gap - 1e-6 for a, b in itertools.pairwise(boxes))
    order = sorted(range(len(places)), key=lambda k: (places[k], moved[k]))
    assert all(moved[a] <= moved[b] for a, b in itertools.pairwise(order))


def test_names_that_are_apart_stay_where_they_are():
    assert spread([50, 100, 20], [10, 10, 10], 5, 0, 200) == pytest.approx([50, 100, 20])


def test_names_that_would_meet_share_the_way():
    assert spread([50, 50], [10, 10], 2, 0, 200) == pytest.approx([44, 56])


@given(st.text("abc ", min_size=1).filter(str.strip), st.floats(10, 200))
def test_words_break_where_they_must(words, room):
    lines = broken(words, room, 13).split("\n")
    assert " ".join(lines).split() == words.split()
    assert all(width(line, 13) <= room or " " not in line for line in lines)


def boxes(drawing: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right, bottom of every text of a plot, in a font wider than DejaVu Sans."""
    found = {}
    root = ElementTree.fromstring(drawing)

    def walk(element, style):
        style = {**style, **dict(re.findall(r"([\w-]+):([^;]+)", element.get("style") or ""))}
        if element.tag == "text" and element.text:
            size = float(style["font-size"].removesuffix("px"))
            across = width(element.text, size, bold=style.get("font-weight") == "700")
            before = {"middle": 0.5, "end": 1}.get(style.get("text-anchor"), 0)
            if place := re.match(r"translate\(([\d.-]+) ([\d.-]+)\)", element.get("transform", "")):
                x, y = map(float, place.groups())
            else:
                x, y = float(element.get("x")), float(element.get("y"))
            left = x - before * across
            found[f"{element.text} {len(found)}"] = (left, y - 0.76 * size, left + across, y)
        for child in element:
            walk(child, style)

    walk(root, {})
    return found


def overlap(a, b) -> float:
    """How deep two boxes lie in each other."""
    return min(min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1]))


LONG = ("a network with a very long name", "one more that is as long, without norm")
CROWDED = {
    "ends that meet": lambda: plots.lines(
        {f"network {k}": ([0, 1], [0, 1 + k / 100]) for k in range(9)}, "x", "y"
    ),
    "at the frame": lambda: plots.lines(
        {"low": ([0, 1], [0, 0]), "high": ([0, 1], [0, 1])}, "x", "y"
    ),
    "long names": lambda: plots.lines({name: ([0, 1], [0, 1]) for name in LONG}, "x", "y"),
    "broken off": lambda: plots.lines(
        {"ends": ([0, 1, 2], [0, 1, math.nan]), "never": ([0, 1], [math.nan] * 2)}, "x", "y"
    ),
    "levels at a curve": lambda: plots.seed_curves(
        {"a network": [[1.0, 2.0], [1.0, 2.1]]},
        y_label="y",
        chance=2.05,
        baselines={"a linear model": 2.06, "the nearest mean of a class": 2.07},
    ),
    "more names than fit": lambda: plots.lines(
        {f"member {k} of many": ([0, 1], [0, k]) for k in range(25)}, "x", "y"
    ),
    "rows": lambda: plots.compare_runs(
        {name: [50.0, 60.0] for name in LONG},
        chance=50,
        baselines={"a linear model": 50.5, "nearest mean": 51},
    ),
    "bars": lambda: plots.bars(
        {LONG[0]: 1.4e8, LONG[1]: 2e6, "c": -3e7}, "parameters", write="{:,.0f}".format
    ),
    "close points": lambda: plots.scatter(
        {**{f"network {k}": (1 + 0.06 * k, 1.0) for k in range(4)}, "far": (3.0, 2.0)}, "x", "y"
    ),
    "a long label": lambda: plots.lines(
        {"a": ([0, 1], [0, 1])}, "x", "the ratio of two norms of gradients, the first and the last"
    ),
}


@functools.cache
def crowded(name):
    return CROWDED[name]()


@pytest.mark.parametrize("kind", ["svg", "narrow"])
@pytest.mark.parametrize("name", CROWDED)
def test_words_of_a_plot_neither_meet_nor_leave_it(name, kind):
    """Guards readers whose font is an eighth wider than DejaVu Sans, on a desktop and a phone."""
    drawing = getattr(crowded(name), kind)
    box = [float(x) for x in ElementTree.fromstring(drawing).get("viewBox").split()]
    found = boxes(drawing)
    assert len(found) > 5
    for text, (left, top, right, bottom) in found.items():
        assert left >= -0.5, text
        assert right <= box[2] + 0.5, text
        assert top >= -0.5, text
        assert bottom <= box[3] + 0.5, text
    for (one, a), (other, b) in itertools.combinations(found.items(), 2):
        assert overlap(a, b) < 1, (one, other)


def test_the_check_itself_finds_words_that_meet():
    text = '<text x="{}" y="9">a</text>'
    drawing = f'<svg><g style="font-size:13px">{text.format(9)}{text.format(12)}</g></svg>'
    one, other = boxes(drawing).values()
    assert overlap(one, other) > 1


def words(picture, part="svg") -> list[str]:
    return [e.text for e in ElementTree.fromstring(getattr(picture, part)).iter("text")]


def test_a_curve_that_ends_in_nan_is_named_where_it_stopped():
    """Guards a diverged run: `label_ends` once raised StopIteration."""
    picture = plots.lines({"stopped": ([0, 1, 2], [0, 1, math.nan])}, "x", "y")
    assert "stopped" in words(picture)
    gone = plots.lines({"gone": ([0, 1], [math.nan] * 2), "there": ([0, 1], [0, 1])}, "x", "y")
    assert "gone (nan)" in words(gone)
    zero = plots.lines({"zero": ([1, 2, 3], [1, 0.1, 0])}, "x", "y", log_y=True)
    assert "zero" in words(zero)


def ticks(picture, *, side, part="svg") -> list[str]:
    """The numbers below ("x") or beside ("y") the axes of a plot."""
    numbers = [
        (text.rsplit(" ", 1)[0], box)
        for text, box in boxes(getattr(picture, part)).items()
        if re.match(r"[−\d]", text)
    ]
    axis = 3 if side == "x" else 2  # bottoms are equal below, right ends beside
    ends = [round(box[axis], 0) for _, box in numbers]
    common = max(set(ends), key=ends.count)
    return [text for text, box in numbers if abs(box[axis] - common) < 1.5]


def test_ticks_are_at_the_data_where_it_is_little():
    """Guards an axis of depths: 8, 20, 44 and nothing between."""
    runs = {"plain": [[3.0, 2.0, 1.5]], "resnet": [[3.0, 2.5, 1.4]]}
    picture = plots.seed_curves(runs, x=(8, 20, 44), x_label="layers", y_label="loss")
    for part in ("svg", "narrow"):
        assert ticks(picture, side="x", part=part) == ["8", "20", "44"]


def test_whole_numbers_have_whole_ticks():
    picture = plots.lines({"a": (np.arange(1, 12), np.arange(11))}, "epoch", "y")
    assert all(re.fullmatch(r"\d+", text) for text in ticks(picture, side="x"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1e-7, 1e3), r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+"),  # never 1000 beside 10⁻⁷
        ((0.002, 900), r"1000|100|10|1|0\.1|0\.01|0\.001"),
        ((0.5, 8), r"[125]|0\.5"),
    ],
)
def test_logarithmic_ticks_are_of_one_kind(values, expected):
    """Guards the gradient plot, whose ticks were at 1000, 0.01 and 10⁻⁷."""
    picture = plots.lines({"a": ([0.5, 1.5], values)}, "x", "y", log_y=True)
    for part in ("svg", "narrow"):
        found = ticks(picture, side="y", part=part)
        assert len(found) >= 2
        assert all(re.fullmatch(expected, text) for text in found), found


def test_percent_signs_are_at_the_numbers():
    picture = plots.lines({"a": ([0, 1], [20, 90])}, "x", "accuracy (%)")
    assert "accuracy" in words(picture)
    assert all(text.endswith("%") for text in ticks(picture, side="y"))
    assert percent(2.5) == "2.5%"
