"""Answers to the exercises of the VoVNet chapter that must not pass."""

import torch


def _moves(pairs, size):
    return sum(size * size * (a + b) + f * a * b for a, b, f in pairs)


def without_weights(channels, width, out_channels, depth, size):
    pairs = [(channels, width, 0), *[(width, width, 0)] * (depth - 1)]
    return _moves([*pairs, (channels + depth * width, out_channels, 0)], size)


def last_reads_no_input(channels, width, out_channels, depth, size):
    pairs = [(channels, width, 9), *[(width, width, 9)] * (depth - 1)]
    return _moves([*pairs, (depth * width, out_channels, 1)], size)


def densely(channels, width, out_channels, depth, size):
    pairs = [(channels + i * width, width, 9) for i in range(depth)]
    return _moves([*pairs, (channels + depth * width, out_channels, 1)], size)


def every_layer_alike(channels, width, out_channels, depth, size):
    pairs = [(width, width, 9)] * depth
    return _moves([*pairs, (channels + depth * width, out_channels, 1)], size)


def the_width_itself(channels, width, depth):
    return float(width)


def nearest_whole(channels, width, depth):
    goal = channels * width + (depth - 1) * width**2
    a, b = depth * (depth - 1) / 2, channels * depth
    return float(round(2 * goal / (b + (b * b + 4 * a * goal) ** 0.5)))


def not_for_one_layer(channels, width, depth):
    goal = channels * width + (depth - 1) * width**2
    a, b = depth * (depth - 1) / 2, channels * depth
    return (-b + (b * b + 4 * a * goal) ** 0.5) / (2 * a) if a else 0.0


def all_read_the_width(channels, width, depth):
    goal = depth * width**2
    a, b = depth * (depth - 1) / 2, channels * depth
    return 2 * goal / (b + (b * b + 4 * a * goal) ** 0.5)


def no_identity(x, convs, aggregate, excite):
    maps = [x]
    for layer in convs:
        maps.append(layer(maps[-1]))
    return excite(aggregate(torch.cat(maps, dim=1)))


def identity_before_the_gates(x, convs, aggregate, excite):
    maps = [x]
    for layer in convs:
        maps.append(layer(maps[-1]))
    y = aggregate(torch.cat(maps, dim=1))
    return excite(x + y if x.shape == y.shape else y)


def no_gates(x, convs, aggregate, excite):
    maps = [x]
    for layer in convs:
        maps.append(layer(maps[-1]))
    y = aggregate(torch.cat(maps, dim=1))
    return x + y if x.shape == y.shape else y


def latest_first(x, convs, aggregate, excite):
    maps = [x]
    for layer in convs:
        maps.append(layer(maps[-1]))
    y = excite(aggregate(torch.cat(maps[::-1], dim=1)))
    return x + y if x.shape == y.shape else y


WRONG = {
    2: [without_weights, last_reads_no_input, densely, every_layer_alike],
    3: [the_width_itself, nearest_whole, not_for_one_layer, all_read_the_width],
    4: [no_identity, identity_before_the_gates, no_gates, latest_first],
}
