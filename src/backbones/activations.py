"""Activation functions written out: each its formula, equal to what `torch.nn.functional` computes.

All work number by number, on a tensor of any shape. The models of this book use torch's own, in
place, which do the same work faster: `backbones.layers.relu` and its neighbours.
"""

import math

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), between 0 and 1: LeNet's activation, and the gate of many blocks.

    Its slope is at most 1/4, at 0, which is why gradients fade in deep stacks of it.
    """
    # Where exp(-x) overflows to infinity, 1 / infinity is the right 0, but its gradient is not a
    # number. exp(-|x|) cannot overflow; below 0, multiply both sides of the fraction by exp(x).
    decay = torch.exp(torch.where(x < 0, x, -x))
    return torch.where(x < 0, decay, 1) / (1 + decay)


def tanh(x: Tensor) -> Tensor:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)) = 2 sigmoid(2x) - 1, between -1 and 1."""
    return 2 * sigmoid(2 * x) - 1


def relu(x: Tensor) -> Tensor:
    """max(0, x): the rectified linear unit (Nair and Hinton, ICML 2010).

    Its slope is 0 or 1, so that a gradient passes unchanged or not at all.
    """
    return torch.where(x > 0, x, 0)


def relu6(x: Tensor) -> Tensor:
    """min(max(0, x), 6): a ReLU whose range fits numbers of few bits (MobileNet, arXiv:1704.04861).

    Short fixed-point numbers have to know how large a value can get; hence also its slopes of 0.
    """
    return torch.where(x < 6, relu(x), 6)


def hard_sigmoid(x: Tensor) -> Tensor:
    """relu6(x + 3) / 6: three straight lines close to a sigmoid, without exp.

    MobileNetV3, arXiv:1905.02244, section 5.2, as the gate of squeeze-and-excitation.
    """
    return relu6(x + 3) / 6


def swish(x: Tensor) -> Tensor:
    """The product x sigmoid(x), also called SiLU (Ramachandran et al., arXiv:1710.05941).

    Smooth, with a dip to -0.28 at x = -1.28. EfficientNet's activation.
    """
    return x * sigmoid(x)


def hard_swish(x: Tensor) -> Tensor:
    """The product x hard_sigmoid(x): swish without exp (MobileNetV3, section 5.2)."""
    return x * hard_sigmoid(x)


def gelu(x: Tensor) -> Tensor:
    """The product x Φ(x) = x (1 + erf(x / √2)) / 2, Φ the share of a normal distribution below x.

    Hendrycks and Gimpel, arXiv:1606.08415. The Vision Transformer's activation.
    """
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2
