"""Vision Transformer: Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929.

An image is cut into patches, every patch becomes a token by one dense layer, a class token is put
in front, learned positions are added, and a Transformer encoder does the rest.

It is no `backbones.layers.Backbone`: its tokens keep one resolution throughout, and the class token
belongs to no place in the image. So there are ``blocks`` in place of stages, and
``forward_features`` gives one map: the patches' tokens, laid out as the patches are.

Departs from the paper, as torchvision does: no dropout, and no hidden layer in the head even in
pre-training. Registered in torchvision's order; timm has the positions before the patches.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backbones.attention import LearnedPositions, Mlp, MultiHeadAttention
from backbones.checks import check_positive
from backbones.layers import check_images

EPS = 1e-6  # of the layer norms


class Size(NamedTuple):
    """A line of Table 1. The MLPs are 4 times as wide as the tokens."""

    depth: int
    embed_dim: int
    num_heads: int


class Block(nn.Module):
    """Attention, then an MLP, both pre-norm (equations 2 and 3): (B, N, D) -> same.

    It is an `EncoderLayer` with ``norm_first``, but for the order that parts are registered in.
    """

    def __init__(self, embed_dim: int, num_heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_dim, EPS)
        self.attention = MultiHeadAttention(embed_dim, num_heads)
        self.mlp_norm = nn.LayerNorm(embed_dim, EPS)
        self.mlp = Mlp(embed_dim, 4 * embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))

    def attention_map(self, x: Tensor) -> Tensor:
        """How much each token looks at each: (B, N, D) -> (B, heads, N, N)."""
        return self.attention(self.attention_norm(x), return_weights=True)[1]


def patch_embedding(in_channels: int, embed_dim: int, patch_size: int) -> nn.Conv2d:
    """One dense layer on every patch: (B, in_channels, H, W) -> (B, embed_dim, H / P, W / P).

    Written as a convolution whose stride is its kernel size, so that no two windows overlap.
    """
    return nn.Conv2d(in_channels, embed_dim, patch_size, stride=patch_size)


class VisionTransformer(nn.Module):
    """Patches to tokens, blocks, a layer norm, one dense layer on the class token.

    Args:
        size: Depth, width and heads.
        patch_size: P, pixels a token stands for in each direction.
        num_classes: Outputs.
        in_channels: Channels of the images.
        image_size: Height and width of the images; later changed by `resize`.
        stem: Called as stem(in_channels, embed_dim, patch_size), gives (B, D, H / P, W / P).

    Raises:
        ValueError: If ``patch_size`` does not divide ``image_size``, or heads the width.
    """

    def __init__(
        self,
        size: Size,
        patch_size: int,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        stem: Callable[[int, int, int], nn.Module] = patch_embedding,
    ) -> None:
        super().__init__()
        depth, embed_dim, num_heads = size
        check_positive(patch_size=patch_size, num_classes=num_classes, in_channels=in_channels)
        check_positive(depth=depth, embed_dim=embed_dim)
        self.in_channels = in_channels
        self.patch_size = patch_size
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.stem = stem(in_channels, embed_dim, patch_size)
        self.positions = LearnedPositions(self._grid(image_size), embed_dim)
        self.blocks = nn.Sequential(*[Block(embed_dim, num_heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim, EPS)
        self.head = nn.Linear(embed_dim, num_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def image_size(self) -> int:
        """Height and width of the images that the positions are for."""
        return self.positions.grid * self.patch_size

    def _grid(self, image_size: int) -> int:
        check_positive(image_size=image_size)
        if image_size % self.patch_size:
            raise ValueError(
                f"image_size must be a multiple of the patch size {self.patch_size}, "
                f"got {image_size}"
            )
        return image_size // self.patch_size

    def resize(self, image_size: int) -> None:
        """Take images of another size, in place: interpolates the positions (section 3.2).

        Raises:
            ValueError: If the patch size does not divide ``image_size``.
        """
        self.positions.resize(self._grid(image_size))

    def embed(self, x: Tensor) -> Tensor:
        """What goes into the blocks (equation 1): (B, in_channels, H, W) -> (B, 1 + N, D).

        Raises:
            ValueError: If the images have another rank, number of channels, or size.
        """
        check_images(x, self.in_channels)
        size = self.image_size
        if not torch.jit.is_tracing() and tuple(x.shape[2:]) != (size, size):
            raise ValueError(
                f"images must be {size} x {size}, {self.positions.grid} patches of "
                f"{self.patch_size} a side, got {x.shape[2]} x {x.shape[3]}; for another size "
                "resize the model or the images"
            )
        x = self.stem(x).flatten(2).transpose(1, 2)  # (B, D, H / P, W / P) -> (B, N, D)
        return self.positions(torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1))

    def tokens(self, x: Tensor) -> Tensor:
        """Class token and patches' tokens behind the last norm: (B, C, H, W) -> (B, 1 + N, D)."""
        return self.norm(self.blocks(self.embed(x)))

    def forward_features(self, x: Tensor) -> list[Tensor]:
        """One map, of the patches' tokens: (B, C, H, W) -> [(B, D, H / P, W / P)]."""
        patches = self.tokens(x)[:, 1:].transpose(1, 2)
        return [patches.unflatten(2, (self.positions.grid, -1))]

    def attention_maps(self, x: Tensor) -> list[Tensor]:
        """For every block, how much each token looks at each: (B, heads, 1 + N, 1 + N).

        Row 0 is the class token's; the rows sum to 1. An ordinary forward pass never holds them.
        """
        maps = []
        x = self.embed(x)
        for block in self.blocks:
            maps.append(block.attention_map(x))
            x = block(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.tokens(x)[:, 0])


# Table 1 of the paper, and the patch size.
CONFIGS = {
    "vit_b_16": (Size(12, 768, 12), 16),
    "vit_b_32": (Size(12, 768, 12), 32),
    "vit_l_16": (Size(24, 1024, 16), 16),
    "vit_l_32": (Size(24, 1024, 16), 32),
    "vit_h_14": (Size(32, 1280, 16), 14),
}


def vit_b_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Base, 14 x 14 patches of 16 x 16 pixels."""
    return VisionTransformer(*CONFIGS["vit_b_16"], num_classes, in_channels)


def vit_b_32(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Base, 7 x 7 patches of 32 x 32 pixels."""
    return VisionTransformer(*CONFIGS["vit_b_32"], num_classes, in_channels)


def vit_l_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Large, 14 x 14 patches of 16 x 16 pixels."""
    return VisionTransformer(*CONFIGS["vit_l_16"], num_classes, in_channels)


def vit_l_32(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Large, 7 x 7 patches of 32 x 32 pixels."""
    return VisionTransformer(*CONFIGS["vit_l_32"], num_classes, in_channels)


def vit_h_14(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Huge, 16 x 16 patches of 14 x 14 pixels."""
    return VisionTransformer(*CONFIGS["vit_h_14"], num_classes, in_channels)
