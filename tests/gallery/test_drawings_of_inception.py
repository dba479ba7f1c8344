"""Gallery of Inception v2 and v3: costs, products of rows and columns, ways to halve a grid."""

import pytest
import torch

from backbones.gallery import inception


@pytest.mark.parametrize(
    ("size", "weights"), [(3, (9, 9, 6)), (5, (25, 18, 10)), (7, (49, 27, 14))]
)
def test_all_forms_see_as_much_and_cost_what_they_should(size, weights):
    found = inception.forms(size)
    assert tuple(form.weights for form in found) == weights
    assert {form.field for form in found} == {(size, size)}


@pytest.mark.parametrize("size", [1, 4])
def test_a_size_without_a_middle_or_a_stack_is_refused(size):
    with pytest.raises(ValueError, match=f"size must be odd and at least 3, got {size}"):
        inception.forms(size)


KINDS = {"spot": 1, "edge": 1, "slanted edge": 2, "ring": 2, "diagonal": 5, "random": 5}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_needs_as_many_products_as_its_rank(kind):
    wanted = inception.kernel(kind, 5)
    assert wanted.norm().item() == pytest.approx(1)
    rank = int(torch.linalg.matrix_rank(wanted))
    assert rank == KINDS[kind]
    assert inception.as_products(wanted, rank).error == pytest.approx(0, abs=1e-9)
    if rank > 1:
        assert inception.as_products(wanted, rank - 1).error > 0.1 or kind == "random"


def test_the_sum_and_what_is_left_over_are_the_kernel():
    wanted = inception.kernel("random", 7)
    errors = []
    for count in range(1, 8):
        found = inception.as_products(wanted, count)
        assert found.columns.shape == found.rows.shape == (count, 7)
        errors.append((wanted - found.total).norm().item())
        assert found.error == pytest.approx(errors[-1], abs=1e-9)
    assert errors == sorted(errors, reverse=True)


def test_more_products_than_a_kernel_has_rows_are_refused():
    with pytest.raises(ValueError, match="sum of at most 3 products: 4 middle channels"):
        inception.as_products(inception.kernel("spot", 3), 4)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match=r"kind must be one of spot, .*, random, got 'cross'"):
        inception.kernel("cross", 5)


def test_the_explorer_says_what_is_left_over_and_what_it_costs():
    states = dict(inception.kernel_from_rows_and_columns().states)
    assert len(states) == 67  # 72, of which six have four products of a 3×3, all in the same words
    told = "A 7×7 kernel, spot, from 1 column and row: left over is nothing. 14 weights against 49."
    assert told in states
    (random,) = (words for words in states if "7×7 kernel, random, from 4 columns" in words)
    assert "56 weights against 49" in random
    refused = [words for words, drawing in states.items() if not drawing]
    assert refused == [
        "A 3×3 kernel is a sum of at most 3 products: 4 middle channels are more than it can need."
    ]


def test_ways_to_halve_a_grid_cost_what_the_paper_says():
    first, pooled, parallel = inception.halvings(channels=16, size=8)
    # Section 5 of arXiv:1512.00567 leaves out the 9 of a 3×3.
    assert first.macs == 9 * 2 * 8**2 * 16**2
    assert pooled.macs * 4 == first.macs
    assert parallel.macs * 2 == pooled.macs
    assert {way.output for way in (first, pooled, parallel)} == {(32, 4, 4)}
    assert pooled.between == (16, 4, 4)


def test_drawings_have_words_for_those_who_cannot_see_them():
    assert "27C² weights" in inception.three_forms().alt
    picture = inception.halving_the_grid()
    assert "through a map of 64 × 16 × 16" in picture.alt
    for drawing in (picture.svg, picture.narrow):
        assert "9.4 M" in drawing
