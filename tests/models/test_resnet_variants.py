"""ResNet-A to D, stochastic depth, the CIFAR networks and pre-activation."""

from functools import partial

import pytest
import torch
from torch import nn

from backbones.layers import DropPath
from backbones.models.resnet import BasicBlock, Bottleneck, PlainBlock, ResNet, small_stem
from backbones.models.resnet_cifar import CONFIGS, PaddedBlock, PaddedShortcut, cifar_resnet
from backbones.models.resnet_v2 import PreActBasicBlock, PreActBottleneck, ResNetV2
from backbones.models.resnet_variants import (
    BottleneckA,
    BottleneckD,
    add_stochastic_depth,
    mean_pool,
)


def share_seen(module: nn.Module) -> float:
    """Share of input positions that the output depends on at all."""
    x = torch.randn(2, 8, 8, 8, requires_grad=True)
    module.train()(x).square().sum().backward()
    return (x.grad.abs().amax(dim=(0, 1)) > 0).float().mean().item()


def test_what_striding_skips():
    assert share_seen(BottleneckA(8, 4, 2)) == 0.25
    assert share_seen(Bottleneck(8, 4, 2)) == 1  # its 3x3 sees all, but its shortcut:
    assert share_seen(Bottleneck(8, 4, 2).shortcut) == 0.25
    assert share_seen(BottleneckD(8, 4, 2).shortcut) == 1


@pytest.mark.parametrize("block", [BottleneckA, BottleneckD])
def test_blocks_that_keep_the_shape_are_plain_bottlenecks(block):
    ours, plain = block(16, 4).eval(), Bottleneck(16, 4).eval()
    plain.load_state_dict(ours.state_dict())
    x = torch.randn(2, 16, 6, 6)
    assert torch.equal(ours(x), plain(x))


def test_mean_pool_at_an_odd_edge():
    x = torch.arange(9.0).view(1, 1, 3, 3)
    assert mean_pool(2)(x).tolist() == [[[[2.0, 3.5], [6.5, 8.0]]]]


def drop_probabilities(model: nn.Module) -> list[float]:
    return [module.probability for module in model.modules() if isinstance(module, DropPath)]


def test_stochastic_depth_grows_linearly_and_changes_no_weights():
    plain = ResNet(BasicBlock, (1, 3), 4, widths=(4, 8), stem=small_stem)
    dropping = ResNet(BasicBlock, (1, 3), 4, widths=(4, 8), stem=small_stem)
    add_stochastic_depth(dropping, 0.5)
    assert drop_probabilities(dropping) == [0.125, 0.25, 0.375, 0.5]
    dropping.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(dropping.eval()(x), plain.eval()(x))


def test_a_dropped_branch_leaves_the_shortcut():
    model = ResNet(BasicBlock, (1,), 4, widths=(4,), stem=small_stem)
    add_stochastic_depth(model, 0.99)
    block = model.stages[0][0].train()
    x = torch.rand(64, 4, 5, 5)
    kept = (block(x) != x).flatten(1).any(dim=1)
    assert 0 <= kept.sum() < 16


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_stochastic_depth_out_of_range_changes_nothing(probability):
    model = cifar_resnet(8, width=4)
    with pytest.raises(ValueError, match=r"probability must be in \[0, 1\)"):
        add_stochastic_depth(model, probability)
    assert drop_probabilities(model) == []


def test_stochastic_depth_needs_residual_blocks():
    plain = ResNet(PlainBlock, (1,), widths=(4,))
    with pytest.raises(ValueError, match="model must have residual blocks, but ResNet has none"):
        add_stochastic_depth(plain, 0.5)


@pytest.mark.parametrize("depth", [d for d in CONFIGS.values() if d < 200])
def test_depth_counts_the_layers_with_weights(depth):
    model = cifar_resnet(depth, width=1)
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules()) == depth


def test_padded_shortcut_subsamples_and_pads_with_zeros():
    x = torch.randn(2, 3, 5, 6)
    y = PaddedShortcut(2, 2)(x)
    assert y.shape == (2, 5, 3, 3)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert not y[:, 3:].any()
    assert not list(PaddedShortcut(2, 2).parameters())
    assert isinstance(PaddedBlock(4, 4).shortcut, nn.Identity)


@pytest.mark.parametrize("depth", [2, 7, 18])
def test_other_depths_are_refused(depth):
    with pytest.raises(ValueError, match=rf"depth must be 6 n \+ 2 .*, got {depth}"):
        cifar_resnet(depth)


def test_padding_cannot_remove_channels():
    with pytest.raises(ValueError, match="width must be at least in_channels, 8, got 4"):
        PaddedBlock(8, 4)


@pytest.mark.parametrize("block", [PreActBasicBlock, PreActBottleneck])
def test_pre_activation_keeps_the_path_of_identities_clear(block):
    """With silent branches a stage passes its input on as it is, negative numbers included."""
    model = ResNetV2(block, (3,), 4, widths=(4,), stem=partial(nn.Conv2d, kernel_size=1))
    blocks = model.stages[0][1:]  # the first may project
    for module in blocks:
        nn.init.zeros_(module.residual[-1][-1].weight)
    x = torch.randn(2, blocks[0].out_channels, 6, 6)
    assert torch.equal(blocks(x), x)
    assert not torch.equal(torch.relu(x), x)
