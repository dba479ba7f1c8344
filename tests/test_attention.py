"""Attention and the layers built on it, against torch's own."""

import math
from itertools import product

import pytest
import torch
from parity import randomise, relative_error
from rounding import close
from torch import nn

from backbones.attention import (
    DecoderLayer,
    EncoderLayer,
    Mlp,
    MultiHeadAttention,
    causal_mask,
    scaled_dot_product_attention,
    sinusoidal_positions,
)
from backbones.profile import profile
from backbones.weights import copy_reference_weights

B, L, S, D, H = 3, 5, 7, 12, 4
ATTENTION = D + D // H + S + D  # terms of its sums: projection, scores, mean of values, projection
PADDING = torch.arange(S) >= torch.tensor([7, 5, 2])[:, None]  # lengths 7, 5, 2
MASKS = {
    "none": {},
    "boolean": {"attn_mask": torch.rand(L, S, generator=torch.Generator().manual_seed(0)) < 0.2},
    "floats": {"attn_mask": torch.randn(L, S)},
    "one a head": {"attn_mask": torch.randn(B * H, L, S)},
    "padding": {"key_padding_mask": PADDING},
    "both": {"attn_mask": torch.randn(L, S), "key_padding_mask": PADDING},
}
MASKS["boolean"]["attn_mask"][:, 0] = False  # no query without a key


def filled(ours, theirs):
    randomise(theirs)
    copy_reference_weights(ours, theirs)
    return ours, theirs


def assert_same_gradients(ours, theirs):
    for (name, parameter), reference in zip(
        ours.named_parameters(), theirs.parameters(), strict=True
    ):
        floor = 1e-3  # that of the keys' bias is zero: it moves all scores of a query alike
        assert relative_error(parameter.grad, reference.grad, floor) <= 1e-4, name


@pytest.mark.parametrize("mask", [None, causal_mask(L), torch.randn(B, 1, L, L)])
def test_attention_is_the_fused_kernels(mask):
    query, key, value = torch.randn(3, B, H, L, D)
    output, weights = scaled_dot_product_attention(query, key, value, mask, return_weights=True)
    visible = ~mask if mask is not None and mask.dtype == torch.bool else mask
    reference = nn.functional.scaled_dot_product_attention(query, key, value, visible)
    close(output, reference, terms=D + L)
    assert torch.equal(output, scaled_dot_product_attention(query, key, value, mask))
    close(weights.sum(-1), torch.ones(B, H, L), terms=L)
    close(weights @ value, output, terms=L)


def test_attention_by_hand():
    """Two keys, the scores 0 and ln 3 after the root of d = 4: weights 1/4 and 3/4."""
    query = torch.tensor([[2.0, 0, 0, 0]])
    key = torch.tensor([[0.0, 1, 0, 0], [math.log(3), 0, 0, 0]])
    value = torch.tensor([[0.0], [8.0]])
    output, weights = scaled_dot_product_attention(query, key, value, return_weights=True)
    close(weights, torch.tensor([[0.25, 0.75]]), terms=4)
    close(output, torch.tensor([[6.0]]), terms=4)


def test_causal_mask_is_torchs():
    theirs = nn.Transformer.generate_square_subsequent_mask(6)
    assert torch.equal(causal_mask(6), theirs.isinf())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
def test_multi_head_attention(masks, bias):
    ours, theirs = filled(
        MultiHeadAttention(D, H, bias=bias),
        nn.MultiheadAttention(D, H, bias=bias, batch_first=True),
    )
    query, key, value = torch.randn(B, L, D), torch.randn(B, S, D), torch.randn(B, S, D)
    renamed = {"mask": masks.get("attn_mask"), "padding": masks.get("key_padding_mask")}
    if masks.get("key_padding_mask") is not None and "attn_mask" in masks:
        # torch warns of masks of two kinds: give it two of one kind
        floats = torch.zeros(B, S).masked_fill(PADDING, -math.inf)
        masks = masks | {"key_padding_mask": floats}
    expected, expected_weights = theirs(query, key, value, average_attn_weights=False, **masks)
    output, weights = ours(query, key, value, **renamed, return_weights=True)
    close(output, expected, ATTENTION)
    close(weights, expected_weights, ATTENTION)
    close(ours(query, key, value, **renamed), expected, ATTENTION)

    ours(query, key, value, **renamed).square().mean().backward()
    expected.square().mean().backward()
    assert_same_gradients(ours, theirs)


@pytest.mark.parametrize("training", [True, False])
def test_self_attention(training):
    ours, theirs = filled(MultiHeadAttention(D, H), nn.MultiheadAttention(D, H, batch_first=True))
    ours.train(training), theirs.train(training)
    x = torch.randn(B, L, D)
    expected, _ = theirs(x, x, x, need_weights=False)
    close(ours(x), expected, ATTENTION)
    close(ours(x, x, x), expected, ATTENTION)
    close(ours(x, x.clone()), expected, ATTENTION)  # by three products
    close(ours(x, return_weights=True)[0], expected, ATTENTION)


def test_attention_starts_as_torchs():
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(64, 4)
    ours = MultiHeadAttention(64, 4)
    for mine, yours in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert mine.std().item() == pytest.approx(yours.std().item(), rel=0.1)


