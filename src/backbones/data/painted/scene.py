"""The picture around the flower: a place out of focus, stems and leaves, and the camera."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from backbones.data.painted.painting import (
    TURN,
    Dice,
    Layer,
    channels,
    edge,
    enlarge,
    palette,
    pixel_centres,
)
from backbones.data.painted.petals import Head
from backbones.data.painted.species import DAISY, GREENS, ROSE, SUNFLOWER, TULIP, Kind

# Each row is a place: the colour above, the colour below, and that of things out of focus.
PLACES = palette(
    "8fb04e 3f6b24 d8df8a "  # meadow
    "5d8a3a 24421a a9c46c "  # meadow in shade
    "24391c 0e1a0d 5b7a3a "  # under trees
    "86b7e8 cfe2ef ffffff "  # sky
    "6a9fd8 6f9a4a dbe9f5 "  # horizon
    "f0b27a 6d4c6e ffe0a8 "  # dusk
    "6b5038 35261b 9a815c "  # soil
    "d8cfc0 a99e8e fff6e6 "  # wall
    "e9c7cb a9808c fbe9ea "  # blush
    "dcc981 8f7c3c fff1b0 "  # straw
    "6b9a96 2b4c50 b9d8cf "  # pond
    "a99bcb 5c6d48 e4d9f4 "  # lavender field
    "2a2d3d 0c0d14 6f6a86 "  # night
).view(-1, 3, 3)
BLOSSOMS = torch.cat([DAISY, SUNFLOWER, ROSE, TULIP])


def blade(
    dice: Dice, size: int, x: Tensor, y: Tensor, angle: Tensor, length: Tensor, width: Tensor
) -> tuple[Tensor, Tensor]:
    """A leaf that starts at (x, y) and grows in the direction `angle`.

    Returns:
        The distance (N, S, S) inside its border, and its brightness: a lighter rib in the middle,
        one half in shade, dark at its foot.
    """
    right, down = pixel_centres(size)
    forward = (right - x) * angle.cos() + (down - y) * angle.sin()
    along = forward / length
    bend = dice.uniform(-0.5, 0.5) * length
    side = (down - y) * angle.cos() - (right - x) * angle.sin() - bend * along**2
    along = along.clamp(0, 1)
    half_width = width * 1.9 * along**0.6 * (1 - along) ** 0.8
    distance = torch.minimum(half_width - side.abs(), torch.minimum(forward, length - forward))
    rib = 0.25 * edge(0.1 * width - side.abs(), 0.25 * width)
    half = 0.16 * (edge(side, 0.1 * width) - 0.5)
    return distance, 0.7 + 0.25 * along + rib + half


def background(dice: Dice, size: int) -> Layer:
    """What is behind the flower: a place, blades, and discs of light or far blossoms.

    It is painted 40 pixels wide and enlarged: that puts it out of focus.
    """
    coarse = 40
    layer = Layer(dice.count, coarse)
    right, down = pixel_centres(coarse)
    place = PLACES[torch.randint(len(PLACES), (dice.count,), generator=dice.generator)]
    place = (place + dice.uniform(-0.05, 0.05, 3, 3)).clamp(0, 1)[..., None, None]
    above, below, glow = place.unbind(1)
    level = 0.5 + 0.5 * down + 0.5 * (dice.clouds(3, coarse) - 0.5)
    blend = edge(level - dice.uniform(0.2, 0.8), dice.uniform(0.2, 1.5))
    layer.paint(torch.ones_like(blend), torch.lerp(above, below, channels(blend)))
    layer.paint((dice.clouds(9, coarse) - 0.35).clamp(0, 1) * dice.uniform(0, 0.6), glow)
    for _ in range(3):
        foot = dice.uniform(-1.2, 1.2), dice.uniform(0.2, 1.3)
        angle = dice.uniform(-2.6, -0.5)
        length, width = dice.uniform(0.8, 2.2), dice.uniform(0.05, 0.2)
        distance, light = blade(dice, coarse, *foot, angle, length, width)
        light = light * dice.uniform(0.5, 1.1)
        layer.paint(edge(distance, 0.12) * dice.chance(0.5) * 0.8, dice.colour(GREENS), light)
    for _ in range(5):
        x, y, radius = dice.uniform(-1.1, 1.1), dice.uniform(-1.1, 1.1), dice.uniform(0.08, 0.4)
        distance = radius - ((right - x) ** 2 + (down - y) ** 2).sqrt()
        colour = torch.lerp(glow, dice.colour(BLOSSOMS), channels(dice.chance(0.5)))
        strength = dice.chance(0.5) * dice.uniform(0.15, 0.7)
        layer.paint(edge(distance, dice.uniform(0.08, 0.3)) * strength, colour)

    scene = Layer(dice.count, size)
    texture = (dice.clouds(13, size) + dice.clouds(22, size) - 1) * dice.uniform(0, 0.08)
    scene.colour = (enlarge(layer.colour, size) + channels(texture)).clamp(0, 1)
    scene.alpha = torch.ones(dice.count, size, size)
    return scene


def plant(
    kind: Kind, dice: Dice, size: int, x: Tensor, y: Tensor, radius: Tensor, sun: Tensor
) -> tuple[Layer, Layer]:
    """Paint one plant a picture: its stem with leaves, and its head.

    Args:
        kind: What it looks like.
        dice: Chance, for N pictures.
        size: Pixels a side, S.
        x: Place of the head, (N, 1, 1).
        y: Place of the head, (N, 1, 1).
        radius: Size of the head, (N, 1, 1).
        sun: The direction light comes from, (N, 1, 1).
    """
    degree = TURN / 360
    lean = dice.uniform(-kind.lean, kind.lean) * degree
    tilt = dice.uniform(*kind.tilt) * degree
    head = Head(dice, size, x, y, radius, lean, tilt, sun)
    stem = Layer(dice.count, size)
    colour = dice.colour(GREENS)
    present = dice.chance(0.85)

    def middle(below: Tensor) -> Tensor:
        """Where the stem is: it leaves the head against its lean, then hangs straight down."""
        return x - radius * 0.8 * lean.tan() * (1 - torch.exp(-1.5 * below.clamp(min=0))) / 1.5

    for _ in range(kind.leaves):
        node = dice.uniform(0.7, 2.2)
        angle = TURN * 0.75 + dice.uniform(0.35, 1.3) * (2 * dice.chance(0.5) - 1)
        length = radius * kind.leaf[0] * dice.uniform(0.7, 1.3)
        width = radius * kind.leaf[1] * dice.uniform(0.7, 1.2)
        distance, light = blade(dice, size, middle(node), y + radius * node, angle, length, width)
        light = light * dice.uniform(0.7, 1.1)
        stem.paint(edge(distance, 2 / size) * present, colour, light)
    right, down = pixel_centres(size)
    below = (down - y) / radius
    aside = (right - middle(below)) / radius
    distance = torch.minimum(kind.stem * dice.uniform(0.7, 1.3) - aside.abs(), below)
    rounded = 0.9 - 0.3 * (aside / kind.stem).clamp(-1, 1)
    stem.paint(edge(distance, head.pixel) * present, colour, rounded)

    kind.paint(head)
    return stem, head.layer


def camera(dice: Dice, picture: Tensor, sun: Tensor, noise: torch.Generator) -> Tensor:
    """Sun and shade, colour and exposure, focus and grain: (N, 3, S, S) in 0..1 to the same."""
    size = picture.shape[-1]
    right, down = pixel_centres(size)
    sunny = 1 + dice.uniform(0, 0.3) * (right * sun.cos() + down * sun.sin())
    vignette = 1 - dice.uniform(0, 0.22) * (right**2 + down**2) / 2
    foliage = edge(dice.clouds(5, size) - dice.uniform(0.4, 0.7), 0.3)
    dapple = 1 - dice.chance(0.35) * dice.uniform(0.2, 0.5) * foliage
    picture = picture * channels(sunny * vignette * dapple)

    grey = picture.mean(1, keepdim=True)
    picture = torch.lerp(grey, picture, channels(dice.uniform(0.65, 1.2)))
    picture = picture * dice.uniform(0.86, 1.14, 3, 1, 1) * channels(dice.uniform(0.85, 1.35))
    picture = picture.clamp(1e-3, 1) ** channels(dice.uniform(0.75, 1.1))

    # Out of focus: twice the mean of 3 x 3 at 64 pixels, and as much of the picture at any size.
    reach = max(1, round(size / 64))
    soft = picture
    for _ in range(2):
        soft = F.pad(soft, (reach,) * 4, mode="replicate")
        soft = F.avg_pool2d(soft, 2 * reach + 1, stride=1)
    picture = torch.lerp(picture, soft, channels(dice.chance(0.3) * dice.uniform(0.2, 1.0)))

    grain = torch.randn(picture.shape, generator=noise)
    grain = 0.4 * grain + 0.8 * grain[:, :1]  # mostly of brightness, less of colour
    return (picture + grain * channels(dice.uniform(0, 0.024))).clamp(0, 1)


def boxes_of(seen: Tensor, whole: Tensor) -> list[Tensor]:
    """The boxes around what can be seen of each flower.

    Args:
        seen: How much of each flower shows in each pixel, (flowers, N, S, S).
        whole: The area, in pixels, that it has before other things cover it, (flowers, N).

    Returns:
        For each picture a float tensor (K, 4): left, top, right, bottom in pixels; right and
        bottom are the far sides of the last pixel. Left out are flowers of which less than a
        third shows, or less than 0.3 % of the picture.
    """
    size = seen.shape[-1]
    shows = seen > 0.3
    area = shows.sum((2, 3))
    kept = (area > whole / 3) & (area > 0.003 * size**2)
    columns, rows = shows.any(2).int(), shows.any(3).int()
    left, top = columns.argmax(-1), rows.argmax(-1)
    right, bottom = size - columns.flip(-1).argmax(-1), size - rows.flip(-1).argmax(-1)
    boxes = torch.stack([left, top, right, bottom], -1).float()
    return [boxes[kept[:, i], i] for i in range(seen.shape[1])]


def paint_pictures(kind: Kind, count: int, size: int, seed: int) -> tuple[Tensor, list[Tensor]]:
    """Paint `count` pictures of one kind, back to front.

    Args:
        kind: What flowers.
        count: How many pictures, N.
        size: Pixels a side, S.
        seed: 0 to 2**31 - 1. The same seed and count give the same scenes at every size; only the
            grain differs.

    Returns:
        uint8 pictures (N, 3, S, S), and for each the boxes of its flowers, see `boxes_of`.
    """
    dice = Dice(count, torch.Generator().manual_seed(2 * seed))
    sun = dice.uniform(-math.pi, 0)
    scene = background(dice, size)

    x, y, radius = dice.uniform(-0.3, 0.3), dice.uniform(-0.3, 0.3), dice.uniform(0.42, 0.95)
    plants = []
    for probability in (0.35, 0.25):  # company, farther off and in some of the pictures only
        rows = dice.chance(probability).flatten().nonzero().flatten()
        aside = dice.uniform(-1, 1), dice.uniform(-1, 1), radius * dice.uniform(0.35, 0.65)
        plants.append((rows, *(value[rows] for value in aside)))
    plants.append((torch.arange(count), x, y, radius))

    seen = torch.zeros(len(plants), count, size, size)
    whole = torch.zeros(len(plants), count)
    for number, (rows, *place) in enumerate(plants):
        if len(rows) == 0:
            continue
        stem, head = plant(kind, Dice(len(rows), dice.generator), size, *place, sun[rows])
        scene.put(stem, rows)
        scene.put(head, rows)
        seen[:number, rows] *= (1 - stem.alpha) * (1 - head.alpha)
        seen[number, rows] = head.alpha
        whole[number, rows] = (head.alpha > 0.3).sum((1, 2)).float()

    for _ in range(3):  # blades before the flower, some of them out of focus
        foot = x + radius * dice.uniform(-1.3, 1.3), y + radius * dice.uniform(0.0, 1.5)
        angle = dice.uniform(-2.8, -0.3)
        length, width = dice.uniform(0.8, 2.4), dice.uniform(0.03, 0.1)
        distance, light = blade(dice, size, *foot, angle, length, width)
        blur = (dice.chance(0.5) * dice.uniform(0, 0.15)).clamp(min=2 / size)
        leaf = edge(distance, blur) * dice.chance(0.3)
        scene.paint(leaf, dice.colour(GREENS), light * dice.uniform(0.5, 1.2))
        seen = seen * (1 - leaf)

    noise = torch.Generator().manual_seed(2 * seed + 1)
    picture = camera(dice, scene.colour, sun, noise)
    return (picture * 255).round().to(torch.uint8), boxes_of(seen, whole)
