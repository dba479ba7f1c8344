"""SENet: Hu et al., "Squeeze-and-Excitation Networks", arXiv:1709.01507.

Squeeze-and-excitation goes into any block, behind the last layer of its residual branch and before
the addition (Figure 3 of the paper). Here it goes into the blocks of ResNet and ResNeXt.

Departs from the paper, as timm does: the reduced channels are rounded to a multiple of 8, so that
the 64 channels of the first basic blocks are reduced to 8, not to 4; and bottlenecks stride in
their 3x3 (see `resnet`).
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from backbones.arithmetic import round_channels
from backbones.checks import check_positive
from backbones.layers import SqueezeExcitation
from backbones.models.resnet import BasicBlock, Bottleneck, ResNet
from backbones.models.resnext import ResNeXtBlock


def with_se(
    block: Callable[[int, int, int], nn.Module], reduction: int = 16
) -> Callable[[int, int, int], nn.Module]:
    """The same block with squeeze-and-excitation at the end of its residual branch.

    Args:
        block: Called as block(in_channels, width, stride); has ``out_channels`` and ``residual``,
            a row of layers.
        reduction: r, how many times fewer channels the excitation's hidden layer has.

    Returns:
        What to call in place of ``block``.
    """
    check_positive(reduction=reduction)

    def build(in_channels: int, width: int, stride: int = 1) -> nn.Module:
        module = block(in_channels, width, stride)
        reduced_channels = round_channels(module.out_channels / reduction)
        module.residual.append(SqueezeExcitation(module.out_channels, reduced_channels))
        return module

    return build


# Table 1 of the paper, with ResNet's other depths: block, blocks a stage.
CONFIGS = {
    "seresnet18": (with_se(BasicBlock), (2, 2, 2, 2)),
    "seresnet34": (with_se(BasicBlock), (3, 4, 6, 3)),
    "seresnet50": (with_se(Bottleneck), (3, 4, 6, 3)),
    "seresnet101": (with_se(Bottleneck), (3, 4, 23, 3)),
    "seresnet152": (with_se(Bottleneck), (3, 8, 36, 3)),
    "seresnext50_32x4d": (
        with_se(partial(ResNeXtBlock, cardinality=32, path_width=4)),
        (3, 4, 6, 3),
    ),
}


def seresnet18(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-18 with squeeze-and-excitation."""
    return ResNet(*CONFIGS["seresnet18"], num_classes, in_channels)


def seresnet34(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-34 with squeeze-and-excitation."""
    return ResNet(*CONFIGS["seresnet34"], num_classes, in_channels)


def seresnet50(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-50 with squeeze-and-excitation: 10 % more parameters, 0.06 % more MACs."""
    return ResNet(*CONFIGS["seresnet50"], num_classes, in_channels)


def seresnet101(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-101 with squeeze-and-excitation."""
    return ResNet(*CONFIGS["seresnet101"], num_classes, in_channels)


def seresnet152(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-152 with squeeze-and-excitation."""
    return ResNet(*CONFIGS["seresnet152"], num_classes, in_channels)


def seresnext50_32x4d(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNeXt-50, 32x4d, with squeeze-and-excitation."""
    return ResNet(*CONFIGS["seresnext50_32x4d"], num_classes, in_channels)
