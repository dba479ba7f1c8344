"""The ResNets for CIFAR: He et al., arXiv:1512.03385, section 4.2 and Table 6.

For 32x32 images: a 3x3 stem, three stages of 16, 32 and 64 channels at 32, 16 and 8 pixels, n
basic blocks each, so 6 n + 2 layers with weights. Shortcuts are the paper's option A and have no
parameters; the paper prints 0.27M for 20 layers, and 269,722 are here with the batch norms.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from backbones.models.resnet import BasicBlock, ResNet, small_stem
from backbones.models.resnet_variants import add_stochastic_depth


class PaddedShortcut(nn.Module):
    """Every S-th position, and zeros for new channels: (B, C, H, W) -> (B, C', H / S, W / S)."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels = new_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels))  # width, height, channels

    def extra_repr(self) -> str:
        return f"new_channels={self.new_channels}, stride={self.stride}"


class PaddedBlock(BasicBlock):
    """A `BasicBlock` with option A: where shapes differ, its shortcut pads and does not learn."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        if width < in_channels:
            raise ValueError(f"width must be at least in_channels, {in_channels}, got {width}")
        super().__init__(in_channels, width, stride)
        if not isinstance(self.shortcut, nn.Identity):
            self.shortcut = PaddedShortcut(width - in_channels, stride)


def cifar_resnet(
    depth: int,
    num_classes: int = 10,
    in_channels: int = 3,
    width: int = 16,
    stochastic_depth: float = 0.0,
) -> ResNet:
    """The CIFAR ResNet of any depth.

    Args:
        depth: Layers with weights: 8, 14, 20, 26 ...
        num_classes: Outputs.
        in_channels: Channels of the images.
        width: Channels of the first stage; the others have 2 and 4 times as many.
        stochastic_depth: Probability that an image skips the last block in training; earlier
            ones less, see `add_stochastic_depth`.

    Raises:
        ValueError: If ``depth`` is not 6 n + 2.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6 n + 2 (8, 14, 20, 26 ...), got {depth}")
    depths = ((depth - 2) // 6,) * 3
    widths = (width, 2 * width, 4 * width)
    model = ResNet(PaddedBlock, depths, num_classes, in_channels, widths, small_stem)
    if stochastic_depth:
        add_stochastic_depth(model, stochastic_depth)
    return model


# Table 6 of the paper: layers.
CONFIGS = {f"resnet{depth}": depth for depth in (20, 32, 44, 56, 110, 1202)}


def resnet20(num_classes: int = 10, in_channels: int = 3, stochastic_depth: float = 0.0) -> ResNet:
    """3 blocks a stage, 0.27M parameters."""
    return cifar_resnet(20, num_classes, in_channels, stochastic_depth=stochastic_depth)


def resnet32(num_classes: int = 10, in_channels: int = 3, stochastic_depth: float = 0.0) -> ResNet:
    """5 blocks a stage, 0.46M parameters."""
    return cifar_resnet(32, num_classes, in_channels, stochastic_depth=stochastic_depth)


def resnet44(num_classes: int = 10, in_channels: int = 3, stochastic_depth: float = 0.0) -> ResNet:
    """7 blocks a stage, 0.66M parameters."""
    return cifar_resnet(44, num_classes, in_channels, stochastic_depth=stochastic_depth)


def resnet56(num_classes: int = 10, in_channels: int = 3, stochastic_depth: float = 0.0) -> ResNet:
    """9 blocks a stage, 0.85M parameters."""
    return cifar_resnet(56, num_classes, in_channels, stochastic_depth=stochastic_depth)


def resnet110(num_classes: int = 10, in_channels: int = 3, stochastic_depth: float = 0.0) -> ResNet:
    """18 blocks a stage, 1.7M parameters."""
    return cifar_resnet(110, num_classes, in_channels, stochastic_depth=stochastic_depth)


def resnet1202(
    num_classes: int = 10, in_channels: int = 3, stochastic_depth: float = 0.0
) -> ResNet:
    """200 blocks a stage, 19.4M parameters; in the paper it overfits CIFAR-10."""
    return cifar_resnet(1202, num_classes, in_channels, stochastic_depth=stochastic_depth)
