"""Answers to the exercises of the ShuffleNet chapter that must not pass."""

import torch
from torch import nn

from backbones.layers import channel_shuffle


def inverse(channels, groups):
    if channels % groups:
        raise ValueError
    return [place * groups % channels + place * groups // channels for place in range(channels)]


def no_error(channels, groups):
    n = channels // groups
    return [place % groups * n + place // groups for place in range(channels)]


def unshuffled(channels, groups):
    if channels % groups:
        raise ValueError
    return list(range(channels))


def no_shortcut(groups, n, units):
    seen = [{k} for k in range(groups)]
    for _ in range(units):
        seen = [
            set().union(*(seen[p % groups] for p in range(k * n, k * n + n))) for k in range(groups)
        ]
    return [sorted(one) for one in seen]


def one_unit_for_all(groups, n, units):
    return [
        sorted({k} | {p % groups for p in range(k * n, k * n + n)}) if units else [k]
        for k in range(groups)
    ]


def before_the_shuffle(groups, n, units):
    """Places taken for channels that were not dealt out."""
    return [[k] for k in range(groups)]


def in_place(groups, n, units):
    """Groups that were already renewed are read by the next ones."""
    seen = [{k} for k in range(groups)]
    for _ in range(units):
        for k in range(groups):
            for place in range(k * n, (k + 1) * n):
                seen[k] |= seen[place % groups]
    return [sorted(one) for one in seen]


def _with(depthwise, order, *, bias=True):
    count = depthwise.out_channels
    size, stride, padding = depthwise.kernel_size, depthwise.stride, depthwise.padding
    layer = nn.Conv2d(count, count, size, stride, padding, groups=count, bias=bias)
    with torch.no_grad():
        layer.weight.copy_(depthwise.weight[order])
        if bias:
            layer.bias.copy_(depthwise.bias[order])
    return layer


def _order(depthwise, groups):
    places = torch.arange(depthwise.out_channels).view(1, -1, 1, 1)
    return channel_shuffle(places, groups).flatten()


def same_layer(depthwise, groups):
    return depthwise


def wrong_way_round(depthwise, groups):
    return _with(depthwise, _order(depthwise, groups))


def without_bias(depthwise, groups):
    order = _order(depthwise, depthwise.out_channels // groups)
    return _with(depthwise, order, bias=False)


def old_bias(depthwise, groups):
    layer = _with(depthwise, _order(depthwise, depthwise.out_channels // groups))
    layer.bias = depthwise.bias
    return layer


def changes_the_given(depthwise, groups):
    right = _with(depthwise, _order(depthwise, depthwise.out_channels // groups))
    depthwise.load_state_dict(right.state_dict())
    return depthwise


def changes_the_bias(depthwise, groups):
    right = _with(depthwise, _order(depthwise, depthwise.out_channels // groups))
    with torch.no_grad():
        depthwise.bias.copy_(right.bias)
    return right


def always_three(depthwise, groups):
    count = depthwise.out_channels
    order = _order(depthwise, count // groups)
    layer = nn.Conv2d(count, count, 3, depthwise.stride, 1, groups=count)
    with torch.no_grad():
        layer.weight.copy_(depthwise.weight[order][..., :3, :3])
        layer.bias.copy_(depthwise.bias[order])
    return layer


WRONG = {
    2: [inverse, no_error, unshuffled],
    3: [no_shortcut, one_unit_for_all, before_the_shuffle, in_place],
    4: [
        same_layer,
        wrong_way_round,
        without_bias,
        old_bias,
        changes_the_given,
        changes_the_bias,
        always_three,
    ],
}
