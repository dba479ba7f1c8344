"""Transformer: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762.

The encoder-decoder that the Vision Transformer's encoder comes from. It is no model of images, so
`backbones.create_model` does not know it: `Transformer` takes tokens as vectors, `Seq2Seq` takes
symbols of a vocabulary.

Departs from the paper, as `nn.Transformer` does: encoder and decoder end in a layer norm of their
own, and attention weights are dropped too. Registered in its order.
"""

import math

import torch
from torch import Tensor, nn

from backbones.attention import DecoderLayer, EncoderLayer, causal_mask, sinusoidal_positions
from backbones.checks import check_positive


class Transformer(nn.Module):
    """A stack of encoder layers, and a stack of decoder layers that look at its output (figure 1).

    The defaults are the paper's base model. Masks mean what they mean in `backbones.attention`:
    True where a query must not look, or floats to be added to the scores.

    Args:
        embed_dim: D.
        num_heads: Of all attentions.
        depths: Layers of the encoder and of the decoder.
        hidden_features: Width of the MLPs.
        dropout: Of attention weights, hidden features and branches.
        norm_first: Pre-norm in place of the paper's post-norm.

    Raises:
        ValueError: If a size is below 1, or ``num_heads`` does not divide ``embed_dim``.
    """

    def __init__(
        self,
        embed_dim: int = 512,
        num_heads: int = 8,
        depths: tuple[int, int] = (6, 6),
        hidden_features: int = 2048,
        dropout: float = 0.1,
        norm_first: bool = False,
    ) -> None:
        super().__init__()
        encoder_depth, decoder_depth = depths
        check_positive(encoder_depth=encoder_depth, decoder_depth=decoder_depth)
        settings = (embed_dim, num_heads, hidden_features, dropout, nn.ReLU, norm_first)
        self.embed_dim = embed_dim
        self.encoder = nn.ModuleList(EncoderLayer(*settings) for _ in range(encoder_depth))
        self.encoder_norm = nn.LayerNorm(embed_dim)
        self.decoder = nn.ModuleList(DecoderLayer(*settings) for _ in range(decoder_depth))
        self.decoder_norm = nn.LayerNorm(embed_dim)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)

    def encode(
        self, source: Tensor, mask: Tensor | None = None, padding: Tensor | None = None
    ) -> Tensor:
        """(B, M, D) -> same; ``mask`` (M, M), ``padding`` (B, M)."""
        for layer in self.encoder:
            source = layer(source, mask, padding)
        return self.encoder_norm(source)

    def decode(
        self,
        target: Tensor,
        memory: Tensor,
        mask: Tensor | None = None,
        padding: Tensor | None = None,
        memory_mask: Tensor | None = None,
        memory_padding: Tensor | None = None,
    ) -> Tensor:
        """(B, N, D), (B, M, D) -> (B, N, D).

        ``mask`` (N, N), ``padding`` (B, N); ``memory_mask`` (N, M), ``memory_padding`` (B, M).
        """
        for layer in self.decoder:
            target = layer(target, memory, mask, padding, memory_mask, memory_padding)
        return self.decoder_norm(target)

    def forward(
        self,
        source: Tensor,
        target: Tensor,
        *,
        source_mask: Tensor | None = None,
        target_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        source_padding: Tensor | None = None,
        target_padding: Tensor | None = None,
        memory_padding: Tensor | None = None,
    ) -> Tensor:
        """(B, M, D), (B, N, D) -> (B, N, D), with the masks of `encode` and `decode`.

        As with `nn.Transformer`, padding of the source is hidden from the decoder only if it is
        given again as ``memory_padding``.
        """
        memory = self.encode(source, source_mask, source_padding)
        return self.decode(target, memory, target_mask, target_padding, memory_mask, memory_padding)


class Seq2Seq(nn.Module):
    """Sequences of symbols to sequences of symbols: embeddings, positions, `Transformer`, scores.

    One matrix embeds both sequences and, transposed, gives the scores of the next symbol (section
    3.4); sinusoidal positions are added to the embeddings (section 3.5).

    Args:
        vocabulary_size: V, symbols there are.
        transformer: Does the work; its ``embed_dim`` is the embeddings' width, an even number.
        max_length: Of both sequences.

    Raises:
        ValueError: If a size is below 1, or a sequence is longer than ``max_length``.
    """

    def __init__(
        self, vocabulary_size: int, transformer: Transformer, max_length: int = 512
    ) -> None:
        super().__init__()
        check_positive(vocabulary_size=vocabulary_size)
        embed_dim = transformer.embed_dim
        self.embedding = nn.Embedding(vocabulary_size, embed_dim)
        nn.init.normal_(self.embedding.weight, std=embed_dim**-0.5)
        self.transformer = transformer
        positions = sinusoidal_positions(max_length, embed_dim)
        self.register_buffer("positions", positions, persistent=False)

    def embed(self, symbols: Tensor) -> Tensor:
        """(B, N) of integers -> (B, N, D): √D times the embedding, plus the position."""
        length, longest = symbols.shape[1], self.positions.shape[0]
        if length > longest:
            raise ValueError(f"symbols must be at most {longest} a sequence, got {length}")
        vectors = self.embedding(symbols) * math.sqrt(self.transformer.embed_dim)
        return vectors + self.positions[:length]

    def forward(
        self, source: Tensor, target: Tensor, source_padding: Tensor | None = None
    ) -> Tensor:
        """(B, M), (B, N) of integers -> (B, N, V): at n, scores of what follows target[:, n].

        ``source_padding`` (B, M) is True where the source has ended.
        """
        features = self.transformer(
            self.embed(source),
            self.embed(target),
            target_mask=causal_mask(target.shape[1], target.device),
            source_padding=source_padding,
            memory_padding=source_padding,
        )
        return features @ self.embedding.weight.T

    @torch.no_grad()
    def generate(self, source: Tensor, start: int, length: int) -> Tensor:
        """The likeliest symbol again and again: (B, M) of integers -> (B, length).

        Args:
            source: The sequences to answer.
            start: The symbol that every target begins with; it is not part of the result.
            length: Symbols to generate.
        """
        check_positive(length=length)
        memory = self.transformer.encode(self.embed(source))
        target = source.new_full((source.shape[0], 1), start)
        for _ in range(length):
            mask = causal_mask(target.shape[1], target.device)
            features = self.transformer.decode(self.embed(target), memory, mask)
            scores = features[:, -1] @ self.embedding.weight.T
            target = torch.cat([target, scores.argmax(dim=1, keepdim=True)], dim=1)
        return target[:, 1:]
