"""Attention and the layers of a Transformer: Vaswani et al., arXiv:1706.03762.

Tokens are (B, N, D): a batch, a row of N tokens, D numbers each. Masks mean what they mean to
`nn.MultiheadAttention`: a boolean mask is **True where a query must not look**, a mask of floats is
added to the scores, so that -inf hides a key. Every query has to see at least one key: there are no
weights that sum to 1 otherwise, and what comes out is undefined, as it is with torch.

Parameters are registered in the order of `nn.MultiheadAttention`, `nn.TransformerEncoderLayer` and
`nn.TransformerDecoderLayer`, so that `backbones.weights.copy_reference_weights` fills one from the
other.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from backbones.checks import check_positive


def causal_mask(length: int, device: torch.device | str | None = None) -> Tensor:
    """(length, length), True right of the diagonal: no token may look at a later one."""
    check_positive(length=length)
    return torch.ones(length, length, dtype=torch.bool, device=device).triu(1)


def check_tokens(embed_dim: int, **tokens: Tensor) -> None:
    """Raise a ValueError that names the first argument which is not (B, N, embed_dim)."""
    if torch.jit.is_tracing():  # a trace records tensor operations only, and warns of the rest
        return
    for name, x in tokens.items():
        if x.ndim != 3 or x.shape[-1] != embed_dim:
            raise ValueError(
                f"{name} must have the shape (B, N, {embed_dim}), got {tuple(x.shape)}"
            )


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    dropout: float = 0.0,
    return_weights: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Equation 1: softmax(Q Kᵀ / √d) V.

    The dot product of two vectors of d independent numbers of variance 1 has variance d; the root
    brings it back to 1, where the softmax still has a slope.

    Args:
        query: (..., L, d).
        key: (..., S, d).
        value: (..., S, dv).
        mask: Broadcastable to (..., L, S); boolean, True where hidden, or floats to be added.
        dropout: Share of the weights that are dropped.
        return_weights: Whether to give the weights as well.

    Returns:
        (..., L, dv), and with ``return_weights`` the weights (..., L, S), whose rows sum to 1.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., L, S)
    if mask is not None:
        scores = scores + _additive(mask, scores.dtype)
    weights = nn.functional.dropout(scores.softmax(dim=-1), dropout)
    return (weights @ value, weights) if return_weights else weights @ value


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask as numbers to add to the scores: -inf where a boolean one is True, else 0."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill(mask, -math.inf)


class Projections(nn.Linear):
    """Queries, keys and values, by one matrix of 3 D rows: W_Q over W_K over W_V.

    Where all three come of the same tokens it is one product instead of three.
    """

    def __init__(self, embed_dim: int, bias: bool = True) -> None:
        super().__init__(embed_dim, 3 * embed_dim, bias)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """Three times (B, N, D) -> three times (B, N, D), N of the keys and values their own."""
        if query is key is value:
            return super().forward(query).chunk(3, dim=-1)
        weights = self.weight.chunk(3)
        biases = (None,) * 3 if self.bias is None else self.bias.chunk(3)
        return tuple(map(nn.functional.linear, (query, key, value), weights, biases))


class MultiHeadAttention(nn.Module):
    """H attentions side by side, each on D / H of the channels (section 3.2.2, figure 2).

    Args:
        embed_dim: D.
        num_heads: H.
        dropout: Share of the attention weights dropped in training.
        bias: Whether the projections have biases.

    Raises:
        ValueError: If ``num_heads`` does not divide ``embed_dim``, or tokens have another D.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        check_positive(embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"num_heads must divide embed_dim = {embed_dim}, got {num_heads}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {dropout}")
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.qkv = Projections(embed_dim, bias)
        self.out = nn.Linear(embed_dim, embed_dim, bias)
        nn.init.xavier_uniform_(self.qkv.weight)
        if bias:
            nn.init.zeros_(self.qkv.bias)
            nn.init.zeros_(self.out.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        padding: Tensor | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Attend.

        Args:
            query: (B, L, D).
            key: (B, S, D); ``query`` if left out: self-attention.
            value: (B, S, D); ``key`` if left out.
            mask: (L, S), the same for all; or (B, H, L, S), or, as torch has it, (B H, L, S).
            padding: (B, S), True where a key is only padding, in all heads and for all queries.
            return_weights: Whether to give each head's weights as well, which takes longer.

        Returns:
            (B, L, D), and with ``return_weights`` the weights (B, H, L, S).
        """
        key = query if key is None else key
        value = key if value is None else value
        check_tokens(self.embed_dim, query=query, key=key, value=value)
        query, key, value = map(self._split, self.qkv(query, key, value))
        mask = self._merge(mask, padding, query.dtype)
        dropout = self.dropout if self.training else 0.0
        if return_weights:
            mixed, weights = scaled_dot_product_attention(
                query, key, value, mask, dropout=dropout, return_weights=True
            )
            return self._join(mixed), weights
        # The same by a fused kernel, which never holds all L x S weights at once.
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, mask, dropout)
        return self._join(mixed)

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, D) -> (B, H, N, D / H)."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def _join(self, x: Tensor) -> Tensor:
        """(B, H, L, D / H) -> (B, L, D), and the output projection."""
        return self.out(x.transpose(1, 2).flatten(2))

    def _merge(
        self, mask: Tensor | None, padding: Tensor | None, dtype: torch.dtype
    ) -> Tensor | None:
        """Both masks as one of floats, broadcastable to (B, H, L, S)."""
        if mask is not None:
            mask = _additive(mask, dtype)
            if mask.ndim == 3:
                mask = mask.unflatten(0, (-1, self.num_heads))
        if padding is None:
            return mask
        padding = _additive(padding, dtype)[:, None, None, :]
        return padding if mask is None else mask + padding

    def extra_repr(self) -> str:
        """The heads, for the module's printed form."""
        return f"num_heads={self.num_heads}"


class Mlp(nn.Sequential):
    """Two dense layers, on every token by itself (section 3.3): (B, N, D) -> same.

    Args:
        embed_dim: D.
        hidden_features: Width between them.
        act: The activation between them, called without arguments.
        dropout: Share of the hidden features dropped in training.
    """

    def __init__(
        self,
        embed_dim: int,
        hidden_features: int,
        act: Callable[[], nn.Module] = nn.GELU,
        dropout: float = 0.0,
    ) -> None:
        check_positive(embed_dim=embed_dim, hidden_features=hidden_features)
        drop = [nn.Dropout(dropout)] if dropout else []
        super().__init__(
            nn.Linear(embed_dim, hidden_features),
            act(),
            *drop,
            nn.Linear(hidden_features, embed_dim),
        )
        for layer in (self[0], self[-1]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


class ResidualLayer(nn.Module):
    """What encoder and decoder layers share: how a branch is normalised and added to its input."""

    def __init__(self, dropout: float, norm_first: bool) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norm_first = norm_first

    def add(self, x: Tensor, branch: Callable[[Tensor], Tensor], norm: nn.Module) -> Tensor:
        """Post-norm, as in the paper: norm(x + branch(x)); pre-norm: x + branch(norm(x))."""
        if self.norm_first:
            return x + self.dropout(branch(norm(x)))
        return norm(x + self.dropout(branch(x)))


class EncoderLayer(ResidualLayer):
    """Self-attention, then an MLP, each with a residual connection: (B, N, D) -> same.

    Args:
        embed_dim: D.
        num_heads: H, of the attention.
        hidden_features: Width of the MLP.
        dropout: Of attention weights, of hidden features, and of both branches.
        act: The MLP's activation, called without arguments.
        norm_first: Pre-norm, which trains without a warm-up (Xiong et al., arXiv:2002.04745), in
            place of the paper's post-norm.
    """

    def __init__(
        self,
        embed_dim: int = 512,
        num_heads: int = 8,
        hidden_features: int = 2048,
        dropout: float = 0.1,
        act: Callable[[], nn.Module] = nn.ReLU,
        norm_first: bool = False,
    ) -> None:
        super().__init__(dropout, norm_first)
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout)
        self.mlp = Mlp(embed_dim, hidden_features, act, dropout)
        self.attention_norm = nn.LayerNorm(embed_dim)
        self.mlp_norm = nn.LayerNorm(embed_dim)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, padding: Tensor | None = None
    ) -> Tensor:
        """(B, N, D) -> same; ``mask`` (N, N) and ``padding`` (B, N) as in `MultiHeadAttention`."""
        attend = partial(self.attention, mask=mask, padding=padding)
        x = self.add(x, attend, self.attention_norm)
        return self.add(x, self.mlp, self.mlp_norm)


