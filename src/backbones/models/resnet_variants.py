"""ResNet-A to D, and stochastic depth.

A is the paper's own bottleneck (He et al., arXiv:1512.03385). B moves its stride, which is what
`resnet.resnet50` already does; C changes the stem, D the shortcuts as well: He et al., "Bag of
Tricks for Image Classification with Convolutional Neural Networks", arXiv:1812.01187, Figure 2.
All have the same blocks in number and size; the stem of C and D has 19,232 parameters more.

Stochastic depth: Huang et al., "Deep Networks with Stochastic Depth", arXiv:1603.09382. Departs
from the paper: branches are dropped image by image, not for the whole batch, and the kept ones
are scaled in training, so that nothing is left to scale in evaluation.
"""

from torch import nn

from backbones.layers import ConvNormAct, DropPath
from backbones.models.resnet import Bottleneck, ResNet, imagenet_stem


class BottleneckA(Bottleneck):
    """A `Bottleneck` that strides in its first 1x1, which so skips three positions in four."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__(in_channels, width, stride)
        self.residual[0] = ConvNormAct(in_channels, width, 1, stride)
        self.residual[1] = ConvNormAct(width, width, 3)


def mean_pool(stride: int) -> nn.AvgPool2d:
    """Means of 2x2 positions; at the edge of a map of odd size, of those that exist."""
    return nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False)


class BottleneckD(Bottleneck):
    """A `Bottleneck` whose shortcut averages 2x2 positions before its 1x1, and skips none."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__(in_channels, width, stride)
        if stride > 1:
            self.shortcut = nn.Sequential(
                mean_pool(stride), ConvNormAct(in_channels, self.out_channels, 1, act=None)
            )


def deep_stem(in_channels: int, width: int) -> nn.Sequential:
    """Three 3x3 in place of the 7x7: (B, in_channels, H, W) -> (B, width, H / 4, W / 4)."""
    return nn.Sequential(
        ConvNormAct(in_channels, width // 2, 3, stride=2),
        ConvNormAct(width // 2, width // 2, 3),
        ConvNormAct(width // 2, width, 3),
        nn.MaxPool2d(3, stride=2, padding=1),
    )


def add_stochastic_depth(model: nn.Module, probability: float) -> None:
    """Drop residual branches at random in training, later ones more often, in place.

    Linear decay, equation 4 of the paper: of L blocks the l-th is dropped with l / L times
    ``probability``. The weights and their names stay as they are.

    Args:
        model: Any network whose blocks have a ``residual`` made of layers in a row.
        probability: Of dropping the last block, in [0, 1); the paper's is 0.5.

    Raises:
        ValueError: If the probability is out of range, or the model has no such blocks.
    """
    branches = [getattr(module, "residual", None) for module in model.modules()]
    branches = [branch for branch in branches if isinstance(branch, nn.Sequential)]
    if not branches:
        raise ValueError(f"model must have residual blocks, but {type(model).__name__} has none")
    drops = [DropPath(probability * (i + 1) / len(branches)) for i in range(len(branches))]
    for branch, drop in zip(branches, drops, strict=True):
        branch.append(drop)


# Figure 2 of arXiv:1812.01187: block and stem. All have 3, 4, 6, 3 blocks.
CONFIGS = {
    "resnet50a": (BottleneckA, imagenet_stem),
    "resnet50c": (Bottleneck, deep_stem),
    "resnet50d": (BottleneckD, deep_stem),
}


def _resnet50(name: str, num_classes: int, in_channels: int) -> ResNet:
    block, stem = CONFIGS[name]
    return ResNet(block, (3, 4, 6, 3), num_classes, in_channels, stem=stem)


def resnet50a(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-50 as first published: 3.8 instead of 4.1 billion MACs."""
    return _resnet50("resnet50a", num_classes, in_channels)


def resnet50c(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-50 with a stem of three 3x3."""
    return _resnet50("resnet50c", num_classes, in_channels)


def resnet50d(num_classes: int = 1000, in_channels: int = 3) -> ResNet:
    """ResNet-50 with a stem of three 3x3 and pooling shortcuts."""
    return _resnet50("resnet50d", num_classes, in_channels)
