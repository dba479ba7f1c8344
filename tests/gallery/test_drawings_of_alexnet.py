"""AlexNet's gallery: layers as profiled, what a unit sees as its gradient finds it."""

import pytest
import torch
from torch import nn

from backbones.gallery import alexnet as gallery
from backbones.profile import profile

NET = gallery.layers()
BY_NAME = {layer.name: layer for layer in NET}


@pytest.fixture(scope="module")
def columns():
    return gallery.two_columns()


def words_of(explorer, **chosen):
    """Words and wide drawing of a state."""
    place = 0
    for name, axis in explorer.axes.items():
        place = place * len(axis.values) + axis.values.index(chosen[name])
    return explorer.states[place]


def test_layers_are_those_of_the_papers_figure():
    shapes = [(layer.name, layer.outputs, layer.size, layer.inputs) for layer in NET]
    assert shapes == [
        ("conv 1", 96, 55, 3),
        ("conv 2", 256, 27, 96),
        ("conv 3", 384, 13, 256),
        ("conv 4", 384, 13, 384),
        ("conv 5", 256, 13, 384),
        ("dense 6", 4096, 1, 9216),
        ("dense 7", 4096, 1, 4096),
        ("scores", 1000, 1, 4096),
    ]


def test_parameters_of_the_papers_choice_are_the_packages():
    assert [gallery.parameters(layer, gallery.PAPER) for layer in NET] == [
        layer.parameters for layer in NET
    ]
    total = sum(layer.parameters for layer in NET)
    assert total == profile("alexnet_paper").parameters == 60_965_224


def test_more_exchange_costs_parameters_and_traffic():
    totals, sent = [], []
    for wiring in ("dense only", gallery.PAPER, "every layer"):
        totals.append(sum(gallery.parameters(layer, wiring) for layer in NET))
        sent.append(sum(gallery.crossing(layer, wiring) for layer in NET))
    assert totals == sorted(totals)
    conv3 = BY_NAME["conv 3"]
    assert sent[1] - sent[0] == conv3.seen == 256 * 13 * 13
    assert sent == [15_360, 58_624, 258_400]
    assert totals[1] - totals[0] == 9 * 128 * 384


def by_gradient(wiring, place, gpu):
    """For each layer below which GPU's maps have a gradient, with two maps on each GPU."""
    x = torch.ones(1, 4, 1, 1, requires_grad=True)
    y, kept = x, []
    for k, layer in enumerate(NET[: place + 1]):
        both = gallery.sees_both(layer, wiring)
        conv = nn.Conv2d(4, 4, 1, groups=1 if both else 2)
        nn.init.constant_(conv.weight, 0.5)
        y = conv(y)
        y.retain_grad()
        kept.append((k, y))
    y[0, 2 * gpu].sum().backward()
    found = set()
    for k, maps in kept:
        found |= {(k, g) for g in (0, 1) if maps.grad[0, 2 * g : 2 * g + 2].abs().sum() > 0}
    return found


@pytest.mark.parametrize("wiring", gallery.WIRINGS)
@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("gpu", [0, 1])
def test_what_a_unit_sees_is_what_its_gradient_reaches(wiring, place, gpu):
    reached = {pair for pair in gallery.reached(place, gpu, wiring) if pair[0] >= 0}
    assert reached == by_gradient(wiring, place, gpu)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("conv 1", "sees all 3 maps; 34,944"),
        ("conv 2", "sees 48 of 96 maps; 307,456"),
        ("conv 3", "sees all 256 maps; 885,120"),
        ("conv 4", "sees 192 of 384 maps; 663,936"),
        ("dense 6", "sees all 9,216 numbers; 37,752,832"),
    ],
)
def test_the_explorer_says_what_is_seen(columns, layer, said):
    words, drawing = words_of(columns, wiring=gallery.PAPER, layer=layer, gpu="GPU 2")
    assert said in words
    assert said.split("; ")[0] in drawing
    assert "60,965,224 in all" in drawing


def test_the_explorer_says_what_is_seen_of_the_other_gpu(columns):
    for layer, said in {
        "conv 2": "It sees nothing of the other GPU.",
        "conv 4": "Of the other GPU it sees conv 1, conv 2.",
        "scores": "It sees everything.",
    }.items():
        words, _ = words_of(columns, wiring=gallery.PAPER, layer=layer, gpu="GPU 1")
        assert words.endswith(said)


def test_the_chosen_half_can_be_dragged_along_and_across(columns):
    _, drawing = words_of(columns, wiring=gallery.PAPER, layer="conv 3", gpu="GPU 1")
    assert 'data-drag-x="layer:74"' in drawing
    assert 'data-drag-y="gpu:84"' in drawing


def test_the_static_drawing_says_shapes_and_parameters():
    picture = gallery.anatomy()
    for drawing in (picture.svg, picture.narrow):
        for words in ("GPU 1", "conv 4", "55 × 55", "2,048", "37.8 M", "stride 4"):
            assert words in drawing
    assert "These see both columns: conv 3, dense 6, dense 7, scores." in picture.alt


@pytest.mark.parametrize("peak", range(13))
def test_poolings_by_hand(peak):
    row = [9 if k == peak else value for k, value in enumerate(gallery._ROW)]
    for window in (2, 3):
        assert gallery.pooled(peak, window) == [max(row[2 * k : 2 * k + window]) for k in range(6)]


def test_windows_of_two_miss_the_last_value_and_those_of_three_see_some_twice():
    plain = [gallery.pooled(peak, 2).count(9) for peak in range(13)]
    over = [gallery.pooled(peak, 3).count(9) for peak in range(13)]
    assert plain == [1] * 12 + [0]
    assert over == [1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1]
    assert len(gallery.two_poolings().states) == 13
