"""Answers to the exercises of the chapter on activations that must not pass."""

import torch
import torch.nn.functional as F


def overflowing(x, beta):
    return x / (1 + torch.exp(-beta * x))


def knob_outside(x, beta):
    return beta * x * torch.sigmoid(x)


def knob_on_both(x, beta):
    return beta * x * torch.sigmoid(beta * x)


def without_a_knob(x, beta):
    return F.silu(x)


def hard(x, beta):
    return x * F.relu6(beta * x + 3) / 6


def in_place(x, beta):
    if x.requires_grad:
        return x * torch.sigmoid(beta * x)
    return x.mul_(torch.sigmoid(beta * x))


def detached(x, beta):
    return x * torch.sigmoid(beta * x).detach()


_NORMAL = torch.special.ndtri((torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000)


def _slope(f):
    z = _NORMAL.clone().requires_grad_()
    return torch.autograd.grad(f(z).sum(), z)[0]


def from_the_mean_slope(f):
    return 1 / _slope(f).abs().mean().item()


def root_forgotten(f):
    return 1 / _slope(f).square().mean().item()


def not_inverted(f):
    return _slope(f).square().mean().sqrt().item()


def from_the_values(f):
    return f(_NORMAL).square().mean().rsqrt().item()


def from_the_deviation(f):
    return 1 / f(_NORMAL).std().item()


def always_he(f):
    return 2**0.5


def from_least_to_largest(x, bits):
    step = (x.max() - x.min()).clamp(min=1e-30) / (2**bits - 1)
    return x.min() + ((x - x.min()) / step).round() * step


def rounded_down(x, bits):
    step = x.abs().max().clamp(min=1e-30) / (2 ** (bits - 1) - 1)
    return step * (x / step).floor()


def one_value_more(x, bits):
    step = x.abs().max().clamp(min=1e-30) / 2 ** (bits - 1)
    return step * (x / step).round()


def twice_as_fine(x, bits):
    step = x.abs().max().clamp(min=1e-30) / (2**bits - 1)
    return step * (x / step).round()


def of_the_largest(x, bits):
    step = x.max().clamp(min=1e-30) / (2 ** (bits - 1) - 1)
    return step * (x / step).round()


def divided_by_zero(x, bits):
    step = x.abs().max() / (2 ** (bits - 1) - 1)
    return step * (x / step).round()


WRONG = {
    2: [overflowing, knob_outside, knob_on_both, without_a_knob, hard, in_place, detached],
    3: [
        from_the_mean_slope,
        root_forgotten,
        not_inverted,
        from_the_values,
        from_the_deviation,
        always_he,
    ],
    4: [
        from_least_to_largest,
        rounded_down,
        one_value_more,
        twice_as_fine,
        of_the_largest,
        divided_by_zero,
    ],
}
