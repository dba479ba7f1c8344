"""Inception v2 and v3: GoogLeNet with batch norm, and large kernels made of small ones.

`inception_v2` is the network of Ioffe and Szegedy, "Batch Normalization", arXiv:1502.03167, also
called BN-Inception. (The paper on v3 gives the name Inception-v2 to one of its intermediate
networks; later papers mean this one.) It follows the paper's Figure 5, whose rows 4c and 4d
contradict themselves: their branches sum to 160 + 160 + 160 + 128 = 96 + 192 + 192 + 128 = 608
channels, but their output is given as 576, and the 1024 behind 4e need 576. As in Google's own
code (TF-Slim) the pool projections are 96 in place of 128. The paper's text speaks of 13.6 million
parameters; those of the figure, either way, are 11.2 to 11.3 million.

`inception_v3` is torchvision's, of Szegedy et al., "Rethinking the Inception Architecture for
Computer Vision", arXiv:1512.00567. It departs from the paper's Table 1 as Google's own code does:
the stem has 1x1, 3x3, max pool in place of three 3x3, and the blocks at 35x35 keep a 5x5.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.layers import Backbone, Classifier, check_images, init_he
from backbones.models.inception_parts import Chain


class Layout(NamedTuple):
    """A network in the steps of `Chain`."""

    stem: list[Any]
    stages: Sequence[list[Any]]
    dropout: float = 0.0


class Inception(Backbone):
    """A stem, then stages whose blocks have several branches.

    With ``aux_logits`` and in training it returns (logits, auxiliary logits behind the second
    stage), to be trained by the sum of the losses, the auxiliary one times 0.3. Otherwise, and
    always in evaluation, it returns the logits alone.

    Args:
        layout: The layers.
        num_classes: Outputs.
        in_channels: Channels of the images.
        aux_logits: Whether to build the auxiliary head; with it images must be 299x299 or larger.
        width_mult: Multiplies the channels of all layers but the auxiliary head's.

    Raises:
        ValueError: If ``width_mult`` is not above 0, or another size below 1.
    """

    def __init__(
        self,
        layout: Layout,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux_logits: bool = False,
        width_mult: float = 1.0,
    ) -> None:
        check_positive(num_classes=num_classes, in_channels=in_channels)
        stem = Chain(in_channels, layout.stem, width_mult)
        stages = []
        channels = stem.out_channels
        for steps in layout.stages:
            stages.append(Chain(channels, steps, width_mult))
            channels = stages[-1].out_channels
        head = Classifier(channels, num_classes, layout.dropout)
        super().__init__(stem, stages, head, in_channels)
        self.auxiliary = None
        if aux_logits:
            convs = Chain(stages[1].out_channels, [(128, 1), (768, 5, 1, 0)])
            head = nn.Sequential(nn.AvgPool2d(5, 3), *convs, Classifier(768, num_classes))
            self.auxiliary = nn.ModuleList([head])
        init_he(self)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        if self.auxiliary is None or not self.training:
            return super().forward(x)
        check_images(x, self.in_channels)
        height, width = x.shape[2:]
        if min(height, width) < 299:  # 299 -> 17 -> 5 by the head's pool -> 1 by its 5x5
            raise ValueError(
                f"images must be 299x299 or larger to train with aux_logits, got {height}x{width}"
            )
        first, second, last = self.stages
        x = second(first(self.stem(x)))
        return self.head(last(x)), self.auxiliary[0](x)


def depthwise_7x7(in_channels: int, width_mult: float) -> nn.Conv2d:
    """Eight 7x7 filters for each channel; with the 1x1 behind, v2's separable first layer."""
    return nn.Conv2d(in_channels, 8 * in_channels, 7, 2, 3, groups=in_channels, bias=False)


def block_v2(
    narrow: int, reduce: int, middle: int, reduce_double: int, double: int, pool: str, project: int
) -> list[Any]:
    """A row of Figure 5 of arXiv:1502.03167."""
    return [
        [(narrow, 1)],
        [(reduce, 1), (middle, 3)],
        [(reduce_double, 1), (double, 3), (double, 3)],
        [pool, (project, 1)],
    ]


