"""The drawing beside the title of the first page: what a backbone is."""

from __future__ import annotations

from typing import NamedTuple

# Height, depth (channels) and colour of each volume, as VGG-16's but for the scale.
VOLUMES = (
    (168, 7, "var(--bb-sky)", "224", "64"),
    (128, 13, "var(--bb-sky)", "112", "128"),
    (94, 22, "var(--bb-blue)", "56", "256"),
    (64, 34, "var(--bb-blue)", "28", "512"),
    (42, 38, "var(--bb-orange)", "14", "512"),
)
CLASSES = (("daisy", 0.86), ("dandelion", 0.31), ("tulip", 0.16))
SLANT = 0.42  # how far a square leans: its side is seen from the left
ALT = (
    "A backbone: a picture of a daisy runs through five volumes of feature maps, each smaller "
    "and with more channels than the last, and comes out as scores of classes."
)


class Layout(NamedTuple):
    """A drawing beside the title, or a smaller one for a phone, with letters as large on the page.

    Args:
        name: Class of its svg; the style sheet shows one of the two.
        scale: Of volumes and flower.
        gap: Between volumes.
        letters: Size of the letters, in units of the drawing.
        bar: Length of the bar of a sure class.
    """

    name: str
    scale: float
    gap: float
    letters: float
    bar: float

    @property
    def axis(self) -> float:
        """Height of the line on which everything is centred."""
        return 4 + 84 * self.scale


WIDE = Layout("bb-hero-wide", scale=1, gap=10, letters=16, bar=84)
SMALL = Layout("bb-hero-small", scale=0.52, gap=11, letters=13, bar=64)


def volume(x: float, axis: float, height: float, depth: float, colour: str) -> str:
    """A feature volume: a square of pixels, leaning, and as thick as it has channels."""
    side = height * SLANT
    top, bottom, lift = axis - height / 2, axis + height / 2, side * 0.38
    tall = height - lift
    faces = (
        (
            f"M{x:.0f} {top + lift:.0f}l{side:.0f} {-lift:.0f}v{tall:.0f}l{-side:.0f} {lift:.0f}z",
            0.3,
        ),
        (f"M{x + side:.0f} {top:.0f}h{depth:.0f}v{tall:.0f}h{-depth:.0f}z", 0.62),
        (f"M{x:.0f} {bottom:.0f}h{depth:.0f}l{side:.0f} {-lift:.0f}h{-depth:.0f}z", 0.85),
    )
    paths = "".join(f'<path d="{path}" fill-opacity="{opacity}"/>' for path, opacity in faces)
    return f'<g fill="{colour}" stroke="{colour}" stroke-linejoin="round">{paths}</g>'


def flower(x: float, y: float, scale: float) -> str:
    """The picture that goes in."""
    petals = "".join(
        f'<ellipse cy="-15" rx="6" ry="12" transform="rotate({angle})"/>'
        for angle in range(0, 360, 45)
    )
    return (
        f'<g transform="translate({x:.0f} {y:.0f}) scale({scale:g})">'
        '<rect x="-34" y="-34" width="68" height="68" rx="5" fill="var(--bb-green)" '
        'fill-opacity=".22" stroke="var(--bb-green)"/>'
        f'<g fill="#fff" stroke="#7f7f7f" stroke-width=".8">{petals}</g>'
        '<circle r="7.5" fill="var(--bb-yellow)"/></g>'
    )


def scores(x: float, layout: Layout) -> str:
    """What comes out: a bar a class."""
    pitch = 2.1 * layout.letters
    top = layout.axis - 1.1 * pitch
    return "".join(
        f'<text class="bb-left" x="{x:.0f}" y="{top + pitch * k - 4:.0f}">{name}</text>'
        f'<rect x="{x:.0f}" y="{top + pitch * k:.0f}" width="{share * layout.bar:.0f}" '
        f'height="{layout.letters / 2:.0f}" rx="2" fill="var(--bb-orange)"/>'
        for k, (name, share) in enumerate(CLASSES)
    )


def drawing(layout: Layout) -> str:
    """The whole picture: a flower, volumes on a spine, scores."""
    scale, axis, size = layout.scale, layout.axis, layout.letters
    frame = 68 * max(scale, 0.66)  # of the flower, which stays large enough to be one
    parts, x = [], frame + 20
    low = axis + 84 * scale + 1.7 * size
    for height, depth, colour, side, channels in VOLUMES:
        width = (height * SLANT + depth) * scale
        middle = f"{x + width / 2:.0f}"
        parts.append(volume(x, axis, height * scale, depth * scale, colour))
        parts.append(f'<text x="{middle}" y="{low:.0f}">{side}²</text>')
        below = f'x="{middle}" y="{low + 1.25 * size:.0f}"'
        parts.append(f'<text class="bb-soft" {below}>×&#8201;{channels}</text>')
        x += width + layout.gap
    spine = (
        f'<path d="M{frame + 4:.0f} {axis:.0f}H{x:.0f}" stroke="currentColor" stroke-width="2" '
        'opacity=".7"/>'
    )
    wide, high = x + 12 + 5.7 * size, low + 1.7 * size
    return (
        f'<svg class="{layout.name}" viewBox="0 0 {wide:.0f} {high:.0f}" role="img" '
        f'font-size="{size:g}" aria-label="{ALT}">{spine}{"".join(parts)}'
        f"{flower(frame / 2 + 2, axis, frame / 68)}{scores(x + 10, layout)}</svg>"
    )


def hero() -> str:
    """The figure as HTML."""
    return f'<figure class="bb-hero">{drawing(WIDE)}{drawing(SMALL)}</figure>'
