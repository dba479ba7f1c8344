"""The quantised linear rule, and the stages that AnyNet makes of it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backbones import create_model
from backbones.models.anynet import AnyNet, Stage
from backbones.models.regnet import CONFIGS, regnet_stages

# torchvision's networks, after the paper's best of each size: depths and widths of the stages.
PUBLISHED = {
    "regnet_x_400mf": ((1, 2, 7, 12), (32, 64, 160, 400)),
    "regnet_x_800mf": ((1, 3, 7, 5), (64, 128, 288, 672)),
    "regnet_x_1_6gf": ((2, 4, 10, 2), (72, 168, 408, 912)),
    "regnet_x_3_2gf": ((2, 6, 15, 2), (96, 192, 432, 1008)),
    "regnet_x_8gf": ((2, 5, 15, 1), (80, 240, 720, 1920)),
    "regnet_x_16gf": ((2, 6, 13, 1), (256, 512, 896, 2048)),
    "regnet_x_32gf": ((2, 7, 13, 1), (336, 672, 1344, 2520)),
    "regnet_y_400mf": ((1, 3, 6, 6), (48, 104, 208, 440)),
    "regnet_y_800mf": ((1, 3, 8, 2), (64, 144, 320, 784)),
    "regnet_y_1_6gf": ((2, 6, 17, 2), (48, 120, 336, 888)),
    "regnet_y_3_2gf": ((2, 5, 13, 1), (72, 216, 576, 1512)),
    "regnet_y_8gf": ((2, 4, 10, 1), (224, 448, 896, 2016)),
    "regnet_y_16gf": ((2, 4, 11, 1), (224, 448, 1232, 3024)),
    "regnet_y_32gf": ((2, 5, 12, 1), (232, 696, 1392, 3712)),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_five_numbers_give_the_published_stages(name):
    stages = regnet_stages(*CONFIGS[name])
    assert (tuple(s.depth for s in stages), tuple(s.width for s in stages)) == PUBLISHED[name]


def test_the_rule_by_hand():
    # u = 8, 16, 24, 32; log2(u / 8) = 0, 1, 1.58, 2, rounded 0, 1, 2, 2
    assert regnet_stages(4, 8, 8, 2, 8) == [Stage(1, 8, 8), Stage(1, 16, 8), Stage(2, 32, 8)]
    # one width without slope; 24 is not a multiple of 16, and 8 is narrower than a group
    assert regnet_stages(3, 24, 0, 2, 16) == [Stage(3, 32, 16)]
    assert regnet_stages(3, 8, 0, 2, 16) == [Stage(3, 8, 8)]


@given(
    depth=st.integers(1, 40),
    w0=st.integers(1, 40).map(lambda n: 8 * n),
    wa=st.floats(0, 200),
    wm=st.floats(1.1, 3),
    group_width=st.integers(1, 16).map(lambda n: 8 * n),
)
def test_stages_always_fit(depth, w0, wa, wm, group_width):
    stages = regnet_stages(depth, w0, wa, wm, group_width)
    assert sum(stage.depth for stage in stages) == depth
    assert [stage.width for stage in stages] == sorted(stage.width for stage in stages)
    assert all(stage.width % stage.group_width == 0 for stage in stages)


def test_every_stage_halves_the_resolution():
    with torch.device("meta"):
        model = create_model("regnet_x_400mf").eval()
        maps = model.forward_features(torch.zeros(1, 3, 224, 224))
    assert [m.shape[1:3] for m in maps] == [(32, 56), (64, 28), (160, 14), (400, 7)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 8, 8, 2, 8), "depth must be an integer of at least 1, got 0"),
        ((4, 12, 8, 2, 8), "w0 must be a multiple of 8.* got w0=12"),
        ((4, 8, -1, 2, 8), "wa at least 0.* wa=-1"),
        ((4, 8, 8, 1, 8), "wm above 1.* wm=1"),
    ],
)
def test_rules_that_make_no_network_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        regnet_stages(*arguments)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "stages must not be empty"),
        ([Stage(0, 8, 8)], "depth must be an integer of at least 1, got 0"),
        ([Stage(1, 12, 8)], "bottleneck times group_width must divide width, .* width=12"),
        ([Stage(1, 8, 8, 2)], "bottleneck times group_width must divide width, .*bottleneck=2"),
    ],
)
def test_stages_that_do_not_fit_are_refused(stages, message):
    with pytest.raises(ValueError, match=message):
        AnyNet(stages)
