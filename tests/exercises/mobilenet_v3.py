"""Answers to the exercises of the MobileNet v3 chapter that must not pass."""

import torch
from torch import nn


def straight_everywhere(x):
    return (2 * x + 3) / 6


def of_the_hard_sigmoid(x):
    return torch.where(x.abs() < 3, 1 / 6, 0.0)


def nothing_on_the_right(x):
    return torch.where(x.abs() < 3, (2 * x + 3) / 6, 0.0)


def of_swish(x):
    s = torch.sigmoid(x)
    return s * (1 + x * (1 - s))


def one_number(x):
    return ((2 * x + 3) / 6).clamp(0, 1)


def of_a_wide_difference(x):
    return (nn.functional.hardswish(x + 0.1) - nn.functional.hardswish(x - 0.1)) / 0.2


def only_beyond(networks, target, below, beyond):
    return max(networks, key=lambda k: networks[k][0] * (networks[k][1] / target) ** beyond)


def exchanged(networks, target, below, beyond):
    def gain(name):
        accuracy, cost = networks[name]
        return accuracy * (cost / target) ** (beyond if cost <= target else below)

    return max(networks, key=gain)


def upside_down(networks, target, below, beyond):
    def gain(name):
        accuracy, cost = networks[name]
        return accuracy * (target / cost) ** (below if cost <= target else beyond)

    return max(networks, key=gain)


def a_wall(networks, target, below, beyond):
    allowed = {k: v[0] for k, v in networks.items() if v[1] <= target}
    return max(allowed, key=allowed.get)


def the_reward(networks, target, below, beyond):
    return max(
        accuracy * (cost / target) ** (below if cost <= target else beyond)
        for accuracy, cost in networks.values()
    )


def _linear(weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def norm_forgotten(conv, norm):
    return _linear(conv.weight.flatten(1), torch.zeros(conv.out_channels))


def mean_forgotten(conv, norm):
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return _linear(factor[:, None] * conv.weight.flatten(1), norm.bias)


def mean_not_scaled(conv, norm):
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return _linear(factor[:, None] * conv.weight.flatten(1), norm.bias - norm.running_mean)


def variance_not_root(conv, norm):
    factor = norm.weight / (norm.running_var + norm.eps)
    bias = norm.bias - factor * norm.running_mean
    return _linear(factor[:, None] * conv.weight.flatten(1), bias)


def epsilon_forgotten(conv, norm):
    factor = norm.weight / norm.running_var.sqrt()
    bias = norm.bias - factor * norm.running_mean
    return _linear(factor[:, None] * conv.weight.flatten(1), bias)


def two_layers(conv, norm):
    linear = nn.Linear(conv.in_channels, conv.out_channels, bias=False)
    linear.weight = nn.Parameter(conv.weight.detach().flatten(1))
    after = nn.BatchNorm1d(conv.out_channels, norm.eps)
    after.load_state_dict(norm.state_dict())
    return nn.Sequential(linear, after.eval())


def least_accuracy_lost(proposals, least):
    allowed = {k: v[0] for k, v in proposals.items() if v[1] >= least}
    return max(allowed, key=allowed.get) if allowed else None


def most_saved(proposals, least):
    allowed = {k: v[1] for k, v in proposals.items() if v[1] >= least}
    return max(allowed, key=allowed.get) if allowed else None


def threshold_forgotten(proposals, least):
    return max(proposals, key=lambda k: proposals[k][0] / proposals[k][1])


def steepest_fall(proposals, least):
    allowed = {k: v[0] / v[1] for k, v in proposals.items() if v[1] >= least}
    return min(allowed, key=allowed.get) if allowed else None


def least_change(proposals, least):
    allowed = {k: -abs(v[0]) / v[1] for k, v in proposals.items() if v[1] >= least}
    return max(allowed, key=allowed.get) if allowed else None


def no_name_where_there_is_none(proposals, least):
    allowed = {k: v[0] / v[1] for k, v in proposals.items() if v[1] >= least}
    return max(allowed, key=allowed.get, default="")


WRONG = {
    2: [
        straight_everywhere,
        of_the_hard_sigmoid,
        nothing_on_the_right,
        of_swish,
        one_number,
        of_a_wide_difference,
    ],
    3: [only_beyond, exchanged, upside_down, a_wall, the_reward],
    4: [
        norm_forgotten,
        mean_forgotten,
        mean_not_scaled,
        variance_not_root,
        epsilon_forgotten,
        two_layers,
    ],
    5: [
        least_accuracy_lost,
        most_saved,
        threshold_forgotten,
        steepest_fall,
        least_change,
        no_name_where_there_is_none,
    ],
}
