"""`repeat`: the same training from several seeds, which shows how much of a result is chance."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from backbones.data.imageset import ImageData
from backbones.train.device import device_is_fast
from backbones.train.history import History
from backbones.train.loop import fit


def repeat(
    build: Callable[[], nn.Module],
    data: ImageData,
    seeds: Iterable[int] = (0, 1, 2),
    **recipe: Any,
) -> list[History]:
    """Train a fresh model from each seed, and return what each run measured.

    A seed sets the initial weights, and all chance in the run. The caller's random state is not
    touched.

    Args:
        build: Gives a new model with random weights each time.
        data: What all are trained on.
        seeds: One for each run.
        **recipe: Arguments of `fit`, ``epochs`` among them.

    Raises:
        ValueError, FloatingPointError: As `fit`.
    """
    return [fit(seeded(build, seed), data, seed=seed, **recipe) for seed in seeds]


def seeded(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A new model with the initial weights of a seed; the caller's random state is not touched."""
    gpus = range(torch.cuda.device_count()) if device_is_fast() else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(seed)
        return build()
