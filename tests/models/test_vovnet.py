"""One-shot aggregation: shapes, identity, the paper's table."""

import pytest
import torch
from parity import uninitialised
from rounding import close, terms_of
from torch import nn

from backbones import create_model
from backbones.arithmetic import conv_parameters
from backbones.models.vovnet import CONFIGS, Config, OSABlock, OSABlockV2, VoVNet


def with_norm(in_channels: int, out_channels: int, kernel_size: int) -> int:
    conv = conv_parameters(in_channels, out_channels, kernel_size, bias=False)
    return conv + 2 * out_channels


def test_stages_of_the_slim_network_as_in_the_paper():
    rows = ((128, 64, 128), (128, 80, 256), (256, 96, 384), (384, 112, 512))
    expected = [with_norm(3, 64, 3) + with_norm(64, 64, 3) + with_norm(64, 128, 3)]
    for in_channels, width, out_channels in rows:
        first, rest = with_norm(in_channels, width, 3), 4 * with_norm(width, width, 3)
        expected.append(first + rest + with_norm(in_channels + 5 * width, out_channels, 1))
    assert expected == [112_832, 279_424, 459_040, 837_312, 1_324_128]  # by hand
    with uninitialised(), torch.device("meta"):
        model = create_model("vovnet27_slim")
    parts = [model.stem, *model.stages]
    assert [sum(p.numel() for p in part.parameters()) for part in parts] == expected


@pytest.mark.parametrize("name", [name for name in CONFIGS if "dw" not in name])
def test_the_name_counts_the_layers(name):
    """The stem's 3, and 5 or 3 of 3x3 and one 1x1 a block: 27, 39 ... as the paper counts."""
    config = CONFIGS[name]
    layers = 3 + sum(config.depths) * (config.block_depth + 1)
    assert str(layers) in name


def test_a_block_aggregates_its_input_and_every_layer():
    block = OSABlock(6, 4, 10, 3).eval()
    maps = [torch.randn(2, 6, 5, 5)]
    for conv in block.convs:
        maps.append(conv(maps[-1]))
    close(block(maps[0]), block.aggregate(torch.cat(maps, dim=1)), terms_of(block))
    assert block.aggregate[0].in_channels == 6 + 3 * 4


def test_version_2_adds_its_input_where_channels_agree():
    x = torch.randn(2, 8, 5, 5)
    for excite in (False, True):
        block = OSABlockV2(8, 4, 8, 2, excite=excite).eval()
        y = block.aggregate(torch.cat([x, (a := block.convs[0](x)), block.convs[1](a)], dim=1))
        close(block(x), block.excite(y) + x, terms_of(block))
    assert isinstance(OSABlockV2(8, 4, 8, 2, excite=False).excite, nn.Identity)
    assert not OSABlockV2(8, 4, 16, 2).has_identity


def test_only_the_last_block_of_a_stage_is_excited():
    with uninitialised(), torch.device("meta"):
        model = create_model("ese_vovnet57b")
    kinds = [[type(block.excite).__name__[:3] for block in stage[1:]] for stage in model.stages]
    assert kinds == [["Eff"], ["Eff"], ["Ide"] * 3 + ["Eff"], ["Ide"] * 2 + ["Eff"]]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Config((1, 1)), r"depths must name 4 stages as widths does, got \(1, 1\)"),
        (Config((1, 0, 1, 1)), "depth must be an integer of at least 1, got 0"),
        (Config((1,), ((8, 8),), 0), "depth must be an integer of at least 1, got 0"),
        (Config((1,), ((0, 8),)), "out_channels must be an integer of at least 1, got 0"),
    ],
)
def test_wrong_configurations_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        VoVNet(config)
