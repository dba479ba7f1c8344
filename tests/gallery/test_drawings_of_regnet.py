"""RegNet's gallery: costs block by block are those of whole networks, drawings say what is so."""

import re

import pytest
import torch

from backbones.gallery import regnet as gallery
from backbones.models.anynet import AnyNet, Stage
from backbones.models.regnet import CONFIGS, regnet_stages
from backbones.profile import profile


def whole(stages, se_ratio=0.0):
    with torch.device("meta"):
        model = AnyNet(stages, se_ratio=se_ratio)
    return gallery.measured(model, (3, 224, 224))


@pytest.mark.parametrize("name", ["regnet_x_400mf", "regnet_x_1_6gf", "regnet_y_800mf"])
def test_blocks_cost_together_what_the_published_network_costs(name):
    stages = regnet_stages(*CONFIGS[name])
    found = gallery.cost(stages, 0.25 if "_y_" in name else 0.0)
    network = profile(name)
    assert found[:2] == (network.parameters, network.macs)


@pytest.mark.parametrize("wm", [2.0, 3.0])
def test_blocks_cost_together_what_any_network_costs(wm):
    # From two to six stages: the last ones have odd and tiny maps.
    for w0, wa in ((24, 40), (80, 8)):
        stages = regnet_stages(16, w0, wa, wm, gallery.GROUP)
        assert gallery.cost(stages) == whole(stages)


def test_bottlenecks_and_excitation_are_counted():
    stages = [Stage(2, 64, 4, 2), Stage(1, 96, 8, 4)]
    assert gallery.cost(stages, 0.25) == whole(stages, 0.25)


def test_activations_are_those_of_the_paper():
    # Table of Figure 15, in millions; RegNetX-400MF ends wider here (see the model).
    printed = {"800MF": 5.1, "1.6GF": 7.9, "3.2GF": 11.4, "8GF": 14.1, "16GF": 25.5, "32GF": 36.3}
    found = {name: cost.activations / 1e6 for name, cost in gallery.published().items()}
    assert {name: round(found[name], 1) for name in printed} == printed


def test_the_explorer_begins_with_regnetx_400mf():
    explorer = gallery.width_rule()
    starts = [axis.values[axis.start] for axis in explorer.axes.values()]
    assert (*starts, gallery.GROUP) == CONFIGS["regnet_x_400mf"]
    words = gallery._ruled(*starts).alt
    assert words.startswith("4 stages, 22 blocks. as many stages as in the paper. 5.50 M")
    assert "stage 4: 12 × 400, 25 groups, 56% of MACs" in words
    assert len(explorer._repr_html_().encode()) < 100_000


def test_a_closer_ladder_has_more_rungs():
    stages = {wm: len(regnet_stages(22, 24, 24.48, wm, 16)) for wm in gallery.WM}
    assert stages == {2.0: 5, 2.54: 4, 3.0: 4}


def test_every_state_tells_its_stages_and_can_be_dragged():
    explorer = gallery.width_rule()
    for words, drawing in explorer.states:
        many = int(re.match(r"(\d) stages", words)[1])
        assert words.count("of MACs") == many <= 6
        assert ("the paper keeps 4" in words) == (many != 4)
        for axis in ("w0", "wa", "wm"):
            assert f'data-drag-y="{axis}:-' in drawing
        assert 'data-drag-x="depth:' in drawing


def test_every_network_lies_within_the_plane():
    for costs in (gallery.cost(regnet_stages(d, w0, wa, wm, gallery.GROUP))
                  for d in gallery.DEPTHS for w0 in gallery.W0
                  for wa in gallery.WA for wm in gallery.WM):  # fmt: skip
        assert 0.316e6 < costs.parameters < 125e6
        assert 0.02e9 < costs.macs < 50e9


def test_the_space_says_how_many_values_there_are():
    picture = gallery.anynet_space()
    for words in ("16 values", "128 values", "3 values", "6 values", "d₁", "g₄"):
        assert words in picture.svg
        assert words in picture.narrow


def test_the_steps_are_those_of_the_rule():
    picture = gallery.line_and_steps()
    assert "1 of 32, 2 of 64, 7 of 160, 12 of 400" in picture.alt
    assert "stage 4: 12 blocks of 400" in picture.svg
    assert "stage 1: 1 block of 32" in picture.narrow
