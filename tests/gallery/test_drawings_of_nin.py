"""Drawings of Network in Network: what they say is right."""

import pytest
import torch
from torch import nn

from backbones.gallery import nin as gallery


def test_the_heads_have_the_parameters_of_their_networks():
    picture = gallery.two_heads()
    assert "58,631,144 parameters" in picture.alt
    assert "5,459,000 parameters" in picture.alt
    for drawing in (picture.svg, picture.narrow):
        assert "37,752,832" in drawing
        assert "3,457,000" in drawing
        assert drawing.count("1,001,000") == 2


def test_a_filter_and_an_mlpconv_are_drawn_for_four_channels():
    picture = gallery.filter_and_mlpconv()
    assert picture.svg.count("<circle") == 4 + 3 * 4
    assert picture.svg.count(">1×1<") == 2


def test_no_line_tells_more_pixels_than_the_filter():
    places, near = gallery.pixels()
    generator = torch.Generator().manual_seed(0)
    found = sum(gallery.answered(0))
    for _ in range(2000):
        normal, offset = torch.randn(2, generator=generator), torch.randn(1, generator=generator)
        assert int(((places @ normal + offset > 0) == near).sum()) <= found


@pytest.mark.parametrize(("units", "right"), [(0, 31), (2, 32), (3, 38), (4, 40), (6, 40)])
def test_pixels_told_rightly(units, right):
    assert sum(gallery.answered(units)) == right


def test_three_units_better_placed_tell_all_pixels():
    places, near = gallery.pixels()
    angles = torch.deg2rad(torch.tensor([26.0, 146.0, 266.0]))
    sides = torch.stack([angles.cos(), angles.sin()])
    output = (1 - 4 * (places @ sides - 0.5).relu().sum(1)).relu()
    assert torch.equal(output > 0, near)


def test_the_mlp_is_made_of_1x1_layers():
    model = gallery.pixel_mlp(3)
    assert [type(layer) for layer in model] == [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.ReLU]
    assert all(layer.kernel_size == (1, 1) for layer in model if isinstance(layer, nn.Conv2d))
    assert model(torch.zeros(1, 2, 1, 1)).item() == pytest.approx(1)  # in the middle of its region


def test_the_explorer_says_what_the_pixel_gives():
    words = [words for words, _ in gallery.mlp_on_a_pixel().states]
    assert len(words) == 5 * 7 * 7
    (filter_,) = (w for w in words if "one filter" in w and "a = 0, b = 0 " in w)
    assert "31 of 40 pixels are told rightly" in filter_
    (four,) = (w for w in words if "with 4 hidden" in w.lower() and "a = 0, b = 1.5 " in w)
    assert "gives 0.00. Hidden units: 0.77, 0.00, 0.00, 0.00." in four


def test_the_mean_forgets_where_and_the_dense_layer_does_not():
    for order in gallery.ORDERS:
        for row in range(1, gallery.MAP - 1):
            for column in range(1, gallery.MAP - 1):
                dense, mean = gallery.scores(order, row, column)
                assert mean == pytest.approx(1, abs=1e-5)
                if order != gallery.ORDERS[1]:
                    learned = {row, column} <= {2, 3, 4}
                    assert (dense == pytest.approx(1, abs=1e-5)) is learned


def test_a_shuffle_is_harmless_if_it_was_there_in_training():
    for row, column in ((1, 1), (3, 3), (5, 2)):
        in_order, _ = gallery.scores(gallery.ORDERS[0], row, column)
        trained, _ = gallery.scores(gallery.ORDERS[2], row, column)
        assert trained == pytest.approx(in_order, abs=1e-5)
    assert gallery.scores(gallery.ORDERS[1], 3, 3)[0] < 0.5


def test_evidence_adds_up_to_one_also_when_shuffled():
    last, mixed = gallery.evidence(1, 5), gallery.evidence(1, 5, mixed=True)
    assert last.sum().item() == mixed.sum().item() == 1
    assert sorted(last.flatten().tolist()) == sorted(mixed.flatten().tolist())
    assert not torch.equal(last, mixed)


def test_the_heads_say_their_scores():
    words = [words for words, _ in gallery.moved_evidence().states]
    assert len(words) == 3 * 5 * 5
    assert (
        "Positions in order, evidence at row 1, column 1: the dense layer scores 0.49, the mean "
        "1.00." in words
    )
