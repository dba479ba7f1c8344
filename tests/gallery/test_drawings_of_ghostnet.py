"""GhostNet's gallery: the figure's filters, and measurements on a real network's maps."""

import re

import pytest
import torch
from torch import nn

from backbones.data import photos
from backbones.experiments.ghostnet import similarity
from backbones.gallery import ghostnet
from backbones.models.ghostnet import GhostModule


def test_the_figure_counts_the_filters_of_the_modules_it_draws():
    drawing = ghostnet.ghost_module().svg
    module = GhostModule(4, 6)
    ordinary = nn.Conv2d(4, 6, 1).weight
    for weight in (ordinary, module.primary.conv.weight, module.cheap.conv.weight):
        filters = weight.shape[0] * weight.shape[1]
        assert f"{filters} filters" in drawing
    assert drawing.count("tabindex") == 3


def test_a_scaling_explains_the_square_of_the_correlation():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 3, 8, 8, generator=generator)
    b = b + 0.8 * a
    correlation = torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1].item()
    ghost, share = ghostnet.best_ghost(a, b, 1)
    assert ghost.shape == b.shape
    assert share == pytest.approx(correlation**2, abs=1e-6)


def test_a_map_that_a_3x3_makes_is_made_whole():
    generator = torch.Generator().manual_seed(0)
    a, kernel = (torch.randn(*s, generator=generator) for s in ((2, 1, 9, 9), (1, 1, 3, 3)))
    b = nn.functional.conv2d(a, kernel, torch.tensor([0.5]), padding=1)
    shares = [ghostnet.best_ghost(a[:, 0], b[:, 0], size)[1] for size in (1, 3)]
    assert shares[0] < 0.9
    assert shares[1] == pytest.approx(1, abs=1e-9)


@pytest.fixture(scope="module")
def image():
    return ghostnet.photographs(["chelsea"])


def test_photographs_are_those_asked_for_or_all(image):
    assert image.shape == (1, 3, 224, 224)
    assert len(ghostnet.photographs()) == len(photos())


def test_maps_before_the_activation_become_those_after_it(image):
    model = ghostnet.lite0()
    before = ghostnet.expanded_maps(model, image, before_act=True, stages=2)
    after = ghostnet.expanded_maps(model, image, stages=2)
    assert list(before) == list(after) == ["stem", "block 2", "block 3"]
    assert [maps.shape[1] for maps in after.values()] == [32, 96, 144]
    for name, maps in before.items():
        assert maps.min() < 0
        assert torch.equal(nn.functional.relu6(maps), after[name])


def test_an_untrained_network_normalizes_by_what_it_sees(image):
    maps = ghostnet.expanded_maps(ghostnet.lite0(0), image, before_act=True, stages=2)
    means = maps["block 3"].mean((0, 2, 3))
    assert means.abs().max() < 1e-3
    again = ghostnet.expanded_maps(ghostnet.lite0(0), image, before_act=True, stages=2)
    other = ghostnet.expanded_maps(ghostnet.lite0(1), image, before_act=True, stages=2)
    assert torch.equal(maps["stem"], again["stem"])
    assert not torch.equal(maps["stem"], other["stem"])


@pytest.fixture(scope="module")
def states():
    return ghostnet.real_ghosts().states


def test_a_3x3_explains_no_less_than_a_scaling(states):
    shares = {}
    for words, _ in states:
        key = tuple(re.search(r"(block \d) of the (\w+) network, map (\d+)", words).groups())
        cheap, share = re.search(r"by (scaling|3×3) explains (\d+)%", words).groups()
        shares.setdefault(key, {})[cheap] = int(share)
    assert len(shares) == len(states) / 2
    assert all(pair["3×3"] >= pair["scaling"] for pair in shares.values())


def test_a_fellow_is_the_most_similar_one(image, states):
    maps = ghostnet.expanded_maps(ghostnet.lite0(), image, stages=3)["block 5"]
    alike = similarity(maps)
    found = 0
    for words, drawing in states:
        if not words.startswith("block 5 of the trained"):
            continue
        number, fellow = map(int, re.search(r"map (\d+) of .* is map (\d+)", words).groups())
        said = float(re.search(r"correlation of ([+-]\d\.\d\d)", words)[1])
        assert abs(said) == pytest.approx(alike[number - 1].item(), abs=0.006)
        row = torch.corrcoef(maps[0].flatten(1)[[number - 1, fellow - 1]])[0, 1].item()
        assert said == pytest.approx(row, abs=0.006)
        assert f"fellow: map {fellow}" in drawing
        found += 1
    assert found == 2 * len(ghostnet.PLACES)


def test_every_state_can_be_dragged_and_shows_four_maps(states):
    for _, drawing in states:
        assert 'data-drag-x="place:' in drawing
        assert drawing.count("data-map=") == 4
