"""Answers to the exercises of the chapter on normalization that must not pass."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def over_everything(x, weight, bias):
    return F.group_norm(x, 1, weight, bias, eps=1e-6)


def weight_along_the_width(x, weight, bias):
    mean = x.mean(1, keepdim=True)
    variance = (x - mean).square().mean(1, keepdim=True)
    return weight * (x - mean) / (variance + 1e-6).sqrt() + bias


def divided_by_n_minus_one(x, weight, bias):
    y = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + 1e-6).sqrt()
    return weight.view(-1, 1, 1) * y + bias.view(-1, 1, 1)


def epsilon_of_batch_norm(x, weight, bias):
    last = F.layer_norm(x.movedim(1, -1), (x.shape[1],), weight, bias, eps=1e-5)
    return last.movedim(-1, 1)


def left_channels_last(x, weight, bias):
    return F.layer_norm(x.movedim(1, -1), (x.shape[1],), weight, bias, eps=1e-6)


def without_weight(x, weight, bias):
    mean = x.mean(1, keepdim=True)
    return (x - mean) / ((x - mean).square().mean(1, keepdim=True) + 1e-6).sqrt()


def group_norm_of(layer, groups):
    new = nn.GroupNorm(groups, layer.num_features, eps=layer.eps)
    new.load_state_dict({"weight": layer.weight, "bias": layer.bias})
    return new


def replaced(model, make):
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(model, name, make(child))
        else:
            replaced(child, make)
    return model


def only_the_first_level(model, groups):
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm2d):
            new = group_norm_of(child, math.gcd(groups, child.num_features))
            setattr(model, name, new)
    return model


def fresh_weights(model, groups):
    def make(layer):
        return nn.GroupNorm(math.gcd(groups, layer.num_features), layer.num_features)

    return replaced(model, make)


def one_group_where_it_does_not_divide(model, groups):
    def make(layer):
        return group_norm_of(layer, groups if layer.num_features % groups == 0 else 1)

    return replaced(model, make)


def channels_per_group(model, groups):
    def make(layer):
        channels = layer.num_features
        return group_norm_of(layer, channels // math.gcd(groups, channels))

    return replaced(model, make)


def gamma_alone(model, groups):
    def make(layer):
        new = group_norm_of(layer, math.gcd(groups, layer.num_features))
        nn.init.zeros_(new.bias)
        return new

    return replaced(model, make)


def fresh_convolutions(model, groups):
    def make(layer):
        return group_norm_of(layer, math.gcd(groups, layer.num_features))

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    return replaced(model, make)


def the_other_way(content, style):
    mean, deviation = content.mean((2, 3), keepdim=True), content.std((2, 3), keepdim=True)
    return deviation * F.instance_norm(style) + mean


def mean_alone(content, style):
    return content - content.mean((2, 3), keepdim=True) + style.mean((2, 3), keepdim=True)


def of_the_batch(content, style):
    axes = (0, 2, 3)
    z = (content - content.mean(axes, keepdim=True)) / content.std(axes, keepdim=True)
    return style.std(axes, keepdim=True) * z + style.mean(axes, keepdim=True)


def unbiased(content, style):
    deviation = style.std((2, 3), keepdim=True)
    return deviation * F.instance_norm(content) + style.mean((2, 3), keepdim=True)


def over_all_channels(content, style):
    deviation = style.std((1, 2, 3), correction=0, keepdim=True)
    return deviation * F.group_norm(content, 1) + style.mean((1, 2, 3), keepdim=True)


def without_epsilon(content, style):
    def moments(x):
        return x.mean((2, 3), keepdim=True), x.std((2, 3), correction=0, keepdim=True)

    (mean, deviation), (m, d) = moments(content), moments(style)
    return d * (content - mean) / deviation + m


def clamped(content, style):
    deviation = style.std((2, 3), correction=0, keepdim=True)
    moved = deviation * F.instance_norm(content) + style.mean((2, 3), keepdim=True)
    return torch.clamp(moved, 0, 1)


def epsilon_in_both(content, style):
    deviation = (style.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    return deviation * F.instance_norm(content) + style.mean((2, 3), keepdim=True)


def epsilon_outside_the_root(content, style):
    def moments(x):
        return x.mean((2, 3), keepdim=True), x.std((2, 3), correction=0, keepdim=True)

    (mean, deviation), (m, d) = moments(content), moments(style)
    return d * (content - mean) / (deviation + 1e-5) + m


WRONG = {
    2: [
        over_everything,
        weight_along_the_width,
        divided_by_n_minus_one,
        epsilon_of_batch_norm,
        left_channels_last,
        without_weight,
    ],
    3: [
        only_the_first_level,
        fresh_weights,
        one_group_where_it_does_not_divide,
        channels_per_group,
        gamma_alone,
        fresh_convolutions,
    ],
    4: [
        the_other_way,
        mean_alone,
        of_the_batch,
        unbiased,
        over_all_channels,
        without_epsilon,
        clamped,
        epsilon_in_both,
        epsilon_outside_the_root,
    ],
}
