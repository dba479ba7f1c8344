"""`fit` against a plain loop with the same settings: how much the measuring costs.

    python benchmarks/fit.py

Both train the same small networks from the same weights, in turn, in one process, on one thread,
and are timed by the processor's time, so that a machine with other work to do slows down both
alike. Both sum up loss and accuracy, and validate after each epoch; `fit` also measures the
gradients of all parameters. A ratio is the median over the pairs, below 1 where `fit` is faster.

The layout counts too. `fit` has convolutions in channels-last layout, which speeds them up, but for
those that `backbones.train.device.memory_format` keeps from it.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from backbones import create_model
from backbones.data import ImageData, digits
from backbones.models.resnet import BasicBlock, ResNet, small_stem
from backbones.train import fit


def small_resnet(blocks: int, width: int) -> ResNet:
    """6 blocks + 2 layers, for grey pictures of 28 x 28 pixels."""
    widths, stem = (width, 2 * width, 4 * width), partial(small_stem, stride=2)
    return ResNet(BasicBlock, (blocks,) * 3, 10, in_channels=1, widths=widths, stem=stem)


NETWORKS = {
    "BN-LeNet": partial(create_model, "bn_lenet"),
    "ResNet, 8 layers": partial(small_resnet, 1, 16),
    "ResNet, 20 layers": partial(small_resnet, 3, 16),
    "ResNet, 20 layers, not channels last": partial(small_resnet, 3, 8),
}


def plain_loop(model: nn.Module, data: ImageData, epochs: int) -> None:
    """What `fit` does by default, as a tutorial writes it."""
    mean, std = (torch.tensor(value).view(-1, 1, 1) for value in (data.mean, data.std))
    train, validation = data.train, data.validation
    steps = -(-len(train) // 64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.05)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * steps)
    for _ in range(epochs):
        losses = hits = 0
        model.train()
        for batch in torch.randperm(len(train)).tensor_split(steps):
            images = (train.images[batch] / 255 - mean) / std
            labels = train.labels[batch]
            scores = model(images)
            loss = F.cross_entropy(scores, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses += loss.item() * len(batch)
            hits += (scores.argmax(1) == labels).sum().item()
        losses = hits = 0
        model.eval()
        with torch.no_grad():
            for batch in torch.arange(len(validation)).split(64):
                labels = validation.labels[batch]
                scores = model((validation.images[batch] / 255 - mean) / std)
                losses += F.cross_entropy(scores, labels, reduction="sum").item()
                hits += (scores.argmax(1) == labels).sum().item()


def in_turn(build: Callable[[], nn.Module], data: ImageData, epochs: int, pairs: int) -> float:
    """Median ratio of `fit`'s time to the plain loop's. The first pair warms up."""
    ratios = []
    for index in range(pairs + 1):
        model, seconds = build(), {}
        for loop in (fit, plain_loop)[:: 1 if index % 2 else -1]:
            twin = copy.deepcopy(model)
            started = time.process_time()
            loop(twin, data, epochs)
            seconds[loop] = time.process_time() - started
        ratios.append(seconds[fit] / seconds[plain_loop])
    return statistics.median(ratios[1:])


def main() -> None:
    """Measure, and print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = digits().subset(1500)
    print("time of fit over that of a plain loop, one thread")
    for name, build in NETWORKS.items():
        print(f"{name:38}{in_turn(build, data, options.epochs, options.pairs):.2f}", flush=True)


if __name__ == "__main__":
    main()
