"""The gallery of normalization: numbers that share a mean, as the layers have it."""

import pytest
import torch
from torch import nn

from backbones.gallery import normalization as gallery

COUNTS = {
    "BN": (gallery.B, 1, 4),
    "GN, 1 group = LN": (1, 4, 4),
    "GN, 2 groups": (1, 2, 4),
    "GN, 4 groups = IN": (1, 1, 4),
    "LN over C": (1, 4, 1),
}


def words_of(norm):
    return [words for words, _ in gallery.which_share_a_mean().states if words.startswith(norm)]


@pytest.mark.parametrize(("norm", "size"), COUNTS.items())
def test_numbers_that_share_a_mean_are_a_box_of_the_norms_axes(norm, size):
    for at in [(0, 0, 0), (1, 2, 3), (2, 3, 1)]:
        one = gallery.box(norm, *at)
        assert one.size == size
        assert gallery.mates(norm)[at].sum() == one.count
        assert all(f <= i < f + n for f, i, n in zip(one.first, at, size, strict=True))


@pytest.mark.parametrize("norm", COUNTS)
def test_the_output_is_that_of_the_mean_and_variance_shown(norm):
    for at in [(0, 1, 1), (2, 3, 0)]:
        found = gallery.found(norm, *at)
        by_hand = (found.value - found.mean) / (found.variance + 1e-5) ** 0.5
        assert found.output == pytest.approx(by_hand, abs=1e-9)
        assert found.value == gallery.example().flatten(2)[at]


def test_the_names_that_say_equal_are_equal():
    x = gallery.example()
    layers = {name: norm.layer().double() for name, norm in gallery.NORMS.items()}
    pairs = {
        "BN": nn.BatchNorm2d(4),
        "GN, 1 group = LN": nn.LayerNorm((4, 2, 2)),
        "GN, 2 groups": nn.GroupNorm(2, 4),
        "GN, 4 groups = IN": nn.InstanceNorm2d(4),
    }
    for name, other in pairs.items():
        assert torch.allclose(layers[name](x), other.double()(x))
    over_c = nn.LayerNorm(4).double()(x.movedim(1, -1)).movedim(-1, 1)
    assert torch.allclose(layers["LN over C"](x), over_c)


def test_the_example_tells_the_norms_apart():
    x = gallery.example()
    outputs = [norm.layer().double()(x) for norm in gallery.NORMS.values()]
    assert all(not torch.allclose(a, b) for i, a in enumerate(outputs) for b in outputs[i + 1 :])
    assert x.min() >= 0
    assert x.max() <= 9


def test_the_explorer_counts_means():
    assert len(gallery.which_share_a_mean().states) == 5 * 3 * 4 * 4
    assert "one mean for each channel, 4 in all" in words_of("BN")[0]
    assert "12 in all" in words_of("LN over C")[0]
    assert all("of 8 numbers" in words for words in words_of("GN, 2 groups"))


def test_the_static_figure_counts_means_too():
    picture = gallery.shared_means()
    for drawing in (picture.svg, picture.narrow):
        for title in ("BN", "LN", "IN", "GN, 2 groups", "LN over C"):
            assert f">{title}<" in drawing
        assert drawing.count("tabindex") == 5
    assert "4 means, each of 12" in picture.narrow
    assert "3 means, each of 16" in picture.narrow
