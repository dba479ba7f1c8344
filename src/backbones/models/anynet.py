"""AnyNet: Radosavovic et al., "Designing Network Design Spaces", arXiv:2003.13678, section 3.2.

The space that RegNet was found in: a stem, stages of one kind of block, and a head. Each stage has
a depth, width, group width and bottleneck ratio of its own. The X block is ResNeXt's; with
squeeze-and-excitation it is the Y block.

Departs from the paper in nothing. As in torchvision, a block registers its shortcut first.
"""

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from backbones.checks import check_positive
from backbones.layers import Backbone, Classifier, ConvNormAct, SqueezeExcitation, init_he
from backbones.models.resnet import ResidualBlock, shortcut
from backbones.models.resnext import GroupedPaths


class Stage(NamedTuple):
    """A stage of an AnyNet: blocks, channels, channels a group, channels over inner channels."""

    depth: int
    width: int
    group_width: int
    bottleneck: int = 1


class XBlock(ResidualBlock):
    """F is 1x1, grouped 3x3, 1x1: (B, in_channels, H, W) -> (B, width, H / S, W / S).

    Args:
        in_channels: Channels of the input.
        width: Channels of the output.
        stride: S, of the 3x3.
        group_width: Channels of a group of the 3x3.
        bottleneck: How many times fewer channels the 3x3 has than the output.
        se_ratio: If above 0, squeeze-and-excitation follows the 3x3, with a hidden layer of
            ``se_ratio`` times ``in_channels``: the paper's Y block.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int,
        group_width: int,
        bottleneck: int = 1,
        se_ratio: float = 0.0,
    ) -> None:
        super().__init__()
        check_positive(width=width, group_width=group_width, bottleneck=bottleneck)
        inner = width // bottleneck
        if width % bottleneck or inner % group_width:
            raise ValueError(
                f"bottleneck times group_width must divide width, got bottleneck={bottleneck}, "
                f"group_width={group_width}, width={width}"
            )
        self.out_channels = width
        self.shortcut = shortcut(in_channels, width, stride)
        groups = inner // group_width
        self.residual = GroupedPaths(in_channels, width, stride, groups, group_width)
        if se_ratio:  # behind the 3x3
            excitation = SqueezeExcitation(inner, round(se_ratio * in_channels))
            self.residual.insert(2, excitation)
        self.act = nn.ReLU(inplace=True)


class AnyNet(Backbone):
    """Stem of stride 2, stages that each halve the resolution, pooling and one dense layer.

    Args:
        stages: From fine to coarse.
        num_classes: Outputs.
        in_channels: Channels of the images.
        se_ratio: See `XBlock`; 0 for no squeeze-and-excitation.
        stem_width: Channels of the stem.

    Raises:
        ValueError: If there are no stages, or one's numbers do not fit each other.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        num_classes: int = 1000,
        in_channels: int = 3,
        se_ratio: float = 0.0,
        stem_width: int = 32,
    ) -> None:
        if not stages:
            raise ValueError(f"stages must not be empty, got {stages}")
        channels = stem_width
        modules = []
        for depth, width, group_width, bottleneck in (Stage(*stage) for stage in stages):
            check_positive(depth=depth)
            blocks = []
            for position in range(depth):
                stride = 2 if position == 0 else 1
                blocks.append(XBlock(channels, width, stride, group_width, bottleneck, se_ratio))
                channels = width
            modules.append(nn.Sequential(*blocks))
        stem = ConvNormAct(in_channels, stem_width, 3, stride=2)
        super().__init__(stem, modules, Classifier(channels, num_classes), in_channels)
        init_he(self)
