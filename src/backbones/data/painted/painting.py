"""A small paint box for batches of pictures: chance, layers, anti-aliased shapes.

Its units know no pixels: a picture spans -1 to 1 both ways,
x grows to the right and y downward. Chance is asked for in an order that does not depend on the
number of pixels, so the same scene can be painted at any size.

Shapes in the code below: N pictures, S pixels a side. One number a picture is an (N, 1, 1) tensor
and one colour a picture (N, 3, 1, 1), so that both broadcast over the pixels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

TURN = 2 * math.pi


def palette(colours: str) -> Tensor:
    """Turn hex colours separated by spaces, "fffaf0 f5c518", into a (K, 3) tensor in 0..1."""
    return torch.tensor([list(bytes.fromhex(colour)) for colour in colours.split()]) / 255


def channels(value: Tensor) -> Tensor:
    """(N, S, S) -> (N, 1, S, S), to multiply colours."""
    return value[:, None]


class Dice:
    """Independent chance for each of `count` pictures, from one seeded generator."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self.count = count
        self.generator = generator

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers in [low, high), one a picture: (N, 1, 1), or (N, *shape)."""
        unit = torch.rand(self.count, *(shape or (1, 1)), generator=self.generator)
        return low + (high - low) * unit

    def integer(self, low: int, high: int) -> Tensor:
        """Whole numbers in [low, high], as an (N, 1, 1) tensor of floats."""
        return self.uniform(low, high + 1).floor()

    def chance(self, probability: float) -> Tensor:
        """1 with the given probability, else 0: (N, 1, 1)."""
        return (self.uniform(0, 1) < probability).float()

    def colour(self, colours: Tensor, jitter: float = 0.05) -> Tensor:
        """One of the (K, 3) `colours` a picture, slightly changed: (N, 3, 1, 1)."""
        chosen = torch.randint(len(colours), (self.count,), generator=self.generator)
        changed = colours[chosen] + self.uniform(-jitter, jitter, 3)
        return changed.clamp(0, 1)[:, :, None, None]

    def clouds(self, cells: int, size: int) -> Tensor:
        """Smooth noise, about 0 to 1, with `cells` blobs a side: (N, size, size)."""
        return enlarge(self.uniform(0, 1, 1, cells, cells), size)[:, 0]


def enlarge(picture: Tensor, size: int) -> Tensor:
    """Resize (N, C, S, S) smoothly to (N, C, size, size)."""
    return F.interpolate(
        picture,
        (size, size),
        mode="bicubic",
        align_corners=False,
        antialias=size < picture.shape[-1],
    )


def pixel_centres(size: int) -> tuple[Tensor, Tensor]:
    """Coordinates (1, size, 1 or size) of the pixels' centres: x to the right, y downward."""
    line = (torch.arange(size) + 0.5) / size * 2 - 1
    return line.view(1, 1, size), line.view(1, size, 1)


def edge(distance: Tensor, width: Tensor | float) -> Tensor:
    """How much of a pixel is covered, when its centre lies `distance` inside a shape's border.

    The border is a ramp of the given `width`: a pixel's for a crisp shape without staircases,
    more for shadows and for what is out of focus.
    """
    return (distance / width + 0.5).clamp(0, 1)


def ripple(phase: Tensor, pixels_a_wave: Tensor) -> Tensor:
    """cos(phase), fading to its mean of 0 where a wave has too few pixels to be drawn.

    Finer than two pixels a wave, a pattern would alias into moiré.
    """
    return torch.cos(phase) * ((pixels_a_wave - 2) / 2).clamp(0, 1)


class Layer:
    """A batch of transparent pictures that are painted back to front.

    `colour` (N, 3, S, S) is already multiplied by `alpha` (N, S, S), as usual for compositing:
    Porter and Duff, "Compositing digital images", SIGGRAPH 1984.
    """

    def __init__(self, count: int, size: int) -> None:
        self.colour = torch.zeros(count, 3, size, size)
        self.alpha = torch.zeros(count, size, size)

    def paint(self, coverage: Tensor, colour: Tensor, brightness: Tensor | float = 1.0) -> None:
        """Put `colour` over the layer where `coverage` says.

        Args:
            coverage: (N, S, S), from 0, nothing, to 1, opaque.
            colour: (N, 3, 1 or S, 1 or S).
            brightness: multiplies the colour, (N, S, S).
        """
        clear = 1 - coverage
        self.colour.mul_(channels(clear)).addcmul_(channels(coverage * brightness), colour)
        self.alpha = 1 - (1 - self.alpha) * clear

    def shade(self, factor: Tensor) -> None:
        """Multiply the light by `factor` (N, S, S)."""
        self.colour.mul_(channels(factor))

    def put(self, other: "Layer", rows: Tensor | slice = slice(None)) -> None:
        """Lay another layer over the pictures numbered `rows`."""
        clear = 1 - other.alpha
        self.colour[rows] = self.colour[rows] * channels(clear) + other.colour
        self.alpha[rows] = self.alpha[rows] * clear + other.alpha
