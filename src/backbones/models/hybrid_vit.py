"""Hybrid ViT: Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929, section 3.1.

The Vision Transformer's tokens are made of a ResNet's feature map instead of raw patches: a ResNet
of three stages takes the image down to 1/16, and every position of its last map becomes a token.
The ResNet is Big Transfer's (Kolesnikov et al., arXiv:1912.11370): group norm in place of batch
norm, and convolutions whose weights are standardised, which train well with few images a device.

Departs from ResNet-50 as the paper does: the stages have 3, 4 and 9 blocks, the fourth stage's six
moved to the third. Blocks are post-activation, as in the paper and in timm, although Big Transfer's
are pre-activation. Padding is TensorFlow's. Registered in timm's order but for the positions, which
come behind the stem as in `vit`.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.layers import SamePadding, init_he, relu
from backbones.models.resnet import Bottleneck, ResidualBlock
from backbones.models.vit import CONFIGS as VITS
from backbones.models.vit import VisionTransformer


class StdConv2d(nn.Conv2d):
    """Convolution by standardised weights (Qiao et al., arXiv:1903.10520): (B, C, H, W) -> usual.

    Every filter is brought to mean 0 and variance 1, whatever was learned; a norm behind it sets
    the scale. Arguments are those of `nn.Conv2d`.
    """

    eps = 1e-8

    def forward(self, x: Tensor) -> Tensor:
        # What a batch norm in training does to channels, with every filter as a channel.
        filters = self.weight.flatten(1).unsqueeze(0)  # (1, out_channels, in_channels F F)
        filters = nn.functional.batch_norm(filters, None, None, training=True, eps=self.eps)
        return self._conv_forward(x, filters.view_as(self.weight), self.bias)


class StdConvNormAct(nn.Sequential):
    """Standardised convolution, group norm, ReLU: (B, in, H, W) -> (B, out, H / S, W / S).

    The norm has 32 groups, or fewer where 32 does not divide the channels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: F, odd.
        stride: S.
        act: Called without arguments; None for no activation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        act: Callable[[], nn.Module] | None = relu,
    ) -> None:
        check_positive(in_channels=in_channels, out_channels=out_channels)
        own_padding = stride == 1 or kernel_size == 1  # else it depends on the image's size
        padding = kernel_size // 2 if own_padding else 0
        super().__init__(
            *([] if own_padding else [SamePadding(kernel_size, stride)]),
            StdConv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
            nn.GroupNorm(math.gcd(32, out_channels), out_channels),
            *([] if act is None else [act()]),
        )


class StdBottleneck(ResidualBlock):
    """`Bottleneck` of standardised convolutions: (B, in, H, W) -> (B, 4 width, H / S, W / S)."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.out_channels = width * Bottleneck.expansion
        same = stride == 1 and in_channels == self.out_channels
        self.shortcut = (
            nn.Identity()
            if same
            else StdConvNormAct(in_channels, self.out_channels, 1, stride, act=None)
        )
        self.residual = nn.Sequential(
            StdConvNormAct(in_channels, width, 1),
            StdConvNormAct(width, width, 3, stride),
            StdConvNormAct(width, self.out_channels, 1, act=None),
        )
        self.act = relu()


def resnet_embedding(
    in_channels: int,
    embed_dim: int,
    patch_size: int,
    depths: Sequence[int] = (3, 4, 9),
    width: int = 64,
) -> nn.Sequential:
    """A ResNet, and a 1x1 to the tokens' width: (B, in, H, W) -> (B, embed_dim, H / P, W / P).

    Args:
        in_channels: Channels of the images.
        embed_dim: Width of the tokens.
        patch_size: P, pixels between neighbouring tokens, which follows from ``depths``.
        depths: Blocks a stage; every stage but the first halves the resolution.
        width: Of the first stage's blocks; it doubles with every stage.

    Raises:
        ValueError: If stem and stages do not reduce the image by ``patch_size``.
    """
    check_positive(width=width, **{f"depths[{i}]": depth for i, depth in enumerate(depths)})
    reduction = 4 * 2 ** (len(depths) - 1)
    if patch_size != reduction:
        raise ValueError(
            f"patch_size must be {reduction} with {len(depths)} stages, got {patch_size}"
        )
    # Zeros around the map are as good as nothing to a max pool: behind a ReLU nothing is less.
    pool = nn.Sequential(SamePadding(3, 2), nn.MaxPool2d(3, 2))
    layers: list[nn.Module] = [StdConvNormAct(in_channels, width, 7, stride=2), pool]
    channels = width
    for index, depth in enumerate(depths):
        stage = nn.Sequential()
        for position in range(depth):
            stride = 2 if index > 0 and position == 0 else 1
            stage.append(StdBottleneck(channels, width * 2**index, stride))
            channels = stage[-1].out_channels
        layers.append(stage)
    embedding = nn.Sequential(*layers, nn.Conv2d(channels, embed_dim, 1))
    init_he(embedding)
    return embedding


# Section 4.1 and appendix B.1 of the paper, "R50+ViT-B/16": size, patch size, depths of the ResNet.
CONFIGS = {"vit_base_r50_s16_224": (*VITS["vit_b_16"], (3, 4, 9))}


def vit_base_r50_s16_224(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Base on the 14 x 14 positions of a ResNet-50's last map but one, at 1/16."""
    size, patch_size, depths = CONFIGS["vit_base_r50_s16_224"]
    stem = partial(resnet_embedding, depths=depths)
    return VisionTransformer(size, patch_size, num_classes, in_channels, stem=stem)
