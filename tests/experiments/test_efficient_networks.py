"""What the experiments on VoVNet and on the efficient networks are built of."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from backbones.experiments import (
    efficientnet,
    ghostnet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    regnet,
    shufflenet,
    vovnet,
)
from backbones.experiments.recording import seeded
from backbones.models.anynet import XBlock
from backbones.models.mobilenet_v2 import InvertedResidual
from backbones.models.vovnet import OSABlock
from backbones.profile import profile


def macs(model, size=32):
    return profile(model, (3, size, size)).macs


def convs(model):
    return [module for module in model.modules() if isinstance(module, nn.Conv2d)]


# VoVNet


@pytest.mark.parametrize(
    ("kind", "inputs", "aggregated"),
    [
        (OSABlock, [8, 4, 4], 8 + 3 * 4),
        (vovnet.DenselyAggregated, [8, 12, 16], 8 + 3 * 4),
        (vovnet.NotAggregated, [8, 4, 4], 4),
    ],
)
def test_modules_aggregate_what_their_names_say(kind, inputs, aggregated):
    block = kind(8, 4, 10, depth=3)
    assert [conv.in_channels for conv in convs(block)] == [*inputs, aggregated]
    assert block(torch.randn(2, 8, 6, 6)).shape == (2, 10, 6, 6)


def test_the_identity_is_added_where_it_fits_and_gates_end_a_stage():
    model = vovnet.small_vovnet(5, (4, 8, 16), identity=True, gates=vovnet.se)
    modules = [module for module in model if isinstance(module, vovnet.Module)]
    assert [module.identity for module in modules] == [True, True, False, True, False, True]
    gated = [not isinstance(module.gates, nn.Identity) for module in modules]
    assert gated == [False, True] * 3
    x = torch.randn(2, 24, 4, 4)
    nn.init.zeros_(modules[0].block.aggregate.norm.weight)
    assert torch.equal(modules[0](x), x)


# MobileNet


def test_a_separable_layer_costs_a_ninth_and_one_over_the_channels():
    full, separable = (nn.Sequential(*layer(32, 64, 1)) for layer in LAYERS)
    shape = (32, 8, 8)
    ratio = profile(separable, shape).macs / profile(full, shape).macs
    assert ratio == pytest.approx(1 / 9 + 1 / 64, rel=1e-6)


LAYERS = (mobilenet_v1.full, mobilenet_v1.separable)


def test_an_activation_stands_between_or_not():
    between, none = (mobilenet_v1.separable(8, 8, 1, between=b) for b in (True, False))
    assert isinstance(between[0].act, nn.ReLU6)
    assert not any(isinstance(module, nn.ReLU6) for module in none[0].modules())
    assert isinstance(none[1].act, nn.ReLU6)


def test_multipliers_change_width_and_resolution():
    whole, half, small = (
        mobilenet_v1.scaled_mobilenet(5, *sizes) for sizes in ((1, 64), (0.5, 64), (1, 32))
    )
    assert convs(half)[0].out_channels * 2 == convs(whole)[0].out_channels
    assert sum(p.numel() for p in small.parameters()) == sum(p.numel() for p in whole.parameters())
    assert macs(small, 64) == pytest.approx(macs(whole, 64) / 4, rel=0.01)


def test_bottlenecks_end_as_their_names_say():
    x = torch.randn(4, 8, 6, 6)
    for block, low, adds in (
        (mobilenet_v2.InvertedResidual, False, True),
        (mobilenet_v2.ReLUInBranch, False, True),
        (mobilenet_v2.ReLUAfterSum, True, True),
        (mobilenet_v2.NoShortcut, False, False),
    ):
        module = seeded(partial(block, 8, 48, 8, 3, 1), 0).eval()
        assert (module(x).min() >= 0) == low, block
        for parameter in module.parameters():
            nn.init.zeros_(parameter)
        nothing = torch.zeros_like(x)
        expected = (x.clamp(0, 6) if low else x) if adds else nothing
        assert torch.equal(module(x), expected), block
    branch = mobilenet_v2.ReLUInBranch(8, 48, 8, 3, 1).residual(x)
    assert branch.min() >= 0


def test_wide_ends_are_thin_inside():
    model = mobilenet_v2.wide_ends(5, (28, 42, 56), (12, 18, 24))
    blocks = [module for module in model if isinstance(module, mobilenet_v2.WideEnds)]
    widths = [[conv.out_channels for conv in convs(block.residual)] for block in blocks]
    assert widths == [[12, 12, 28]] * 3 + [[18, 18, 42]] * 3 + [[24, 24, 56]] * 3


@pytest.mark.parametrize("expansion", mobilenet_v2._EQUAL_COST)
def test_expansions_of_equal_cost(expansion):
    widths = mobilenet_v2._EQUAL_COST[expansion]
    model = mobilenet_v2.small_mobilenet(5, expansion, widths)
    assert macs(model) == pytest.approx(macs(mobilenet_v2.small_mobilenet(5)), rel=0.02)


@pytest.mark.parametrize("name", mobilenet_v3.PARTS.models)
def test_parts_are_there_where_the_name_says_so(name):
    kinds = [type(module).__name__ for module in mobilenet_v3.PARTS.models[name](5).modules()]
    assert ("SqueezeExcitation" in kinds) == ("SE" in name)
    # Two a block, and one behind the last 1x1.
    expected = {"all blocks": 13, "last four": 9, "SE and h-swish": 13}
    count = next((n for words, n in expected.items() if words in name), 0)
    assert kinds.count("Hardswish") + kinds.count("SiLU") == count
    assert ("SiLU" in kinds) == name.startswith("swish")


def test_samples_are_the_same_each_time_and_differ_from_each_other():
    drawn = [tuple(mobilenet_v3.sampled_rows(seed)) for seed in range(mobilenet_v3.SAMPLES)]
    assert drawn == [tuple(mobilenet_v3.sampled_rows(s)) for s in range(mobilenet_v3.SAMPLES)]
    assert len(set(drawn)) == len(drawn)
    for rows in drawn:
        assert mobilenet_v3.network_of_rows(5, rows)(torch.randn(2, 3, 32, 32)).shape == (2, 5)


# ShuffleNet and GhostNet


def reached(unit, channel, channels):
    """Channels of the input that a channel of the output depends on, beside the shortcut."""
    x = torch.rand(1, channels, 6, 6, requires_grad=True)
    unit.residual.eval()(x)[0, channel].sum().backward()
    return x.grad.abs().sum((0, 2, 3)).nonzero().flatten().tolist()


def test_without_the_shuffle_a_group_keeps_to_itself():
    for unit, groups_seen in ((shufflenet.ShuffleUnit, 2), (shufflenet.UnshuffledUnit, 1)):
        module = seeded(partial(unit, 16, 16, 2), 0)
        for layer in module.residual:
            if hasattr(layer, "act"):
                layer.act = nn.Identity()  # else a dead channel hides what it sees
        assert reached(module, 0, 16) == list(range(8 * groups_seen))


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_ghosts_stand_for_a_full_convolution(ratio, linear):
    layer = ghostnet.Ghost3x3(6, 16, 2, ratio, linear=linear)
    x = torch.randn(2, 6, 8, 8)
    assert layer(x).shape == (2, 16, 4, 4)
    intrinsic = -(-16 // ratio)
    assert torch.equal(layer.eval()(x)[:, :intrinsic], layer.primary(x))
    assert (layer(x)[:, intrinsic:].min() < 0) == linear


def test_ghost_networks_cost_what_is_said():
    cost = {name: macs(model(5)) for name, model in ghostnet.GHOSTS.models.items()}
    assert cost["s = 2, as costly as ordinary"] == pytest.approx(cost["ordinary"], rel=0.01)
    for s in (2, 4):
        assert cost[f"ordinary, as cheap as s = {s}"] == pytest.approx(cost[f"s = {s}"], rel=0.01)
    assert cost["s = 2, linear ghosts"] == cost["s = 2"]
    assert cost["s = 2, 1×1 ghosts"] < cost["s = 2"]


def test_similarity_of_maps():
    a, b = torch.randn(2, 4, 1, 5, 5)
    maps = torch.cat((a, b, -2 * a + 1, torch.full_like(a, 3.0)), dim=1)
    found = ghostnet.similarity(maps)
    assert found[[0, 2]].tolist() == pytest.approx([1, 1], abs=1e-5)
    assert 0 < found[1] < 0.5
    assert found[3] == 0
    with pytest.raises(ValueError, match="2 channels"):
        ghostnet.similarity(torch.randn(2, 1, 3, 3))


def test_the_layer_that_is_measured_is_at_8_pixels():
    from backbones.data import ImageData, ImageSet

    images = torch.randint(0, 256, (20, 3, 32, 32), dtype=torch.uint8)
    part = ImageSet(images, torch.arange(20) % 5, tuple("abcde"))
    data = ImageData(part, part, "noise")
    for name, build in ghostnet.GHOSTS.models.items():
        model = build(5)
        layer = model[ghostnet.MEASURED_LAYER]
        assert model[: ghostnet.MEASURED_LAYER + 1](images / 255.0).shape[-1] == 8, name
        assert layer is model[4]
        measured = ghostnet.similarity_of_a_layer(model, data)["similarity"]
        assert 0 < measured <= 1, name


# EfficientNet and RegNet


def test_four_times_the_cost_is_spent_as_the_names_say():
    models = {name: model(5) for name, model in efficientnet.SCALING.models.items()}
    base = macs(models.pop("base"), 64)
    for name, model in models.items():
        assert macs(model, 64) / base == pytest.approx(4, rel=0.04), name

    def shape(model):
        """Blocks, channels of the stem, pixels of the pictures it looks at."""
        blocks = sum(isinstance(m, InvertedResidual) for m in model)
        return blocks, convs(model)[0].out_channels, model[0](torch.zeros(1, 3, 64, 64)).shape[-1]

    base = shape(efficientnet.small_efficientnet(5))
    grown = {
        name: [now > then for now, then in zip(shape(model), base, strict=True)]
        for name, model in models.items()
    }
    assert grown == {
        "depth": [True, False, False],
        "width": [False, True, False],
        "resolution": [False, False, True],
        "depth and width": [True, True, False],
        "compound": [True, True, True],
    }


def test_the_small_compound_follows_the_papers_ratios():
    """With 1.2, 1.1 and 1.15 to one power, to the rounding of two blocks and eight channels."""
    small, large = (efficientnet.SCALING.models[name](5) for name in ("base", "compound"))
    blocks = [sum(isinstance(m, InvertedResidual) for m in model) for model in (small, large)]
    phi = math.log(blocks[1] / blocks[0], 1.2)
    widths = [convs(model)[0].out_channels for model in (small, large)]
    sizes = [model[0](torch.zeros(1, 3, 64, 64)).shape[-1] for model in (small, large)]
    assert widths[1] / widths[0] == pytest.approx(1.1**phi, rel=0.03)
    assert sizes[1] / sizes[0] == pytest.approx(1.15**phi, rel=0.03)


@pytest.mark.parametrize("space", [regnet.free_stages, regnet.narrowed_stages])
def test_networks_of_a_space_cost_the_budget_and_fit_its_rules(space):
    drawn = regnet.sample(space, regnet.SAMPLES)
    assert drawn == regnet.sample(space, regnet.SAMPLES)
    assert drawn != regnet.sample(space, regnet.SAMPLES, seed=1)
    assert len({tuple(stages) for stages in drawn}) == regnet.SAMPLES
    for stages in drawn[:6]:
        model = regnet.small_anynet(5, stages)
        assert macs(model) == regnet.macs_of(stages)
        assert model(torch.randn(2, 3, 32, 32)).shape == (2, 5)
    for stages in drawn:
        assert abs(regnet.macs_of(stages) / regnet.BUDGET - 1) <= regnet.TOLERANCE
    if space is regnet.narrowed_stages:
        for stages in drawn:
            depths, widths, group_widths, bottlenecks = zip(*stages, strict=True)
            assert list(depths) == sorted(depths)
            assert list(widths) == sorted(widths)
            assert len(set(group_widths)) == 1
            assert set(bottlenecks) == {1}
    else:
        rules = (
            lambda s: len({stage.bottleneck for stage in s}) == 1,
            lambda s: len({stage.group_width for stage in s}) == 1,
            lambda s: [stage.width for stage in s] == sorted(stage.width for stage in s),
            lambda s: [stage.depth for stage in s] == sorted(stage.depth for stage in s),
        )
        assert not any(all(map(rule, drawn)) for rule in rules)


def test_a_plain_block_adds_nothing_to_its_branch():
    x = torch.randn(2, 16, 6, 6)
    for block, adds in ((XBlock, True), (regnet.PlainXBlock, False)):
        module = seeded(partial(block, 16, 16, 1, 4), 0).eval()
        for parameter in module.residual.parameters():
            nn.init.zeros_(parameter)
        assert torch.equal(module(x), x.relu() if adds else torch.zeros_like(x))


@pytest.mark.parametrize("name", regnet.DEPTH.models)
def test_networks_are_as_deep_as_they_are_called(name):
    model = regnet.DEPTH.models[name](5)
    blocks = [module for module in model if isinstance(module, XBlock)]
    assert len(blocks) == 3 * int(name.split()[0])
    assert {isinstance(block, regnet.PlainXBlock) for block in blocks} == {"plain" in name}
