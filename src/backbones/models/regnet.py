"""RegNet: Radosavovic et al., "Designing Network Design Spaces", arXiv:2003.13678, section 3.3.

An AnyNet whose stages follow from five numbers by the quantised linear rule, with one group width
and the bottleneck ratio 1. X is without, Y with squeeze-and-excitation.

Departs from the paper in one thing. Where the rule's width is not a multiple of the group width, it
is rounded as in torchvision, whose weights fit: to the nearest one, but not below 0.9 of it. The
authors round to the nearest, a half to the even one. That gives three of the networks other widths:
X-400MF ends with 384 channels (here 400), Y-800MF has 128 and 768 (144 and 784) in its second and
last stage, and Y-8GF begins with 168 (224).
"""

import math

from backbones.arithmetic import round_channels
from backbones.checks import check_positive
from backbones.models.anynet import AnyNet, Stage


def regnet_stages(depth: int, w0: int, wa: float, wm: float, group_width: int) -> list[Stage]:
    """The quantised linear rule: section 3.3 of the paper, equations 2 to 4.

    Block j would have the width u_j = w0 + wa j. Its exponent s_j, with u_j = w0 wm^s_j, is
    rounded, so that widths come in few steps: w_j = w0 wm^round(s_j), rounded to a multiple of 8.
    Blocks of one width are a stage, whose width is rounded to a multiple of its group width.

    Args:
        depth: Blocks in all.
        w0: Width of the first block, a multiple of 8.
        wa: Slope of the width, at least 0.
        wm: Factor from one width to the next, above 1.
        group_width: Channels of a group; a stage that is narrower has one group.

    Raises:
        ValueError: If a number is out of range.
    """
    check_positive(depth=depth, w0=w0, group_width=group_width)
    if w0 % 8 or wa < 0 or wm <= 1:
        raise ValueError(
            f"w0 must be a multiple of 8, wa at least 0, wm above 1, got w0={w0}, wa={wa}, wm={wm}"
        )
    exponents = (round(math.log(1 + wa * j / w0, wm)) for j in range(depth))
    widths = [8 * round(w0 * wm**exponent / 8) for exponent in exponents]
    stages = []
    for width in sorted(set(widths)):
        group = min(group_width, width)
        stages.append(Stage(widths.count(width), round_channels(width, group), group))
    return stages


# The paper's best of each size: depth, w0, wa, wm, group width.
CONFIGS = {
    "regnet_x_400mf": (22, 24, 24.48, 2.54, 16),
    "regnet_x_800mf": (16, 56, 35.73, 2.28, 16),
    "regnet_x_1_6gf": (18, 80, 34.01, 2.25, 24),
    "regnet_x_3_2gf": (25, 88, 26.31, 2.25, 48),
    "regnet_x_8gf": (23, 80, 49.56, 2.88, 120),
    "regnet_x_16gf": (22, 216, 55.59, 2.10, 128),
    "regnet_x_32gf": (23, 320, 69.86, 2.00, 168),
    "regnet_y_400mf": (16, 48, 27.89, 2.09, 8),
    "regnet_y_800mf": (14, 56, 38.84, 2.40, 16),
    "regnet_y_1_6gf": (27, 48, 20.71, 2.65, 24),
    "regnet_y_3_2gf": (21, 80, 42.63, 2.66, 24),
    "regnet_y_8gf": (17, 192, 76.82, 2.19, 56),
    "regnet_y_16gf": (18, 200, 106.23, 2.48, 112),
    "regnet_y_32gf": (20, 232, 115.89, 2.53, 232),
}


def _regnet(name: str, num_classes: int, in_channels: int) -> AnyNet:
    stages = regnet_stages(*CONFIGS[name])
    return AnyNet(stages, num_classes, in_channels, se_ratio=0.25 if "_y_" in name else 0.0)


def regnet_x_400mf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 400 million MACs."""
    return _regnet("regnet_x_400mf", num_classes, in_channels)


def regnet_x_800mf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 800 million MACs."""
    return _regnet("regnet_x_800mf", num_classes, in_channels)


def regnet_x_1_6gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 1.6 billion MACs."""
    return _regnet("regnet_x_1_6gf", num_classes, in_channels)


def regnet_x_3_2gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 3.2 billion MACs."""
    return _regnet("regnet_x_3_2gf", num_classes, in_channels)


def regnet_x_8gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 8 billion MACs."""
    return _regnet("regnet_x_8gf", num_classes, in_channels)


def regnet_x_16gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 16 billion MACs."""
    return _regnet("regnet_x_16gf", num_classes, in_channels)


def regnet_x_32gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 32 billion MACs."""
    return _regnet("regnet_x_32gf", num_classes, in_channels)


def regnet_y_400mf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 400 million MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_400mf", num_classes, in_channels)


def regnet_y_800mf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 800 million MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_800mf", num_classes, in_channels)


def regnet_y_1_6gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 1.6 billion MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_1_6gf", num_classes, in_channels)


def regnet_y_3_2gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 3.2 billion MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_3_2gf", num_classes, in_channels)


def regnet_y_8gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 8 billion MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_8gf", num_classes, in_channels)


def regnet_y_16gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 16 billion MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_16gf", num_classes, in_channels)


def regnet_y_32gf(num_classes: int = 1000, in_channels: int = 3) -> AnyNet:
    """About 32 billion MACs, squeeze-and-excitation."""
    return _regnet("regnet_y_32gf", num_classes, in_channels)
