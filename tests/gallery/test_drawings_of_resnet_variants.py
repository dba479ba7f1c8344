"""The gallery on ResNet's variants: costs as profiled, reads as gradients find them."""

import pytest
import torch

from backbones.gallery import resnet_variants as gallery
from backbones.profile import profile

MODELS = {
    "ResNet-50-A": "resnet50a",
    "ResNet-50-B": "resnet50",
    "ResNet-50-C": "resnet50c",
    "ResNet-50-D": "resnet50d",
    "ResNet-50 v2": "resnetv2_50",
    "ResNet-50-D v2": "resnetv2_50d",
}


def forms():
    return {name: form for form, (name, _) in gallery.NAMES.items()}


@pytest.mark.parametrize("name", MODELS)
def test_costs_are_those_of_the_package_s_networks(name):
    table, cost = profile(MODELS[name]), gallery.cost(forms()[name])
    assert (cost.macs, cost.parameters) == (table.macs, table.parameters)
    assert cost.stem == sum(row.macs for row in table.rows if row.name.startswith("stem"))


def test_accuracies_are_those_of_table_5():
    # Table 5 of arXiv:1812.01187, top-1.
    printed = {"A": 76.21, "B": 76.66, "C": 76.87, "D": 77.16}
    assert {n[-1]: top1 for n, top1 in gallery.NAMES.values() if top1} == printed


def test_a_form_without_a_name_can_be_built_and_costs_what_it_should():
    early = gallery.Form(shortcut=gallery.SHORTCUTS[1], activation=gallery.ACTIVATIONS[1])
    table = profile(gallery.network(early))
    cost = gallery.cost(early)
    assert (cost.macs, cost.parameters) == (table.macs, table.parameters)
    assert early not in gallery.NAMES


def test_reads_are_counted_by_hand():
    branch, shortcut = gallery.paths(forms()["ResNet-50-A"])
    assert branch.tolist() == shortcut.tolist() == [[1, 0] * 4, [0] * 8] * 4
    branch, shortcut = gallery.paths(forms()["ResNet-50-D"])
    row = [1, 2, 1, 2, 1, 2, 1, 1]  # windows 0-1, 1-3, 3-5, 5-7 of a 3 wide kernel
    assert branch.tolist() == [[a * b for b in row] for a in row]
    assert shortcut.unique().tolist() == [1]


@pytest.mark.parametrize("form", gallery.NAMES, ids=lambda form: gallery.NAMES[form][0])
def test_reads_are_where_the_gradient_of_the_block_is_not_zero(form):
    torch.manual_seed(0)
    x = torch.randn(16, 8, gallery.SIDE, gallery.SIDE, requires_grad=True)
    gallery.block(form, 8, 4, 2).eval()(x).square().sum().backward()
    branch, shortcut = gallery.paths(form)
    assert torch.equal(x.grad.abs().amax((0, 1)) > 0, branch + shortcut > 0)


def test_the_explorer_says_what_a_form_reads_and_costs():
    words = [words for words, _ in gallery.switches().states]
    assert len(words) == 16
    assert sum("no name of its own" in w for w in words) == 16 - len(gallery.NAMES)
    (a,) = (w for w in words if w.startswith("ResNet-50-A:"))
    assert "F reads 16, the shortcut 16, nothing 48. 3,857,973,248 MACs, 25,557,032" in a
    (d,) = (w for w in words if w.startswith("ResNet-50-D:"))
    assert "F reads 64, the shortcut 64, nothing 0. 4,328,824,832 MACs, 25,576,264" in d
    assert "77.16 % top-1" in d


def test_the_figure_names_where_each_block_strides():
    drawing = gallery.three_blocks().svg
    assert drawing.count("1×1 /2") == 3  # twice in A, once in B
    assert drawing.count("3×3 /2") == 2
    assert drawing.count("mean /2") == 1
    for words in ("F reads 25%", "F reads 100%", "the shortcut 25%", "the shortcut 100%"):
        assert words in drawing
