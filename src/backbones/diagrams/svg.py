"""Shapes as SVG text: what the book's drawings are made of.

Every function returns a fragment; `document` puts fragments into one SVG. Lengths are in pixels
of the drawing, x to the right and y down. Lines and letters take `currentColor` and the other
colours are CSS variables with fallbacks, so that a drawing reads on light pages, on dark pages
and in a notebook. Nothing here defines an `id`: two drawings on one page can never clash.
"""

import html
import itertools
from collections.abc import Sequence

from backbones.diagrams.palette import PALETTE, css
from backbones.diagrams.parts import NUMBERS

COLORS = ("ink", "paper", "none", *PALETTE)

FONT_SIZE, SMALL = 13, 12  # of letters; `backbones.diagrams.room` has those of wide drawings
_ASCENT = 0.35  # from the middle of a line of text to its baseline, in font sizes
_LETTERS = {  # width of those that are narrow, wide and very wide, in font sizes
    **dict.fromkeys(" .,:;'|/!-·iljtfrIJ()[]{}⌊⌋⌈⌉", 0.4),
    **dict.fromkeys("wDGHNOQ&+=<>#×→−≈≥≤∗✓", 0.84),
    **dict.fromkeys("mMW%…", 1.0),
}
_CORNER = 8  # radius where a path turns


def color(name: str) -> str:
    """CSS colour of a name in `COLORS`: "ink" is the text colour, "paper" the page's.

    Raises:
        ValueError: If there is no such name.
    """
    if name in PALETTE:
        return css(name)
    named = {"ink": "currentColor", "paper": "var(--bb-paper,transparent)", "none": "none"}
    if name not in named:
        raise ValueError(f"color must be one of {', '.join(COLORS)}, got {name!r}")
    return named[name]


def rounded(value: float) -> float:
    """A length to two decimals.

    First to six: the last bits of a sum depend on the version of Python, and must not decide a tie.
    """
    return round(round(value, 6), 2)


def number(value: float) -> str:
    """A length with at most two decimals, as short as possible."""
    return f"{rounded(value) + 0.0:.2f}".rstrip("0").rstrip(".")  # + 0.0 turns -0 into 0


def text_width(label: str, size: float = FONT_SIZE, *, bold: bool = False) -> float:
    """Width of a line of text in DejaVu Sans, which is wider than most fonts of its kind."""
    return size * sum(_LETTERS.get(letter, 0.66) for letter in label) * (1.12 if bold else 1)


def document(width: float, height: float, *fragments: str) -> str:
    """One SVG of the given size, which `Picture` lets shrink on narrow pages."""
    size = f'width="{number(width)}" height="{number(height)}"'
    box = f'viewBox="0 0 {number(width)} {number(height)}"'
    style = f'font-size="{FONT_SIZE}" fill="none" stroke-linejoin="round"'
    return f"<svg {box} {size} {style}>{_for_voices(fragments)}</svg>"


def _for_voices(fragments: Sequence[str]) -> str:
    """Where parts can be reached one by one, a screen reader need not read all the rest too."""
    if not any("tabindex" in fragment for fragment in fragments):
        return "".join(fragments)
    runs = itertools.groupby((f for f in fragments if f), lambda fragment: "tabindex" in fragment)
    return "".join(
        "".join(run) if reached else f'<g aria-hidden="true">{"".join(run)}</g>'
        for reached, run in runs
    )


def group(*fragments: str, x: float = 0, y: float = 0) -> str:
    """Fragments moved together by (x, y)."""
    return f'<g transform="translate({number(x)} {number(y)})">{"".join(fragments)}</g>'


def part(number: int, *fragments: str, label: str = "") -> str:
    """Fragments that light up together with all others of this number in the same figure.

    Args:
        number: From 1 to 9.
        fragments: Shapes and texts; parts do not hold other parts.
        label: What it is, in words. With it the part can be reached by keyboard, and is named.
            One of the fragments of a number is enough: at most six a drawing.

    Raises:
        ValueError: If there is no such number.
    """
    if number not in NUMBERS:
        raise ValueError(f"number of a part must be from 1 to 9, got {number!r}")
    named = title = ""
    if label:
        named, title = ' tabindex="0" role="img"', f"<title>{html.escape(label)}</title>"
    return f'<g data-part="{number}"{named}>{title}{"".join(fragments)}</g>'


