"""Shared layers against plain torch."""

import pytest
import torch
from rounding import close, terms_of
from torch import nn

from backbones.arithmetic import same_padding
from backbones.layers import (
    Backbone,
    Branches,
    Classifier,
    ConvNormAct,
    DropPath,
    EffectiveSqueezeExcitation,
    NormActConv,
    SamePadding,
    SqueezeExcitation,
    channel_shuffle,
    check_images,
    init_he,
    into_stages,
)
from backbones.weights import copy_reference_weights


def test_conv_norm_act_is_its_three_layers():
    block = ConvNormAct(4, 6, 3, stride=2, groups=2).eval()
    conv, norm, act = block
    x = torch.randn(2, 4, 9, 9)
    assert isinstance(act, nn.ReLU)
    assert conv.bias is None
    close(block(x), torch.relu(norm(conv(x))), terms_of(block))
    assert block(x).shape == (2, 6, 5, 5)


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_padding_keeps_the_size(kernel_size, dilation):
    block = ConvNormAct(1, 1, kernel_size, dilation=dilation)
    assert block(torch.randn(2, 1, 20, 21)).shape[2:] == (20, 21)


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (3, 1), (3, 2), (5, 1)])
def test_same_padding_is_arithmetics(kernel_size, dilation, stride):
    layer = SamePadding(kernel_size, stride, dilation)
    for height, width in [(1, 7), (8, 12), (13, 10)]:
        x = torch.randn(2, 3, height, width)
        rows = same_padding(height, kernel_size, stride, dilation)
        columns = same_padding(width, kernel_size, stride, dilation)
        assert torch.equal(layer(x), nn.functional.pad(x, (*columns, *rows)))


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
def test_same_padding_is_recorded_for_every_size():
    layer, x, other = SamePadding(3, 2), torch.randn(1, 1, 8, 8), torch.randn(1, 1, 9, 14)
    assert torch.equal(torch.jit.trace(layer, x)(other), layer(other))
    free = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    exported = torch.export.export(layer, (x,), dynamic_shapes={"x": free})
    assert torch.equal(exported.module()(other), layer(other))


def test_norm_act_conv_is_its_three_layers():
    block = NormActConv(4, 6, 3, stride=2).eval()
    norm, act, conv = block
    x = torch.randn(2, 4, 9, 9)
    assert isinstance(act, nn.ReLU)
    assert conv.bias is None
    close(block(x), conv(torch.relu(norm(x))), terms_of(block))
    assert block(x).shape == (2, 6, 5, 5)


@pytest.mark.parametrize("kernel_size", [(1, 7), (7, 1), (3, 5)])
def test_kernels_need_not_be_square(kernel_size):
    block = ConvNormAct(1, 2, kernel_size)
    assert block[0].kernel_size == kernel_size
    assert block(torch.randn(2, 1, 9, 11)).shape == (2, 2, 9, 11)
    assert ConvNormAct(1, 2, kernel_size, padding=(0, 3))[0].padding == (0, 3)
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        ConvNormAct(1, 2, (2, 3))
    with pytest.raises(ValueError, match="kernel_size must be an integer of at least 1, got 0"):
        ConvNormAct(1, 2, (0, 3))


def test_branches_are_concatenated_in_their_order():
    branches = Branches([nn.Identity(), nn.MaxPool2d(3, 1, 1), nn.Conv2d(2, 5, 1)])
    x = torch.randn(2, 2, 4, 6)
    expected = torch.cat([x, branches[1](x), branches[2](x)], dim=1)
    assert torch.equal(branches(x), expected)
    assert expected.shape == (2, 9, 4, 6)


def test_parts_have_names():
    block = ConvNormAct(2, 3, 1)
    assert [name for name, _ in block.named_children()] == ["conv", "norm", "act"]
    assert list(block.state_dict())[:2] == ["conv.weight", "norm.weight"]
    assert [name for name, _ in NormActConv(2, 3, 1).named_children()] == ["norm", "act", "conv"]


