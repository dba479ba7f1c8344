"""The drawing beside the title of the first page: what a backbone is."""

from __future__ import annotations

# Height, depth (channels) and colour of each volume, as VGG-16's but for the scale.
VOLUMES = (
    (168, 7, "var(--bb-sky)", "224", "64"),
    (128, 13, "var(--bb-sky)", "112", "128"),
    (94, 22, "var(--bb-blue)", "56", "256"),
    (64, 34, "var(--bb-blue)", "28", "512"),
    (42, 38, "var(--bb-orange)", "14", "512"),
)
CLASSES = (("daisy", 0.86), ("dandelion", 0.31), ("tulip", 0.16))
AXIS = 120
SLANT = 0.42  # how far a square leans: its side is seen from the left


def volume(x: float, height: float, depth: float, colour: str) -> str:
    """A feature volume: a square of pixels, leaning, and as thick as it has channels."""
    side = height * SLANT
    top, bottom, lift = AXIS - height / 2, AXIS + height / 2, side * 0.38
    tall = height - lift
    faces = (
        (
            f"M{x:.0f} {top + lift:.0f}l{side:.0f} {-lift:.0f}v{tall:.0f}l{-side:.0f} {lift:.0f}z",
            0.3,
        ),
        (f"M{x + side:.0f} {top:.0f}h{depth}v{tall:.0f}h{-depth}z", 0.62),
        (f"M{x:.0f} {bottom:.0f}h{depth}l{side:.0f} {-lift:.0f}h{-depth}z", 0.85),
    )
    paths = "".join(f'<path d="{path}" fill-opacity="{opacity}"/>' for path, opacity in faces)
    return f'<g fill="{colour}" stroke="{colour}" stroke-linejoin="round">{paths}</g>'


def flower(x: float, y: float) -> str:
    """The picture that goes in."""
    petals = "".join(
        f'<ellipse cx="{x}" cy="{y - 15}" rx="6" ry="12" transform="rotate({angle} {x} {y})"/>'
        for angle in range(0, 360, 45)
    )
    return (
        f'<rect x="{x - 34}" y="{y - 34}" width="68" height="68" rx="5" fill="var(--bb-green)" '
        f'fill-opacity=".22" stroke="var(--bb-green)"/>'
        f'<g fill="#fff" stroke="#7f7f7f" stroke-width=".8">{petals}</g>'
        f'<circle cx="{x}" cy="{y}" r="7.5" fill="var(--bb-yellow)"/>'
    )


def scores(x: float) -> str:
    """What comes out: a bar a class."""
    return "".join(
        f'<text class="bb-left" x="{x:.0f}" y="{y - 4}">{name}</text>'
        f'<rect x="{x:.0f}" y="{y}" width="{share * 74:.0f}" height="9" rx="2" '
        f'fill="var(--bb-orange)"/>'
        for y, (name, share) in zip(range(AXIS - 36, AXIS + 36, 30), CLASSES, strict=False)
    )


def hero() -> str:
    """The figure as HTML."""
    parts, x = [], 96.0
    for height, depth, colour, side, channels in VOLUMES:
        width = height * SLANT + depth
        middle = f"{x + width / 2:.0f}"
        parts.append(volume(x, height, depth, colour))
        parts.append(f'<text x="{middle}" y="234">{side}²</text>')
        parts.append(f'<text class="bb-soft" x="{middle}" y="251">× {channels}</text>')
        x += width + 10
    spine = (
        f'<path d="M76 {AXIS}H{x + 6:.0f}" stroke="currentColor" stroke-width="2" opacity=".7"/>'
    )
    alt = (
        "A backbone: a picture of a daisy runs through five volumes of feature maps, each smaller "
        "and with more channels than the last, and comes out as scores of classes."
    )
    return (
        f'<figure class="bb-hero"><svg viewBox="0 0 {x + 96:.0f} 258" role="img" '
        f'aria-label="{alt}">{spine}{"".join(parts)}{flower(40, AXIS)}{scores(x + 18)}'
        "</svg></figure>"
    )
