"""Answers to the exercises of the chapter on grouped convolution that must not pass."""

import torch
import torch.nn.functional as F


def interleaved(x, weight, groups):
    # Channel c belongs to group c mod g: that is what a shuffle would make of it.
    parts = [F.conv2d(x[:, k::groups], part) for k, part in enumerate(weight.chunk(groups, dim=0))]
    return torch.cat(parts, dim=1)


def summed(x, weight, groups):
    pairs = zip(x.chunk(groups, dim=1), weight.chunk(groups, dim=0), strict=True)
    return sum(F.conv2d(part, kernels) for part, kernels in pairs)


def first_kernels_for_all(x, weight, groups):
    kernels = weight.chunk(groups, dim=0)[0]
    return torch.cat([F.conv2d(part, kernels) for part in x.chunk(groups, dim=1)], dim=1)


def stacked(x, weight, groups):
    pairs = zip(x.chunk(groups, dim=1), weight.chunk(groups, dim=0), strict=True)
    return torch.stack([F.conv2d(part, kernels) for part, kernels in pairs], dim=1)


def padded(x, weight, groups):
    pairs = zip(x.chunk(groups, dim=1), weight.chunk(groups, dim=0), strict=True)
    return torch.cat([F.conv2d(part, kernels, padding=1) for part, kernels in pairs], dim=1)


def root_alone(width, groups):
    return int(width * groups**0.5)  # not a multiple of the groups


def rounded_up(width, groups):
    return -(-int(width * groups**0.5) // groups) * groups


def nearest(width, groups):
    return round(width * groups**0.5 / groups) * groups  # may be above the budget


def times_groups(width, groups):
    return width * groups  # as wide as g networks side by side


def of_each_group(width, groups):
    return int(width / groups**0.5) * groups // groups


def first_kernel(weight):
    """The kernel of the first output, and how much of it is in the others."""
    depthwise = weight[0][:, None]
    flat, first = weight.flatten(2), weight[0].flatten(1)
    pointwise = (flat * first).sum(2) / first.square().sum(1)
    return depthwise, pointwise[:, :, None, None]


def mean_kernel(weight):
    depthwise = weight.mean(0)[:, None]
    flat, mean = weight.flatten(2), weight.mean(0).flatten(1)
    pointwise = (flat * mean).sum(2) / mean.square().sum(1)
    return depthwise, pointwise[:, :, None, None]


def no_singular_value(weight):
    tables = weight.transpose(0, 1).flatten(2)
    left, _, right = torch.linalg.svd(tables, full_matrices=False)
    return right[:, 0].view(-1, 1, *weight.shape[2:]), left[..., 0].T[:, :, None, None]


def one_kernel_for_all_inputs(weight):
    table = weight.flatten(2).flatten(0, 1)
    left, sizes, right = torch.linalg.svd(table, full_matrices=False)
    kernel = right[0].view(1, 1, *weight.shape[2:]).expand(weight.shape[1], -1, -1, -1)
    return kernel, (left[:, 0] * sizes[0]).view(*weight.shape[:2], 1, 1)


def shapes_swapped(weight):
    tables = weight.transpose(0, 1).flatten(2)
    left, sizes, right = torch.linalg.svd(tables, full_matrices=False)
    depthwise = right[:, 0].view(1, -1, *weight.shape[2:])
    return depthwise, (left[..., 0] * sizes[:, :1])[:, :, None, None]


WRONG = {
    2: [interleaved, summed, first_kernels_for_all, stacked, padded],
    3: [root_alone, rounded_up, nearest, times_groups, of_each_group],
    4: [
        first_kernel,
        mean_kernel,
        no_singular_value,
        one_kernel_for_all_inputs,
        shapes_swapped,
    ],
}
