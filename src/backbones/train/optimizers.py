"""Optimizers and learning rate schedules that `backbones.train.fit` knows by name."""

import math
from collections.abc import Iterable

import torch
from torch import nn


def one_cycle(progress: float) -> float:
    """From 1/25 of the rate up to all of it at 30 % of the run, then down to almost none.

    Both ways along half a cosine. Smith and Topin, "Super-Convergence", arXiv:1708.07120, with the
    numbers of `torch.optim.lr_scheduler.OneCycleLR`.
    """
    if progress < 0.3:
        return _half_cosine(1 / 25, 1, progress / 0.3)
    return _half_cosine(1, 1 / 25e4, (progress - 0.3) / 0.7)


def cosine(progress: float) -> float:
    """From all of the rate down to zero. Loshchilov and Hutter, "SGDR", arXiv:1608.03983."""
    return _half_cosine(1, 0, progress)


def constant(progress: float) -> float:
    """All of the rate, throughout."""
    return 1.0


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def sgd(groups: list[dict]) -> torch.optim.Optimizer:
    """Stochastic gradient descent with Nesterov's momentum of 0.9."""
    return torch.optim.SGD(groups, momentum=0.9, nesterov=True, foreach=True)


def adamw(groups: list[dict]) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay. Loshchilov and Hutter, arXiv:1711.05101."""
    return torch.optim.AdamW(groups, foreach=True)


# Each maps the part of the run that is done, 0 to 1, to a factor of the learning rate.
SCHEDULES = {"one_cycle": one_cycle, "cosine": cosine, "constant": constant}

# Each builds an optimizer from parameter groups, which carry their lr and weight_decay. With
# foreach it handles all parameters in one call, also on a CPU: the same numbers in less time.
OPTIMIZERS = {"adamw": adamw, "sgd": sgd}


def parameter_groups(
    parameters: Iterable[nn.Parameter], lr: float, weight_decay: float
) -> list[dict]:
    """Matrices and kernels with weight decay; vectors (biases, scales and shifts) without.

    Decay keeps weights from growing. The scale and shift of a normalisation, and biases, are few
    and cannot overfit: pulling them to zero only costs accuracy.
    """
    parameters = list(parameters)
    groups = (
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    )
    return [{**group, "lr": lr, "initial_lr": lr} for group in groups if group["params"]]
