"""`DetectionMetrics` against pycocotools: the time to evaluate a data set by COCO's rules.

    python benchmarks/detection.py                       a table in detection.md
    python benchmarks/detection.py --pictures 200        smaller, printed

Both get the same random pictures, in turn, in one process, on one thread, and are timed by the
processor's time, so that a machine with other work to do slows down both alike. Ours is timed from
arrays to the numbers, which includes reading and checking; of pycocotools only `evaluate` and
`accumulate` are timed, not the reading of its dictionaries. A ratio is the median over the pairs,
below 1 where ours is faster. Their twelve numbers must agree.
"""

import argparse
import contextlib
import io
import platform
import statistics
import time
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from tqdm import tqdm

from backbones.detection import DetectionMetrics

BOXES = 100  # truths of each picture, and detections
# Pictures, classes, pairs: with few classes many boxes compete, with many there are many groups.
COMPARISONS = [(50, 1, 5), (200, 10, 5), (200, 80, 5), (5000, 80, 1)]


def scenes(pictures: int, classes: int) -> tuple[list[dict], list[dict]]:
    """Random truths, and detections near them, a tenth of which have another class."""
    rng = np.random.default_rng(0)
    predictions, targets = [], []
    for _ in range(pictures):
        start, size = rng.integers(0, 500, (BOXES, 2)), rng.integers(4, 140, (BOXES, 2))
        truths = np.hstack([start, start + size]).astype(float)
        labels = rng.integers(0, classes, BOXES)
        moved = truths + rng.integers(-12, 13, truths.shape) / 8
        guessed = np.where(rng.random(BOXES) < 0.1, rng.integers(0, classes, BOXES), labels)
        scores = rng.random(BOXES)
        predictions.append({"boxes": moved, "scores": scores, "labels": guessed})
        targets.append({"boxes": truths, "labels": labels})
    return predictions, targets


def rows(pictures: list[dict]) -> list[dict]:
    """As pycocotools reads them: a dictionary for each box, x, y, width and height."""
    result = []
    for image_id, picture in enumerate(pictures):
        scores = picture.get("scores", np.zeros(BOXES)).tolist()
        boxes, labels = picture["boxes"].tolist(), picture["labels"].tolist()
        for (x0, y0, x1, y1), label, score in zip(boxes, labels, scores, strict=True):
            row = {"id": len(result) + 1, "image_id": image_id, "category_id": label}
            row |= {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
            result.append(row | {"iscrowd": 0, "score": score})
    return result


def read(predictions: list[dict], targets: list[dict], classes: int) -> tuple[COCO, COCO]:
    """Truths and detections in pycocotools' form."""
    truths = COCO()
    truths.dataset = {
        "info": {},
        "images": [{"id": image_id} for image_id in range(len(targets))],
        "categories": [{"id": label} for label in range(classes)],
        "annotations": rows(targets),
    }
    truths.createIndex()
    return truths, truths.loadRes(rows(predictions))


def in_turn(pictures: int, classes: int, pairs: int) -> tuple[float, float, float]:
    """Median ratio, and the median seconds of ours and of theirs."""
    predictions, targets = scenes(pictures, classes)
    with contextlib.redirect_stdout(io.StringIO()):
        truths, found = read(predictions, targets, classes)
    times = {"ours": [], "theirs": []}
    numbers = {}
    for index in range(pairs):
        for name in ("ours", "theirs")[:: 1 if index % 2 else -1]:
            started = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                if name == "ours":
                    metrics = DetectionMetrics()
                    metrics.update(predictions, targets)
                    numbers[name] = list(metrics.compute().values())
                else:
                    evaluation = COCOeval(truths, found, "bbox")
                    evaluation.evaluate()
                    evaluation.accumulate()
            times[name].append(time.process_time() - started)
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.summarize()
        np.testing.assert_allclose(numbers["ours"], evaluation.stats, atol=1e-6)
        del evaluation
    ratios = [a / b for a, b in zip(times["ours"], times["theirs"], strict=True)]
    return statistics.median(ratios), *map(statistics.median, times.values())


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, help="only so many, with 80 classes; printed")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    only = [(options.pictures, 80, options.pairs)] if options.pictures else None

    lines = []
    for pictures, classes, pairs in tqdm(only or COMPARISONS):
        ratio, ours, theirs = in_turn(pictures, classes, pairs)
        line = f"| {pictures:,} | {classes} | {pairs} | {ratio:.2f} | {ours:.1f} | {theirs:.1f} |"
        lines.append(line)
        tqdm.write(line)
    if only:
        return
    head = [
        "# Detection metrics, side by side",
        "",
        f"`DetectionMetrics` over pycocotools: processor's time for pictures of {BOXES} truths and "
        f"{BOXES} detections, pairs in turn. Below 1, ours is faster. Ours includes reading the "
        "boxes, theirs does not.",
        "",
        f"`python benchmarks/detection.py` on {platform.machine()}, NumPy {np.__version__}, "
        "one thread.",
        "",
        "| pictures | classes | pairs | ratio | ours, s | pycocotools, s |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    path = Path(__file__).with_suffix(".md")
    path.write_text("\n".join([*head, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
