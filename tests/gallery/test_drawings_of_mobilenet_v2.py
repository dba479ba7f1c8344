"""MobileNet v2's gallery: what is lost, what is read back, drawings as they should say."""

import itertools
import math
import re

import pytest
import torch

from backbones.gallery import mobilenet_v2 as gallery
from backbones.models.mobilenet_v2 import InvertedResidual
from backbones.models.resnet import Bottleneck

OWN_ROWS = gallery.READERS[1]


@pytest.mark.parametrize("seed", gallery.SEEDS)
@pytest.mark.parametrize("dimensions", gallery.DIMENSIONS)
def test_own_rows_bring_back_all_that_is_not_lost(dimensions, seed):
    found = gallery.passage(dimensions, seed, OWN_ROWS)
    kept = ~found.lost
    torch.testing.assert_close(found.back[kept], gallery.spiral()[kept], atol=1e-9, rtol=0)
    above = (gallery.spiral() @ found.matrix.T > 0).sum(1)
    assert torch.equal(found.lost, above < 2)
    assert found.back.abs().max() < 1.3  # the edge of the panel


def test_the_pseudo_inverse_of_very_many_rows_halves():
    found = gallery.passage(100_000, 0, gallery.READERS[0])
    assert found.error == pytest.approx(0.5, abs=0.02)


def test_an_unknown_reader_is_refused():
    with pytest.raises(ValueError, match="reader must be one of pseudo-inverse, rows above 0"):
        gallery.passage(2, 0, "luck")


@pytest.mark.parametrize("dimensions", gallery.DIMENSIONS)
def test_points_are_lost_where_a_sector_is_grey(dimensions):
    found = gallery.passage(dimensions, gallery.SEEDS[0], OWN_ROWS)
    grey = gallery.sectors(found.matrix)
    for (x, y), lost in zip(gallery.spiral().tolist(), found.lost.tolist(), strict=True):
        angle = math.atan2(y, x) % (2 * math.pi)
        inside = any(a < turned < b for a, b, _ in grey for turned in (angle, angle + 2 * math.pi))
        assert inside == lost


def test_the_explorer_says_what_is_lost_and_can_be_dragged():
    explorer = gallery.spiral_under_relu()
    assert len(explorer.words) == len(set(explorer.words)) == 30
    for words, drawing in explorer.states:
        dimensions, lost = re.match(r"(\d+) dimensions: (\d+) of 96", words).groups()
        labels = re.findall(r"(\d+) of 16 points lost", drawing)
        assert len(labels) == 6
        assert sum(map(int, labels)) == int(lost)
        assert (int(lost) == 0) == (int(dimensions) > 5)
        assert 'data-drag-x="dimensions:' in drawing


def test_a_step_of_the_ring_is_as_long_as_it_is_dragged():
    places, steps = [], []
    for dimensions in gallery.DIMENSIONS:
        ring = gallery._through(dimensions, 1, OWN_ROWS).svg.rpartition("data-drag-x")[2]
        places.append(float(re.search(r'cx="([\d.]+)"', ring)[1]))
        steps.append(float(re.search(r"dimensions:([\d.]+)", ring)[1]))
    moved = [b - a for a, b in itertools.pairwise(places)]
    assert moved == pytest.approx(steps[1:], abs=0.05)


def test_blocks_are_drawn_as_they_are():
    bottleneck = gallery.shape(Bottleneck(256, 64))
    assert bottleneck == ((256, 64, 64, 256), False, ("ReLU", "ReLU", ""))
    inverted = gallery.shape(InvertedResidual(24, 144, 24))
    assert inverted == ((24, 144, 144, 24), True, ("ReLU6", "ReLU6", ""))
    picture = gallery.two_blocks()
    for drawing in (picture.svg, picture.narrow):
        for words in ("wide ends joined", "thin ends joined", ">256<", ">144<", ">24<"):
            assert words in drawing
        assert drawing.count(">linear<") == 2
        assert drawing.count(">ReLU6<") == 2
