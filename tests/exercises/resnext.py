"""Answers to the exercises of the ResNeXt chapter that must not pass."""

import torch
from torch import nn


def nearest(cardinality, channels, budget):
    return min(range(400), key=lambda d: abs(cardinality * d * (2 * channels + 9 * d) - budget))


def one_1x1(cardinality, channels, budget):
    fits = [d for d in range(400) if cardinality * d * (channels + 9 * d) <= budget]
    return max(fits)


def dense_3x3(cardinality, channels, budget):
    fits = [
        d
        for d in range(400)
        if 2 * channels * cardinality * d + 9 * (cardinality * d) ** 2 <= budget
    ]
    return max(fits)


def below_the_budget(cardinality, channels, budget):
    fits = [d for d in range(1, 400) if cardinality * d * (2 * channels + 9 * d) < budget]
    return max(fits, default=0)


def at_least_one(cardinality, channels, budget):
    fits = [d for d in range(400) if cardinality * d * (2 * channels + 9 * d) <= budget]
    return max(1, *fits)


def width_inside(cardinality, channels, budget):
    fits = [d for d in range(400) if cardinality * d * (2 * channels + 9 * d) <= budget]
    return cardinality * max(fits)


def _grouped(convs, groups, stride=None, bias=True):
    one, n = convs[0], len(convs)
    return nn.Conv2d(
        n * one.in_channels,
        n * one.out_channels,
        3,
        one.stride if stride is None else stride,
        padding=1,
        groups=groups,
        bias=bias,
    )


@torch.no_grad()
def _filled(convs, order=1, **look):
    whole = _grouped(convs, len(convs), **look)
    whole.weight.copy_(torch.cat([conv.weight for conv in convs[::order]]))
    if whole.bias is not None:
        whole.bias.copy_(torch.cat([conv.bias for conv in convs[::order]]))
    return whole


def backwards(convs):
    return _filled(convs, order=-1)


def without_stride(convs):
    return _filled(convs, stride=1)


def without_bias(convs):
    return _filled(convs, bias=False)


def new_weights(convs):
    return _grouped(convs, len(convs))


@torch.no_grad()
def mostly_zeros(convs):
    """The right output, by a dense layer."""
    whole, one = _grouped(convs, 1), convs[0]
    whole.weight.zero_()
    for k, conv in enumerate(convs):
        outputs = slice(k * one.out_channels, (k + 1) * one.out_channels)
        inputs = slice(k * one.in_channels, (k + 1) * one.in_channels)
        whole.weight[outputs, inputs] = conv.weight
        whole.bias[outputs] = conv.bias
    return whole


class SideBySide(nn.Module):
    """The right output, with no weight more, by as many layers as there are paths."""

    def __init__(self, convs):
        super().__init__()
        self.convs = nn.ModuleList(convs)

    def forward(self, x):
        parts = x.chunk(len(self.convs), dim=1)
        return torch.cat([c(p) for c, p in zip(self.convs, parts, strict=True)], dim=1)


def _sequence(first, last, groups=1):
    convs = []
    for weight, g in ((first, 1), (last, groups)):
        layer = nn.Conv2d(g * weight.shape[1], weight.shape[0], 3, padding=1, groups=g, bias=False)
        layer.weight = nn.Parameter(weight.detach().clone())
        convs.append(layer)
    return nn.Sequential(convs[0], nn.ReLU(), convs[1])


def last_in_another_order(paths):
    first = torch.cat([path[0].weight for path in paths])
    return _sequence(first, torch.cat([path[2].weight for path in paths[::-1]], dim=1))


def outputs_side_by_side(paths):
    first = torch.cat([path[0].weight for path in paths])
    return _sequence(first, torch.cat([path[2].weight for path in paths]), groups=len(paths))


def weights_summed(paths):
    first, last = (sum(path[k].weight for path in paths) for k in (0, 2))
    return _sequence(first, last)


def no_relu(paths):
    first = torch.cat([path[0].weight for path in paths])
    whole = _sequence(first, torch.cat([path[2].weight for path in paths], dim=1))
    return nn.Sequential(whole[0], whole[2])


class Summed(nn.ModuleList):
    """The right output, by as many calls as there are paths."""

    def forward(self, x):
        return sum(path(x) for path in self)


WRONG = {
    2: [nearest, one_1x1, dense_3x3, below_the_budget, at_least_one, width_inside],
    3: [backwards, without_stride, without_bias, new_weights, mostly_zeros, SideBySide],
    4: [last_in_another_order, outputs_side_by_side, weights_summed, no_relu, Summed],
}
