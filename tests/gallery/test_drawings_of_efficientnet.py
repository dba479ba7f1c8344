"""EfficientNet's gallery: costs as profiled, and drawings that say what was counted."""

import re

import pytest
import torch

from backbones.gallery import efficientnet as gallery
from backbones.models.efficientnet import CONFIGS, EfficientNet, compound_scaling
from backbones.profile import profile


@pytest.mark.parametrize(
    ("width", "depth", "side"), [(1.0, 4.0, 224), (1.2, 1.4, 291), (1.5, 2.0, 352), (2.0, 3.1, 195)]
)
def test_costs_are_those_of_the_whole_network(width, depth, side):
    with torch.device("meta"):
        whole = profile(EfficientNet(width, depth), (3, side, side))
    found = gallery.cost(width, depth, side)
    assert found.parameters == whole.parameters
    assert found.macs == whole.macs
    assert found.memory == pytest.approx(whole.memory, rel=0.005)  # statistics do not shrink


@pytest.mark.parametrize("name", ["b0", "b3", "b7"])
def test_published_costs_are_those_of_the_published_networks(name):
    side = CONFIGS[f"efficientnet_{name}"].resolution
    whole = profile(f"efficientnet_{name}", (3, side, side))
    found = gallery.published(name)
    assert (found.parameters, found.macs) == (whole.parameters, whole.macs)


def test_all_eight_networks_are_counted_in_order():
    assert [f"efficientnet_{name}" for name in gallery.COUNTED] == list(CONFIGS)
    assert list(gallery.COUNTED.values()) == sorted(gallery.COUNTED.values())


def test_the_four_ways_cost_about_the_same():
    start, *ways = (gallery.cost(w, d, s).macs for d, w, s, _ in gallery.WAYS.values())
    assert all(3.7 < macs / start < 4.2 for macs in ways)


def test_the_figure_draws_a_bar_for_each_block():
    figure = gallery.four_ways()
    counts = [int(n) for n in re.findall(r"(\d+) blocks", figure.alt)]
    assert counts == [16, 64, 16, 16, 26]
    for drawing in (figure.svg, figure.narrow):
        bars = re.findall(r'<path d="M[^"]*h[^"]*z"', drawing)
        assert sum(bar.count("z") for bar in bars) == sum(counts)
        assert drawing.count("tabindex") == 2


@pytest.fixture(scope="module")
def ruled():
    return gallery.phi_slider().states


def test_the_rule_is_told_for_each_phi(ruled):
    assert len(ruled) == len(gallery.PHIS)
    start = gallery.cost(1.0, 1.0, gallery.BASE).macs
    for phi, (words, drawing) in zip(gallery.PHIS, ruled, strict=True):
        width, depth, side = compound_scaling(phi)
        found = gallery.cost(width, depth, round(side))
        assert words.startswith(f"φ = {phi}. depth × {depth:.2f}")
        assert f"picture: {side:.0f} × {side:.0f}" in words
        assert f"{found.macs / 1e9:.2f} G MACs, {found.macs / start:.1f} × B0’s" in words
        assert drawing.count('data-drag-x="phi:') == 1
        assert all(f">{name.upper()}<" in drawing for name in gallery.COUNTED)


@pytest.fixture(scope="module")
def spent():
    return gallery.spend().states


def test_every_state_can_be_dragged_in_all_three_directions(spent):
    assert len(spent) == len(gallery.DEPTHS) * len(gallery.WIDTHS) * len(gallery.SIDES)
    for _, drawing in spent:
        for way in ('data-drag-x="side:', 'data-drag-x="depth:', 'data-drag-y="width:-'):
            assert way in drawing


def test_accuracies_are_told_where_the_paper_has_them(spent):
    told = [re.search(r"ImageNet: ([\d.]+) %", words) for words, _ in spent]
    assert sorted(float(m[1]) for m in told if m) == [77.3, 78.9, 79.0, 79.1, 81.1]


def test_only_what_costs_no_more_than_the_compound_network_is_within_the_budget(spent):
    depth, width, side, _ = gallery.BUDGET
    most = gallery.cost(width, depth, side).macs
    for words, _ in spent:
        count = float(re.search(r"([\d.]+) G MACs", words)[1])
        assert ("within" in words) == (count <= round(most / 1e9, 2))
