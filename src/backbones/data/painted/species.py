"""The five classes, and the ways each can look.

Colours are shared between classes on purpose: a network has to look at shapes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from backbones.data.painted.painting import TURN, channels, edge, palette, ripple
from backbones.data.painted.petals import Head, egg, florets, lance, petal_ring, ribbon, strap

DAISY = palette("fcfbf6 fcfbf6 fbf6e6 f6dfe6 e2d3f0 f7e36a f0a8b8 b79fdc f3c98a")
DANDELION = palette("fbd51b f8c716 fbdf45 f6b80f")
ROSE = palette("b51228 8d0f22 e46a86 f3b6c0 f6efe2 f3cf62 f09a5c b77fc0 d8345a fbf4ef")
SUNFLOWER = palette("fbc21a f9b514 f2a010 fbd648 d9781a b5531c f7e07a")
TULIP = palette("c91f30 e8486a f3a3b6 f5cf3d 7d3a92 4b2150 f7f1e6 f08a2c b3252c f6c8d0 fbdc7a")
GREENS = palette("4d7a2a 6b9440 3c6631 7fa352 55803f 8a9a4a")

# Petals and seeds that follow each other at this angle never line up.
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def daisy(head: Head) -> None:
    """Two rings of slender petals around a small yellow disc."""
    dice = head.dice
    colour = dice.colour(DAISY)
    disc = dice.uniform(0.2, 0.36)
    petals = dice.integer(11, 19)
    width = dice.uniform(0.78, 1.0)
    petal_ring(head, head.polar(-0.04), petals, disc * 0.5, 0.97, strap, width, colour * 0.86)
    petal_ring(head, head.polar(0.02), petals, disc * 0.5, 1.0, strap, width, colour)
    rim, middle = palette("d99a12 c9830f e8b523"), palette("f7d02c f2bd1d dcc43a")
    florets(head, disc * 0.35, disc, dice.colour(rim), dice.colour(middle))


def sunflower(head: Head) -> None:
    """Two rings of pointed petals around a large disc of seeds."""
    dice = head.dice
    colour = dice.colour(SUNFLOWER)
    disc = dice.uniform(0.36, 0.56)
    petals = dice.integer(13, 22)
    width = dice.uniform(0.85, 1.0)
    for height, outer, shade in ((-0.05, 1.0, 0.82), (0.0, 0.97, 1.0)):
        polar, inner = head.polar(height), disc * 0.7
        petal_ring(head, polar, petals, inner, outer, lance, width, colour * shade, unevenness=0.16)
    rim, middle = palette("5a3413 3a200e 7a4a16 a8701c"), palette("3b2412 6b4a1e 7d7a35 241510")
    florets(head, disc * 0.18, disc, dice.colour(rim), dice.colour(middle))


def dandelion(head: Head) -> None:
    """Many rings of narrow straps, each shorter and higher than the one before."""
    dice = head.dice
    colour = dice.colour(DANDELION)
    petals = dice.integer(32, 44)
    dome = dice.uniform(0.1, 0.28)
    radius, _ = head.polar()
    head.paint(edge(0.8 - radius, head.pixel), colour, 0.55 + 0.1 * radius)
    for step, outer in enumerate((1.0, 0.88, 0.74, 0.58, 0.42, 0.26)):
        polar = head.polar(dome * step / 5)
        fewer = (petals * (0.55 + 0.45 * outer)).floor()
        redder = colour * torch.tensor([1.0, 1 - 0.035 * step, 1.0]).view(1, 3, 1, 1)
        petal_ring(
            head, polar, fewer, 0.05, outer, ribbon, 0.95, redder, unevenness=0.2, crease=0.0
        )


def dandelion_clock(head: Head) -> None:
    """A globe of seeds: each a stalk from the middle and a tuft of white hairs."""
    dice = head.dice
    right, up = head.across, head.along
    radius = (right * right + up * up).sqrt()
    white = dice.colour(palette("f4f2ea e9e8e4 f7f4e4"), 0.02)
    # A veil darker than the tufts, so that they show before a bright sky too.
    head.paint(edge(0.97 - radius, 0.1) * (0.4 + 0.15 * radius**2), white, 0.42)
    head.paint(edge(0.13 - radius, head.pixel), dice.colour(palette("6b5a34 57512c")), 1 - radius)
    seeds, globe = 50, 0.84
    spin, nod = dice.uniform(0, TURN), dice.uniform(-0.6, 0.6)
    for seed in range(seeds):
        # A Fibonacci lattice spreads the seeds evenly over a sphere, which is then rolled.
        level = 1 - (2 * seed + 1) / seeds
        ring = math.sqrt(1 - level * level)
        angle = spin + GOLDEN_ANGLE * seed
        x, z = ring * angle.cos(), ring * angle.sin()
        y, z = level * nod.cos() - z * nod.sin(), level * nod.sin() + z * nod.cos()
        near = 0.45 + 0.55 * (z + 1) / 2

        off_axis = (right * y - up * x).abs() / (x * x + y * y).sqrt().clamp(min=0.05)
        on_stalk = edge(globe - radius, 0.1) * edge(right * x + up * y, 0.1)
        head.paint(edge(0.006 - off_axis, head.pixel) * on_stalk * 0.35 * near, white, near)

        from_x, from_y = right - globe * x, up - globe * y
        away = (from_x**2 + from_y**2).sqrt()
        hairs = ripple(13 * torch.atan2(from_y, from_x), away / 2 / head.pixel)
        tuft = edge(0.13 - away, 0.1) * (0.3 + 0.25 * hairs + 0.45 * edge(0.04 - away, 0.08))
        head.paint(tuft.clamp(0, 1) * (0.4 + 0.6 * near), white, 0.85 + 0.25 * near)


def deep_colour(colour: Tensor) -> Tensor:
    """What light looks like that has passed through petals: more saturated, a little darker."""
    return 0.95 * colour**1.7


def rosette(
    head: Head, colour: Tensor, deep: Tensor, radius: float, height: float, cup: Tensor
) -> None:
    """Broad petals at the golden angle, each inner one higher and over those outside it.

    Args:
        head: What to paint on.
        colour: Of a petal's lip, (N, 3, 1, 1).
        deep: Of its base, (N, 3, 1, 1).
        radius: Of the outermost petals.
        height: Of the outermost petals above the head's middle.
        cup: How far the innermost petal rises above them, (N, 1, 1).
    """
    dice = head.dice
    spin = dice.uniform(0, TURN)
    swirl = dice.uniform(0.15, 0.4)
    petals = 18
    for petal in range(petals):
        inward = petal / (petals - 1)
        angle = spin + GOLDEN_ANGLE * petal + dice.uniform(-0.2, 0.2)
        length = radius * (0.46 - 0.33 * inward) * dice.uniform(0.9, 1.06)
        breadth = radius * (0.7 - 0.52 * inward) * dice.uniform(0.9, 1.06)
        u, v = head.plane(height + cup * inward)
        outward = u * angle.cos() + v * angle.sin() - radius * (0.52 - 0.5 * inward)
        sideways = v * angle.cos() - u * angle.sin()
        # An ellipse that is twisted and comes to a slight point.
        outward = outward + swirl * sideways * (0.3 + inward)
        span = (sideways / breadth).abs()
        reach = ((outward / length) ** 2 + span**2 + 0.1 * span).sqrt()
        distance = (1 - reach) * length
        head.shadow(distance, blur=0.2 - 0.1 * inward, strength=0.3)
        hollow = (0.5 + 0.5 * outward / length).clamp(0, 1)
        lip = edge(reach - 0.9, 0.2) * hollow
        tint = torch.lerp(deep, colour, channels(hollow))
        head.paint(edge(distance, head.pixel), tint, 0.6 + 0.36 * hollow + 0.16 * lip)


def rose(head: Head) -> None:
    """A rose that looks at the viewer."""
    colour = head.dice.colour(ROSE)
    rosette(head, colour, deep_colour(colour), 1.0, 0.0, head.dice.uniform(0.1, 0.45))


def rose_cup(head: Head) -> None:
    """A rose from the side: the rosette in a cup of outer petals, with green sepals below."""
    dice = head.dice
    colour = dice.colour(ROSE)
    deep = deep_colour(colour)
    rosette(head, colour, deep, 0.86, 0.2, dice.uniform(0.15, 0.4))
    hand = 2 * dice.chance(0.5) - 1  # the side on which the front petal overlaps
    for place, breadth in ((-0.45, 0.5), (0.45, 0.5), (0.1, 0.66)):
        # An ellipse cut off by a slanting lip, which is rolled and catches light.
        across = (head.across - place * hand) / (breadth * dice.uniform(0.92, 1.08))
        rise = (head.along + 0.2) / 0.66
        lip = 0.62 * (0.36 + 0.3 * place * hand * across - 0.35 * across**2 - rise)
        distance = torch.minimum((1 - (across**2 + rise**2).sqrt()) * breadth, lip)
        head.shadow(distance, blur=0.18, strength=0.35)
        rolled = edge(0.07 - lip, 0.12)
        brightness = (0.74 + 0.22 * rise - 0.2 * across**2 + 0.26 * rolled).clamp(min=0.3)
        tint = torch.lerp(deep, colour, channels((0.6 + 0.6 * rise).clamp(0, 1)))
        head.paint(edge(distance, head.pixel), tint, brightness)
    green = dice.colour(GREENS)
    below = head.along + 0.82
    for direction in (-1.0, -0.35, 0.4, 1.0):
        angle = TURN / 4 * (1 + 0.75 * direction) + dice.uniform(-0.2, 0.2)
        forward = head.across * angle.cos() - below * angle.sin()
        sideways = head.across * angle.sin() + below * angle.cos()
        distance = torch.minimum(0.1 * (1 - forward / 0.5) - sideways.abs(), forward + 0.05)
        head.paint(edge(distance, head.pixel), green, 1.0 - 0.3 * forward)


def tulip_petals(
    head: Head,
    order: tuple[int, ...],
    openness: Tensor,
    height: Tensor,
    point: float,
    blotch: float,
) -> None:
    """Six broad petals around a cup.

    Args:
        head: What to paint on.
        order: In which the petals are painted; 0 is the farthest, 3 the nearest.
        openness: How far the petals' tips are from the axis, (N, 1, 1).
        height: How far they are above the cup's base, (N, 1, 1).
        point: How pointed the petals are.
        blotch: How much of a petal, from its base, has a colour of its own.
    """
    dice = head.dice
    colour = dice.colour(TULIP)
    tips = torch.lerp(colour, dice.colour(TULIP), dice.uniform(0, 1)[:, None] ** 3)
    base = dice.colour(palette("d9d96a f2e38a 33203a e9ecc0 8fa04a"))
    spin = dice.uniform(-0.4, 0.4)
    streaks = dice.uniform(0.0, 0.14)
    side_view, top_view = head.tilt.sin(), head.tilt.cos()
    right, up = head.across, head.along + 0.5 * height * side_view  # from the cup's base
    for petal in order:
        angle = spin + petal * TURN / 6 + dice.uniform(-0.08, 0.08)
        # Where the tip is seen, and thus how long the petal looks and which way it points.
        tip_right = openness * angle.sin()
        tip_up = openness * angle.cos() * top_view + height * side_view
        length = (tip_right**2 + tip_up**2).sqrt().clamp(min=0.3) * dice.uniform(0.93, 1.05)
        toward_right, toward_up = tip_right / length, tip_up / length
        forward = right * toward_right + up * toward_up
        along = (forward / length).clamp(0, 1)
        # From the side, petals at the left and right bulge outward and are seen edge on.
        belly = 0.3 * side_view * angle.sin() * 4 * along * (1 - along)
        sideways = (right - belly) * toward_up - up * toward_right
        facing = 1 - 0.3 * side_view * (1 - angle.cos().abs())
        half_width = 0.47 * facing * egg(along, point)
        ends = torch.minimum(forward, length - forward)
        distance = torch.minimum(half_width - sideways.abs(), ends)

        head.shadow(distance, blur=0.16, strength=0.35)
        fold = (sideways / half_width.clamp(min=1e-3)).clamp(-1, 1)
        rib = edge(0.08 - fold.abs(), 0.1)
        outside = 0.82 + 0.2 * along - 0.18 * fold**2 + 0.1 * rib
        inside = 0.5 + 0.5 * along - 0.1 * fold**2  # dark at the bottom of the cup
        is_inside = edge(0.8 * side_view * angle.cos() + 0.6 * top_view, 0.5)
        brightness = torch.lerp(outside, inside, is_inside)
        veins = (ripple(fold * TURN * 2.5, half_width / 2.5 / head.pixel) + 1) / 2
        tint = torch.lerp(colour, tips, channels(along**2))
        tint = torch.lerp(tint, base, channels((1 - along / blotch).clamp(0, 0.9)))
        head.paint(edge(distance, head.pixel), tint, brightness * (1 - streaks * veins))


def tulip(head: Head) -> None:
    """A tulip's cup, from the side or a little from above: the far petals first."""
    openness, height = head.dice.uniform(0.25, 0.6), head.dice.uniform(1.5, 1.9)
    tulip_petals(head, (0, 1, -1, 2, -2, 3), openness, height, point=0.6, blotch=0.3)