class DecoderLayer(ResidualLayer):
    """Self-attention, attention to an encoder's output, an MLP: (B, N, D), (B, M, D) -> (B, N, D).

    The arguments are those of `EncoderLayer`.
    """

    def __init__(
        self,
        embed_dim: int = 512,
        num_heads: int = 8,
        hidden_features: int = 2048,
        dropout: float = 0.1,
        act: Callable[[], nn.Module] = nn.ReLU,
        norm_first: bool = False,
    ) -> None:
        super().__init__(dropout, norm_first)
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout)
        self.cross_attention = MultiHeadAttention(embed_dim, num_heads, dropout)
        self.mlp = Mlp(embed_dim, hidden_features, act, dropout)
        self.attention_norm = nn.LayerNorm(embed_dim)
        self.cross_attention_norm = nn.LayerNorm(embed_dim)
        self.mlp_norm = nn.LayerNorm(embed_dim)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Tensor | None = None,
        padding: Tensor | None = None,
        memory_mask: Tensor | None = None,
        memory_padding: Tensor | None = None,
    ) -> Tensor:
        """Attend and transform.

        Args:
            x: (B, N, D).
            memory: (B, M, D), the encoder's output.
            mask: (N, N), of the self-attention; usually `causal_mask`.
            padding: (B, N).
            memory_mask: (N, M), of the attention to ``memory``.
            memory_padding: (B, M).
        """
        attend = partial(self.attention, mask=mask, padding=padding)
        look_up = partial(
            self.cross_attention, key=memory, mask=memory_mask, padding=memory_padding
        )
        x = self.add(x, attend, self.attention_norm)
        x = self.add(x, look_up, self.cross_attention_norm)
        return self.add(x, self.mlp, self.mlp_norm)


