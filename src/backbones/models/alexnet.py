"""AlexNet: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks".

Two networks. `alexnet_paper` is the paper's, of NIPS 2012: local response normalisation, and the
second, fourth and fifth convolution in two groups, one for each of the two GPUs it was trained on.
`alexnet` is torchvision's, after "One weird trick" (Krizhevsky, arXiv:1404.5997): no
normalisation, no groups, fewer channels, and dropout before the two hidden dense layers in place
of behind them.

The paper says 224x224 images and a first map of 55x55, which do not go together: 11x11 windows
with stride 4 have 55 places along 227 pixels. Both networks take 224 and pad it: of PyTorch's 2
pixels on each side the windows reach both on the left and one on the right, 227 in all. Other
sizes are average-pooled to the 6x6 that the dense layers ask for.
"""

from collections.abc import Sequence
from functools import partial

from torch import nn

from backbones.checks import check_positive
from backbones.layers import Backbone, ConvNormAct, init_he
from backbones.normalization import LocalResponseNorm

# n = 5, α = 10⁻⁴, β = 0.75 and k = 2, as in the paper; the layer divides its alpha by n.
local_norm = partial(LocalResponseNorm, 5, alpha=5e-4, beta=0.75, k=2.0)


class AlexNet(Backbone):
    """Five convolutions and three dense layers; overlapping pools, 3x3 of stride 2, between.

    Feature maps of the stages are at 1/8 and 1/16 of the input's resolution.

    Args:
        widths: Channels of the five convolutions.
        num_classes: Outputs.
        in_channels: Channels of the images.
        paper: Whether to build the form of 2012.
        hidden: Width of the two hidden dense layers.
        stride: Of the first convolution. 1 suits images of 32x32.

    Raises:
        ValueError: If ``widths`` are not five, or not even where the paper has two groups.
    """

    def __init__(
        self,
        widths: Sequence[int],
        num_classes: int = 1000,
        in_channels: int = 3,
        paper: bool = False,
        hidden: int = 4096,
        stride: int = 4,
    ) -> None:
        check_positive(num_classes=num_classes, hidden=hidden)
        if len(widths) != 5:
            raise ValueError(f"widths must name 5 convolutions, got {widths}")
        conv = partial(ConvNormAct, bias=True, norm=None)
        groups = 2 if paper else 1
        norm = local_norm if paper else nn.Identity
        first, second, third, fourth, fifth = widths
        pool = partial(nn.MaxPool2d, 3, stride=2)
        stem = nn.Sequential(conv(in_channels, first, 11, stride, padding=2), norm())
        stages = [
            nn.Sequential(pool(), conv(first, second, 5, groups=groups), norm()),
            nn.Sequential(
                pool(),
                conv(second, third, 3),  # sees the channels of both GPUs
                conv(third, fourth, 3, groups=groups),
                conv(fourth, fifth, 3, groups=groups),
            ),
        ]
        head = [pool(), nn.AdaptiveAvgPool2d(6), nn.Flatten()]  # (B, C, 6, 6) -> (B, 36 C)
        for in_features in (fifth * 6 * 6, hidden):
            dense = [nn.Linear(in_features, hidden), nn.ReLU(inplace=True)]
            dropout = [nn.Dropout(0.5)]
            head += dense + dropout if paper else dropout + dense
        head.append(nn.Linear(hidden, num_classes))
        super().__init__(stem, stages, nn.Sequential(*head), in_channels)
        init_he(self)


# Channels of the five convolutions: torchvision's; Figure 2 of the paper.
CONFIGS = {
    "alexnet": (64, 192, 384, 256, 256),
    "alexnet_paper": (96, 256, 384, 384, 256),
}


def alexnet(num_classes: int = 1000, in_channels: int = 3) -> AlexNet:
    """torchvision's, in one piece."""
    return AlexNet(CONFIGS["alexnet"], num_classes, in_channels)


def alexnet_paper(num_classes: int = 1000, in_channels: int = 3) -> AlexNet:
    """The paper's of 2012, in two groups."""
    return AlexNet(CONFIGS["alexnet_paper"], num_classes, in_channels, paper=True)
