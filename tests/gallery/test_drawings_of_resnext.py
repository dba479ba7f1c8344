"""ResNeXt's gallery: widths of equal cost, costs as profiled, drawings as they should say."""

import pytest
import torch

from backbones.gallery import resnext
from backbones.models.resnext import ConcatenatedPaths, GroupedPaths, SummedPaths
from backbones.profile import profile

SHARES = {"half": 0.5, "as ResNet-50": 1, "double": 2}


def test_a_bottleneck_and_32_paths_of_4_cost_what_the_paper_says():
    # Section 3.4 of arXiv:1611.05431: about 70 k parameters; Table 2: 0.22 billion operations.
    bottleneck, paths = resnext.block(1, 64), resnext.block(32, 4)
    assert bottleneck.weights == (256 * 64, 9 * 64 * 64, 64 * 256)
    assert paths.weights == (256 * 128, 9 * 4 * 128, 128 * 256)
    assert (bottleneck.total, paths.total) == (69_632, 70_144)
    for block in (bottleneck, paths):
        assert block.macs == block.total * 56**2
        assert round(block.macs / 1e9, 2) == 0.22


def test_widths_of_the_middle_curve_are_those_of_table_2():
    # Table 2 of arXiv:1611.05431: cardinality, width of the bottleneck.
    printed = {1: 64, 2: 40, 4: 24, 8: 14, 32: 4}
    ours = dict(zip(resnext.CARDINALITIES, resnext.WIDTHS["as ResNet-50"], strict=True))
    assert {c: ours[c] for c in printed} == printed


@pytest.mark.parametrize("cost", SHARES)
def test_no_other_path_width_comes_nearer_to_the_cost(cost):
    budget = SHARES[cost] * resnext.block(1, 64).total
    for cardinality, width in zip(resnext.CARDINALITIES, resnext.WIDTHS[cost], strict=True):
        near = [w for w in (width - 1, width, width + 1) if w]
        off = {w: abs(resnext.block(cardinality, w).total - budget) for w in near}
        assert min(off, key=off.get) == width, cardinality


def test_the_three_forms_cost_the_same():
    def cost(form):
        with torch.device("meta"):
            paths = form(16, 16, 1, 4, 3)
        found = profile(paths, (16, 8, 8))
        return found.parameters, found.macs

    assert cost(SummedPaths) == cost(ConcatenatedPaths) == cost(GroupedPaths)


def test_the_explorer_says_the_same_cost_in_every_form():
    states = resnext.cardinality_and_width().states
    assert len(states) == 63
    words = [words for words, _ in states]
    chosen = [w for w in words if "32 paths of 4: 128 channels inside" in w]
    assert [w.split(":")[0] for w in chosen] == [f"Form {form}" for form in resnext.FORMS]
    assert all("70,144 weights, 220 M MACs at 56 × 56" in w for w in chosen)
    assert any(w.startswith("Form (a) summed: 1 path of 64") for w in words)


def test_forms_differ_in_the_drawing():
    drawings = dict(resnext.cardinality_and_width().states)
    summed, joined, grouped = (
        next(d for w, d in drawings.items() if form in w and "4 paths of 24" in w)
        for form in resnext.FORMS
    )
    assert len({summed, joined, grouped}) == 3
    assert ">+<" in summed
    assert ">+<" not in joined + grouped


def test_every_state_can_be_dragged_along_its_curve_and_to_another():
    for _, drawing in resnext.cardinality_and_width().states:
        assert 'data-drag-x="cardinality:' in drawing
        assert 'data-drag-y="cost:-' in drawing  # up is dearer


def test_the_tables_are_to_scale_and_name_all_weights():
    picture = resnext.dense_and_grouped()
    for words in ("16,384", "36,864", "32,768", "4,608", "69,632", "70,144"):
        assert words in picture.svg
        assert words in picture.narrow
    assert "128 channels: 32,768, 4,608, 32,768" in picture.alt


def test_the_block_names_its_layers():
    picture = resnext.bottleneck_and_paths()
    for words in ("1×1, 64", "3×3, 64", "1×1, 4", "3×3, 4", "1×1, 256"):
        assert words in picture.svg
