"""VGG's gallery: configurations as published, costs as profiled, drawings as they should say."""

import pytest
from torch import nn

from backbones.gallery import vgg
from backbones.profile import profile

# Table 2 of arXiv:1409.1556, in millions.
PUBLISHED = {"A": 133, "B": 133, "C": 134, "D": 138, "E": 144}


@pytest.mark.parametrize("letter", PUBLISHED)
def test_configurations_have_the_published_parameters(letter):
    total = sum(p.numel() for p in vgg.configuration(letter).parameters())
    assert round(total / 1e6) == PUBLISHED[letter]


def test_configuration_c_has_a_1x1_last_in_its_later_stages():
    convs = [m for m in vgg.configuration("C").modules() if isinstance(m, nn.Conv2d)]
    assert [conv.kernel_size[0] for conv in convs] == [3] * 6 + [1] + [3, 3, 1] * 2
    assert all(conv.bias is not None for conv in convs)


def test_an_unknown_configuration_is_refused():
    with pytest.raises(ValueError, match="letter must be one of A, B, C, D, E, got 'F'"):
        vgg.configuration("F")


@pytest.mark.parametrize("letter", "DE")
def test_costs_are_those_of_the_profile(letter):
    costs, table = vgg.layer_costs(letter), profile(vgg.configuration(letter))
    assert sum(cost.parameters for cost in costs) == table.parameters
    assert sum(cost.macs for cost in costs) == table.macs
    # What is left out copies a map of 512 x 7 x 7 floats.
    assert table.memory - sum(cost.memory for cost in costs) == 4 * 512 * 7 * 7


def test_layers_have_the_names_that_the_field_uses():
    names = [cost.name for cost in vgg.layer_costs("C")]
    assert names[:3] == ["conv1_1 3×3", "conv1_2 3×3", "pool1 2×2"]
    assert names[6:10] == ["conv3_1 3×3", "conv3_2 3×3", "conv3_3 1×1", "pool3 2×2"]
    assert names[-3:] == ["fc6", "fc7", "fc8"]
    assert [cost.dense for cost in vgg.layer_costs("C")] == [False] * 18 + [True] * 3


def test_the_cost_bars_say_where_most_is():
    explorer = vgg.vgg_costs()
    words = [words for words, _ in explorer.states]
    assert len(words) == 15
    (parameters,) = (w for w in words if "Configuration D" in w and " parameters" in w)
    assert "138,357,544 parameters, 89.4% of them in the dense layers" in parameters
    (macs,) = (w for w in words if "Configuration D" in w and " MACs" in w)
    assert "15,470,264,320 MACs, 0.8% of them in the dense layers" in macs


def test_a_stack_from_three_channels_is_dearer_than_the_large_kernel():
    words = [words for words, _ in vgg.stacked_kernels().states]
    assert any("38,592 against 4,800 weights" in w for w in words)
    assert any("1,179,648 against 1,638,400 weights" in w for w in words)  # 18/25
    assert any("5×5 layer" in w and "two" not in w for w in words)


def test_drawings_have_words_for_those_who_cannot_see_them():
    assert "five input pixels" in vgg.stack_and_kernel().alt
    maps = vgg.shrinking_maps()
    assert "7 × 7" in maps.svg
    assert "512 × 7 × 7" in maps.narrow
    assert "3 × 224 × 224" in maps.narrow
