"""ShuffleNets: what flows between groups, and what the units leave alone."""

import pytest
import torch
from rounding import close
from torch import nn

from backbones.models.shufflenet_v1 import WIDTHS, ShuffleNetV1, ShuffleUnit
from backbones.models.shufflenet_v2 import ShuffleNetV2, SplitUnit


def reach(unit: nn.Module, channel: int, channels: int) -> set[int]:
    """Output channels that one input channel has an effect on, the shortcut aside."""
    x = torch.rand(1, channels, 3, 3, requires_grad=True)
    output = unit.residual(x)
    return {
        c
        for c in range(output.shape[1])
        if torch.autograd.grad(output[0, c].sum(), x, retain_graph=True)[0][0, channel].any()
    }


def positive(unit: nn.Module) -> nn.Module:
    """With positive weights no ReLU can hide a connection."""
    for module in unit.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.uniform_(module.weight, 0.1, 1.0)
    return unit.eval()


def test_the_shuffle_lets_every_group_reach_every_other():
    unit = positive(ShuffleUnit(48, 48, groups=3))
    assert reach(unit, 0, 48) == set(range(48))
    unit.residual[1] = nn.Identity()  # the shuffle
    assert reach(unit, 0, 48) == set(range(16))


def test_the_first_unit_is_not_grouped():
    model = ShuffleNetV1(groups=8)
    groups = [stage[0].residual[0][0].groups for stage in model.stages]
    assert groups == [1, 8, 8]
    assert model.stages[0][1].residual[0][0].groups == 8


@pytest.mark.parametrize("width_mult", [0.25, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("groups", WIDTHS)
def test_every_scale_fits_the_groups(groups, width_mult):
    with torch.device("meta"):
        model = ShuffleNetV1(groups, width_mult=width_mult, depths=(2, 1, 1))
        assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
    width = model.stages[0][0].residual[0][0].out_channels * 4
    assert width == pytest.approx(WIDTHS[groups] * width_mult, rel=0.08)
    if width_mult == 1:
        assert width == WIDTHS[groups]


def test_a_strided_unit_adds_channels_to_the_averaged_input():
    unit = ShuffleUnit(8, 24, groups=2, stride=2).eval()
    x = torch.rand(1, 8, 6, 6)
    output = unit(x)
    assert output.shape == (1, 24, 3, 3)
    average = nn.functional.avg_pool2d(x, 3, 2, 1)
    close(output[:, :8], average, terms=9)


def test_half_of_the_channels_pass_a_split_unit():
    unit = SplitUnit(8, 8).eval()
    x = torch.randn(1, 8, 5, 5)
    output = unit(x)
    assert torch.equal(output[:, 0::2], x[:, :4])  # shuffled: left and right take turns
    assert torch.equal(output[:, 1::2], unit.residual(x[:, 4:]))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ShuffleNetV1(5), "groups must be 1, 2, 3, 4, 8, got 5"),
        (lambda: ShuffleNetV1(3, width_mult=0), "channels, times their multiplier"),
        (lambda: ShuffleNetV1(3, depths=(0,)), "depth must be an integer of at least 1, got 0"),
        (lambda: ShuffleUnit(8, 8, 2, stride=3), "stride must be 1 or 2, got 3"),
        (lambda: ShuffleUnit(8, 16, 2), "out_channels must be in_channels at stride 1 and more"),
        (lambda: ShuffleUnit(8, 8, 2, stride=2), "out_channels must be in_channels at stride 1"),
        (lambda: SplitUnit(8, 8, stride=0), "stride must be 1 or 2, got 0"),
        (lambda: SplitUnit(8, 9, stride=2), "out_channels must be even, and in_channels"),
        (lambda: ShuffleNetV2((24, 48)), "depths must name 2 stages as widths does"),
        (lambda: ShuffleNetV2((24,), depths=(0,)), "depth must be"),
    ],
)
def test_what_does_not_fit_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
