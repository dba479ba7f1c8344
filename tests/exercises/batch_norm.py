"""Answers to the exercises of the chapter on batch norm that must not pass."""

import copy

import torch
from torch import nn


def _folded(conv, scale, bias):
    folded = copy.deepcopy(conv)
    folded.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1))
    folded.bias = nn.Parameter(bias)
    return folded


def _parts(conv, norm):
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = torch.zeros_like(norm.bias) if conv.bias is None else conv.bias
    return scale, bias


def bias_of_the_convolution_forgotten(conv, norm):
    scale, _ = _parts(conv, norm)
    return _folded(conv, scale, norm.bias - scale * norm.running_mean)


def eps_forgotten(conv, norm):
    scale = norm.weight / norm.running_var.sqrt()
    _, bias = _parts(conv, norm)
    return _folded(conv, scale, norm.bias + scale * (bias - norm.running_mean))


def divided_by_the_variance(conv, norm):
    scale = norm.weight / (norm.running_var + norm.eps)
    _, bias = _parts(conv, norm)
    return _folded(conv, scale, norm.bias + scale * (bias - norm.running_mean))


def mean_not_scaled(conv, norm):
    scale, bias = _parts(conv, norm)
    return _folded(conv, scale, norm.bias + scale * bias - norm.running_mean)


def stride_and_groups_forgotten(conv, norm):
    scale, bias = _parts(conv, norm)
    new = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size)
    if new.weight.shape == conv.weight.shape:
        new.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1))
    new.bias = nn.Parameter(norm.bias + scale * (bias - norm.running_mean))
    return new


def in_place(conv, norm):
    scale, bias = _parts(conv, norm)
    conv.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1))
    conv.bias = nn.Parameter(norm.bias + scale * (bias - norm.running_mean))
    return conv


def as_it_is(conv, norm):
    return conv


def _right(conv, norm):
    scale, bias = _parts(conv, norm)
    return _folded(conv, scale, norm.bias + scale * (bias - norm.running_mean))


def bias_of_the_convolution_emptied(conv, norm):
    folded = _right(conv, norm)
    if conv.bias is not None:
        conv.bias.data.zero_()
    return folded


def norm_reset(conv, norm):
    folded = _right(conv, norm)
    norm.reset_parameters()
    return folded


def one_after_the_other(conv, norm):
    return nn.Sequential(conv, norm)


class _Norm(nn.Module):
    """Right, but for what a subclass changes."""

    buffers_kept = True
    correction = True
    momentum = 0.1

    def __init__(self, channels):
        super().__init__()
        shape = (1, channels, 1, 1)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        mean, var = torch.zeros(shape), torch.ones(shape)
        if self.buffers_kept:
            self.register_buffer("moving_mean", mean)
            self.register_buffer("moving_var", var)
        else:
            self.moving_mean, self.moving_var = mean, var

    def is_training(self):
        return self.training

    def forward(self, x):
        mean, var = self.moving_mean, self.moving_var
        if self.is_training():
            mean = x.mean((0, 2, 3), keepdim=True)
            var = x.var((0, 2, 3), correction=0, keepdim=True)
            n, m = x.numel() / x.shape[1], self.momentum
            kept = var.detach() * (n / (n - 1) if self.correction else 1)
            self.moving_mean = (1 - m) * self.moving_mean + m * mean.detach()
            self.moving_var = (1 - m) * self.moving_var + m * kept
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta


class PlainAttributes(_Norm):
    buffers_kept = False


class ByGradients(_Norm):
    def is_training(self):
        return torch.is_grad_enabled()


class BiasedVariance(_Norm):
    correction = False


class TheOtherMomentum(_Norm):
    momentum = 0.9


class AlwaysByTheBatch(_Norm):
    def is_training(self):
        return True


class AveragesLearned(_Norm):
    def __init__(self, channels):
        super().__init__(channels)
        mean, var = self.moving_mean, self.moving_var
        del self.moving_mean, self.moving_var
        self.moving_mean, self.moving_var = nn.Parameter(mean), nn.Parameter(var)

    def forward(self, x):
        mean, var = self.moving_mean, self.moving_var
        if self.training:
            mean = x.mean((0, 2, 3), keepdim=True)
            var = x.var((0, 2, 3), correction=0, keepdim=True)
            n = x.numel() / x.shape[1]
            self.moving_mean.data = 0.9 * self.moving_mean.data + 0.1 * mean.detach()
            self.moving_var.data = 0.9 * self.moving_var.data + 0.1 * var.detach() * n / (n - 1)
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta


class UnbiasedInTheOutput(_Norm):
    def forward(self, x):
        y = super().forward(x)
        n = x.numel() / x.shape[1]
        return y * ((n - 1) / n) ** 0.5 if self.training else y


class StatisticsAsConstants(_Norm):
    def forward(self, x):
        mean, var = self.moving_mean, self.moving_var
        if self.training:
            mean = x.mean((0, 2, 3), keepdim=True).detach()
            var = x.var((0, 2, 3), correction=0, keepdim=True).detach()
            n = x.numel() / x.shape[1]
            self.moving_mean = 0.9 * self.moving_mean + 0.1 * mean
            self.moving_var = 0.9 * self.moving_var + 0.1 * var * n / (n - 1)
        return self.gamma * (x - mean) / torch.sqrt(var + 1e-5) + self.beta


class ScaleAndShiftUnused(_Norm):
    def forward(self, x):
        y = super().forward(x)
        return (y - self.beta.detach()) / self.gamma.detach() + 0 * (self.gamma + self.beta)


class ShiftBeforeScale(_Norm):
    def forward(self, x):
        return super().forward(x) - self.beta + self.gamma * self.beta


def _statistics(x):
    mean = x.mean((0, 2, 3), keepdim=True)
    deviation = x.var((0, 2, 3), correction=0, keepdim=True).sqrt()
    return (x - mean) / deviation, deviation


def statistics_taken_as_constants(x, slope):
    return slope / _statistics(x)[1]


def without_the_deviation(x, slope):
    return (slope - slope.mean((0, 2, 3), keepdim=True)) / _statistics(x)[1]


def without_the_mean(x, slope):
    y, deviation = _statistics(x)
    return (slope - y * (slope * y).mean((0, 2, 3), keepdim=True)) / deviation


def over_all_channels(x, slope):
    y, deviation = _statistics(x)
    return (slope - slope.mean() - y * (slope * y).mean()) / deviation


def not_divided(x, slope):
    y, _ = _statistics(x)
    over = {"dim": (0, 2, 3), "keepdim": True}
    return slope - slope.mean(**over) - y * (slope * y).mean(**over)


def over_the_batch_alone(x, slope):
    y, deviation = _statistics(x)
    return (slope - slope.mean(0) - y * (slope * y).mean(0)) / deviation


WRONG = {
    2: [
        bias_of_the_convolution_forgotten,
        eps_forgotten,
        divided_by_the_variance,
        mean_not_scaled,
        stride_and_groups_forgotten,
        in_place,
        as_it_is,
        bias_of_the_convolution_emptied,
        norm_reset,
        one_after_the_other,
    ],
    3: [
        PlainAttributes,
        ByGradients,
        BiasedVariance,
        TheOtherMomentum,
        AlwaysByTheBatch,
        AveragesLearned,
        UnbiasedInTheOutput,
        StatisticsAsConstants,
        ScaleAndShiftUnused,
        ShiftBeforeScale,
        nn.Identity,
    ],
    4: [
        statistics_taken_as_constants,
        without_the_deviation,
        without_the_mean,
        over_all_channels,
        not_divided,
        over_the_batch_alone,
    ],
}
