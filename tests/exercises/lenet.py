"""Answers to the exercises of the LeNet chapter that must not pass."""

import torch
from torch import nn


def without_biases(image_size, padding):
    side = ((image_size + 2 * padding - 4) // 2 - 4) // 2
    return 25 * 6 + 25 * 6 * 16 + 16 * side**2 * 120 + 120 * 84 + 84 * 10


def padding_on_one_side(image_size, padding):
    side = ((image_size + padding - 4) // 2 - 4) // 2
    return 156 + 2416 + (16 * side**2 + 1) * 120 + 10164 + 850


def padding_in_both_convolutions(image_size, padding):
    side = ((image_size + 2 * padding - 4) // 2 + 2 * padding - 4) // 2
    return 156 + 2416 + (16 * side**2 + 1) * 120 + 10164 + 850


def rounded_up(image_size, padding):
    side = -(-(-(-(image_size + 2 * padding - 4) // 2) - 4) // 2)
    return 156 + 2416 + (16 * side**2 + 1) * 120 + 10164 + 850


def always_28(image_size, padding):
    return 61706


def in_the_padding(row, column):
    return 4 * row - 2, 4 * row + 13, 4 * column - 2, 4 * column + 13


def without_padding(row, column):
    return 4 * row, min(4 * row + 15, 27), 4 * column, min(4 * column + 15, 27)


def one_past_the_end(row, column):
    ends = []
    for place in (row, column):
        ends += [max(4 * place - 2, 0), min(4 * place + 14, 28)]
    return tuple(ends)


def columns_first(row, column):
    ends = []
    for place in (column, row):
        ends += [max(4 * place - 2, 0), min(4 * place + 13, 27)]
    return tuple(ends)


def of_the_convolution(row, column):
    ends = []
    for place in (row, column):
        ends += [max(2 * place - 2, 0), min(2 * place + 11, 27)]
    return tuple(ends)


def zeros_written_once(conv, table):
    with torch.no_grad():
        for k, maps in enumerate(table):
            rest = [m for m in range(conv.in_channels) if m not in maps]
            conv.weight[k, rest] = 0
    return conv


def everything(conv, table):
    return conv


class _Masked(nn.Module):
    def __init__(self, conv, mask, bias=True):
        super().__init__()
        self.conv, self.keep_bias = conv, bias
        self.register_buffer("mask", mask)

    def forward(self, x):
        bias = self.conv.bias if self.keep_bias else None
        weight = self.conv.weight * self.mask
        return nn.functional.conv2d(x, weight, bias, self.conv.stride, self.conv.padding)


def _mask(conv, table):
    mask = torch.zeros(conv.out_channels, conv.in_channels, 1, 1)
    for k, maps in enumerate(table):
        mask[k, list(maps)] = 1
    return mask


def left_out_in_place_of_kept(conv, table):
    return _Masked(conv, 1 - _mask(conv, table))


def bias_forgotten(conv, table):
    return _Masked(conv, _mask(conv, table), bias=False)


def padding_forgotten(conv, table):
    layer = _Masked(conv, _mask(conv, table))
    conv.padding = 0
    return layer


def as_many_from_the_first(conv, table):
    return _Masked(conv, _mask(conv, [range(len(maps)) for maps in table]))


def output_masked(conv, table):
    """Sets outputs to zero where inputs should not be seen."""

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv

        def forward(self, x):
            return self.conv(x) * _mask(conv, table).sum(1).clamp(max=1)[None, :, :, :]

    return Layer()


def weights_frozen(conv, table):
    conv.weight.requires_grad_(False)
    return _Masked(conv, _mask(conv, table))


def mask_trained(conv, table):
    layer = _Masked(conv, _mask(conv, table))
    del layer.mask
    layer.mask = nn.Parameter(_mask(conv, table))
    return layer


def stride_forgotten(conv, table):
    layer = _Masked(conv, _mask(conv, table))
    conv.stride = 1
    return layer


WRONG = {
    2: [
        without_biases,
        padding_on_one_side,
        padding_in_both_convolutions,
        rounded_up,
        always_28,
    ],
    3: [in_the_padding, without_padding, one_past_the_end, columns_first, of_the_convolution],
    4: [
        zeros_written_once,
        everything,
        left_out_in_place_of_kept,
        bias_forgotten,
        padding_forgotten,
        as_many_from_the_first,
        output_masked,
        weights_frozen,
        mask_trained,
        stride_forgotten,
    ],
}
