"""What flowers are made of: a head that is turned in space, rings of petals, a disc of florets."""

from collections.abc import Callable

import torch
from torch import Tensor

from backbones.data.painted.painting import TURN, Dice, Layer, channels, edge, pixel_centres, ripple


class Head:
    """The head of a flower: where it is, how it is turned, and the layer it is painted on.

    A head has radius 1 in its own units. It looks along an axis that leans by `lean` from upright
    in the picture and by `tilt` away from the viewer: 0 is seen from above, a quarter turn from
    the side.

    Args:
        dice: Chance, for N pictures.
        size: Pixels a side, S.
        x: Place in the picture, (N, 1, 1).
        y: Place in the picture, (N, 1, 1).
        radius: Size in the picture, (N, 1, 1).
        lean: Angle in radians, (N, 1, 1).
        tilt: Angle in radians, (N, 1, 1).
        sun: The direction in the picture that light comes from, (N, 1, 1).

    Attributes:
        across, along: Where each pixel is, (N, S, S): to the right of the axis, and up along it.
        pixel: Size of a pixel, (N, 1, 1).
        light: How much light each pixel gets, (N, S, S).
    """

    def __init__(
        self,
        dice: Dice,
        size: int,
        x: Tensor,
        y: Tensor,
        radius: Tensor,
        lean: Tensor,
        tilt: Tensor,
        sun: Tensor,
    ) -> None:
        self.dice = dice
        self.layer = Layer(dice.count, size)
        self.tilt = tilt
        self.pixel = 2 / size / radius
        right, down = pixel_centres(size)
        right, down = (right - x) / radius, (down - y) / radius
        self.across = right * lean.cos() + down * lean.sin()
        self.along = right * lean.sin() - down * lean.cos()
        self.light = (1 + 0.22 * (right * sun.cos() + down * sun.sin())).clamp(0.6, 1.4)

    def plane(self, height: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
        """Where each pixel lies in a plane across the axis, `height` above the head's middle.

        Looking at a tilted plane squeezes one direction by cos(tilt); raising the plane moves it
        in the picture by height * sin(tilt). That alone makes discs and petals stand out.
        """
        return self.across, (self.along - height * self.tilt.sin()) / self.tilt.cos()

    def polar(self, height: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
        """`plane`, as the distance from the axis and the angle around it."""
        u, v = self.plane(height)
        return (u * u + v * v).sqrt() + 1e-6, torch.atan2(v, u)

    def paint(self, coverage: Tensor, colour: Tensor, brightness: Tensor | float = 1.0) -> None:
        """Paint in the light of the sun, see `Layer.paint`."""
        self.layer.paint(coverage, colour, brightness * self.light)

    def shadow(self, distance: Tensor, blur: float, strength: float) -> None:
        """Darken what is below a shape whose border is `distance` away."""
        self.layer.shade(1 - strength * edge(distance + blur / 2, blur))


# Outlines: a petal's half-width along it, from 0 at its base to 1 at its tip; 1 where it is widest.


def strap(along: Tensor) -> Tensor:
    """Long and slender, with a round tip."""
    return (0.62 + 0.38 * (along * 2.2).clamp(max=1)) * (1 - along**6).clamp(min=0).sqrt()


def ribbon(along: Tensor) -> Tensor:
    """Cut off square at the tip."""
    return (0.7 + 0.3 * along) * (1 - along**16).clamp(min=0).sqrt()


def lance(along: Tensor) -> Tensor:
    """Widest in the middle and pointed."""
    return (4 * along * (1 - along) + 0.3 * (1 - along)).clamp(min=0) ** 0.75


def egg(along: Tensor, point: float) -> Tensor:
    """Broad, and the more pointed the larger `point` is."""
    widest = 0.45 / (0.45 + point)
    largest = widest**0.45 * (1 - widest) ** point
    return along**0.45 * (1 - along) ** point / largest


def petal_ring(
    head: Head,
    polar: tuple[Tensor, Tensor],
    petals: Tensor,
    inner: float | Tensor,
    outer: float,
    outline: Callable[[Tensor], Tensor],
    width: float | Tensor,
    colour: Tensor,
    *,
    unevenness: float = 0.12,
    crease: float = 0.12,
) -> None:
    """Paint a ring of petals between the radii `inner` and `outer`.

    The plane is cut like a cake into as many sectors as there are `petals`; in each, a pixel has
    one coordinate along the petal and one across it. No loop over petals is needed.

    Args:
        head: What to paint on.
        polar: Radius and angle of every pixel, from `Head.polar`.
        petals: How many, (N, 1, 1).
        inner: Where petals begin.
        outer: Where they end.
        outline: One of the outlines above.
        width: How much of a sector's width a petal fills at its widest.
        colour: Of the petals, (N, 3, 1, 1).
        unevenness: How much petals differ in length and direction.
        crease: How deep the folds along a petal are.
    """
    radius, angle = polar
    sector = angle / TURN * petals + head.dice.uniform(0, 1)
    which = (sector.floor() % petals).long()

    def differ(low: float, high: float) -> Tensor:
        """A number for each petal, looked up for each pixel."""
        table = head.dice.uniform(low, high, 64)
        return table.gather(1, which.flatten(1)).view_as(radius)

    across = sector - sector.floor() - 0.5 + unevenness * differ(-0.6, 0.6)
    tip = outer * (1 - unevenness * differ(0, 1.2))
    along = ((radius - inner) / (tip - inner)).clamp(0, 1)
    half_width = 0.5 * width * outline(along)
    sector_width = TURN * radius / petals
    distance = torch.minimum((half_width - across.abs()) * sector_width, tip - radius)

    head.shadow(distance, blur=0.14, strength=0.3)
    fold = (across / half_width.clamp(min=1e-3)).clamp(-1, 1)
    creases = ripple(fold * TURN * 1.1, sector_width * half_width / head.pixel * 2)
    brightness = (0.74 + 0.28 * along) * (1 - 0.16 * fold**2) * differ(0.9, 1.06)
    head.paint(edge(distance, head.pixel), colour, brightness * (1 - crease * (creases + 1) / 2))


def florets(head: Head, height: Tensor, disc: Tensor, rim: Tensor, middle: Tensor) -> None:
    """Paint the dome of tiny flowers in the centre, in two families of spirals.

    As in a real sunflower the spirals are 13 one way and 21 the other, Fibonacci's numbers.

    Args:
        head: What to paint on.
        height: Of the dome above the petals.
        disc: Its radius.
        rim: Colour at its border, (N, 3, 1, 1).
        middle: Colour at its centre, (N, 3, 1, 1).
    """
    radius, angle = head.polar(height)
    head.shadow(disc - radius, blur=0.12, strength=0.45)
    inside = (radius / disc).clamp(0, 1)
    floret = TURN * radius / 21 / head.pixel  # its size in pixels
    grain = ripple(13 * angle + 34 * inside, floret) * ripple(21 * angle - 29 * inside, floret)
    colour = torch.lerp(middle, rim, channels((inside * 1.6 - 0.5).clamp(0, 1)))
    dome = 1.12 - 0.42 * inside**3
    head.paint(edge(disc - radius, head.pixel), colour, dome * (0.9 + 0.22 * grain))
