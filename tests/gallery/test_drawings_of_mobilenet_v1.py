"""MobileNet v1's gallery: costs as profiled, curves of equal cost, drawings as they should say."""

import itertools
import re

import pytest
import torch

from backbones.gallery import mobilenet_v1 as gallery
from backbones.models.mobilenet_v1 import MobileNetV1
from backbones.profile import profile

STATES = list(itertools.product(gallery.ALPHAS, gallery.SIDES))


@pytest.mark.parametrize(("alpha", "side"), [STATES[0], STATES[8], STATES[17], STATES[-1]])
def test_layers_cost_what_the_profiler_says_at_that_size(alpha, side):
    with torch.device("meta"):
        whole = profile(MobileNetV1(alpha), (3, side, side))
    rows = [row for row in whole.rows if row.macs]
    found = gallery.layers(alpha, side)
    assert [layer.macs for layer in found] == [row.macs for row in rows]
    assert [layer.channels for layer in found] == [row.shape[0] for row in rows]
    assert [layer.side for layer in found[:-1]] == [row.shape[-1] for row in rows[:-1]]
    assert sum(layer.parameters for layer in found) == whole.parameters


def test_there_are_13_of_each_half_of_a_separable_layer():
    kinds = [layer.kind for layer in gallery.layers(1.0)]
    assert [kinds.count(kind) for kind in gallery.KINDS] == [13, 13, 1, 1]


@pytest.mark.parametrize("alpha", gallery.ALPHAS[:-1])
def test_points_of_a_curve_cost_the_same(alpha):
    for budget in gallery.BUDGETS:
        side = gallery.budget_side(alpha, budget * 1e6)
        convs = {kind: macs for kind, (_, macs) in gallery.totals(alpha).items()}
        dense = convs.pop("dense layer")
        cost = dense + sum(convs.values()) * (side / gallery.FULL) ** 2
        assert cost == pytest.approx(budget * 1e6, rel=1e-6)


def test_16_released_weights_get_better_with_width_and_with_resolution():
    assert len(gallery.RELEASED) == 16
    for (alpha, side), top1 in gallery.RELEASED.items():
        assert alpha in gallery.ALPHAS
        assert side in gallery.SIDES
        for (wider, larger), other in gallery.RELEASED.items():
            if wider >= alpha and larger >= side and (wider, larger) != (alpha, side):
                assert other > top1


def test_the_explorer_says_sizes_costs_and_accuracy():
    words = gallery.multipliers().words
    assert len(words) == len(set(words)) == 35
    whole = words[STATES.index((1.0, 224))]
    assert whole.startswith("α = 1, 224 × 224 pixels. 4.23 M parameters, 569 M MACs. released")
    assert "70.9 % top-1" in whole
    assert "no weights" in words[STATES.index((0.875, 160))]


def test_the_ring_moves_as_far_as_it_is_dragged():
    rings = {}
    for state in STATES:
        drawing = gallery._chosen(*state).svg
        ring = drawing.rpartition("data-drag-x")[2]
        x, y = (float(re.search(rf'{c}="([\d.]+)"', ring)[1]) for c in ("cx", "cy"))
        steps = re.search(r'="side:([\d.]+)" data-drag-y="alpha:(-[\d.]+)"', ring)
        rings[state] = (x, y, float(steps[1]), float(steps[2]))
    for (alpha, side), (x, y, across, down) in rings.items():
        if side > 96:
            assert x - rings[alpha, side - 32][0] == pytest.approx(across, abs=0.05)
        if alpha > 0.25:
            assert y - rings[alpha - 0.125, side][1] == pytest.approx(down, abs=0.05)


def test_each_kind_is_a_part_and_each_layer_a_box():
    for picture in (gallery._chosen(0.5, 96), gallery._chosen(1.0, 224)):
        for drawing in (picture.svg, picture.narrow):
            assert drawing.count('tabindex="0"') == len(gallery.KINDS)
            assert drawing.count('stroke-dasharray="5 4"') == 14 + 2  # the whole network's


def test_a_separable_layer_is_a_row_and_a_column():
    picture = gallery.product_and_sum()
    assert "288 cells" in picture.alt
    for drawing in (picture.svg, picture.narrow):
        assert "9 · 32 = 288" in drawing
        assert "9 + 32 = 41, 14% of 288" in drawing
