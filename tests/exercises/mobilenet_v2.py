"""Answers to the exercises of the MobileNet v2 chapter that must not pass."""

import torch
import torch.nn.functional as F


def always_expanding(in_channels, out_channels, expansion, stride, size):
    hidden, small = expansion * in_channels, size // stride
    return size**2 * in_channels * hidden + small**2 * hidden * (9 + out_channels)


def all_on_the_small_map(in_channels, out_channels, expansion, stride, size):
    hidden = expansion * in_channels
    first = in_channels if expansion > 1 else 0
    return (size // stride) ** 2 * hidden * (first + 9 + out_channels)


def all_on_the_large_map(in_channels, out_channels, expansion, stride, size):
    return all_on_the_small_map(in_channels, out_channels, expansion, 1, size)


def full_3x3(in_channels, out_channels, expansion, stride, size):
    hidden, small = expansion * in_channels, size // stride
    expand = size**2 * in_channels * hidden if expansion > 1 else 0
    return expand + small**2 * hidden * (9 * hidden + out_channels)


def by_all_rows(matrix, y):
    return torch.linalg.pinv(matrix) @ y


def doubled(matrix, y):
    return 2 * torch.linalg.pinv(matrix) @ y


def shortest(matrix, y):
    rows = matrix[y > 0]
    return (
        torch.linalg.pinv(rows) @ y[y > 0] if len(rows) else torch.zeros(matrix.shape[1]).double()
    )


def counting_rows(matrix, y):
    if (y > 0).sum() < matrix.shape[1]:
        return torch.full((matrix.shape[1],), torch.nan, dtype=matrix.dtype)
    return shortest(matrix, y)


def by_the_first_rows(matrix, y):
    d = matrix.shape[1]
    if len(matrix[y > 0]) < d or torch.linalg.matrix_rank(matrix[y > 0]) < d:
        return torch.full((d,), torch.nan, dtype=matrix.dtype)
    return torch.linalg.pinv(matrix[y > 0][:d]) @ y[y > 0][:d]


def two_rows_are_enough(matrix, y):
    if torch.linalg.matrix_rank(matrix[y > 0]) < 2:
        return torch.full((matrix.shape[1],), torch.nan, dtype=matrix.dtype)
    return shortest(matrix, y)


def whole(block, x, pieces):
    return block(x)


def _summed(block, x, pieces, *, act=F.relu6, bias_each=False, bias=True, shortcut=True):
    expand, depthwise, project = (layer.conv for layer in block.residual)
    size, y = expand.out_channels // pieces, 0
    for start in range(0, expand.out_channels, size):
        part = slice(start, start + size)
        wide = act(F.conv2d(x, expand.weight[part], expand.bias[part]))
        weight, shift = depthwise.weight[part], depthwise.bias[part]
        wide = act(F.conv2d(wide, weight, shift, padding=1, groups=size))
        y = y + F.conv2d(wide, project.weight[:, part], project.bias if bias_each else None)
    if bias and not bias_each:
        y = y + project.bias[:, None, None]
    return x + y if shortcut and block.has_shortcut else y


def bias_in_each_piece(block, x, pieces):
    return _summed(block, x, pieces, bias_each=True)


def no_bias(block, x, pieces):
    return _summed(block, x, pieces, bias=False)


def no_shortcut(block, x, pieces):
    return _summed(block, x, pieces, shortcut=False)


def with_relu(block, x, pieces):
    return _summed(block, x, pieces, act=F.relu)


WRONG = {
    2: [always_expanding, all_on_the_small_map, all_on_the_large_map, full_3x3],
    3: [by_all_rows, doubled, shortest, counting_rows, by_the_first_rows, two_rows_are_enough],
    4: [whole, bias_in_each_piece, no_bias, no_shortcut, with_relu],
}