def reduction_v2(reduce: int, middle: int, reduce_double: int, double: int) -> list[Any]:
    """A row of Figure 5 with stride 2, whose pool passes all channels through."""
    return [
        [(reduce, 1), (middle, 3, 2)],
        [(reduce_double, 1), (double, 3), (double, 3, 2)],
        ["max, stride 2"],
    ]


V2 = Layout(
    stem=[depthwise_7x7, (64, 1), "max, stride 2", (64, 1), (192, 3), "max, stride 2"],
    stages=(
        [
            block_v2(64, 64, 64, 64, 96, "average", 32),  # 3a
            block_v2(64, 64, 96, 64, 96, "average", 64),  # 3b
        ],
        [
            reduction_v2(128, 160, 64, 96),  # 3c
            block_v2(224, 64, 96, 96, 128, "average", 128),  # 4a
            block_v2(192, 96, 128, 96, 128, "average", 128),  # 4b
            block_v2(160, 128, 160, 128, 160, "average", 96),  # 4c
            block_v2(96, 128, 192, 160, 192, "average", 96),  # 4d
        ],
        [
            reduction_v2(128, 192, 192, 256),  # 4e
            block_v2(352, 192, 320, 160, 224, "average", 128),  # 5a
            block_v2(352, 192, 320, 192, 224, "max", 128),  # 5b
        ],
    ),
)


def block_35(project: int) -> list[Any]:
    """Figure 5 of arXiv:1512.00567 has two 3x3 in each tall branch; the code keeps one 5x5."""
    return [
        [(64, 1)],
        [(48, 1), (64, 5)],
        [(64, 1), (96, 3), (96, 3)],
        ["average", (project, 1)],
    ]


def block_17(width: int) -> list[Any]:
    """Figure 6: a 1x7 and a 7x1 see as much as a 7x7."""
    return [
        [(192, 1)],
        [(width, 1), (width, (1, 7)), (192, (7, 1))],
        [(width, 1), (width, (7, 1)), (width, (1, 7)), (width, (7, 1)), (192, (1, 7))],
        ["average", (192, 1)],
    ]


# Figure 10: pooling and convolutions reduce the grid side by side, so that none is a bottleneck.
SHRINK = "max, stride 2, unpadded"
REDUCTION_17 = [[(384, 3, 2, 0)], [(64, 1), (96, 3), (96, 3, 2, 0)], [SHRINK]]
REDUCTION_8 = [
    [(192, 1), (320, 3, 2, 0)],
    [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2, 0)],
    [SHRINK],
]
# Figure 7: 1x3 and 3x1 side by side widen the coarsest maps.
CROSS = [[(384, (1, 3))], [(384, (3, 1))]]
BLOCK_8 = [[(320, 1)], [(384, 1), CROSS], [(448, 1), (384, 3), CROSS], ["average", (192, 1)]]

V3 = Layout(
    stem=[(32, 3, 2, 0), (32, 3, 1, 0), (64, 3), SHRINK, (80, 1), (192, 3, 1, 0), SHRINK],
    stages=(
        [block_35(32), block_35(64), block_35(64)],
        [REDUCTION_17, block_17(128), block_17(160), block_17(160), block_17(192)],
        [REDUCTION_8, BLOCK_8, BLOCK_8],
    ),
    dropout=0.5,
)

CONFIGS = {"inception_v2": V2, "inception_v3": V3}


def inception_v2(num_classes: int = 1000, in_channels: int = 3) -> Inception:
    """BN-Inception: ten blocks, for 224x224 images."""
    return Inception(V2, num_classes, in_channels)


def inception_v3(
    num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = False
) -> Inception:
    """torchvision's: eleven blocks, for 299x299 images."""
    return Inception(V3, num_classes, in_channels, aux_logits)
