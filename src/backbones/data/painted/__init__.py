"""Flowers that are painted, not photographed: a procedural stand-in for flower_photos.

Five classes, each built the way the real flower is: daisies and sunflowers are rings of petals
around a disc of florets, dandelions are rings of straps or a globe of seeds, roses are petals set
at the golden angle, tulips six petals around a cup. Light, place, size, tilt, occlusion and
company vary.

Read `painting` for the paint box, `petals` for the parts of flowers, `species` for the classes
and `scene` for what surrounds them.
"""

import hashlib
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from backbones.data.painted.scene import paint_pictures
from backbones.data.painted.species import KINDS, Kind
from backbones.progress import is_watched

CLASSES = tuple(KINDS)

CHUNK = 16  # pictures painted at once: few enough for a processor's cache
_CHUNKS = 2000  # of one kind in a set, at most
_STREAMS = 8  # the kinds, and the order of the set
MOST_PICTURES = CHUNK * _CHUNKS
LARGEST_SEED = 2**31 // (2 * _STREAMS * _CHUNKS) - 1


def paint_set(
    count: int, size: int, seed: int, *, validation: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Paint a shuffled set with equally many pictures of each class.

    Pictures are painted in chunks of a fixed size, and every chunk of every set, whether for
    training or validation, has a generator seeded with a number of its own: no picture can be in
    both sets.

    Args:
        count: How many pictures, up to `MOST_PICTURES`.
        size: Pixels a side, S.
        seed: 0 to `LARGEST_SEED`.
        validation: Whether this is the validation set.

    Returns:
        uint8 pictures (count, 3, S, S), int64 labels (count,) that index `CLASSES`, and for each
        picture the float boxes (K, 4) of its flowers: left, top, right, bottom in pixels.
    """

    def number(kind: int, chunk: int) -> int:
        return ((2 * seed + validation) * _STREAMS + kind) * _CHUNKS + chunk

    kinds = [(label, kind) for label, name in enumerate(CLASSES) for kind in KINDS[name]]
    painted = [0.0] * len(CLASSES)  # the share of each class that is done
    labels, chunks = [], []
    for stream, (label, kind) in enumerate(kinds):
        of_class = count // len(CLASSES) + (label < count % len(CLASSES))
        done = round(of_class * painted[label])
        painted[label] += kind.share
        wanted = round(of_class * painted[label]) - done
        labels += [label] * wanted
        for chunk in range(math.ceil(wanted / CHUNK)):
            chunks.append((kind, number(stream, chunk), min(CHUNK, wanted - chunk * CHUNK)))

    def paint(chunk: tuple[Kind, int, int]) -> tuple[Tensor, list[Tensor]]:
        kind, seed, wanted = chunk
        images, boxes = paint_pictures(kind, CHUNK, size, seed)
        return images[:wanted], boxes[:wanted]

    images, boxes = zip(*_side_by_side(paint, chunks), strict=True)
    boxes = [box for part in boxes for box in part]
    shuffle = torch.Generator().manual_seed(number(len(kinds), 0))
    order = torch.randperm(count, generator=shuffle)
    return torch.cat(images)[order], torch.tensor(labels)[order], [boxes[i] for i in order]


def _side_by_side(work: Callable, tasks: list) -> list:
    """Do each task, on as many threads as torch may use, and one within each task.

    Torch's own way, many threads within every small operation, has them wait for each other most
    of the time, and for other programs on a busy machine.
    """
    threads = torch.get_num_threads()
    settings = {"max_workers": threads, "initializer": torch.set_num_threads, "initargs": (1,)}
    bar = {"desc": "painting flowers", "delay": 2, "leave": False, "disable": not is_watched()}
    try:
        with ThreadPoolExecutor(**settings) as pool:
            return list(tqdm(pool.map(work, tasks), total=len(tasks), **bar))
    finally:
        torch.set_num_threads(threads)


def version() -> str:
    """Eight digits that change whenever the code that paints does."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
