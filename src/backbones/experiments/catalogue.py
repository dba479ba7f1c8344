"""All experiments of the book, by name."""

import difflib

from backbones.experiments import (
    activations,
    alexnet,
    batch_norm,
    checkpoints,
    convolution,
    densenet,
    efficientnet,
    ghostnet,
    googlenet,
    grouped_convolution,
    inception,
    inception_v4,
    lenet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    nin,
    normalization,
    receptive_field,
    regnet,
    resnet,
    resnet_variants,
    resnext,
    senet,
    shufflenet,
    training,
    vgg,
    vovnet,
)
from backbones.experiments.experiment import Experiment

_MODULES = (
    convolution,
    receptive_field,
    grouped_convolution,
    activations,
    batch_norm,
    normalization,
    training,
    checkpoints,
    lenet,
    alexnet,
    vgg,
    nin,
    googlenet,
    inception,
    inception_v4,
    resnet,
    resnet_variants,
    resnext,
    senet,
    densenet,
    vovnet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    shufflenet,
    ghostnet,
    efficientnet,
    regnet,
)
_EXPERIMENTS = {e.name: e for module in _MODULES for e in module.EXPERIMENTS}


def names() -> list[str]:
    """Names of the experiments, chapter by chapter."""
    return list(_EXPERIMENTS)


def find(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        ValueError: If there is none.
    """
    if name not in _EXPERIMENTS:
        near = difflib.get_close_matches(str(name), _EXPERIMENTS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(_EXPERIMENTS)
        raise ValueError(f"experiment must be one of {known}, got {name!r}{hint}")
    return _EXPERIMENTS[name]
