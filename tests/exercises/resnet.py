"""Wrong answers to the exercises of the ResNet chapter, that its checks must refuse."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from backbones.models.resnet import ResidualBlock


def halves(x, out_channels):
    """Right in its sum over channels, which is all that an earlier check looked at."""
    kept = x[:, :, ::2, ::2] / 2
    return torch.cat([kept, kept], 1)[:, :out_channels]


def odd_pixels(x, out_channels):
    """Begins with the second row and column."""
    return F.pad(x[:, :, 1::2, 1::2], (0, 0, 0, 0, 0, out_channels - x.shape[1]))


def zeros_first(x, out_channels):
    """Puts the channels of zeros in front."""
    return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, out_channels - x.shape[1], 0))


def pooled(x, out_channels):
    """Averages where option A leaves pixels out."""
    return F.pad(F.avg_pool2d(x, 2), (0, 0, 0, 0, 0, out_channels - x.shape[1]))


class _TwoLayers(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)


class PostActivation(_TwoLayers):
    """The order of the first paper, without the ReLU after the sum."""

    def forward(self, x):
        return x + self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))


class BareFirstConvolution(_TwoLayers):
    """Convolution, norm, ReLU, convolution: begins without norm and ReLU."""

    def forward(self, x):
        return x + self.conv2(F.relu(self.norm2(self.conv1(x))))


class ReluAfterTheSum(_TwoLayers):
    """Pre-activation, but the sum still goes through a ReLU."""

    def forward(self, x):
        branch = self.conv1(F.relu(self.norm1(x)))
        return F.relu(x + self.conv2(F.relu(self.norm2(branch))))


class AddsTheActivated(_TwoLayers):
    """Adds ReLU(BN(x)) in place of x."""

    def forward(self, x):
        x = F.relu(self.norm1(x))
        return x + self.conv2(F.relu(self.norm2(self.conv1(x))))


class OneByOne(_TwoLayers):
    """The right order, with kernels of one pixel."""

    def __init__(self, channels):
        super().__init__(channels)
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x):
        branch = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(branch)))


def every_gamma(model):
    """Sets γ of every norm to zero."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.zeros_(module.weight)


def first_gamma(model):
    """Sets γ of the first norm of every block to zero."""
    for block in model.modules():
        if isinstance(block, ResidualBlock):
            nn.init.zeros_(block.residual[0].norm.weight)


def second_gamma(model):
    """Right for basic blocks only."""
    for block in model.modules():
        if isinstance(block, ResidualBlock):
            nn.init.zeros_(block.residual[1].norm.weight)


def last_kernel(model):
    """Sets the last convolution to zero, which learns otherwise."""
    for block in model.modules():
        if isinstance(block, ResidualBlock):
            nn.init.zeros_(block.residual[-1].conv.weight)


def not_shares(blocks, f):
    """Weights that do not add up to one."""
    return [math.comb(blocks, k) * f**k for k in range(blocks + 1)]


def as_probability(blocks, f):
    """Takes f for the probability that a block is taken."""
    return [math.comb(blocks, k) * f**k * (1 - f) ** (blocks - k) for k in range(blocks + 1)]


def one_path_each(blocks, f):
    """Forgets how many paths of each length there are."""
    weights = [f**k for k in range(blocks + 1)]
    return [w / sum(weights) for w in weights]


WRONG = {
    2: [halves, odd_pixels, zeros_first, pooled],
    3: [PostActivation, BareFirstConvolution, ReluAfterTheSum, AddsTheActivated, OneByOne],
    4: [every_gamma, first_gamma, second_gamma, last_kernel],
    5: [not_shares, as_probability, one_path_each],
}
