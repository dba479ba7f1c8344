"""Answers to the exercises of the SENet chapter that must not pass."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


def _gates(z, w1, b1, w2, b2, act=F.relu):
    return F.linear(act(F.linear(z, w1, b1)), w2, b2)


def squeezed_by_maximum(u, w1, b1, w2, b2):
    return _gates(u.amax((2, 3)), w1, b1, w2, b2).sigmoid()


def squeezed_by_sum(u, w1, b1, w2, b2):
    return _gates(u.sum((2, 3)), w1, b1, w2, b2).sigmoid()


def without_relu(u, w1, b1, w2, b2):
    return _gates(u.mean((2, 3)), w1, b1, w2, b2, act=nn.Identity()).sigmoid()


def shares_of_channels(u, w1, b1, w2, b2):
    return _gates(u.mean((2, 3)), w1, b1, w2, b2).softmax(1)


def one_picture_for_all(u, w1, b1, w2, b2):
    z = u.mean((0, 2, 3)).expand(len(u), -1)
    return _gates(z, w1, b1, w2, b2).sigmoid()


def scaled_maps(u, w1, b1, w2, b2):
    return u * _gates(u.mean((2, 3)), w1, b1, w2, b2).sigmoid()[:, :, None, None]


def weights_alone(stages, reduction):
    return sum(2 * n * c * max(1, c // reduction) for n, c in stages)


def one_block_a_stage(stages, reduction):
    hidden = [(c, max(1, c // reduction)) for _, c in stages]
    return sum(2 * c * h + c + h for c, h in hidden)


def no_hidden_unit(stages, reduction):
    hidden = [(n, c, c // reduction) for n, c in stages]
    return sum(n * (2 * c * h + c + h) for n, c, h in hidden)


def rounded_up(stages, reduction):
    hidden = [(n, c, -(-c // reduction)) for n, c in stages]
    return sum(n * (2 * c * h + c + h) for n, c, h in hidden)


def rounded_to_nearest(stages, reduction):
    hidden = [(n, c, max(1, round(c / reduction))) for n, c in stages]
    return sum(n * (2 * c * h + c + h) for n, c, h in hidden)


def one_layer(stages, reduction):
    hidden = [(n, c, max(1, c // reduction)) for n, c in stages]
    return sum(n * (c * h + c + h) for n, c, h in hidden)


def scale_alone(branch, gates):
    new = copy.deepcopy(branch)
    with torch.no_grad():
        new[-1].weight *= gates
    return new


def changes_the_old_one(branch, gates):
    with torch.no_grad():
        branch[-1].weight *= gates
        branch[-1].bias *= gates
    return branch


def into_the_convolution(branch, gates):
    new = copy.deepcopy(branch)
    with torch.no_grad():
        new[0].weight *= gates[:, None, None, None]
        new[0].bias *= gates
    return new


def variance_too(branch, gates):
    new = copy.deepcopy(branch)
    with torch.no_grad():
        new[-1].weight *= gates
        new[-1].bias *= gates
        new[-1].running_var *= gates
    return new


class _Scale(nn.Module):
    def __init__(self, gates):
        super().__init__()
        self.gates = gates

    def forward(self, x):
        return x * self.gates[:, None, None]


def one_more_layer(branch, gates):
    return nn.Sequential(*copy.deepcopy(branch), _Scale(gates))


def gates_of_columns(u, excite):
    return u * excite(u.mean(2, keepdim=True))


def gates_of_maps(u, excite):
    return u * excite(u.mean((2, 3), keepdim=True))


def gates_alone(u, excite):
    return excite(u.mean(3, keepdim=True)).expand_as(u)


def every_pixel(u, excite):
    return u * excite(u)


WRONG = {
    2: [
        squeezed_by_maximum,
        squeezed_by_sum,
        without_relu,
        shares_of_channels,
        one_picture_for_all,
        scaled_maps,
    ],
    3: [
        weights_alone,
        one_block_a_stage,
        no_hidden_unit,
        rounded_up,
        rounded_to_nearest,
        one_layer,
    ],
    4: [scale_alone, changes_the_old_one, into_the_convolution, variance_too, one_more_layer],
    5: [gates_of_columns, gates_of_maps, gates_alone, every_pixel],
}
