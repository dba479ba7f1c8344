"""The look of the book's plots: colours, tints, dashes and markers of the series, and letters.

Series that differ in kind differ in colour and in dashes, so that they are told apart in grey as
well; those that differ in size only, such as networks of 8, 20 and 56 layers, are tints of one
colour, the larger the stronger.
"""

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import matplotlib
import matplotlib.style

from backbones.diagrams.palette import PALETTE, css

INK, QUIET = "#000000", "#666666"  # the page's text, and the same at rest
FONT_SIZE, SMALL = 14, 13

_DEEP = 0.6  # share of the colour in its deep tone, the rest is ink

# Family: tone, marker. Families that meet in a plot have tones that the colour-blind tell apart
# as well.
_FAMILIES = {
    "plain": ("orange", "o"),
    "lenet": ("deep grey", "v"),
    "alexnet": ("purple", "^"),
    "vgg": ("olive", "s"),
    "nin": ("deep green", "P"),
    "googlenet": ("pink", "D"),
    "inception": ("deep pink", "d"),
    "resnet": ("blue", "s"),
    "resnext": ("deep blue", "P"),
    "senet": ("sky", "D"),
    "densenet": ("green", "^"),
    "vovnet": ("deep magenta", "v"),
    "mobilenet": ("brown", "o"),
    "shufflenet": ("deep yellow", "X"),
    "ghostnet": ("grey", "h"),
    "efficientnet": ("deep brown", "*"),
    "regnet": ("deep purple", "p"),
    "transformer": ("magenta", "<"),
    "vit": ("yellow", "X"),
    "hybrid": ("deep orange", ">"),
}
# Names that hold another family's name, or not their own.
_ALIASES = {
    "seresnet": "senet",
    "seresnext": "senet",
    "inceptionresnet": "inception",
    "resnext": "resnext",
    "attention": "transformer",
}
_DASHES = (
    "solid", (0, (5, 2)), (0, (1.2, 1.6)), (0, (7, 2, 1.5, 2)), (0, (9, 3)), (0, (5, 2, 1, 2, 1, 2))
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# Neighbours look akin: a variant of a network takes one of its network's.
_RING = ("blue", "sky", "green", "olive", "brown", "orange", "yellow", "pink", "magenta", "purple")
# From pale to strong: how opaque a tint is, and its share of ink. The middle one is the tone.
_TINTS = ((0.5, 0), (0.72, 0), (1, 0), (1, 0.22), (1, 0.42))
_PLAIN_TINT = 2


def _mixed(tone: str, tint: int = _PLAIN_TINT) -> tuple[str, str]:
    """Hex colour of a tone on a light page, and what stands for it on a page of any theme."""
    shade, _, name = tone.rpartition(" ")
    opaque, ink = _TINTS[tint]
    share = (_DEEP if shade else 1) * (1 - ink)
    channels = (share * x for x in bytes.fromhex(PALETTE[name].light[1:]))
    hexa = "#" + bytes(round(255 - (255 - x) * opaque) for x in channels).hex()
    style = css(name)
    if share < 1:
        style = f"color-mix(in srgb,{style} {share:.0%},currentColor)"
    if opaque < 1:
        style = f"color-mix(in srgb,{style} {opaque:.0%},transparent)"
    return hexa, style


# One colour for each architecture, the same in the whole book.
COLORS = {family: _mixed(tone)[0] for family, (tone, _) in _FAMILIES.items()}

# What stands for a hex colour on the page, where the theme decides.
CSS = {
    QUIET: "color-mix(in srgb,currentColor 72%,transparent)",
    **dict(
        _mixed(f"{shade}{name}", tint)
        for shade in ("deep ", "")
        for name in PALETTE
        for tint in range(len(_TINTS))
    ),
    **{tone.light.lower(): css(name) for name, tone in PALETTE.items()},
    INK: "currentColor",
}


class Style(NamedTuple):
    """How a series is drawn: never by its colour alone."""

    color: str
    marker: str
    dashes: str | tuple
    text: str  # colour of its name: deep enough to be read


class _Name(NamedTuple):
    """A series taken apart: "plain-56, warm-up" is plain, of the variant warm-up and size 56."""

    group: str
    variant: str
    size: tuple[float, ...]


def family(name: str) -> str | None:
    """The key of `COLORS` for a model's name, or None: "SE-ResNet-8" -> "senet"."""
    found = _family_word(name)
    return found and {**{key: key for key in COLORS}, **_ALIASES}[found]


def _family_word(name: str) -> str | None:
    """The longest word of a family in a name."""
    plain = _letters(name)
    return max((key for key in (*COLORS, *_ALIASES) if key in plain), key=len, default=None)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def styles(names: Sequence[str]) -> dict[str, Style]:
    """A style for each name: its family's colour and marker; other names get the palette's.

    Families have different colours, dashes and markers, and so have the variants of a family
    ("plain-56" and "plain-56, warm-up"), in a colour nearby; members that differ in a number only
    have tints of one colour, from the smallest, pale, to the largest, strong.
    """
    known = _taken_apart(names)
    groups = list(dict.fromkeys(one.group for one in known.values()))
    variants = list(dict.fromkeys((one.group, one.variant) for one in known.values()))
    first = {  # "plain-20" before "plain-20, no BN"
        group: min((one for one in variants if one[0] == group), key=lambda one: one[1] != "")
        for group in groups
    }
    kinds = [*first.values(), *(one for one in variants if one not in first.values())]
    tones = _tones(groups, kinds)
    dashes, markers = _dashes(kinds), _markers(kinds, list(first.values()))
    result = {}
    for kind in kinds:
        members = [name for name in names if known[name][:2] == kind]
        strengths = _strengths(len(members))
        for name in sorted(members, key=lambda name: known[name].size):
            color = _mixed(tones[kind], strengths.pop(0))[0]
            text = _mixed(f"deep {tones[kind].removeprefix('deep ')}")[0]
            result[name] = Style(color, markers[kind], dashes[kind], text)
    return {name: result[name] for name in names}


def _taken_apart(names: Sequence[str]) -> dict[str, _Name]:
    """Group, variant and size of each name; where only numbers differ, these are the size."""
    result, number = {}, r"\d+(?:\.\d+)?"
    stems = [re.sub(number, "#", name) for name in names]
    for name, stem in zip(names, stems, strict=True):
        size = tuple(map(float, re.findall(number, name)))
        if word := _family_word(name):
            variant = re.sub(r"\d", "", _letters(name).replace(word, "", 1))
            result[name] = _Name(family(name), variant, size)
        elif stems.count(stem) > 1:
            result[name] = _Name(stem, "", size)
        else:
            group, _, variant = name.partition(",")
            result[name] = _Name(group, variant, size)
    return result


def _tones(groups: Sequence[str], kinds: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A tone for each kind: a group's own, and for its variants the nearest that is free."""
    own = {group: _FAMILIES[group][0] for group in groups if group in _FAMILIES}
    free = [name for name in PALETTE if name not in (*own.values(), "grey")]
    cycle = itertools.cycle(free or PALETTE)
    own |= {group: next(cycle) for group in groups if group not in own}
    result, taken = {}, set(own.values())
    for kind in kinds:
        tone = own[kind[0]]
        if any(group == kind[0] for group, _ in result):
            name = tone.removeprefix("deep ")
            place = _RING.index(name) if name in _RING else 0
            near = [one for one in (*_RING[place:], *_RING[:place]) if one not in taken]
            tone = near[0] if near else tone
            taken.add(tone)
        result[kind] = tone
    return result


def _dashes(kinds: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str | tuple]:
    """Dashes for each kind: solid for the first, and plain networks always the second pattern."""
    plain = [kind for kind in kinds if kind[0] == "plain"][:1]
    rest = itertools.cycle([one for one in _DASHES if not plain or one is not _DASHES[1]])
    return {kind: _DASHES[1] if kind in plain else next(rest) for kind in kinds}


def _markers(kinds: Sequence[tuple[str, str]], first: Sequence[tuple[str, str]]) -> dict:
    """A marker for each kind: a family's own for its first, and those left for the others."""
    own = {kind: _FAMILIES[kind[0]][1] for kind in first if kind[0] in _FAMILIES}
    rest = itertools.cycle([one for one in _MARKERS if one not in own.values()])
    return {kind: own.get(kind) or next(rest) for kind in kinds}


def _strengths(count: int) -> list[int]:
    """Places in `_TINTS` for so many series, evenly from pale to strong."""
    if count == 1:
        return [_PLAIN_TINT]
    low = 1 if count == 2 else 0
    return [low + round((len(_TINTS) - 1 - low) * k / (count - 1)) for k in range(count)]


def emphasised(emphasis: Sequence[str] | None, names: Sequence[str]) -> set[str]:
    """The names that are drawn strong: by default all.

    Raises:
        ValueError: If emphasis names what is not drawn.
    """
    strong = set(names if emphasis is None else emphasis)
    if unknown := strong - set(names):
        raise ValueError(f"emphasis must name some of {listed(names)}, got {sorted(unknown)}")
    return strong


@contextlib.contextmanager
def house_style(size: float = FONT_SIZE) -> Iterator[None]:
    """Matplotlib settings of the book, for figures made inside the ``with`` block.

    Args:
        size: Of the letters of a title, in pixels; the others are one smaller.
    """
    settings = {
        "font.family": "DejaVu Sans",  # ships with matplotlib; the page puts its own in its place
        "font.size": size - 1,
        "axes.titlesize": size,
        "axes.labelsize": size - 1,
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.linewidth": 1,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.xmargin": 0.02,
        "axes.prop_cycle": matplotlib.cycler(color=[tone.light for tone in PALETTE.values()]),
        "grid.color": INK,
        "grid.alpha": 0.13,
        "grid.linewidth": 1,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "xtick.minor.size": 0,
        "ytick.minor.size": 0,
        "xtick.major.pad": 6,
        "ytick.major.pad": 6,
        "lines.linewidth": 2.2,
        "lines.markersize": 6.5,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "legend.fontsize": size - 1,
        "image.cmap": "viridis",
        "image.interpolation": "none",
        "figure.figsize": (7, 4.2),
        "figure.constrained_layout.use": True,
    }
    with matplotlib.style.context(["default", settings]):
        yield


def listed(names: Iterable[str]) -> str:
    """Names as in a sentence: "a, b and c"."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