def test_dropout_only_in_training():
    attention, x = MultiHeadAttention(D, H, dropout=0.5), torch.randn(B, L, D)
    assert not torch.allclose(attention(x), attention(x))
    weights = attention(x, return_weights=True)[1]
    assert 0.2 < (weights == 0).float().mean() < 0.8
    attention.eval()
    assert torch.equal(attention(x), attention(x))


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("act", ["relu", "gelu"])
def test_encoder_layer(norm_first, training, act):
    acts = {"relu": nn.ReLU, "gelu": nn.GELU}
    ours, theirs = filled(
        EncoderLayer(D, H, 20, 0.0, acts[act], norm_first),
        nn.TransformerEncoderLayer(D, H, 20, 0.0, act, batch_first=True, norm_first=norm_first),
    )
    ours.train(training), theirs.train(training)
    x, padding = torch.randn(B, S, D), PADDING
    for masks in (
        {},
        {"src_mask": causal_mask(S)},
        {"src_key_padding_mask": padding},
        {"src_mask": causal_mask(S), "src_key_padding_mask": padding},
    ):
        expected = theirs(x, **masks)
        output = ours(x, masks.get("src_mask"), masks.get("src_key_padding_mask"))
        close(output, expected, ATTENTION + D + 20)
    output.square().mean().backward(), expected.square().mean().backward()
    assert_same_gradients(ours, theirs)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_decoder_layer(norm_first, training):
    ours, theirs = filled(
        DecoderLayer(D, H, 20, 0.0, nn.ReLU, norm_first),
        nn.TransformerDecoderLayer(D, H, 20, 0.0, batch_first=True, norm_first=norm_first),
    )
    ours.train(training), theirs.train(training)
    x, memory = torch.randn(B, L, D), torch.randn(B, S, D)
    close(ours(x, memory), theirs(x, memory), 2 * ATTENTION + D + 20)
    names = ("mask", "padding", "memory_mask", "memory_padding")
    torchs = ("tgt_mask", "tgt_key_padding_mask", "memory_mask", "memory_key_padding_mask")
    memory_mask = causal_mask(S)[:L]
    masks = (causal_mask(L), PADDING[:, :L], memory_mask, PADDING)
    output = ours(x, memory, **dict(zip(names, masks, strict=True)))
    expected = theirs(x, memory, **dict(zip(torchs, masks, strict=True)))
    close(output, expected, 2 * ATTENTION + D + 20)
    output.square().mean().backward(), expected.square().mean().backward()
    assert_same_gradients(ours, theirs)


def test_dropout_of_the_layers_is_where_torch_has_it():
    def counts(layer):
        return sum(isinstance(m, nn.Dropout) for m in layer.modules())

    assert counts(EncoderLayer(D, H, 20)) == 2  # hidden features, and one for both branches
    layer, x = EncoderLayer(D, H, 20, dropout=0.5), torch.randn(B, L, D)
    assert layer.attention.dropout == 0.5
    assert not torch.allclose(layer(x), layer(x))
    assert [type(m) for m in Mlp(D, 20)] == [nn.Linear, nn.GELU, nn.Linear]


class FromImages(nn.Module):
    """Rows of an image's channels as tokens, for `profile`, which makes images."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(*x.unbind(1))


# name: layer, rows of tokens and their size, parameters, 10⁹ MACs, as torch.nn's own
COUNTS = {
    "nn.MultiheadAttention(768,12)": (
        lambda: MultiHeadAttention(768, 12),
        (1, 197, 768),
        2_362_368,
        0.5244,
    ),
    "nn.TransformerEncoderLayer(768,12,3072)": (
        lambda: EncoderLayer(768, 12, 3072),
        (1, 197, 768),
        7_087_872,
        1.454,
    ),
    "nn.TransformerDecoderLayer(512,8,2048)": (
        lambda: DecoderLayer(512, 8, 2048),
        (2, 32, 512),
        4_204_032,
        0.1363,
    ),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    build, size, parameters, gmacs = COUNTS[name]
    table = profile(FromImages(build()), size)
    assert table.parameters == parameters
    assert table.macs == pytest.approx(gmacs * 1e9, rel=1e-3)


def test_sinusoidal_positions_are_those_of_the_paper():
    table = sinusoidal_positions(50, 16)
    assert table.shape == (50, 16)
    for position, i in product((0, 1, 7, 49), range(8)):
        angle = position / 10_000 ** (2 * i / 16)
        assert table[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
        assert table[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_a_shift_turns_positions_alike():
    """The dot product of two positions depends on their distance only."""
    table = sinusoidal_positions(40, 32)
    products = table @ table.T
    for distance in (0, 1, 5):
        diagonal = products.diagonal(distance)
        close(diagonal, diagonal[:1].expand_as(diagonal), terms=32)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="num_heads must divide embed_dim = 12, got 5"):
        MultiHeadAttention(12, 5)
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\), got 1"):
        MultiHeadAttention(12, 4, dropout=1)
    with pytest.raises(ValueError, match="num_heads must be an integer of at least 1, got 0"):
        MultiHeadAttention(12, 0)
    with pytest.raises(ValueError, match=r"key must have the shape \(B, N, 12\), got \(2, 5, 8\)"):
        MultiHeadAttention(12, 4)(torch.zeros(2, 5, 12), torch.zeros(2, 5, 8))
    with pytest.raises(ValueError, match="embed_dim must be even, got 5"):
        sinusoidal_positions(4, 5)
    with pytest.raises(ValueError, match="length must be an integer of at least 1, got 0"):
        causal_mask(0)
    with pytest.raises(ValueError, match="hidden_features must be"):
        EncoderLayer(12, 4, 0)
