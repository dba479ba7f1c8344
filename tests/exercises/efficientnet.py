"""Wrong answers to EfficientNet's exercises, which the checks must refuse."""

import math

import torch
from torch import nn


def blocks_down(channels, blocks, w, d):
    return _channels(channels * w), max(1, int(blocks * d))


def blocks_to_the_nearest(channels, blocks, w, d):
    return _channels(channels * w), max(1, round(blocks * d))


def without_90_percent(channels, blocks, w, d):
    return max(8, int(channels * w + 4) // 8 * 8), math.ceil(blocks * d)


def channels_up(channels, blocks, w, d):
    return math.ceil(channels * w / 8) * 8, math.ceil(blocks * d)


def channels_not_in_eights(channels, blocks, w, d):
    return round(channels * w), math.ceil(blocks * d)


def halves_to_even(channels, blocks, w, d):
    wish = channels * w
    rounded = max(8, round(wish / 8) * 8)
    return rounded + 8 if rounded < 0.9 * wish else rounded, math.ceil(blocks * d)


def multipliers_exchanged(channels, blocks, w, d):
    return _channels(channels * d), math.ceil(blocks * w)


def _channels(wish):
    rounded = max(8, int(wish + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wish else rounded


def without_the_offset(features, dense, number):
    return torch.einsum("k,khw->hw", dense.weight[number], features)


def of_another_class(features, dense, number):
    offset = 0 if dense.bias is None else dense.bias[number - 1]
    return torch.einsum("k,khw->hw", dense.weight[number - 1], features) + offset


def cut_at_zero(features, dense, number):
    return _seen(features, dense)[number].relu()


def all_classes(features, dense, number):
    return _seen(features, dense)


def a_mean_for_a_sum(features, dense, number):
    offset = 0 if dense.bias is None else dense.bias[number]
    return (features * dense.weight[number][:, None, None]).mean(0) + offset


def the_score(features, dense, number):
    return dense(features.mean((1, 2)))[number]


def transposed(features, dense, number):
    return _seen(features, dense)[number].T


def _seen(features, dense):
    return nn.functional.conv2d(features[None], dense.weight[:, :, None, None], dense.bias)[0]


def _count(fits):
    grid = [1 + k / 20 for k in range(21)]
    return sum(bool(fits(a, b, c)) for a in grid for b in grid for c in grid)


def width_once(tolerance):
    return _count(lambda a, b, c: abs(a * b * c**2 - 2) <= tolerance)


def depth_twice(tolerance):
    return _count(lambda a, b, c: abs(a**2 * b**2 * c**2 - 2) <= tolerance)


def below_two_only(tolerance):
    return _count(lambda a, b, c: 0 <= 2 - a * b**2 * c**2 <= tolerance)


def nothing_stays(tolerance):
    return _count(lambda a, b, c: min(a, b, c) > 1 and abs(a * b**2 * c**2 - 2) <= tolerance)


def relative_tolerance(tolerance):
    return _count(lambda a, b, c: abs(a * b**2 * c**2 / 2 - 1) <= tolerance)


WRONG = {
    2: [
        blocks_down,
        blocks_to_the_nearest,
        without_90_percent,
        channels_up,
        channels_not_in_eights,
        halves_to_even,
        multipliers_exchanged,
    ],
    3: [
        without_the_offset,
        of_another_class,
        cut_at_zero,
        all_classes,
        a_mean_for_a_sum,
        the_score,
        transposed,
    ],
    4: [width_once, depth_twice, below_two_only, nothing_stays, relative_tolerance],
}
