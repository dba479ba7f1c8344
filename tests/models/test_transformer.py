"""The encoder-decoder Transformer, against torch's, and learning to turn sequences round."""

import math

import pytest
import torch
from parity import randomise, relative_error
from rounding import close, terms_of
from test_attention import FromImages
from torch import nn

from backbones.attention import causal_mask
from backbones.models.transformer import Seq2Seq, Transformer
from backbones.profile import profile
from backbones.weights import copy_reference_weights

B, M, N, D, H = 3, 7, 5, 16, 4
SOURCE_PADDING = torch.arange(M) >= torch.tensor([7, 5, 2])[:, None]
TARGET_PADDING = torch.arange(N) >= torch.tensor([5, 3, 1])[:, None]
# ours: torch's
NAMES = {
    "source_mask": "src_mask",
    "target_mask": "tgt_mask",
    "memory_mask": "memory_mask",
    "source_padding": "src_key_padding_mask",
    "target_padding": "tgt_key_padding_mask",
    "memory_padding": "memory_key_padding_mask",
}
MASKS = {
    "none": {},
    "causal": {"target_mask": causal_mask(N)},
    "padding": {
        "source_padding": SOURCE_PADDING,
        "target_padding": TARGET_PADDING,
        "memory_padding": SOURCE_PADDING,
    },
    "all": {
        "source_mask": causal_mask(M),
        "target_mask": causal_mask(N),
        "memory_mask": causal_mask(M)[:N],
        "source_padding": SOURCE_PADDING,
        "target_padding": TARGET_PADDING,
        "memory_padding": SOURCE_PADDING,
    },
    "floats": {"source_mask": torch.randn(M, M), "memory_mask": torch.randn(N, M)},
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_transformer(masks, norm_first, training):
    ours = Transformer(D, H, (2, 3), 24, 0.0, norm_first).train(training)
    theirs = nn.Transformer(D, H, 2, 3, 24, 0.0, batch_first=True, norm_first=norm_first).train(
        training
    )
    randomise(theirs)
    copy_reference_weights(ours, theirs)
    source, target = torch.randn(B, M, D), torch.randn(B, N, D)
    output = ours(source, target, **masks)
    expected = theirs(source, target, **{NAMES[key]: mask for key, mask in masks.items()})
    close(output, expected, terms_of(ours))
    output.square().mean().backward(), expected.square().mean().backward()
    for (name, parameter), reference in zip(
        ours.named_parameters(), theirs.parameters(), strict=True
    ):
        assert relative_error(parameter.grad, reference.grad, floor=1e-3) <= 1e-4, name


def test_counts():
    """The row of nn.Transformer(): 32 + 32 tokens of 512."""
    table = profile(FromImages(Transformer()), (2, 32, 512))
    assert table.parameters == 44_140_544
    assert table.macs == pytest.approx(1.4282e9, rel=1e-3)


@pytest.mark.parametrize("norm_first", [True, False])
def test_layers_whose_branches_are_dropped_are_their_norms(norm_first):
    model, x = Transformer(D, H, (1, 1), 24, 0.0, norm_first).train(), torch.randn(B, N, D)
    randomise(model)  # so that a second norm is not the same as one
    for layer, inputs in ((model.encoder[0], (x,)), (model.decoder[0], (x, x))):
        layer.dropout.p = 1.0
        expected = x
        if not norm_first:
            for norm in (m for m in layer.modules() if isinstance(m, nn.LayerNorm)):
                expected = norm(expected)
        assert torch.equal(layer(*inputs), expected)


def test_embeddings_are_scaled_and_placed_by_hand():
    model, symbols = small(), torch.tensor([[3, 0, 9], [9, 9, 1]])
    embedded = model.embed(symbols)
    for row, column in ((0, 0), (0, 2), (1, 1)):
        vector = model.embedding.weight[symbols[row, column]]
        for i in range(32):
            angle = column / 10_000 ** (2 * (i // 2) / 32)
            position = math.cos(angle) if i % 2 else math.sin(angle)
            expected = math.sqrt(32) * vector[i].item() + position
            assert embedded[row, column, i].item() == pytest.approx(expected, abs=1e-5)


def small(vocabulary_size=10, max_length=16):
    return Seq2Seq(vocabulary_size, Transformer(32, 4, (1, 1), 64, 0.0, True), max_length)


def test_the_decoder_does_not_see_what_comes_later():
    model = small().eval()
    source, target = torch.randint(10, (2, 6)), torch.randint(10, (2, 5))
    changed = target.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 10
    before, after = model(source, target), model(source, changed)
    close(before[:, :3], after[:, :3], terms_of(model))
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_padding_of_the_source_changes_nothing():
    model = small().eval()
    source, target = torch.randint(10, (2, 6)), torch.randint(10, (2, 5))
    padded = torch.cat([source, torch.randint(10, (2, 3))], dim=1)
    padding = (torch.arange(9) >= 6).expand(2, 9)
    close(model(padded, target, padding), model(source, target), terms_of(model))


def test_learns_to_turn_sequences_round():
    torch.manual_seed(0)
    model = small()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    start = 9
    for _ in range(300):
        source = torch.randint(9, (64, 5))
        answer = source.flip(1)
        target = torch.cat([torch.full((64, 1), start), answer[:, :-1]], dim=1)
        loss = nn.functional.cross_entropy(model(source, target).flatten(0, 1), answer.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    source = torch.randint(9, (100, 5))
    correct = (model.eval().generate(source, start, length=5) == source.flip(1)).float().mean()
    assert correct > 0.95


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="decoder_depth must be an integer of at least 1, got 0"):
        Transformer(depths=(1, 0))
    with pytest.raises(ValueError, match="vocabulary_size must be"):
        small(0)
    with pytest.raises(ValueError, match="symbols must be at most 16 a sequence, got 17"):
        small()(torch.zeros(1, 17, dtype=torch.long), torch.zeros(1, 1, dtype=torch.long))
    with pytest.raises(ValueError, match="length must be"):
        small().generate(torch.zeros(1, 1, dtype=torch.long), 0, 0)
