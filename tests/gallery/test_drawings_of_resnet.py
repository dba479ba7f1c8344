"""The drawings of the ResNet chapter say what the package's networks hold and cost."""

import re
from itertools import pairwise

import pytest
from torch import nn

from backbones import create_model
from backbones.gallery import resnet as gallery
from backbones.models.resnet import BasicBlock, Bottleneck


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_stages_add_up_to_the_network(depth):
    rows = gallery.stages(depth)
    model = create_model(f"resnet{depth}")
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in model.parameters())
    assert [row.blocks for row in rows[1:-1]] == [len(stage) for stage in model.stages]
    assert [row.name for row in rows] == ["stem", *(f"stage {i}" for i in range(1, 5)), "head"]
    assert [row.shape[-1] for row in rows[:-1]] == [56, 56, 28, 14, 7]
    assert rows[-1].shape == (1000,)


def test_a_depth_that_is_not_in_the_table_is_refused():
    with pytest.raises(ValueError, match=r"depth must be one of 18, 34, 50, 101, 152, got 20"):
        gallery.stages(20)


@pytest.mark.parametrize(
    ("name", "kind", "inputs"), [("basic", BasicBlock, 64), ("bottleneck", Bottleneck, 256)]
)
@pytest.mark.parametrize("stride", [1, 2])
def test_blocks_cost_what_the_packages_blocks_cost(name, kind, inputs, stride):
    block = kind(inputs, 64 * stride, stride)
    count = {part: sum(p.numel() for p in module.parameters())
             for part, module in block.named_children()}  # fmt: skip
    shortcut = "identity" if isinstance(block.shortcut, nn.Identity) else "projection"
    table = gallery.block_profile(name, shortcut, stride)
    assert table.parameters == sum(count.values())
    assert table["residual.0.conv"].shape[0] == 64 * stride
    assert gallery.block_profile(name, "none", stride).parameters == count["residual"]


@pytest.mark.parametrize("name", ["basic", "bottleneck"])
def test_an_identity_is_refused_where_shapes_differ(name):
    inputs, outputs = (256, 512) if name == "bottleneck" else (64, 128)
    message = rf"{inputs} × 56 × 56 into {outputs} × 28 × 28"
    with pytest.raises(ValueError, match=message):
        gallery.block_profile(name, "identity", 2)


def test_the_explorer_draws_every_block_that_exists():
    states = gallery.residual_block().states
    refused = [words for words, drawing in states if not drawing]
    assert len(states) == 12
    assert len(refused) == 2
    assert all("Use a projection" in words for words in refused)


def test_nested_families_contain_each_other_and_come_nearer():
    for inner, outer in pairwise(gallery._NESTED):
        between = ((inner.x - outer.x) ** 2 + (inner.y - outer.y) ** 2) ** 0.5
        assert between + inner.radius <= outer.radius
        assert gallery.distance_to_target(outer) < gallery.distance_to_target(inner)


def test_families_that_are_not_nested_grow_and_do_not_always_come_nearer():
    for smaller, larger in pairwise(gallery._APART):
        between = ((smaller.x - larger.x) ** 2 + (smaller.y - larger.y) ** 2) ** 0.5
        assert smaller.radius < larger.radius < between + smaller.radius
    distances = [gallery.distance_to_target(one) for one in gallery._APART]
    assert distances != sorted(distances, reverse=True)


def test_the_static_figure_names_its_parts():
    words = re.findall(r">([^<]+)</text>", gallery.plain_and_residual().svg)
    for part in ("plain block", "residual block", "F(x)", "shortcut: x", "+"):
        assert part in words
    assert words.count("3×3 conv") == 4
