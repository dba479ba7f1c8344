"""Answers to the exercises of the chapter on Inception v4 that must not pass."""

import copy

import torch
from torch import nn

from backbones.models.inception_v4 import ScaledResidual


class OneForAll(nn.Module):
    def __init__(self, channels, start):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start))

    def forward(self, x):
        return self.weight * x


class AlongTheWidth(nn.Module):
    def __init__(self, channels, start):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), start))

    def forward(self, x):
        return self.weight * x


class NotLearned(nn.Module):
    def __init__(self, channels, start):
        super().__init__()
        self.register_buffer("weight", torch.full((channels, 1, 1), start))
        self.unused = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return self.weight * x + 0 * self.unused.sum()


class StartsAtOne(nn.Module):
    def __init__(self, channels, start):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        return self.weight * x


class InPlace(nn.Module):
    def __init__(self, channels, start):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, 1, 1), start))

    def forward(self, x):
        with torch.no_grad():
            y = x.clone()
            x.mul_(self.weight)
        return self.weight * y


def weights_alone(module):
    result = copy.deepcopy(module)
    with torch.no_grad():
        result.expand.weight.mul_(module.scale)
    result.scale = 1.0
    return result


def scale_kept(module):
    result = copy.deepcopy(module)
    with torch.no_grad():
        result.expand.weight.mul_(module.scale)
        result.expand.bias.mul_(module.scale)
    return result


def the_given_one(module):
    with torch.no_grad():
        module.expand.weight.mul_(module.scale)
        module.expand.bias.mul_(module.scale)
    module.scale = 1.0
    return module


def scale_alone(module):
    result = copy.deepcopy(module)
    result.scale = 1.0
    return result


def shared_weights(module):
    result = copy.copy(module)
    with torch.no_grad():
        for p in result.expand.parameters():
            p.mul_(module.scale)
    result.scale = 1.0
    return result


def _hooked(model, x, of, share, remove=True):
    found = []
    handles = [
        m.register_forward_hook(lambda m, args, y: found.append(share(y)))
        for m in model.modules()
        if of(m)
    ]
    with torch.no_grad():
        model(x)
    if remove:
        for handle in handles:
            handle.remove()
    return found


def _residual(module):
    return isinstance(module, ScaledResidual)


def _zeros(y):
    return (y == 0).double().mean().item()


def hooks_left(model, x):
    return _hooked(model, x, _residual, _zeros, remove=False)


def relus(model, x):
    return _hooked(model, x, lambda m: isinstance(m, nn.ReLU), _zeros)


def positive(model, x):
    return _hooked(model, x, _residual, lambda y: (y > 0).double().mean().item())


def of_the_last_layer(model, x):
    return _hooked(
        model, x, lambda m: isinstance(m, nn.Conv2d) and m.bias is not None,
        lambda y: (y <= 0).double().mean().item(),
    )  # fmt: skip


def as_registered(model, x):
    found = {}
    handles = [
        m.register_forward_hook(lambda m, args, y: found.update({m: _zeros(y)}))
        for m in model.modules()
        if _residual(m)
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return [found[m] for m in model.modules() if _residual(m)]


def counts(model, x):
    return _hooked(model, x, _residual, lambda y: (y == 0).sum().item())


WRONG = {
    2: [OneForAll, AlongTheWidth, NotLearned, StartsAtOne, InPlace],
    3: [weights_alone, scale_kept, the_given_one, scale_alone, shared_weights],
    4: [hooks_left, relus, positive, of_the_last_layer, as_registered, counts],
}
