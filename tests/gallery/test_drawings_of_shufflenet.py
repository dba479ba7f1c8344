"""ShuffleNet's gallery: what reaches what, what 1x1s cost, drawings as they should say."""

import itertools
import re

import pytest
import torch

from backbones.gallery import shufflenet
from backbones.models.shufflenet_v1 import ShuffleUnit


def behind(groups: int, width: int, units: int) -> list[set[int]]:
    """Input groups behind each output group, by counting places."""
    seen = [{k} for k in range(groups)]
    for _ in range(units):
        reads = [{p % groups for p in range(k * width, (k + 1) * width)} for k in range(groups)]
        seen = [seen[k].union(*(seen[i] for i in reads[k])) for k in range(groups)]
    return seen


@pytest.mark.parametrize(
    ("groups", "width"), list(itertools.product(shufflenet.GROUPS, shufflenet.WIDTHS))
)
def test_levels_are_as_counted_place_by_place(groups, width):
    for units, level in enumerate(shufflenet.levels(groups, width, shuffled=True), 1):
        found = [set(row.nonzero().flatten().tolist()) for row in level.outputs]
        assert found == behind(groups, width, units)
        before = behind(groups, width, units - 1)
        hidden = [set(row.nonzero().flatten().tolist()) for row in level.hidden]
        assert hidden == [before[place % groups] for place in range(groups * width)]
    for level in shufflenet.levels(groups, width, shuffled=False):
        assert torch.equal(level.outputs, torch.eye(groups, dtype=torch.bool))


def test_reached_follows_a_stride_and_leaves_the_model_as_it_was():
    unit = ShuffleUnit(8, 24, groups=2, stride=2)
    kept = [p.detach().clone() for p in unit.parameters()]
    seen = shufflenet.reached(unit, 8, size=4)
    assert seen.shape == (24, 8)
    assert torch.equal(seen[:8], torch.eye(8, dtype=torch.bool))  # the averaged input
    assert seen[8:].all()
    assert unit.training
    assert all(torch.equal(a, b) for a, b in zip(kept, unit.parameters(), strict=True))


def test_shares_of_1x1_layers_are_as_by_hand():
    found = shufflenet.shares()
    assert found["ResNet bottleneck"].share == pytest.approx(32_768 / 69_632)
    assert found["ResNeXt block, 32 groups"].share == pytest.approx(65_536 / 70_144)
    assert found["MobileNet v1, whole"].share == pytest.approx(0.9486, abs=1e-4)
    for picture in (shufflenet.where_the_work_is().svg, shufflenet.where_the_work_is().narrow):
        assert "93.4% in 1×1s" in picture


def test_the_explorer_says_after_how_many_units_all_groups_are_behind_all():
    explorer = shufflenet.mixing()
    assert len(set(explorer.words)) == len(explorer.words) - 1  # 2 groups: 2 and 3 say the same
    words = shufflenet._mixing(4, 2).alt
    assert words.startswith("With the shuffle: all 4 input groups behind every channel after 2")
    assert "still channels with 1 of 6" in shufflenet._mixing(6, 1).alt
    assert "all 6 input groups behind every channel after 3" in shufflenet._mixing(6, 2).alt


def test_every_input_group_is_a_part_that_the_keyboard_reaches():
    for groups, width in itertools.product(shufflenet.GROUPS, shufflenet.WIDTHS):
        picture = shufflenet._mixing(groups, width)
        for drawing in (picture.svg, picture.narrow):
            assert drawing.count('tabindex="0"') == groups
            assert f"input group {groups} of {groups}: after 3 units it is behind 1 of" in drawing


def test_the_ring_moves_as_far_as_it_is_dragged():
    for groups in shufflenet.GROUPS:
        places, steps = [], []
        for width in shufflenet.WIDTHS:
            drawing = shufflenet._mixing(groups, width).svg.rpartition("data-drag-x")[2]
            places.append(float(re.search(r'cx="([\d.]+)"', drawing)[1]))
            steps.append(float(re.search(r"width:([\d.]+)", drawing)[1]))
        moved = [b - a for a, b in itertools.pairwise(places)]
        assert moved == pytest.approx(steps[1:], abs=0.05)


def test_all_states_are_equally_large():
    sizes = {shufflenet._mixing(g, n).size for g in shufflenet.GROUPS for n in shufflenet.WIDTHS}
    assert len(sizes) == 1


def test_the_table_deals_twelve_channels_out():
    assert shufflenet.dealing().alt.endswith(
        "The new order is 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11."
    )
