"""Squeeze-and-excitation in the blocks of others."""

import pytest
import torch
from parity import uninitialised
from rounding import close, terms_of
from torch import nn

from backbones import create_model
from backbones.layers import SqueezeExcitation
from backbones.models.resnet import BasicBlock, Bottleneck
from backbones.models.senet import with_se


@pytest.mark.parametrize(
    ("width", "reduction", "hidden"), [(64, 16, 8), (256, 16, 16), (48, 4, 16), (16, 1, 16)]
)
def test_reduced_channels_are_multiples_of_8(width, reduction, hidden):
    layer = with_se(BasicBlock, reduction)(8, width).residual[-1]
    assert isinstance(layer, SqueezeExcitation)
    assert layer.excite[0].out_channels == hidden


def test_an_open_gate_leaves_the_block_as_it_was():
    plain, excited = Bottleneck(8, 4, 2).eval(), with_se(Bottleneck)(8, 4, 2).eval()
    assert not excited.load_state_dict(plain.state_dict(), strict=False).unexpected_keys
    nn.init.constant_(excited.residual[-1].excite[2].bias, 100.0)
    x = torch.randn(2, 8, 7, 7)
    close(excited(x), plain(x), terms_of(plain))


def test_added_parameters_are_as_in_equation_5_of_the_paper():
    """2 / r times the sum of N C² over the stages, and the biases, of which it does not speak."""
    with uninitialised(), torch.device("meta"):
        counts = [
            sum(parameter.numel() for parameter in create_model(name).parameters())
            for name in ("resnet50", "seresnet50")
        ]
    stages = ((3, 256), (4, 512), (6, 1024), (3, 2048))
    weights = sum(2 * blocks * channels**2 // 16 for blocks, channels in stages)
    biases = sum(blocks * (channels + channels // 16) for blocks, channels in stages)
    assert weights == 2_514_944  # "about 2.5 million"
    assert counts[1] - counts[0] == weights + biases


def test_wrong_reduction():
    with pytest.raises(ValueError, match="reduction must be an integer of at least 1, got 0"):
        with_se(BasicBlock, 0)
