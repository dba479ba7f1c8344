"""The look of the book's plots, and matplotlib figures turned into pictures for any page.

A `picture` is small inline SVG whose letters are letters, in the page's font and colour. It reads
on light and on dark pages, and keeps its size in words: one unit is one pixel of the page.
"""

import contextlib
import io
import itertools
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import matplotlib
import matplotlib.style
from matplotlib.figure import Figure

from backbones.diagrams import Picture
from backbones.diagrams.palette import PALETTE, css
from backbones.plots.numbers import drawn, shortened

INK = "#000000"
WIDTH = 504  # pixels; on a phone's 350 the smallest letters are still 9 px high
FONT_SIZE, SMALL = 14, 13

_DEEP = 0.6  # share of the colour in its deep tone, the rest is ink

# Family: tone, marker. Families that meet in a plot have tones that the colour-blind tell apart
# as well.
_FAMILIES = {
    "plain": ("grey", "o"),
    "lenet": ("yellow", "v"),
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
    "ghostnet": ("deep grey", "h"),
    "efficientnet": ("deep brown", "*"),
    "regnet": ("deep purple", "p"),
    "transformer": ("magenta", "<"),
    "vit": ("orange", "X"),
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
_DASHES = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def _hex(tone: str) -> str:
    """Hex colour of a tone on a light page."""
    shade, _, name = tone.rpartition(" ")
    rgb = bytes.fromhex(PALETTE[name].light[1:])
    return "#" + bytes(round(x * (_DEEP if shade else 1)) for x in rgb).hex()


# One colour for each architecture, the same in the whole book.
COLORS = {family: _hex(tone) for family, (tone, _) in _FAMILIES.items()}

# What stands for a hex colour on the page, where the theme decides.
_CSS = {INK: "currentColor"}
for _name, _tone in PALETTE.items():
    _variable = css(_name)
    _CSS[_tone.light.lower()] = _variable
    _CSS[_hex(f"deep {_name}")] = f"color-mix(in srgb,{_variable} {_DEEP:.0%},currentColor)"


class Style(NamedTuple):
    """How a series is drawn: never by its colour alone."""

    color: str
    marker: str
    dashes: str | tuple


def family(name: str) -> str | None:
    """The key of `COLORS` for a model's name, or None: "SE-ResNet-8" -> "senet"."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    known = {**{key: key for key in COLORS}, **_ALIASES}
    found = [key for key in known if key in plain]
    return known[max(found, key=len)] if found else None


def styles(names: Sequence[str]) -> dict[str, Style]:
    """A style for each name: its family's colour and marker; other names get the palette's.

    The second member of a family is dashed, the third dotted and so on, with other markers, and
    names of no family differ in all three.
    """
    result: dict[str, Style] = {}
    others = itertools.count()
    seen: dict[str, int] = {}
    free = [tone.light for tone in PALETTE.values() if tone.light.lower() != COLORS["plain"]]
    for name in names:
        group = family(name)
        if group is None:
            index = next(others)
            color, marker = free[index % len(free)], _MARKERS[index % len(_MARKERS)]
        else:
            index = seen[group] = seen.get(group, -1) + 1
            own = _FAMILIES[group][1]
            rest = [marker for marker in _MARKERS if marker != own]
            color, marker = COLORS[group], [own, *rest][index % (1 + len(rest))]
        result[name] = Style(color, marker, _DASHES[index % len(_DASHES)])
    return result


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib settings of the book, for figures made inside the ``with`` block."""
    settings = {
        "font.family": "DejaVu Sans",  # ships with matplotlib; the page puts its own in its place
        "font.size": SMALL,
        "axes.titlesize": FONT_SIZE,
        "axes.labelsize": SMALL,
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.linewidth": 1,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.prop_cycle": matplotlib.cycler(color=[tone.light for tone in PALETTE.values()]),
        "grid.color": INK,
        "grid.alpha": 0.15,
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
        "legend.fontsize": SMALL,
        "image.cmap": "viridis",
        "image.interpolation": "none",
        "figure.figsize": (WIDTH / 72, 300 / 72),
        "figure.constrained_layout.use": True,
    }
    with matplotlib.style.context(["default", settings]):
        yield


def picture(figure: Figure, alt: str, caption: str = "", numbers: Any = None) -> Picture:
    """A matplotlib figure as inline SVG; the figure is closed, so that it shows once.

    Args:
        figure: Best made within `house_style`, and no wider than 7 inches.
        alt: What the plot shows, in words. In a stored output it is compared as it is: name axes,
            series and shapes, but no measured number whose last digit may change.
        caption: A line below the plot, likewise.
        numbers: What the stored plot is compared by: lists and dictionaries of numbers and words,
            by default those that can be read off the figure.

    Raises:
        ValueError: If alt is empty.
    """
    numbers = shortened(drawn(figure) if numbers is None else numbers)
    buffer = io.StringIO()
    # Letters stay letters; ids and everything else are the same in every run.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "backbones"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return Picture(_for_page(buffer.getvalue()), alt, caption, "bb-plot", numbers)


def listed(names: Iterable[str]) -> str:
    """Names as in a sentence: "a, b and c"."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _for_page(source: str) -> str:
    """Make matplotlib's SVG small, free of side effects on a page, and of the page's colours."""
    root = ElementTree.fromstring(source)
    width, height = root.get("viewBox").split()[2:]
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text = (element.text or "").strip() or None
        element.tail = (element.tail or "").strip() or None
        for name in list(element.attrib):
            value = element.attrib.pop(name)
            element.set(name.rpartition("}")[2], _attribute(element.tag, name, value))
    _prune(root)
    root.attrib.clear()
    root.attrib.update(
        {
            "viewBox": f"0 0 {_short(width)} {_short(height)}",
            "width": _short(width),
            "height": _short(height),
            # what matplotlib leaves out as default, or sets by a style sheet for the whole page
            "fill": "currentColor",
            "stroke-linejoin": "round",
        }
    )
    return _own_ids(ElementTree.tostring(root, encoding="unicode").replace(" />", "/>"))


def _attribute(tag: str, name: str, value: str) -> str:
    if name == "style":
        # The page's font in place of the one that matplotlib measured. Older versions write the
        # short form, "font: bold 13px 'DejaVu Sans'".
        value = re.sub(r"font: (?:(\w+) )?([\d.]+px) [^;]*", _font, value)
        value = re.sub(r"font-family: [^;]*;?", "", value)
        value = re.sub(r"#[0-9a-f]{6}", lambda hexa: _CSS.get(hexa[0], hexa[0]), value)
        value = re.sub(r"\s*([:;])\s*", r"\1", value)
        if tag == "image":
            value = f"{value};image-rendering:pixelated".lstrip(";")
    digits = 4 if name == "transform" and tag == "image" else 2
    if name in ("d", "x", "y", "width", "height", "transform", "points", "style"):
        value = re.sub(r"-?\d+\.\d+", lambda number: _short(number[0], digits), value)
    if name == "d":
        value = re.sub(r"\s*([A-Za-z])\s*", r"\1", value.strip())
    return value.strip(" ;")


def _font(match: re.Match) -> str:
    weight = f"font-weight:{match[1]};" if match[1] else ""
    return f"{weight}font-size:{match[2]}"


def _short(number: str, digits: int = 2) -> str:
    text = f"{float(number):.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _prune(element: ElementTree.Element) -> None:
    """Drop what nobody sees, and groups that do nothing; say what marks share only once."""
    for child in list(element):
        _prune(child)
        if child.tag == "text" and child.get("transform", "").startswith("rotate(-0 "):
            del child.attrib["transform"]
        if child.tag == "g":
            child.attrib.pop("id", None)
            shared = {(mark.tag, mark.get("style")) for mark in child}
            if len(shared) == 1 and len(child) > 1 and "style" not in child.attrib:
                _, style = shared.pop()
                # the opacity of a group is that of the whole, not of each mark
                if style and not re.search(r"(^|;)opacity", style):
                    child.set("style", style)
                    for mark in child:
                        del mark.attrib["style"]
        empty = child.tag in ("g", "defs") and not len(child)
        blank = child.tag == "path" and child.get("style") == "fill:none"
        if child.tag in ("metadata", "style", "title") or empty or blank:
            element.remove(child)
        elif child.tag == "g" and not child.attrib:
            place = list(element).index(child)
            element.remove(child)
            for offset, grandchild in enumerate(child):
                element.insert(place + offset, grandchild)


def _own_ids(svg: str) -> str:
    """Give ids that no other plot on the page has, and drop those that nothing refers to."""
    used = list(dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)))
    checksum = f"{zlib.crc32(svg.encode()):08x}"
    short = {name: f"bb{checksum}-{index}" for index, name in enumerate(used)}

    def renamed(match: re.Match) -> str:
        return f' id="{short[match[1]]}"' if match[1] in short else ""

    svg = re.sub(r' id="([^"]+)"', renamed, svg)
    return re.sub(r'(url\(#|href="#)([^)"]+)', lambda match: match[1] + short[match[2]], svg)