def test_norm_and_act_can_be_left_out():
    assert [type(m) for m in ConvNormAct(1, 1, 1, norm=None, act=None)] == [nn.Conv2d]
    kinds = [type(m) for m in ConvNormAct(1, 1, 1, norm=nn.InstanceNorm2d, act=nn.SiLU)]
    assert kinds == [nn.Conv2d, nn.InstanceNorm2d, nn.SiLU]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 1), "in_channels must be an integer of at least 1, got 0"),
        ((1, 1, 3, 0), "stride must be"),
        ((1, 1, 2), "kernel_size must be odd where padding is not given, got 2"),
    ],
)
def test_wrong_sizes_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvNormAct(*arguments)


def test_groups_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="groups must divide out_channels: 6 channels"):
        ConvNormAct(4, 6, 3, groups=4)


def test_classifier_takes_any_size():
    head = Classifier(5, 7, dropout=0.5).eval()
    for size in (1, 3, 8):
        x = torch.randn(2, 5, size, size)
        close(head(x), head[-1](x.mean(dim=(2, 3))), terms=size**2 + 5)


def test_init_he_has_the_right_spread():
    conv = nn.Conv2d(8, 64, 3)
    init_he(conv)
    assert conv.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)
    assert conv.bias.abs().max() == 0


def test_backbone_returns_one_map_a_stage():
    stages = [ConvNormAct(4, 8, 3, 2), ConvNormAct(8, 16, 3, 2)]
    model = Backbone(ConvNormAct(1, 4, 3), stages, Classifier(16, 3), in_channels=1).eval()
    x = torch.randn(2, 1, 16, 16)
    maps = model.forward_features(x)
    assert [m.shape for m in maps] == [(2, 8, 8, 8), (2, 16, 4, 4)]
    close(model(x), model.head(maps[-1]), terms_of(model))


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 1, 8, 8), (2, 3, 8)])
def test_wrong_images_are_refused(shape):
    with pytest.raises(ValueError, match=r"images must have the shape \(B, 3, H, W\), got"):
        check_images(torch.zeros(shape), 3)


def test_squeeze_excitation_is_torchvisions():
    from torchvision.ops import SqueezeExcitation as Reference

    ours, theirs = SqueezeExcitation(8, 2), Reference(8, 2)
    copy_reference_weights(ours, theirs)
    x = torch.randn(2, 8, 5, 5)
    close(ours(x), theirs(x), 5 * 5 + terms_of(ours))


def test_effective_squeeze_excitation_is_timms():
    from timm.layers import EffectiveSEModule

    ours, theirs = EffectiveSqueezeExcitation(8), EffectiveSEModule(8)
    copy_reference_weights(ours, theirs)
    x = torch.randn(2, 8, 5, 5)
    close(ours(x), theirs(x), 5 * 5 + terms_of(ours))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_channel_shuffle_is_torchs(groups):
    x = torch.randn(2, 6, 3, 4)
    assert torch.equal(channel_shuffle(x, groups), nn.ChannelShuffle(groups)(x))


def test_channel_shuffle_refuses_what_does_not_divide():
    with pytest.raises(ValueError, match="groups must divide the 6 channels, got 4"):
        channel_shuffle(torch.zeros(1, 6, 2, 2), 4)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
def test_channel_shuffle_can_be_traced():
    x, other = torch.randn(1, 6, 2, 2), torch.randn(3, 6, 4, 5)
    traced = torch.jit.trace(lambda x: channel_shuffle(x, 3), x)
    assert torch.equal(traced(other), channel_shuffle(other, 3))


def test_stages_open_where_the_stride_does():
    class Block(nn.Identity):
        def __init__(self, stride):
            super().__init__()
            self.stride = stride

    for strides, lengths in [((1, 1, 2, 2, 1), [2, 1, 2]), ((2, 1), [2])]:
        assert [len(stage) for stage in into_stages(map(Block, strides))] == lengths
    with pytest.raises(ValueError, match="rows must name at least one block, got none"):
        into_stages([])


def test_drop_path_keeps_the_mean_and_whole_images():
    x = torch.ones(4000, 2, 2)
    dropped = DropPath(0.25)(x)
    kept = dropped[:, 0, 0] > 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.03)
    torch.testing.assert_close(dropped[kept], x[kept] / 0.75)
    assert dropped[~kept].abs().max() == 0
    assert torch.equal(DropPath(0.25).eval()(x), x)
    with pytest.raises(ValueError, match="probability must be in"):
        DropPath(1.0)