def draggable(
    *fragments: str, x: tuple[str, float] | None = None, y: tuple[str, float] | None = None
) -> str:
    """Fragments that a reader of an explorer can drag.

    Args:
        fragments: Shapes and texts.
        x: The axis of the explorer that dragging sideways moves, and the length of one step.
        y: The same, downwards.
    """
    ways = "".join(
        f' data-drag-{way}="{axis[0]}:{number(axis[1])}"'
        for way, axis in (("x", x), ("y", y))
        if axis
    )
    return f"<g{ways}>{''.join(fragments)}</g>"


def _paint(
    fill: str = "none",
    stroke: str = "none",
    tint: float = 1,
    thickness: float = 1.5,
    dashed: bool = False,
) -> str:
    paint = ""
    if fill != "none":
        paint += f' fill="{color(fill)}"' + (f' fill-opacity="{number(tint)}"' if tint < 1 else "")
    if stroke != "none":
        paint += f' stroke="{color(stroke)}" stroke-width="{number(thickness)}"'
        paint += ' stroke-dasharray="5 4"' if dashed else ""
    return paint


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str = "none",
    stroke: str = "ink",
    tint: float = 1,
    thickness: float = 1.5,
    dashed: bool = False,
    radius: float = 0,
) -> str:
    """A rectangle by its upper left corner; `tint` is the opacity of its fill."""
    corner = f' rx="{number(radius)}"' if radius else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}"{corner}{_paint(fill, stroke, tint, thickness, dashed)}/>'
    )


def circle(
    x: float, y: float, radius: float, *, fill: str = "none", stroke: str = "ink", tint: float = 1
) -> str:
    """A circle by its centre."""
    place = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
    return f"<circle {place}{_paint(fill, stroke, tint)}/>"


def ring(x: float, y: float, fill: str = "purple") -> str:
    """What is dragged: a ring, and around it unseen room for a finger, 44 units a side."""
    room = rect(x - 22, y - 22, 44, 44, fill="ink", stroke="none", tint=0)
    return room + circle(x, y, 8, fill=fill, tint=0.5)


def path(
    commands: str,
    *,
    fill: str = "none",
    stroke: str = "ink",
    tint: float = 1,
    thickness: float = 1.5,
    dashed: bool = False,
) -> str:
    """A path in SVG's own commands."""
    return f'<path d="{commands}"{_paint(fill, stroke, tint, thickness, dashed)}/>'


def polygon(
    points: Sequence[tuple[float, float]],
    *,
    fill: str = "none",
    stroke: str = "ink",
    tint: float = 1,
    thickness: float = 1.5,
) -> str:
    """A closed shape through the points."""
    corners = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return path(f"M{corners}z", fill=fill, stroke=stroke, tint=tint, thickness=thickness)


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    stroke: str = "ink",
    thickness: float = 1.5,
    dashed: bool = False,
) -> str:
    """A straight line."""
    commands = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
    return path(commands, stroke=stroke, thickness=thickness, dashed=dashed)


def arrow(
    points: Sequence[tuple[float, float]],
    *,
    stroke: str = "ink",
    thickness: float = 1.5,
    dashed: bool = False,
    head: float = 8,
) -> str:
    """A path with rounded corners and an arrow head at its last point."""
    if len(points) < 2:
        raise ValueError(f"points must hold at least two points, got {len(points)}")
    (x0, y0), (x, y) = points[-2:]
    length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-9)
    u, v = (x - x0) / length, (y - y0) / length
    neck = (x - u * head, y - v * head)
    wings = [(neck[0] - side * v * head / 2, neck[1] + side * u * head / 2) for side in (1, -1)]
    shaft = _rounded([*points[:-1], neck])
    return path(shaft, stroke=stroke, thickness=thickness, dashed=dashed) + polygon(
        [(x, y), *wings], fill=stroke, stroke="none"
    )


def _rounded(points: Sequence[tuple[float, float]]) -> str:
    """Path commands through the points, with every corner rounded off."""
    commands = f"M{number(points[0][0])} {number(points[0][1])}"
    for (x0, y0), (x, y), (x1, y1) in zip(points, points[1:], points[2:], strict=False):
        before = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-9)
        after = max(((x1 - x) ** 2 + (y1 - y) ** 2) ** 0.5, 1e-9)
        r = min(_CORNER, before / 2, after / 2)
        enter = (x + (x0 - x) * r / before, y + (y0 - y) * r / before)
        leave = (x + (x1 - x) * r / after, y + (y1 - y) * r / after)
        commands += f"L{number(enter[0])} {number(enter[1])}"
        commands += f"Q{number(x)} {number(y)} {number(leave[0])} {number(leave[1])}"
    return commands + f"L{number(points[-1][0])} {number(points[-1][1])}"