def sinusoidal_positions(length: int, embed_dim: int) -> Tensor:
    """Section 3.5: sin(p / 10000^(2i / D)) in channel 2i, cos of it in 2i + 1: (length, embed_dim).

    A shift by k positions turns every such pair by the same angle wherever it stands, so that a
    dense layer can learn to look k tokens back.

    Raises:
        ValueError: If ``embed_dim`` is odd or a size is below 1.
    """
    check_positive(length=length, embed_dim=embed_dim)
    if embed_dim % 2:
        raise ValueError(f"embed_dim must be even, got {embed_dim}")
    positions = torch.arange(length).unsqueeze(1)
    frequencies = 10_000 ** (-torch.arange(0, embed_dim, 2) / embed_dim)
    angles = positions * frequencies  # (length, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


class LearnedPositions(nn.Module):
    """A learned vector for a class token and every place of a square grid of patches.

    Added to the tokens: (B, 1 + grid², D) -> same.
    """

    def __init__(self, grid: int, embed_dim: int) -> None:
        super().__init__()
        self.grid = grid
        self.weight = nn.Parameter(torch.empty(1, 1 + grid**2, embed_dim))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1 + grid², D) -> same."""
        return x + self.weight

    def resize(self, grid: int) -> None:
        """Interpolate to another grid, in place; the class token's vector stays as it is."""
        with torch.no_grad():
            first, places = self.weight[:, :1], self.weight[:, 1:]
            places = places.transpose(1, 2).unflatten(2, (self.grid, -1))  # (1, D, grid, grid)
            places = nn.functional.interpolate(
                places, size=(grid, grid), mode="bicubic", align_corners=True
            )
            weight = torch.cat([first, places.flatten(2).transpose(1, 2)], dim=1)
        self.grid = grid
        self.weight = nn.Parameter(weight, requires_grad=self.weight.requires_grad)
