"""GoogLeNet's gallery: modules as published, costs as profiled, drawings as they should say."""

import pytest

from backbones.gallery import googlenet
from backbones.models.googlenet import googlenet_paper
from backbones.profile import profile


def test_the_nine_modules_have_the_channels_and_sizes_of_table_1():
    # Output sizes and channels as printed in Table 1 of arXiv:1409.4842.
    printed = {
        "3a": (28, 256),
        "3b": (28, 480),
        "4a": (14, 512),
        "4b": (14, 512),
        "4c": (14, 512),
        "4d": (14, 528),
        "4e": (14, 832),
        "5a": (7, 832),
        "5b": (7, 1024),
    }
    found = {
        name: (place.size, sum(branch.channels for branch in googlenet.branches(name)))
        for name, place in googlenet.places().items()
    }
    assert found == printed
    inputs = [place.in_channels for place in googlenet.places().values()]
    assert inputs == [192, *[channels for _, channels in printed.values()][:-1]]


def test_weights_of_3a_with_and_without_reductions_are_those_counted_by_hand():
    with_them = [branch.weights for branch in googlenet.branches("3a")]
    assert with_them == [192 * 64, 192 * 96 + 9 * 96 * 128, 192 * 16 + 25 * 16 * 32, 192 * 32]
    without = [branch.weights for branch in googlenet.branches("3a", reductions=False)]
    assert without == [192 * 64, 9 * 192 * 128, 25 * 192 * 32, 0]
    assert (sum(with_them), sum(without)) == (163_328, 387_072)


@pytest.mark.parametrize("name", googlenet.places())
def test_every_weight_is_used_once_at_each_position(name):
    size = googlenet.places()[name].size
    for reductions in (True, False):
        for branch in googlenet.branches(name, reductions):
            assert branch.macs == branch.weights * size**2


def test_the_modules_are_those_of_the_network():
    table = profile(googlenet_paper(), depth=2)
    stages = sum(row.macs for row in table.rows if row.name.startswith("stages"))
    ours = sum(branch.macs for name in googlenet.places() for branch in googlenet.branches(name))
    assert stages == ours


def test_without_reductions_the_pool_passes_on_all_channels():
    *_, pool = googlenet.branches("5b", reductions=False)
    assert pool == ((("max pool", 832),), 0, 0)
    assert pool.channels == 832


def test_an_unknown_module_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of 3a, 3b, .*, 5b, got '6a'"):
        googlenet.module("6a")


def test_the_explorer_says_what_the_reductions_save():
    words = [words for words, _ in googlenet.inception_module().states]
    assert len(words) == 18
    (reduced,) = (w for w in words if w.startswith("Module 3a with 1×1"))
    assert "192 channels in, 256 out, 163,328 weights, 128,049,152 MACs" in reduced
    (whole,) = (w for w in words if w.startswith("Module 3a without"))
    assert "416 out, 387,072 weights, 303,464,448 MACs" in whole
    assert "5×5: 32 channels, 40% of the MACs" in whole
    assert "pool: 192 channels, 0% of the MACs" in whole


def test_the_drawing_names_every_layer_and_the_sum():
    picture = googlenet.module_3a()
    for words in ("1×1, 64", "3×3, 128", "5×5, 32", "3×3 max pool", "256 × 28 × 28"):
        assert words in picture.svg
    assert "64 + 128 + 32 + 32 = 256" in picture.alt
    assert "64 + 128 + 32 + 32 = 256" in picture.caption


def test_bars_of_the_output_are_as_long_as_those_that_enter_it():
    for state, drawing in googlenet.inception_module().states:
        assert drawing.count('data-part="1"') == 2, state  # in the drawing, and beside its cost