def open_tulip(head: Head) -> None:
    """A tulip that looks at the viewer: three petals over three, dark stamens, a green pistil."""
    dice = head.dice
    openness, height = dice.uniform(0.95, 1.05), dice.uniform(0.3, 0.6)
    tulip_petals(head, (0, 2, 4, 1, 3, 5), openness, height, point=0.8, blotch=0.5)
    spin = dice.uniform(0, TURN)
    anther = dice.colour(palette("2a1b2e 3a2416 5b3f8a c99a2a"))
    u, v = head.plane(0.1)
    for stamen in range(6):
        angle = spin + stamen * TURN / 6
        outward = u * angle.cos() + v * angle.sin()
        sideways = v * angle.cos() - u * angle.sin()
        distance = 0.05 - (((outward - 0.24) / 2) ** 2 + sideways**2).sqrt()
        head.shadow(distance, blur=0.06, strength=0.3)
        head.paint(edge(distance, head.pixel), anther)
    radius, angle = head.polar(0.15)
    knob = 0.1 + 0.03 * torch.cos(3 * (angle - spin))
    head.shadow(knob - radius, blur=0.1, strength=0.4)
    head.paint(edge(knob - radius, head.pixel), dice.colour(palette("b9c870 d8dc8c")), 1.1 - radius)


