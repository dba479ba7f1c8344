"""DenseNet's gallery: channels that layers read, costs as profiled, drawings as they should say."""

import itertools
import re

import pytest

from backbones.gallery import densenet
from backbones.models.densenet import CONFIGS


@pytest.mark.parametrize("bottleneck", [True, False])
@pytest.mark.parametrize("growth_rate", densenet.GROWTH_RATES)
def test_layers_read_all_maps_before_them_and_cost_what_they_should(growth_rate, bottleneck):
    k = growth_rate
    for index, layer in enumerate(densenet.layers(k, 6, bottleneck)):
        reads = 64 + index * k
        weights = 4 * k * reads + 36 * k**2 if bottleneck else 9 * k * reads
        norms = 2 * (reads + 4 * k) if bottleneck else 2 * reads
        assert layer == (reads, weights + norms, weights * 56**2)


def test_the_input_and_six_layers_of_32_are_the_first_block_of_densenet_121():
    (depth, *_), growth_rate = CONFIGS["densenet121"]
    assert depth in densenet.DEPTHS
    assert growth_rate in densenet.GROWTH_RATES
    assert 2 * growth_rate == densenet.INPUT


def test_the_explorer_says_connections_channels_and_costs():
    words = densenet.dense_block().words
    assert len(words) == len(set(words)) == 60
    (chosen,) = [w for w in words if "256 leave. 335,040" in w]
    assert chosen.startswith("6 layers, 21 connections. They read 64, 96, 128, 160, 192, 224")
    assert "M MACs at 56 × 56" in chosen


def test_there_is_an_arc_for_each_pair_and_a_part_for_each_layer():
    explorer = densenet.dense_block()
    for words, drawing in explorer.states:
        depth = int(words.split()[0])
        arcs = re.findall(r'<path d="M[\d.]+ [\d.]+C', drawing)
        assert len(arcs) == depth * (depth + 1) // 2
        assert drawing.count('tabindex="0"') == depth
        assert 'data-drag-x="growth_rate:' in drawing
        assert 'data-drag-y="depth:25"' in drawing


def test_a_step_of_the_growth_rate_moves_the_ring_as_far_as_it_is_dragged():
    places, steps = [], []
    for growth_rate in densenet.GROWTH_RATES:
        drawing = densenet._block(growth_rate, 4, True).svg
        ring = drawing.rpartition("data-drag-x")[2]
        places.append(float(re.search(r'cx="([\d.]+)"', ring)[1]))
        steps.append(float(re.search(r"growth_rate:([\d.]+)", ring)[1]))
    moved = [b - a for a, b in itertools.pairwise(places)]
    assert moved == pytest.approx(steps[1:], abs=0.05)


def test_columns_grow_by_32_channels_below_and_stay_above():
    picture = densenet.sum_and_concatenation()
    for drawing in (picture.svg, picture.narrow):
        assert drawing.count(">64<") == 5
        for words in ("64 + 32", "64 + 64", "64 + 96"):
            assert words in drawing
