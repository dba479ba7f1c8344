"""Our models against the reference implementations: time of a forward pass and a training step.

    python benchmarks/speed.py                 one model of each family, a table in speed.md
    python benchmarks/speed.py resnet50 vgg11  only these, printed

Both run in turn, ours and theirs, in one process, with the same weights and the same inputs, so
that a machine that slows down slows down both. A ratio is the median over the pairs, of which quick
models get more; below 1 ours is faster. Milliseconds are medians too, and say little about any
other machine.
"""

import argparse
import itertools
import platform
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the references and how to build them

from parity import ROWS, build_reference, uninitialised

from backbones import create_model
from backbones.models.transformer import Transformer
from backbones.weights import copy_reference_weights

# One model of each family that has a reference, at the size of its paper.
FAMILIES = [
    "lenet",
    "alexnet",
    "vgg16",
    "nin",
    "googlenet",
    "inception_v3",
    "inception_v4",
    "resnet50",
    "resnet50d",
    "resnetv2_50",
    "resnext50_32x4d",
    "seresnet50",
    "densenet121",
    "ese_vovnet39b",
    "mobilenetv1_100",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "shufflenet_v2_x1_0",
    "ghostnet_100",
    "efficientnet_b0",
    "efficientnet_lite0",
    "regnet_y_1_6gf",
    "transformer",
    "vit_b_16",
    "vit_base_r50_s16_224",
]
SECONDS = 3  # a comparison takes at least this long


def forward(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """Evaluation, without gradients."""
    with torch.inference_mode():
        model(*inputs)


def training_step(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """Forward, backward and a step of SGD."""
    for parameter in model.parameters():
        parameter.grad = None
    scores = model(*inputs).flatten(0, -2)
    nn.functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long)).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(parameter.grad, alpha=1e-4)


def in_turn(work, ours: nn.Module, theirs: nn.Module, inputs, pairs: int) -> tuple[float, float]:
    """Median ratio of the times of a pair, and our median time in ms. The first pair warms up."""
    ratios, times = [], []
    end = time.perf_counter() + SECONDS
    for index in itertools.count():
        if index > pairs and time.perf_counter() > end:
            break
        seconds = {}
        for name, model in [("ours", ours), ("theirs", theirs)][:: 1 if index % 2 else -1]:
            started = time.perf_counter()
            work(model, inputs)
            seconds[name] = time.perf_counter() - started
        if index:
            ratios.append(seconds["ours"] / seconds["theirs"])
            times.append(seconds["ours"])
    return statistics.median(ratios), 1000 * statistics.median(times)


def build(name: str, source: str, batch: int) -> tuple[nn.Module, nn.Module, tuple]:
    """Ours and theirs with the same weights, and inputs for them."""
    if name == "transformer":
        ours, theirs = Transformer(), nn.Transformer(batch_first=True)
        inputs = torch.randn(batch, 32, 512), torch.randn(batch, 32, 512)
    else:
        with uninitialised():
            ours, theirs = create_model(name), build_reference(name, source)
        inputs = (torch.randn(batch, *map(int, ROWS[name, source]["input"].split("x"))),)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, 0, 0.02)
    copy_reference_weights(ours, theirs)
    return ours, theirs, inputs


def measure(name: str, source: str, batch: int, pairs: int) -> tuple[float, float, float, float]:
    """Ratio and milliseconds of the forward pass, then of the training step."""
    ours, theirs, inputs = build(name, source, batch)
    results = []
    for work, mode in ((forward, False), (training_step, True)):
        ours.train(mode), theirs.train(mode)
        results += in_turn(work, ours, theirs, inputs, pairs)
    return tuple(results)


def milliseconds(value: float) -> str:
    """For the table, to at least two digits."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="names of models; by default one of each family")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()

    lines, ratios = [], []
    sources = dict(ROWS.keys()) | {"transformer": "torch.nn"}
    for name in tqdm(options.models or FAMILIES):
        source = sources[name]
        forward_ratio, forward_ms, step_ratio, step_ms = measure(
            name, source, options.batch, options.pairs
        )
        ratios += [forward_ratio, step_ratio]
        line = f"| {name} | {source.partition(':')[0]} | {forward_ratio:.2f} | {step_ratio:.2f} "
        lines.append(line + f"| {milliseconds(forward_ms)} | {milliseconds(step_ms)} |")
        tqdm.write(lines[-1])

    summary = f"Median ratio {statistics.median(ratios):.3f}, largest {max(ratios):.3f}."
    print(summary)
    if options.models:
        return
    versions = f"PyTorch {torch.__version__.split('+')[0]}, {torch.get_num_threads()} threads"
    head = [
        "# Speed, side by side",
        "",
        "Ours over the reference: time of a forward pass and of a training step, batch "
        f"{options.batch}, {options.pairs} pairs or more in turn. Below 1, ours is faster. "
        + summary,
        "",
        f"`python benchmarks/speed.py` on {platform.machine()}, {versions}, no GPU.",
        "",
        "| model | reference | forward | training step | forward, ms | training step, ms |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    (ROOT / "benchmarks" / "speed.md").write_text("\n".join([*head, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
