"""Answers to the exercises of the chapter on Inception v2 and v3 that must not pass."""

import torch
import torch.nn.functional as F
from torch import nn


def means(kernel):
    return kernel.mean(1), kernel.mean(0)


def means_of_equal_sum(kernel):
    return kernel.mean(1), kernel.mean(0) / kernel.mean()


def first_of_each(kernel):
    return kernel[:, 0], kernel[0]


def without_its_size(kernel):
    u, _, v = torch.linalg.svd(kernel)
    return u[:, 0], v[0]


def its_size_twice(kernel):
    u, s, v = torch.linalg.svd(kernel)
    return s[0] * u[:, 0], s[0] * v[0]


def a_column_of_v(kernel):
    u, s, v = torch.linalg.svd(kernel)
    return s[0] * u[:, 0], v[:, 0]


def the_smallest_part(kernel):
    u, s, v = torch.linalg.svd(kernel)
    last = len(s) - 1
    return s[last] * u[:, last], v[last]


def spread_over_the_others(scores, labels, share):
    logs, classes = scores.log_softmax(1), scores.shape[1]
    target = (1 - share) * F.one_hot(labels, classes)
    target = target + share / (classes - 1) * (1 - F.one_hot(labels, classes))
    return -(target * logs).sum(1).mean()


def summed(scores, labels, share):
    return len(labels) * F.cross_entropy(scores, labels, label_smoothing=share)


def true_class_alone(scores, labels, share):
    return (1 - share) * F.cross_entropy(scores, labels)


def sum_of_logs(scores, labels, share):
    logs = scores.log_softmax(1)
    true = logs.gather(1, labels[:, None]).squeeze(1)
    return -((1 - share) * true + share * logs.sum(1)).mean()


def nothing_added_to_the_true_class(scores, labels, share):
    target = torch.full_like(scores, share / scores.shape[1])
    target[torch.arange(len(labels)), labels] = 1 - share
    return -(target * scores.log_softmax(1)).sum(1).mean()


def nothing_taken_away(scores, labels, share):
    logs = scores.log_softmax(1)
    true = logs.gather(1, labels[:, None]).squeeze(1)
    return -(true + share * logs.mean(1)).mean()


class _Halve(nn.Module):
    made, pool_first = 0, False

    def __init__(self, in_channels, out_channels):
        super().__init__()
        made = out_channels - in_channels + self.made
        self.conv = nn.Conv2d(in_channels, made, 3, 2, padding=1, bias=False)
        self.pool = self.make_pool()

    def make_pool(self):
        return nn.MaxPool2d(3, 2, padding=1)

    def forward(self, x):
        maps = [self.conv(x), self.pool(x)]
        return torch.cat(maps[::-1] if self.pool_first else maps, dim=1)


class PoolFirst(_Halve):
    pool_first = True


class TooWide(_Halve):
    made = 3  # of three input channels: all of the output's are the convolution's


class Averaged(_Halve):
    def make_pool(self):
        return nn.AvgPool2d(3, 2, padding=1)


class TwoByTwo(_Halve):
    def make_pool(self):
        return nn.MaxPool2d(2, 2, ceil_mode=True)


class RoundedUp(_Halve):
    def make_pool(self):
        return nn.MaxPool2d(3, 2, ceil_mode=True)


class WithBias(_Halve):
    def __init__(self, in_channels, out_channels):
        super().__init__(in_channels, out_channels)
        self.conv = nn.Conv2d(in_channels, out_channels - in_channels, 3, 2, padding=1)


class Rectified(_Halve):
    def forward(self, x):
        return super().forward(x).relu()


class OneAfterTheOther(nn.Module):
    """The bottleneck: everything passes through the pool."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.MaxPool2d(3, 2, padding=1),
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        )

    def forward(self, x):
        return self.layers(x)


WRONG = {
    2: [
        means,
        means_of_equal_sum,
        first_of_each,
        without_its_size,
        its_size_twice,
        a_column_of_v,
        the_smallest_part,
    ],
    4: [
        spread_over_the_others,
        summed,
        true_class_alone,
        sum_of_logs,
        nothing_added_to_the_true_class,
        nothing_taken_away,
    ],
    5: [
        PoolFirst,
        TooWide,
        Averaged,
        TwoByTwo,
        RoundedUp,
        WithBias,
        Rectified,
        OneAfterTheOther,
    ],
}
