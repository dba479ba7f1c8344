"""GhostNetV2: Tang et al., "Enhance Cheap Operation with Long-Range Attention", arXiv:2211.12905.

Ghost modules see little of the image: half of their maps come from a 1x1, the other half from
3x3s. Here most bottlenecks' expanded maps are weighted by a gate that sees far. Images must be 33
pixels wide and high for the networks of the paper, so that every gate has 2 x 2 positions to pool.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from backbones.layers import ConvNormAct, DepthwiseConv
from backbones.models.ghostnet import TABLE_1, GhostModule, GhostNet


class Attention(nn.Sequential):
    """The paper's "decoupled fully connected" gate in [0, 1]: (B, in, H, W) -> (B, out, H, W).

    At half the resolution each position gathers five along its row, then five along its column: a
    wide view at little cost. H and W must be at least 2. Section 3.2 of the paper.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.AvgPool2d(2),
            ConvNormAct(in_channels, out_channels, 1, act=None),
            DepthwiseConv(out_channels, (1, 5)),
            DepthwiseConv(out_channels, (5, 1)),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.interpolate(super().forward(x), size=x.shape[2:])


class AttentiveGhostModule(GhostModule):
    """A ghost module whose maps are weighted by `Attention`: (B, in, H, W) -> (B, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels)
        self.attention = Attention(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.attention(x)


class GhostNetV2(GhostNet):
    """`GhostNet`, its arguments too, with attention in all bottlenecks but the first two."""

    def __init__(
        self,
        width_mult: float = 1.0,
        num_classes: int = 1000,
        in_channels: int = 3,
        rows: Iterable[tuple[int, int, int, bool, int]] = TABLE_1,
        head_features: int = 1280,
    ) -> None:
        super().__init__(
            width_mult, num_classes, in_channels, rows, head_features, AttentiveGhostModule
        )


# α of the networks that the paper trains on ImageNet.
CONFIGS = {"ghostnetv2_100": 1.0, "ghostnetv2_130": 1.3, "ghostnetv2_160": 1.6}


def ghostnetv2_100(num_classes: int = 1000, in_channels: int = 3) -> GhostNetV2:
    """GhostNet's channels."""
    return GhostNetV2(CONFIGS["ghostnetv2_100"], num_classes, in_channels)


def ghostnetv2_130(num_classes: int = 1000, in_channels: int = 3) -> GhostNetV2:
    """1.3 of the channels."""
    return GhostNetV2(CONFIGS["ghostnetv2_130"], num_classes, in_channels)


def ghostnetv2_160(num_classes: int = 1000, in_channels: int = 3) -> GhostNetV2:
    """1.6 of the channels."""
    return GhostNetV2(CONFIGS["ghostnetv2_160"], num_classes, in_channels)
