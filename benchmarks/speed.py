"""Our models against the reference implementations: time of a forward pass and a training step.

    python benchmarks/speed.py                 one model of each family, a table in speed.md
    python benchmarks/speed.py resnet50 vgg11  only these, printed

Both run in turn, ours and theirs, in one process, with the same weights and the same images, so
that a machine that slows down slows down both. A ratio is the median over the pairs; below 1 ours
is faster. Milliseconds are medians too, and say little about any other machine.
"""

import argparse
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
from backbones.weights import copy_reference_weights

# One model of each family that has a reference, at the size of its paper.
FAMILIES = [
    "alexnet",
    "vgg16",
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
    "tf_efficientnet_lite0",
    "regnet_y_1_6gf",
    "vit_b_16",
    "vit_base_r50_s16_224",
]


def forward(model: nn.Module, images: torch.Tensor) -> None:
    """Evaluation, without gradients."""
    with torch.inference_mode():
        model(images)


def training_step(model: nn.Module, images: torch.Tensor) -> None:
    """Forward, backward and a step of SGD."""
    for parameter in model.parameters():
        parameter.grad = None
    output = model(images)
    nn.functional.cross_entropy(output, torch.zeros(len(images), dtype=torch.long)).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(parameter.grad, alpha=1e-4)


def in_turn(work, ours: nn.Module, theirs: nn.Module, images, pairs: int) -> tuple[float, float]:
    """Median ratio of the times of a pair, and our median time in ms. The first pair warms up."""
    ratios, times = [], []
    for index in range(pairs + 1):
        seconds = {}
        for name, model in [("ours", ours), ("theirs", theirs)][:: 1 if index % 2 else -1]:
            started = time.perf_counter()
            work(model, images)
            seconds[name] = time.perf_counter() - started
        if index:
            ratios.append(seconds["ours"] / seconds["theirs"])
            times.append(seconds["ours"])
    return statistics.median(ratios), 1000 * statistics.median(times)


def measure(name: str, source: str, batch: int, pairs: int) -> tuple[float, float, float, float]:
    """Ratio and milliseconds of the forward pass, then of the training step."""
    with uninitialised():
        ours, theirs = create_model(name.removeprefix("tf_")), build_reference(name, source)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, 0, 0.02)
    copy_reference_weights(ours, theirs)
    size = tuple(map(int, ROWS[name.removeprefix("tf_"), source]["input"].split("x")))
    images = torch.randn(batch, *size)
    results = []
    for work, mode in ((forward, False), (training_step, True)):
        ours.train(mode), theirs.train(mode)
        for model in (ours, theirs):  # batch norm and dropout at work, auxiliary heads not
            model.train(mode)
        results += in_turn(work, ours, theirs, images, pairs)
    return tuple(results)


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="names of models; by default one of each family")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()

    lines, ratios = [], []
    sources = dict(ROWS.keys())
    for name in tqdm(options.models or FAMILIES):
        source = sources.get(name.removeprefix("tf_"), "timm")
        forward_ratio, forward_ms, step_ratio, step_ms = measure(
            name, source, options.batch, options.pairs
        )
        ratios += [forward_ratio, step_ratio]
        line = f"| {name} | {source} | {forward_ratio:.2f} | {step_ratio:.2f} "
        lines.append(line + f"| {forward_ms:,.0f} | {step_ms:,.0f} |")
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
        f"{options.batch}, {options.pairs} pairs in turn. Below 1, ours is faster. {summary}",
        "",
        f"`python benchmarks/speed.py` on {platform.machine()}, {versions}, no GPU.",
        "",
        "| model | reference | forward | training step | forward, ms | training step, ms |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    (ROOT / "benchmarks" / "speed.md").write_text("\n".join([*head, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