def text(
    x: float,
    y: float,
    *words: object,
    size: float = FONT_SIZE,
    anchor: str = "middle",
    fill: str = "ink",
    bold: bool = False,
) -> str:
    """A line of text whose middle is at height y; `anchor` is "start", "middle" or "end".

    A pair of a number and words among the words belongs to the part of that number:
    ``text(0, 10, "H(x) = ", (1, "F(x)"), " + ", (2, "x"))``.
    """
    style = f' font-size="{number(size)}"' if size != FONT_SIZE else ""
    style += f' text-anchor="{anchor}"' if anchor != "start" else ""
    style += ' font-weight="600"' if bold else ""
    baseline = number(y + _ASCENT * size)
    line = "".join(map(_run, words))
    # Letters need more contrast than shapes: their colour goes some way towards the text's.
    shade = f"color-mix(in srgb,{css(fill)} 60%,currentColor)" if fill in PALETTE else color(fill)
    return f'<text x="{number(x)}" y="{baseline}"{style} fill="{shade}">{line}</text>'


def _run(words: object) -> str:
    """Words in a line of text; a pair is a part."""
    if isinstance(words, tuple):
        return f'<tspan data-part="{words[0]}">{_run(words[1])}</tspan>'
    return html.escape(str(words), quote=False)


def cells(
    x: float,
    y: float,
    columns: int,
    rows: int,
    size: float,
    *,
    fill: str = "none",
    stroke: str = "ink",
    tint: float = 1,
    dashed: bool = False,
) -> str:
    """A grid of square cells; lines and fill are one path each."""
    width, height = columns * size, rows * size
    edges = "".join(f"M{number(x + k * size)} {number(y)}v{height:g}" for k in range(columns + 1))
    edges += "".join(f"M{number(x)} {number(y + k * size)}h{width:g}" for k in range(rows + 1))
    grid = path(edges, stroke=stroke, thickness=1, dashed=dashed)
    back = rect(x, y, width, height, fill=fill, stroke="none", tint=tint)
    return (back if fill != "none" else "") + grid


def bars(
    corners: Sequence[tuple[float, float]],
    width: float,
    height: float,
    *,
    fill: str = "none",
    stroke: str = "ink",
    tint: float = 1,
) -> str:
    """Many equal rectangles by their upper left corners, as one path.

    Each starts from the one before, so that a row of them repeats the same few letters: that
    packs well.
    """
    shape = f"h{number(width)}v{number(height)}h{number(-width)}z"
    commands, last = "", (0.0, 0.0)
    for x, y in corners:
        x, y = rounded(x), rounded(y)
        move = "m" if commands else "M"
        commands += f"{move}{number(x - last[0])} {number(y - last[1])}{shape}"
        last = (x, y)
    return path(commands, fill=fill, stroke=stroke, tint=tint, thickness=1) if corners else ""


def hatch(
    x: float, y: float, width: float, height: float, *, stroke: str = "ink", gap: float = 6
) -> str:
    """Diagonal lines that fill a rectangle: "not used", without relying on a colour."""
    strokes = ""
    offset = gap
    while offset < width + height:
        x1, y1 = (offset, 0) if offset <= width else (width, offset - width)
        x2, y2 = (0, offset) if offset <= height else (offset - height, height)
        strokes += f"M{number(x + x1)} {number(y + y1)}L{number(x + x2)} {number(y + y2)}"
        offset += gap
    return path(strokes, stroke=stroke, thickness=1)


def volume(
    x: float, y: float, width: float, height: float, depth: float, *, fill: str = "blue"
) -> str:
    """A box in oblique view: its front at (x, y), `depth` going up and to the right."""
    dx, dy = 0.6 * depth, -0.4 * depth
    top = [(x, y), (x + dx, y + dy), (x + width + dx, y + dy), (x + width, y)]
    side = [(x + width, y), (x + width + dx, y + dy)]
    side += [(x + width + dx, y + height + dy), (x + width, y + height)]
    return (
        polygon(top, fill=fill, tint=0.2, thickness=1)
        + polygon(side, fill=fill, tint=0.55, thickness=1)
        + rect(x, y, width, height, fill=fill, tint=0.38, thickness=1)
    )