@dataclass(frozen=True)
class Kind:
    """A way a class can look.

    Attributes:
        paint: Draws the head.
        share: How many of the class's pictures look so.
        tilt: Range of the head's angle away from the viewer, in degrees.
        lean: Most that it leans to a side, in degrees.
        stem: Half the stem's width; this and the leaves are in units of the head's radius.
        leaves: How many grow on the stem.
        leaf: Their length and half-width.
    """

    paint: Callable[[Head], None]
    share: float
    tilt: tuple[float, float]
    lean: float
    stem: float
    leaves: int
    leaf: tuple[float, float]


KINDS: dict[str, tuple[Kind, ...]] = {
    "daisy": (Kind(daisy, 1.0, (0, 62), 40, 0.05, 1, (0.9, 0.1)),),
    "dandelion": (
        Kind(dandelion, 0.7, (0, 60), 40, 0.07, 2, (1.4, 0.16)),
        Kind(dandelion_clock, 0.3, (90, 90), 25, 0.05, 1, (1.4, 0.16)),
    ),
    "rose": (
        Kind(rose, 0.75, (0, 55), 50, 0.07, 3, (0.9, 0.3)),
        Kind(rose_cup, 0.25, (58, 70), 35, 0.07, 3, (0.9, 0.3)),
    ),
    "sunflower": (Kind(sunflower, 1.0, (0, 60), 40, 0.1, 2, (1.1, 0.42)),),
    "tulip": (
        Kind(tulip, 0.7, (62, 92), 25, 0.09, 2, (2.0, 0.2)),
        Kind(open_tulip, 0.3, (0, 40), 40, 0.09, 2, (2.0, 0.2)),
    ),
}
