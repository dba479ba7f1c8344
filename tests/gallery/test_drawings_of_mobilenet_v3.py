"""MobileNet v3's gallery: costs as profiled, blocks as in the papers' tables, the reward."""

import math

import pytest

from backbones.gallery import mobilenet_v3
from backbones.models.mobilenet_v3 import LARGE, InvertedResidual, MobileNetV3


def test_last_stages_cost_what_their_layers_do():
    original = [160 * 960 * 49, 9 * 960 * 49, 960 * 320 * 49, 320 * 1280 * 49, 1280 * 1000]
    assert mobilenet_v3.stage_macs(True) == tuple(original)
    assert mobilenet_v3.stage_macs(False) == (160 * 960 * 49, 960 * 1280, 1280 * 1000)


def test_the_new_last_stage_is_larges():
    rows = [row for row in mobilenet_v3.profile("mobilenet_v3_large").rows if "head" in row.name]
    assert tuple(row.macs for row in rows if row.macs) == mobilenet_v3.stage_macs(False)


def test_bars_of_the_last_stages_say_each_layer():
    picture = mobilenet_v3.last_stages()
    for drawing in (picture.svg, picture.narrow):
        for words in ("original: 44.4 M MACs", "version 3: 10.0 M MACs", "1×1 to 1280: 1.2 M"):
            assert words in drawing
        assert drawing.count("<rect") == 8


def test_the_block_is_the_fifth_of_large():
    row = LARGE[4]
    assert (row.kernel_size, row.hidden_channels, row.channels) == (5, 120, 40)
    assert row.squeeze
    assert not row.hard_swish
    picture = mobilenet_v3.v3_block()
    for words in ("depthwise 5×5", "120 × 28 × 28", "40 × 28 × 28", "hard sigmoid"):
        assert words in picture.svg
    blocks = [m for m in MobileNetV3().modules() if isinstance(m, InvertedResidual)]
    assert f"a layer to {blocks[4].residual[2].excite[0].out_channels}, a ReLU" in picture.alt


def test_mnasnet_a1_has_sixteen_blocks_of_which_v3_keeps_all_but_the_last():
    rows = mobilenet_v3.mnasnet_a1()
    assert len(rows) == len(LARGE) + 1
    for old, new in zip(rows, LARGE, strict=False):
        assert old[:1] + old[2:4] + old[5:] == new[:1] + new[2:4] + new[5:]
        assert old.hidden_channels >= new.hidden_channels


def test_towers_have_an_outline_each_and_fifteen_are_filled():
    picture = mobilenet_v3.found_and_cut()
    assert "blocks [1, 2, 3, 8, 9, 10]" in picture.alt
    for drawing in (picture.svg, picture.narrow):
        assert drawing.count("stroke-dasharray") == 16
        assert drawing.count("<rect") == 31
        assert drawing.count("<circle") == sum(row.squeeze for row in LARGE)


def test_twice_the_cost_is_worth_five_percent_at_the_exponent_of_mnasnet():
    worth = mobilenet_v3.reward(70 * 1.05, 2, 1, -math.log2(1.05), 0)
    assert worth == pytest.approx(70)
    assert mobilenet_v3.reward(70, 1, 1, -1, -1) == 70
    assert mobilenet_v3.reward(70, 0.5, 1, -1, 0) == 70
    assert mobilenet_v3.reward(70, 2, 1, -1, 0) == 35


def test_one_exponent_ranks_alike_at_every_target():
    for exponent in mobilenet_v3.EXPONENTS:
        orders = {
            tuple(point.name for point in mobilenet_v3.ranking(target, exponent, exponent))
            for target in mobilenet_v3.TARGETS
        }
        assert len(orders) == 1


def test_two_exponents_let_the_target_choose():
    picked = [mobilenet_v3.ranking(t, -0.6, 0.0)[0].name for t in mobilenet_v3.TARGETS]
    assert picked[0] == "mobilenet_v3_small"
    assert "mobilenet_v3_large" in picked
    assert picked[-1] == "efficientnet_b0"


def test_the_explorer_says_the_best_three_and_can_be_dragged():
    explorer = mobilenet_v3.rewards()
    assert len(explorer.states) == 112
    for words, drawing in explorer.states:
        assert "1: " in words
        assert "3: " in words
        assert drawing.count('tabindex="0"') == 4
        assert "data-drag-x" in drawing
        assert 'data-drag-y="beyond:15"' in drawing
    sizes = {drawing[: drawing.index(">")] for _, drawing in explorer.states}
    assert len(sizes) == 1


def test_no_network_lies_above_the_strongest_curve():
    for target, beyond, under in ((200, -0.07, -0.07), (100, -1.0, 0.0)):
        best, *others = mobilenet_v3.ranking(target, beyond, under)
        top = mobilenet_v3.reward(best.accuracy, best.macs, target, beyond, under)
        for point in others:
            assert point.accuracy <= top / mobilenet_v3.reward(1, point.macs, target, beyond, under)


def test_the_recorded_search_is_drawn_with_both_seeds():
    first, second, mean = (mobilenet_v3.sampled(seed) for seed in (0, 1, None))
    assert len(first) == len(second) == len(mean) == 16
    for a, b, both in zip(first, second, mean, strict=True):
        assert a.name == b.name == both.name
        assert both.accuracy == pytest.approx((a.accuracy + b.accuracy) / 2)
    picture = mobilenet_v3.search_samples()
    for drawing in (picture.svg, picture.narrow):
        assert drawing.count("<circle") == 2 * 16 + 2
        assert "seed 0: sample 14, 78.8 % (with seed 1 72.4)" in drawing
        assert "seed 1: sample 6, 73.4 % (with seed 0 73.7)" in drawing


def test_the_search_picks_by_the_reward_it_names():
    for seed in (0, 1):
        points = mobilenet_v3.sampled(seed)
        best = mobilenet_v3.ranking(1, -0.07, -0.07, points)[0]
        assert best == max(points, key=lambda point: point.accuracy * point.macs**-0.07)
