"""Random changes to a batch of training pictures that leave its labels true.

An augmentation is any function ``(images, generator) -> images`` of a batch (B, C, H, W), uint8 or
float, that takes all its chance from the generator (on the CPU). These work on the whole batch at
once and on the device where it lies. `functools.partial` sets their options.
"""

import torch
from torch import Tensor

from backbones.checks import check_positive


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each picture left to right with probability 1/2. Not for digits or letters."""
    flipped = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(flipped.to(images.device)[:, None, None, None], images.flip(-1), images)


def random_crop(images: Tensor, generator: torch.Generator, padding: int | None = None) -> Tensor:
    """Shift each picture by up to ``padding`` pixels along both axes; what enters is mirrored.

    The same as padding by reflection, then cropping back to the size at a random place.

    Args:
        images: (B, C, H, W).
        generator: Source of chance, on the CPU.
        padding: Largest shift in pixels, below H and W. An eighth of the shorter side by default.

    Raises:
        ValueError: If padding is not an integer from 1 to the shorter side less 1.
    """
    count, channels, height, width = images.shape
    padding = max(1, min(height, width) // 8) if padding is None else padding
    check_positive(padding=padding)
    if padding >= min(height, width):
        raise ValueError(f"padding must be below the side of {height} x {width}, got {padding}")
    shift = torch.randint(-padding, padding + 1, (2, count, 1), generator=generator)
    rows = _mirrored(torch.arange(height) + shift[0], height).to(images.device)
    columns = _mirrored(torch.arange(width) + shift[1], width).to(images.device)
    shape = (count, channels, height, width)
    images = images.gather(2, rows[:, None, :, None].expand(shape))
    return images.gather(3, columns[:, None, None, :].expand(shape))


def standard_augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """`random_crop`, then `random_flip`: the usual pair for small colour pictures."""
    return random_flip(random_crop(images, generator), generator)


def _mirrored(index: Tensor, size: int) -> Tensor:
    """Fold positions outside 0 ... size - 1 back in: -1 -> 1 and size -> size - 2."""
    last = size - 1
    return last - (last - index.abs()).abs()
