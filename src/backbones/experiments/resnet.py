"""Experiments of the ResNet chapter: depth with and without shortcuts, and a thousand layers."""

import copy
from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from backbones.data import ImageData, digits, fashion_mnist
from backbones.experiments.experiment import Experiment
from backbones.models.resnet import BasicBlock, PlainBlock, ResNet, small_stem
from backbones.models.resnet_v2 import PreActBasicBlock, ResNetV2
from backbones.train.evaluation import evaluate
from backbones.train.history import History


def small_network(num_classes: int, block: Callable[..., nn.Module], n: int) -> ResNet:
    """6 n + 2 layers for 28 x 28 pixels: three stages of n blocks, at 14, 7 and 4 pixels."""
    stem = partial(small_stem, stride=2)
    return ResNet(block, (n, n, n), num_classes, in_channels=1, widths=(8, 16, 32), stem=stem)


def without_norm(model: nn.Module) -> nn.Module:
    """The model with every batch norm replaced by an identity, in place."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return model


def small_network_without_norm(
    num_classes: int, block: Callable[..., nn.Module], n: int
) -> nn.Module:
    """`small_network` with He's initialisation and no batch norm."""
    return without_norm(small_network(num_classes, block, n))


def some_digits() -> ImageData:
    """1,500 handwritten digits to train on, 1,000 others to validate on."""
    data = digits()
    return ImageData(data.train.subset(1500), data.validation, "1,500 MNIST digits", data.credit)


def first_and_last_gradient(history: History) -> dict[str, list[float]]:
    """Gradient norms of the first and the last convolution, a mean for each epoch."""
    kernels = [name for name, shape in history.parameter_shapes.items() if len(shape) == 4]
    three = [name for name in kernels if history.parameter_shapes[name][-1] == 3]
    norms = history.parameter_gradient_norms
    return {"first_gradient": norms[three[0]], "last_gradient": norms[three[-1]]}


def damaged(model: ResNet) -> Iterator[tuple[str, ResNet]]:
    """Copies of a network with one block taken out, or two neighbours swapped, where shapes allow.

    The first block of a later stage changes the shape, and so can neither go nor move. Blocks are
    counted through the whole network, from 1.
    """
    number = 0
    for index, stage in enumerate(model.stages):
        for position in range(len(stage)):
            number += 1
            if index > 0 and position == 0:
                continue
            hurt = copy.deepcopy(model)
            hurt.stages[index][position] = nn.Identity()
            yield f"without block {number}", hurt
            if position + 1 < len(stage):
                hurt = copy.deepcopy(model)
                blocks = hurt.stages[index]
                blocks[position], blocks[position + 1] = blocks[position + 1], blocks[position]
                yield f"blocks {number} and {number + 1} swapped", hurt


def accuracy_when_damaged(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Validation accuracy of each `damaged` copy of a network of 20 layers; none of others."""
    blocks = sum(len(stage) for stage in model.stages)
    if blocks != 9:
        return {}
    return {name: evaluate(hurt, data).accuracy for name, hurt in damaged(model)}


_SIZES = {8: 1, 20: 3, 32: 5, 56: 9}
_BLOCKS = {"plain": PlainBlock, "resnet": BasicBlock}
# Without batch norm the recipe's rate breaks every network at once. Those with it, and as deep, are
# run by the gentle recipe as well, so that it is not what differs.
_GENTLE = {"lr": 0.01, "clip_norm": 1.0}

DEPTH = Experiment(
    name="resnet_depth",
    question="Does a deeper network reach a lower training loss, with and without shortcuts, with "
    "and without batch norm?",
    models={
        **{
            f"{kind}-{depth}": partial(small_network, block=block, n=n)
            for kind, block in _BLOCKS.items()
            for depth, n in _SIZES.items()
        },
        "plain-56, warm-up": partial(small_network, block=PlainBlock, n=9),
        **{
            f"{kind}-56, gentle": partial(small_network, block=block, n=9)
            for kind, block in _BLOCKS.items()
        },
        **{
            f"{kind}-{depth}, no BN": partial(
                small_network_without_norm, block=block, n=_SIZES[depth]
            )
            for kind, block in _BLOCKS.items()
            for depth in (20, 56)
        },
    },
    data={"digits": some_digits, "fashion_mnist": fashion_mnist},
    recipe={
        "epochs": 60,
        "batch_size": 32,
        "optimizer": "sgd",
        "lr": 0.1,
        "weight_decay": 1e-4,
        "schedule": "cosine",
    },
    options={
        "plain-56, warm-up": {"schedule": "one_cycle"},
        **{f"{kind}-56, gentle": _GENTLE for kind in _BLOCKS},
        **{f"{kind}-{depth}, no BN": _GENTLE for kind in _BLOCKS for depth in (20, 56)},
    },
    trace=first_and_last_gradient,
    measure=accuracy_when_damaged,
)


def thin_network(num_classes: int, block: Callable[..., nn.Module], n: int, kind=ResNet) -> ResNet:
    """6 n + 2 layers for 8 x 8 pixels, with 4, 8 and 16 channels."""
    return kind(block, (n, n, n), num_classes, in_channels=1, widths=(4, 8, 16), stem=thin_stem)


def thin_stem(in_channels: int, width: int) -> nn.Module:
    """One bare 3x3: what comes after it may begin with a norm of its own."""
    return small_stem(in_channels, width).conv


def tiny_digits() -> ImageData:
    """scikit-learn's digits of 8 x 8 pixels."""
    return digits(size=8)


THOUSAND = Experiment(
    name="resnet_thousand",
    question="Can a network of 998 layers be trained, plain, residual, or with pre-activation, and "
    "is it better than one of 110?",
    models={
        "resnet-110": partial(thin_network, block=BasicBlock, n=18),
        "plain-998": partial(thin_network, block=PlainBlock, n=166),
        "resnet-998": partial(thin_network, block=BasicBlock, n=166),
        "preact-110": partial(thin_network, block=PreActBasicBlock, n=18, kind=ResNetV2),
        "preact-998": partial(thin_network, block=PreActBasicBlock, n=166, kind=ResNetV2),
    },
    data={"digits": tiny_digits},
    recipe={
        "epochs": 20,
        "optimizer": "sgd",
        "lr": 0.02,
        "weight_decay": 1e-4,
        "schedule": "one_cycle",
    },
)

EXPERIMENTS = (DEPTH, THOUSAND)
