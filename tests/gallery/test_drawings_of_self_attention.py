"""Self-attention's gallery: weights as the package's attention gives them."""

import math
import re

import pytest
import torch
from torch.testing import assert_close

from backbones.attention import MultiHeadAttention, causal_mask
from backbones.gallery import self_attention as gallery

CUBE, BALL = gallery.WORDS.index("cube"), gallery.WORDS.index("ball")
RED, BLUE = gallery.WORDS.index("red"), gallery.WORDS.index("blue")


def test_the_figure_names_the_steps_of_a_layer():
    drawing = gallery.heads().svg
    for words in ("W_Q: queries", "W_K: keys", "W_V: values", "divided by √d", "W_O"):
        assert words in drawing
    layer = MultiHeadAttention(12, 3)
    assert layer.qkv.out_features == 3 * 12  # W_Q, W_K and W_V
    assert layer.out.out_features == 12


@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_weights_of_a_sentence_sum_to_1_and_are_0_where_hidden(places, causal):
    weights = gallery.sentence_weights(places, causal)
    assert_close(weights.sum(1), torch.ones(7, dtype=torch.double))
    hidden = weights[causal_mask(7)]
    assert bool((hidden == 0).all()) is causal


def test_nouns_ask_for_adjectives_and_places_tell_which():
    bag, placed = (gallery.sentence_weights(places, False) for places in (False, True))
    for noun, own, other in ((CUBE, RED, BLUE), (BALL, BLUE, RED)):
        assert bag[noun, own] == bag[noun, other] == bag[noun].max()
        assert placed[noun, own] == placed[noun].max() > 3 * placed[noun, other]
    assert_close(bag[0], bag[4])  # "the" is the same word at both places ...
    assert not torch.allclose(placed[0], placed[4])  # ... until places are added


def test_every_state_of_the_sentence_says_its_weights():
    for words, drawing in gallery.sentence().states:
        number, places, mask = re.search(
            r"Places (.*), mask (.*)\. Word (\d)", words
        ).group(3, 1, 2)  # fmt: skip
        weights = gallery.sentence_weights(places == "added", mask == "causal")[int(number) - 1]
        said = [int(share) for share in re.findall(r"(\d+)%", words)]
        assert said == [int(f"{100 * w:.0f}") for w in weights]
        assert drawing.count(">hidden</text>") == (7 - int(number)) * (mask == "causal")


def test_features_of_patches_are_standardized():
    tokens = gallery.patch_features()
    assert tokens.shape == (gallery.GRID**2, 112)
    assert_close(tokens.mean(0), torch.zeros(112, dtype=torch.double), atol=1e-9, rtol=0)
    assert_close(tokens.square().mean(0), torch.ones(112, dtype=torch.double))


@pytest.mark.parametrize(("divisor", "factor"), [("1", 0), ("√d", 1), ("4√d", 4), ("8√d", 8)])
def test_weights_of_patches_are_the_softmax_of_their_products(divisor, factor):
    tokens = gallery.patch_features()
    by = factor * math.sqrt(112) if factor else 1
    expected = (tokens @ tokens[14 * 4 + 6] / by).softmax(0).view(14, 14)
    assert_close(gallery.patch_weights(5, 7, divisor), expected)


def test_how_many_patches_hold_half_of_the_weight():
    assert gallery.patches_for(torch.tensor([[0.6, 0.4]]), 0.5) == 1
    assert gallery.patches_for(torch.tensor([[0.4, 0.3], [0.2, 0.1]]), 0.5) == 2
    assert gallery.patches_for(torch.full((10, 10), 0.01), 0.505) == 51


def test_an_eye_of_the_cat_looks_at_the_other_one():
    """As the chapter says: two of the six heaviest patches are seven columns away."""
    heaviest = gallery.patch_weights(5, 5, "8√d").flatten().argsort(descending=True)[:6]
    places = {(int(i) // 14 + 1, int(i) % 14 + 1) for i in heaviest}
    assert {(6, 12), (7, 12)} < places


def test_the_alternative_text_names_the_heaviest_other_patch():
    words = gallery._looked(5, 5, "8√d").alt
    weights = gallery.patch_weights(5, 5, "8√d")
    row, column = map(int, re.search(r"gets row (\d+), column (\d+)", words).groups())
    rest = weights.flatten().sort(descending=True).values
    assert weights[row - 1, column - 1] == rest[1]
    assert rest[0] == weights[4, 4]


def test_explorers_are_small():
    assert len(gallery.sentence()._repr_html_().encode()) < 60_000
    assert len(gallery.patches()._repr_html_().encode()) < 100_000
