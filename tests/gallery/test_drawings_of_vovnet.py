"""VoVNet's gallery: layers as profiled, equal costs, drawings as they should say."""

import itertools
import re

import pytest

from backbones.arithmetic import memory_access_cost
from backbones.gallery import vovnet
from backbones.models.vovnet import CONFIGS


@pytest.mark.parametrize(("width", "depth"), [*itertools.product(vovnet.WIDTHS, vovnet.DEPTHS)])
def test_two_blocks_cost_about_the_same_and_read_what_they_should(width, depth):
    dense, once = vovnet.block(width, depth, True), vovnet.block(width, depth, False)
    assert dense.macs == pytest.approx(once.macs, rel=0.03)
    k = dense.width
    assert [c.reads for c in dense.layers] == [128 + k * i for i in range(depth + 1)]
    assert [c.reads for c in once.layers] == [128, *[width] * (depth - 1), 128 + depth * width]
    assert [c.writes for c in dense.layers] == [k] * depth + [256]
    for cost in (dense, once):
        for layer in cost.layers:
            kernel = 1 if layer is cost.layers[-1] else 3
            assert layer.macs == kernel**2 * layer.reads * layer.writes * 28**2
            assert layer.moved == memory_access_cost(layer.reads, layer.writes, kernel, 28)
    joined = [128 + k * i for i in range(1, depth + 1)]
    assert dense.copied == 2 * 28**2 * sum(joined)
    assert once.copied == 2 * 28**2 * (128 + depth * width)


def test_one_state_is_the_first_block_of_vovnet_39():
    config = CONFIGS["vovnet39a"]
    assert (config.stem[-1], config.widths[0][1]) == (vovnet.INPUT, vovnet.OUTPUT)
    assert config.widths[0][0] in vovnet.WIDTHS
    assert config.block_depth in vovnet.DEPTHS


def test_pairs_have_one_product_and_the_square_moves_least():
    assert {a * b for a, b in vovnet.PAIRS} == {144**2}
    assert [a for a, _ in vovnet.PAIRS] == sorted(a for a, _ in vovnet.PAIRS)
    for size in vovnet.SIZES:
        moved = [memory_access_cost(a, b, 1, size) for a, b in vovnet.PAIRS]
        assert min(moved) == moved[vovnet.PAIRS.index((144, 144))]


def test_the_rectangle_says_channels_macs_and_numbers_moved():
    words = vovnet.layer_rectangle().words
    assert len(words) == len(set(words)) == len(vovnet.PAIRS) * len(vovnet.SIZES)
    (least,) = [w for w in words if w.startswith("144 to 144 channels at 28 × 28")]
    assert least.endswith("246,528 numbers moved: 1.00 of the least.")


def test_the_rectangle_has_one_area_and_its_ring_a_way_to_go():
    areas = []
    for drawing in (d for _, d in vovnet.layer_rectangle().states):
        sides = re.search(r'<rect x="1" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"', drawing)
        areas.append(float(sides[1]) * float(sides[2]))
        assert 'data-drag-x="channels:' in drawing
    assert max(areas) == pytest.approx(min(areas), rel=0.01)


def test_blocks_have_a_part_for_each_layer_and_say_their_costs():
    explorer = vovnet.block_rectangles()
    assert len(explorer.words) == len(set(explorer.words)) == 20
    for (width, depth), (words, drawing) in zip(
        itertools.product(vovnet.WIDTHS, vovnet.DEPTHS), explorer.states, strict=True
    ):
        assert drawing.count('tabindex="0"') == depth + 1
        # What is read: all before it densely, once one map, and all by the last layer.
        assert drawing.count('r="4.5"') == (depth + 1) * (depth + 2) // 2 + 2 * depth + 1
        assert f"Once, {depth} layers of {width}: " in words
        assert 'data-drag-x="width:' in drawing
        assert 'data-drag-y="depth:' in drawing


def test_arcs_and_arrows_join_who_reads_whom():
    picture = vovnet.dense_and_once()
    for drawing in (picture.svg, picture.narrow):
        assert len(re.findall(r'<path d="M[\d.]+ [\d.]+C', drawing)) == 6 + 3
        assert drawing.count(">1 map<") == 1 + 3
        assert drawing.count(">4 maps<") == 2
        assert drawing.count('tabindex="0"') == 4
