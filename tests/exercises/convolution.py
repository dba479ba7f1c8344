"""Answers to the exercises of the chapter on convolution that must not pass."""

import math


def without_dilation(kernel_size, dilation=1):
    return (kernel_size - 1) // 2


def both_ends_together(kernel_size, dilation=1):
    return dilation * (kernel_size - 1)


def bias_of_a_map(maps_read, maps, kernel_size, size):
    kernel = maps_read * kernel_size**2
    return maps * size**2 * (kernel + 1), maps * (kernel + 1)


def no_biases(maps_read, maps, kernel_size, size):
    kernel = maps_read * kernel_size**2
    return maps * size**2 * kernel, maps * kernel


def not_shared(maps_read, maps, kernel_size, size):
    connections = maps * size**2 * (maps_read * kernel_size**2 + 1)
    return connections, connections


def reads_one_map(maps_read, maps, kernel_size, size):
    units = maps * size**2
    return units * (kernel_size**2 + 1), maps * kernel_size**2 + units


def more_before(size, kernel_size, stride=1, dilation=1):
    windows = math.ceil(size / stride)
    total = max(0, (windows - 1) * stride + dilation * (kernel_size - 1) + 1 - size)
    return total - total // 2, total // 2


def as_pytorch(size, kernel_size, stride=1, dilation=1):
    padding = dilation * (kernel_size - 1) // 2
    return padding, padding


def below_zero(size, kernel_size, stride=1, dilation=1):
    windows = math.ceil(size / stride)
    total = (windows - 1) * stride + dilation * (kernel_size - 1) + 1 - size
    return total // 2, total - total // 2


def no_dilation(size, kernel_size, stride=1, dilation=1):
    windows = math.ceil(size / stride)
    total = max(0, (windows - 1) * stride + kernel_size - size)
    return total // 2, total - total // 2


def no_dilation_when_striding(size, kernel_size, stride=1, dilation=1):
    return no_dilation(size, (dilation if stride == 1 else 1) * (kernel_size - 1) + 1, stride)


def only_where_it_divides(n, kernel_size, stride=1, padding=0):
    return [stride * (n - 1) + kernel_size - 2 * padding]


def one_too_many(n, kernel_size, stride=1, padding=0):
    smallest = stride * (n - 1) + kernel_size - 2 * padding
    return [w for w in range(smallest, smallest + stride + 1) if w >= 1]


def sizes_of_nothing(n, kernel_size, stride=1, padding=0):
    smallest = stride * (n - 1) + kernel_size - 2 * padding
    return list(range(smallest, smallest + stride))


WRONG = {
    2: [without_dilation, both_ends_together],
    3: [bias_of_a_map, no_biases, not_shared, reads_one_map],
    4: [more_before, as_pytorch, below_zero, no_dilation, no_dilation_when_striding],
    5: [only_where_it_divides, one_too_many, sizes_of_nothing],
}
