"""Answers to the exercises of the chapter on ResNet's variants that must not pass."""

import torch.nn.functional as F
from torch import nn

from backbones.models.resnet_variants import BottleneckA


def windows_without_padding(size, kernel, stride, padding):
    starts = range(0, size - kernel + 1, stride)
    return [sum(s <= i < s + kernel for s in starts) for i in range(size)]


def read_or_not(size, kernel, stride, padding):
    starts = range(-padding, size + padding - kernel + 1, stride)
    return [int(any(s <= i < s + kernel for s in starts)) for i in range(size)]


def one_window_too_many(size, kernel, stride, padding):
    starts = range(-padding, size + padding, stride)
    return [sum(s <= i < s + kernel for s in starts) for i in range(size)]


def padded_to_the_right(size, kernel, stride, padding):
    starts = range(0, size + 2 * padding - kernel + 1, stride)
    return [sum(s <= i < s + kernel for s in starts) for i in range(size)]


def edges_forgotten(size, kernel, stride, padding):
    return [sum((i + padding - k) % stride == 0 for k in range(kernel)) for i in range(size)]


def nothing_moves(model):
    return model


def into_the_last_1x1(model):
    for block in model.modules():
        if isinstance(block, BottleneckA):
            first, last = block.residual[0].conv, block.residual[2].conv
            first.stride, last.stride = last.stride, first.stride


def with_new_weights(model):
    for block in model.modules():
        if isinstance(block, BottleneckA):
            first, middle = block.residual[0].conv, block.residual[1].conv
            first.stride, middle.stride = middle.stride, first.stride
            first.reset_parameters()
            middle.reset_parameters()


def both_stride(model):
    for block in model.modules():
        if isinstance(block, BottleneckA):
            block.residual[1].conv.stride = block.residual[0].conv.stride


def first_stage_with_a_stride_only(model):
    for stage in model.stages[:2]:
        first, middle = stage[0].residual[0].conv, stage[0].residual[1].conv
        first.stride, middle.stride = middle.stride, first.stride


def shortcuts_pool_as_well(model):
    for block in model.modules():
        if isinstance(block, BottleneckA):
            first, middle = block.residual[0].conv, block.residual[1].conv
            if first.stride == (2, 2):
                block.shortcut.conv.stride = (1, 1)
                block.shortcut.append(nn.AvgPool2d(2, ceil_mode=True))
            first.stride, middle.stride = middle.stride, first.stride


def _project(x, weight):
    return F.conv2d(x, weight[:, :, None, None])


def strides_without_a_mean(x, weight):
    return _project(x[:, :, ::2, ::2], weight)


def drops_the_odd_edge(x, weight):
    return _project(F.avg_pool2d(x, 2), weight)


def zeros_count_at_the_edge(x, weight):
    height, width = x.shape[2:]
    return _project(F.avg_pool2d(F.pad(x, (0, width % 2, 0, height % 2)), 2), weight)


def largest_not_mean(x, weight):
    return _project(F.max_pool2d(x, 2, ceil_mode=True), weight)


def windows_that_overlap(x, weight):
    return _project(F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False), weight)


def _poisson_binomial(kept):
    chances = [1.0]
    for keep in kept:
        taken = [0.0, *(c * keep for c in chances)]
        passed = [*(c * (1 - keep) for c in chances), 0.0]
        chances = [a + b for a, b in zip(taken, passed, strict=True)]
    return chances


def all_alike(blocks, probability):
    return _poisson_binomial([1 - probability] * blocks)


def the_mean_for_each(blocks, probability):
    return _poisson_binomial([1 - probability * (blocks + 1) / (2 * blocks)] * blocks)


def begins_at_zero(blocks, probability):
    return _poisson_binomial([1 - probability * i / blocks for i in range(blocks)])


def dropped_not_kept(blocks, probability):
    return _poisson_binomial([probability * (i + 1) / blocks for i in range(blocks)])


def probability_of_keeping(blocks, probability):
    return _poisson_binomial([1 - (1 - probability) * (i + 1) / blocks for i in range(blocks)])


WRONG = {
    2: [
        windows_without_padding,
        read_or_not,
        one_window_too_many,
        padded_to_the_right,
        edges_forgotten,
    ],
    3: [
        nothing_moves,
        into_the_last_1x1,
        with_new_weights,
        both_stride,
        first_stage_with_a_stride_only,
        shortcuts_pool_as_well,
    ],
    4: [
        strides_without_a_mean,
        drops_the_odd_edge,
        zeros_count_at_the_edge,
        largest_not_mean,
        windows_that_overlap,
    ],
    5: [
        all_alike,
        the_mean_for_each,
        begins_at_zero,
        dropped_not_kept,
        probability_of_keeping,
    ],
}
