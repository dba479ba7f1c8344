"""Experiments with several seeds: what is drawn is every run, their mean, chance and baselines."""

import html
import json
import re
from xml.etree import ElementTree

import pytest

from backbones.plots import compare_runs, seed_curves
from backbones.train import History


def history(*accuracies):
    count = len(accuracies)
    return History(
        train_loss=[1.0] * count,
        train_accuracy=list(accuracies),
        validation_loss=[2.0] * count,
        validation_accuracy=list(accuracies),
        seconds=[0.1] * count,
        gradient_norm=[3.0] * count,
    )


def drawn(picture):
    """The numbers that a stored plot is compared by, as one text."""
    stored = re.search(r"data-numbers=(['\"])(.*?)\1", picture._repr_html_())[2]
    return json.loads(html.unescape(stored))


def holds(tree, wanted):
    """Whether a list of these numbers is anywhere in a nested structure."""
    if isinstance(tree, list):
        if len(tree) == len(wanted) and all(isinstance(x, int | float) for x in tree):
            return tree == pytest.approx(wanted)
        return any(holds(part, wanted) for part in tree)
    return isinstance(tree, dict) and any(holds(part, wanted) for part in tree.values())


def test_every_seed_and_their_mean_are_drawn_in_percent():
    numbers = drawn(seed_curves({"a": [history(0.5, 0.7), history(0.7, 0.8)]}))
    for curve in ([50, 70], [70, 80], [60, 75]):
        assert holds(numbers, curve), curve
    assert holds(numbers, [1, 2])  # epochs


def test_the_mean_goes_as_far_as_the_longest_run():
    numbers = drawn(seed_curves({"a": [[2.0, 4.0], [4.0, 6.0, 8.0]]}, y_label="size"))
    assert holds(numbers, [3, 5, 8])


def test_a_loss_is_drawn_as_it_is():
    numbers = drawn(seed_curves({"a": [history(0.5, 0.7)]}, "train_loss"))
    assert holds(numbers, [1, 1])


def test_places_can_be_given():
    picture = seed_curves({"a": [[1.0, 2.0]]}, x=(8, 56), x_label="layers", y_label="loss")
    assert holds(drawn(picture), [8, 56])
    assert "layers" in picture.svg


def test_a_few_places_on_a_logarithmic_axis_are_named_each():
    picture = seed_curves({"a": [[1.0, 2.0, 3.0]]}, x=(1, 8, 32), log_x=True, x_label="batch")
    assert holds(drawn(picture), [1, 8, 32])
    for drawing in (picture.svg, picture.narrow):
        assert all(f">{place}<" in drawing for place in (1, 8, 32))


def test_chance_and_baselines_are_labelled_lines():
    picture = seed_curves({"a": [history(0.5, 0.7)]}, chance=20, baselines={"linear": 47})
    assert holds(drawn(picture), [20, 20])
    assert holds(drawn(picture), [47, 47])
    assert ">chance<" in picture.svg
    assert ">linear<" in picture.svg
    rows = compare_runs({"a": [50.0, 60.0]}, chance=20, baselines={"linear": 47})
    assert holds(drawn(rows), [20, 20])
    assert ">linear<" in rows.svg


def test_what_is_not_emphasised_is_faint():
    runs = {"a": [[1.0, 2.0]], "b": [[2.0, 3.0]]}
    strong = seed_curves(runs, y_label="y").svg
    faint = seed_curves(runs, y_label="y", emphasis=["a"]).svg
    assert "stroke-opacity:0.4;" not in strong
    assert faint.count("stroke-opacity:0.4;") == 1
    assert faint.count("stroke-opacity:0.2;") == 1  # its seed


def test_seeds_are_thin_and_their_mean_is_strong():
    """Guards the sentence that captions say."""
    drawing = seed_curves({"a": [[1.0, 2.0], [3.0, 4.0]]}, y_label="y").svg
    (thin,) = re.findall(r'd="([^"]*)"[^>]*stroke-width:0.9', drawing)
    assert thin.count("M") == 2  # both seeds in one path
    assert len(re.findall(r"stroke-width:2.2", drawing)) == 1


def test_levels_in_rows_are_named_above_and_apart():
    """Guards names of lines that nearly coincide."""
    root = ElementTree.fromstring(
        compare_runs({"a": [50.0, 60.0]}, chance=49, baselines={"a linear model": 49.5}).svg
    )
    found = {text.text: text for text in root.iter("text")}
    chance, linear = (float(found[name].get("x")) for name in ("chance", "a linear model"))
    assert linear - chance > 60  # pixels between their middles


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: seed_curves({}), "runs must hold at least one entry"),
        (lambda: seed_curves({"a": []}), "at least one run of 'a'"),
        (lambda: seed_curves({"a": [[1.0]]}, "beauty"), "quantity must be one of train_loss"),
        (lambda: seed_curves({"a": [[1.0]]}, emphasis=["b"]), "emphasis must name some of a"),
        (lambda: compare_runs({}), "results must hold at least one entry"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
