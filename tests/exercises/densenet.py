"""Answers to the exercises of the DenseNet chapter that must not pass."""

import torch
from torch import nn


def no_compression(first, growth_rate, depths, compression):
    channels, reads = first, []
    for depth in depths:
        reads += [channels + layer * growth_rate for layer in range(depth)]
        channels += depth * growth_rate
    return reads


def written_not_read(first, growth_rate, depths, compression):
    channels, reads = first, []
    for depth in depths:
        for _ in range(depth):
            channels += growth_rate
            reads.append(channels)
        channels = int(channels * compression)
    return reads


def each_block_from_the_first(first, growth_rate, depths, compression):
    return [first + layer * growth_rate for depth in depths for layer in range(depth)]


def always_half(first, growth_rate, depths, compression):
    channels, reads = first, []
    for depth in depths:
        reads += [channels + layer * growth_rate for layer in range(depth)]
        channels = (channels + depth * growth_rate) // 2
    return reads


def nearest(first, growth_rate, depths, compression):
    channels, reads = first, []
    for depth in depths:
        reads += [channels + layer * growth_rate for layer in range(depth)]
        channels = round(compression * (channels + depth * growth_rate))
    return reads


def rounded_up(growth_rate):
    return -(-36 * growth_rate // 5)  # equal, not fewer, where 5 divides it


def rounded_down(growth_rate):
    return 36 * growth_rate // 5


def a_3x3_on_k_channels(growth_rate):
    return 9 * growth_rate // 5 + 1


def four_growth_rates(growth_rate):
    return 4 * growth_rate + 1


def _copied(conv, parts, biases):
    layers = []
    for part, bias in zip(parts, biases, strict=True):
        layer = nn.Conv2d(part.shape[1], conv.out_channels, 1, bias=bias is not None)
        layer.weight = nn.Parameter(part.detach().clone())
        if bias is not None:
            layer.bias = nn.Parameter(bias.detach().clone())
        layers.append(layer)
    return nn.ModuleList(layers)


def bias_in_each(conv, sizes):
    return _copied(conv, conv.weight.split(sizes, 1), [conv.bias] * len(sizes))


def no_bias(conv, sizes):
    return _copied(conv, conv.weight.split(sizes, 1), [None] * len(sizes))


def last_channels_first(conv, sizes):
    parts = conv.weight.flip(1).split(sizes, 1)
    return _copied(conv, parts, [conv.bias] + [None] * (len(sizes) - 1))


def new_weights(conv, sizes):
    return nn.ModuleList(
        nn.Conv2d(size, conv.out_channels, 1, bias=not number) for number, size in enumerate(sizes)
    )


def one_for_all(conv, sizes):
    """The right sum, but not a layer for each map."""

    class Reader(nn.Module):
        def __init__(self, start):
            super().__init__()
            self.start, self.conv = start, conv

        def forward(self, x):
            before = torch.zeros(x.shape[0], self.start, *x.shape[2:])
            rest = conv.in_channels - self.start - x.shape[1]
            after = torch.zeros(x.shape[0], rest, *x.shape[2:])
            y = nn.functional.conv2d(torch.cat([before, x, after], 1), conv.weight)
            return y + (conv.bias[:, None, None] if not self.start else 0)

    return nn.ModuleList(Reader(sum(sizes[:number])) for number in range(len(sizes)))


WRONG = {
    2: [no_compression, written_not_read, each_block_from_the_first, always_half, nearest],
    3: [rounded_up, rounded_down, a_3x3_on_k_channels, four_growth_rates],
    4: [bias_in_each, no_bias, last_channels_first, new_weights, one_for_all],
}
