"""ShuffleNet: Zhang et al., "ShuffleNet", arXiv:1707.01083.

Grouped 1x1 convolutions are cheap but let nothing pass between the groups; shuffling the channels
in between mends that.

Where a scale gives channels that the groups do not divide, the paper does not say what happens.
Here they are rounded so that the groups divide a unit's bottleneck, a quarter of its output; this
costs up to 3 million MACs more than the 38 of the paper's 0.5x. At scale 1 nothing is rounded.
The stem has 12 channels below scale 1, 24 below 2, then 48, as in the authors' code: with 24 at
1.5x and 48 at 2x the MACs of 3 groups are the paper's 292 and 524 million.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from backbones.arithmetic import round_channels
from backbones.checks import check_positive
from backbones.layers import (
    Backbone,
    ChannelShuffle,
    Classifier,
    ConvNormAct,
    DepthwiseConv,
    init_he,
)


class ShuffleUnit(nn.Module):
    """Figure 2 b and c of the paper: (B, in_channels, H, W) -> (B, out_channels, H / S, W / S).

    At stride 1 the input is added to the branch. At stride 2 the branch adds to its average the
    channels that are missing, by concatenation.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; at stride 1 as many as the input's.
        groups: Groups of the 1x1s.
        stride: 1 or 2.
        first_groups: Groups of the first 1x1, if others: the very first unit has 1, because its
            input has so few channels.

    Raises:
        ValueError: If the stride or the channels do not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int,
        stride: int = 1,
        first_groups: int | None = None,
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, got {stride}")
        fits = in_channels == out_channels if stride == 1 else in_channels < out_channels
        if not fits:
            raise ValueError(
                "out_channels must be in_channels at stride 1 and more at stride 2, got "
                f"in_channels={in_channels}, out_channels={out_channels}, stride={stride}"
            )
        self.stride = stride
        hidden = out_channels // 4
        added = out_channels if stride == 1 else out_channels - in_channels
        self.residual = nn.Sequential(
            ConvNormAct(in_channels, hidden, 1, groups=first_groups or groups),
            ChannelShuffle(groups),
            DepthwiseConv(hidden, 3, stride),
            ConvNormAct(hidden, added, 1, groups=groups, act=None),
        )
        self.shortcut = nn.Identity() if stride == 1 else nn.AvgPool2d(3, stride=2, padding=1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            return self.act(self.shortcut(x) + self.residual(x))
        return self.act(torch.cat((self.shortcut(x), self.residual(x)), dim=1))


# Table 1 of the paper: channels of the first stage by number of groups. More groups make a 1x1
# cheaper, so that the network can be wider for the same cost.
WIDTHS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}


class ShuffleNetV1(Backbone):
    """A 3x3 of stride 2, a max pool, stages of units, pooling and one dense layer.

    Every stage halves the resolution and doubles the channels.

    Args:
        groups: Groups of the 1x1s: 1, 2, 3, 4 or 8.
        num_classes: Outputs.
        in_channels: Channels of the images.
        width_mult: The paper's scale s, multiplies the channels of all layers.
        depths: Units a stage.

    Raises:
        ValueError: If the paper has no network for ``groups``, or a size is out of range.
    """

    def __init__(
        self,
        groups: int = 3,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
        depths: Sequence[int] = (4, 8, 4),
    ) -> None:
        if groups not in WIDTHS:
            raise ValueError(f"groups must be {', '.join(map(str, WIDTHS))}, got {groups}")
        # A scale counts for the stem in whole steps; see above.
        channels = round_channels(24 * int(width_mult) or 12, groups)
        width = round_channels(WIDTHS[groups] * width_mult, 4 * groups)
        stem = nn.Sequential(
            ConvNormAct(in_channels, channels, 3, stride=2), nn.MaxPool2d(3, stride=2, padding=1)
        )
        stages = []
        for index, depth in enumerate(depths):
            check_positive(depth=depth)
            first_groups = 1 if index == 0 else groups
            units = [ShuffleUnit(channels, width, groups, 2, first_groups)]
            units += [ShuffleUnit(width, width, groups) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*units))
            channels, width = width, 2 * width
        super().__init__(stem, stages, Classifier(channels, num_classes), in_channels)
        init_he(self)


# The network without options: the number of groups that the paper uses most.
CONFIGS = {"shufflenet_v1": 3}


def shufflenet_v1(
    num_classes: int = 1000,
    in_channels: int = 3,
    groups: int = CONFIGS["shufflenet_v1"],
    width_mult: float = 1.0,
) -> ShuffleNetV1:
    """Tables 1 and 2 of the paper: 1, 2, 3, 4 or 8 groups, scales 0.25, 0.5, 1, 1.5 and 2."""
    return ShuffleNetV1(groups, num_classes, in_channels, width_mult)
