"""SENet's gallery: layers as the package makes them, gates as the trained network computes them."""

import re

import pytest
import torch

from backbones.experiments.senet import DATA, trained_gates
from backbones.gallery import senet
from backbones.layers import SqueezeExcitation
from backbones.train.evaluation import evaluate


def test_the_network_with_gates_that_ships_has_learned():
    data, model = DATA["flowers"](), trained_gates()
    assert not model.training
    seen = evaluate(model, data.validation, mean=data.mean, std=data.std)
    assert seen.accuracy > 0.8


def test_the_figure_names_the_layers_and_their_parameters():
    picture = senet.se_block()
    layer = SqueezeExcitation(256, 16)
    down, up = (sum(p.numel() for p in layer.excite[i].parameters()) for i in (0, 2))
    assert f"{down:,} and {up:,} parameters" in picture.caption
    for words in ("squeeze: mean of each map", "16", "256 gates", "256 × 56 × 56"):
        assert words in picture.svg


def test_each_of_the_four_places_is_drawn_and_named():
    drawing = senet.four_places().svg
    for place in senet.PLACES:
        assert f">{place}</text>" in drawing
    assert drawing.count(">SE</text>") == drawing.count(">F</text>") == 4


def test_settings_change_the_gates_as_they_say():
    gates, means = torch.tensor([[0.1, 0.9, 0.2, 0.3]]), torch.tensor([0.4, 0.5, 0.6, 0.7])
    changed = {name: senet.changed(gates, means, name).tolist()[0] for name in senet.GATES}
    expected = {
        "as computed": [0.1, 0.9, 0.2, 0.3],
        "their means": [0.4, 0.5, 0.6, 0.7],
        "all at 1": [1, 1, 1, 1],
        "strongest quarter at 0": [0.1, 0, 0.2, 0.3],
    }
    assert {k: pytest.approx(v) for k, v in expected.items()} == changed
    with pytest.raises(ValueError, match=r"setting must be one of as computed, .*, got 'off'"):
        senet.changed(gates, means, "off")


def test_gates_that_are_given_back_unchanged_leave_the_answer_as_it_is():
    data, model = DATA["flowers"](), trained_gates()
    images = data.normalize(data.validation.images[:8])
    layer = model.stages[1][1].residual[-1]
    maps, gates = senet.seen(model, layer, images)
    assert maps.shape == (8, 16, 8, 8)
    assert gates.shape == (8, 16)
    with torch.inference_mode():
        plain = model(images).softmax(1)
    assert torch.allclose(senet.shares_with(model, layer, images, gates), plain, atol=1e-6)
    shut = senet.shares_with(model, layer, images, 0 * gates)
    assert not torch.allclose(shut, plain, atol=1e-3)


@pytest.fixture(scope="module")
def states():
    return senet.gates_on_a_picture().states


def test_some_change_turns_the_answer_over_in_every_picture(states):
    """As the caption says; unchanged, all five are right."""
    by_picture = {}
    for words, _ in states:
        flower = re.match(r"A (\w+); ", words)[1]
        right = ", rightly, " in words
        if "as computed" in words:
            assert right, words
        by_picture.setdefault(flower, set()).add(right)
    assert by_picture == {name: {True, False} for name in DATA["flowers"]().validation.classes}


def test_every_gate_is_drawn_beside_its_map(states):
    channels = {1: 8, 2: 16, 3: 32}
    for words, drawing in states:
        stage = int(re.search(r"stage (\d)", words)[1])
        assert f"{channels[stage]} maps of {32 // 2**stage} × {32 // 2**stage}" in drawing
        assert f"; {channels[stage]} gates," not in drawing
        assert f"{channels[stage]} gates, " in words
        marked = 0 if "all at 1" in words else 2
        assert drawing.count("tabindex") == marked
