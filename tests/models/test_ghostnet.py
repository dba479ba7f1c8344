"""GhostNets: the module's cost and channels, and the reach of V2's attention."""

import pytest
import torch
from rounding import close, terms_of
from torch import nn

from backbones.models.ghostnet import GhostBottleneck, GhostModule, GhostNet
from backbones.models.ghostnet_v2 import Attention, AttentiveGhostModule, GhostNetV2
from backbones.profile import profile


@pytest.mark.parametrize("out_channels", [12, 13])
@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_ghosts_fill_up_the_channels(ratio, out_channels):
    module = GhostModule(6, out_channels, ratio=ratio).eval()
    x = torch.randn(2, 6, 5, 5)
    maps = module.primary(x)
    assert maps.shape[1] == -(-out_channels // ratio)
    output = module(x)
    assert output.shape == (2, out_channels, 5, 5)
    assert torch.equal(output[:, : maps.shape[1]], maps)
    ghosts = module.cheap(maps)[:, : out_channels - maps.shape[1]]
    close(output[:, maps.shape[1] :], ghosts, terms_of(module))


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_a_module_is_about_ratio_times_cheaper(ratio):
    ghost = nn.Sequential(GhostModule(240, 240, ratio=ratio))
    full = nn.Sequential(nn.Conv2d(240, 240, 1, bias=False))
    costs = [profile(model, (240, 14, 14)).macs for model in (full, ghost)]
    assert costs[0] / costs[1] == pytest.approx(ratio, rel=0.15)


def test_bottlenecks_have_a_shortcut_of_their_shape():
    assert len(GhostBottleneck(8, 16, 8).shortcut) == 0
    x = torch.randn(1, 8, 6, 6)
    for block, shape in [
        (GhostBottleneck(8, 16, 12), (1, 12, 6, 6)),
        (GhostBottleneck(8, 16, 8, stride=2), (1, 8, 3, 3)),
        (GhostBottleneck(8, 16, 8, squeeze=True), (1, 8, 6, 6)),
    ]:
        assert block(x).shape == shape


@pytest.mark.parametrize("size", [2, 7, 12])
def test_attention_is_a_gate_for_every_position(size):
    gate = Attention(3, 5)(torch.randn(2, 3, size, size))
    assert gate.shape == (2, 5, size, size)
    assert ((gate >= 0) & (gate <= 1)).all()


def test_attention_sees_ten_pixels_along_both_axes():
    gate = Attention(1, 1).eval()
    x = torch.randn(1, 1, 32, 32, requires_grad=True)
    gate(x)[0, 0, 16, 16].backward()
    rows, columns = x.grad[0, 0].nonzero().unbind(1)
    assert (rows.unique().tolist(), columns.unique().tolist()) == ([*range(12, 22)],) * 2
    row = profile(nn.Sequential(Attention(1, 1)), (1, 32, 32))["0.4"]
    assert (row.field, row.jump) == ((10, 10), (2, 2))


def test_v2_attends_in_all_but_the_first_two():
    kinds = [type(block.residual[0]) for stage in GhostNetV2(0.5).stages for block in stage]
    assert kinds == [GhostModule] * 2 + [AttentiveGhostModule] * 14


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="ratio must be at least 2, got 1"):
        GhostModule(4, 4, ratio=1)
    with pytest.raises(ValueError, match="channels, times their multiplier, must be above 0"):
        GhostNet(0)
    with pytest.raises(ValueError, match="num_classes must be"):
        GhostNet(num_classes=0)
