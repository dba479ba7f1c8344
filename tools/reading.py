"""What of a cell's output is compared: its words, its numbers, and what its pictures show.

Left out is what tells a reader nothing and changes with a script, a colour or a library: scripts,
styles, ids, the bytes of pixel pictures, and the coordinates of a plot, which carries the numbers
that it draws beside them, in ``data-numbers``.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

DIGITS = 4  # significant ones that a plot stores of a number
SHORT = 1e-6  # of the largest number of a series: sums end in other bits on another processor
PIXEL = 0.02  # drawings round their coordinates to two decimals


@dataclass(frozen=True)
class Number:
    """A number as it stands in a text; ``slack`` is what its rounding may have taken.

    ``place`` says where it stands, if the words before it do not.
    """

    value: float
    text: str
    slack: float = field(default=0.0, compare=False)
    place: str = field(default="", compare=False)


Piece = str | Number

# -- text --------------------------------------------------------------------

SEPARATORS = "[,_'\u2009\u202f]"  # of thousands; the last two are narrow blanks
MINUS = "\u2212"
SMALL_DIGITS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
POWER = "[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
# No part of a name (conv3, plain-44) or of a version (1.2.3).
NUMBER = re.compile(
    rf"""
    (?<![\w.]) (?<![^\W\d_][-–])
    (?P<sign> (?<![)\]%]) [+\-{MINUS}] )?
    (?P<digits> (?: \d{{1,3}} (?:{SEPARATORS}\d{{3}})+ (?!\d) | \d+ ) (?: \.\d* )? | \.\d+ )
    (?:
        [eE] (?P<exponent> [+\-{MINUS}]?\d+ ) (?!\w)
      | \s?[·×*]\s? 10 (?: (?P<power> {POWER} ) | (?: \^ | \*\* ) (?P<raised> [+\-{MINUS}]?\d+ ) )
      | (?<= (?<!\d) 10 ) (?P<ten> {POWER} )
    )?
    (?! \.?\d )
    """,
    re.VERBOSE,
)
RULE = re.compile(r"([-=_─━═])\1{2,}")  # under the head of a table, as long as its column is wide


def text_pieces(text: str, measured: bool = True) -> list[Piece]:
    """Words and numbers of a text, or the text as it is where nothing was measured."""
    if not measured:
        return [text]
    pieces: list[Piece] = []
    end = 0
    for match in NUMBER.finditer(text):
        pieces += words(text[end : match.start()])
        pieces.append(Number(value_of(match), match[0]))
        end = match.end()
    return [*pieces, *words(text[end:])]


def words(text: str) -> list[str]:
    """What stands between two numbers, with single blanks; nothing if it is blank."""
    lines = (" ".join(line.split()) for line in RULE.sub(r"\1\1\1", text).split("\n"))
    joined = "\n".join(lines)
    return [joined] if joined else []


def value_of(match: re.Match) -> float:
    """The value of a number as people write it."""
    digits = re.sub(SEPARATORS, "", match["digits"])
    value = float(digits)
    if match["ten"]:
        value **= int(match["ten"].translate(SMALL_DIGITS))
    elif exponent := match["exponent"] or match["power"] or match["raised"]:
        exponent = exponent.translate(SMALL_DIGITS).replace(MINUS, "-")
        value = float(f"{digits}e{int(exponent)}")
    return -value if match["sign"] in ("-", MINUS) else value


# -- numbers that come with a picture ----------------------------------------


def json_pieces(
    value: Any, measured: bool, slack: Callable[[float, float], float], place: str = ""
) -> Iterator[Piece]:
    """What stands in JSON, with the place of each number.

    Args:
        value: As `json.loads` gives it.
        measured: Whether numbers in texts are compared within a tolerance.
        slack: What rounding may have taken of a number, given the largest one of its list.
        place: Of the value.
    """
    if isinstance(value, dict):
        for key in value:
            yield f"{place} {key}".strip()
            yield from json_pieces(value[key], measured, slack, f"{place} {key}".strip())
    elif isinstance(value, list):
        yield f"{place}, {len(value)} entries"
        numbers = [abs(x) for x in value if is_number(x)]
        largest = max(numbers, default=0.0)
        for position, entry in enumerate(value, 1):
            inner = f"{place} {position}".strip()
            if is_number(entry):
                yield Number(float(entry), f"{entry:g}", slack(abs(entry), largest), inner)
            else:
                yield from json_pieces(entry, measured, slack, inner)
    elif is_number(value):
        yield Number(float(value), f"{value:g}", slack(abs(value), abs(value)), place)
    else:
        yield from text_pieces(str(value), measured)


def is_number(value: Any) -> bool:
    """Whether JSON's value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def drawn_slack(size: float, largest: float) -> float:
    """Of a number that a plot stores: one in its last digit, for it was rounded."""
    last = 10.0 ** (math.floor(math.log10(size)) - DIGITS + 1) if size else 0.0
    return last + SHORT * largest


def data_slack(size: float, largest: float) -> float:
    """Of a number in the data of a script."""
    return SHORT * largest


@cache
def unpacker() -> Callable[[list], list[str]] | None:
    """The package's own `unpack`, loaded without the rest, which would import torch."""
    package = importlib.util.find_spec("backbones")
    if package is None:
        return None
    path = Path(package.submodule_search_locations[0]) / "explorers" / "compression.py"
    spec = importlib.util.spec_from_file_location("backbones_compression", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.unpack


def unpacked(data: Any) -> Any:
    """The data of an explorer with its states written out, other data as they are."""
    if not isinstance(data, dict) or "states" not in data or (unpack := unpacker()) is None:
        return data
    try:
        states = unpack(data["states"])
    except (TypeError, IndexError, StopIteration):
        return data
    rest = {name: value for name, value in data.items() if name != "length"}
    return {**rest, "states": states}


# -- HTML --------------------------------------------------------------------

PIXELS = re.compile(r"data:image/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)")
COORDINATE = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")
COLORED = {"fill", "stroke", "color", "stop-color"}
UNCOMPARED = {"id", "style", "for", "aria-labelledby", "aria-describedby", "aria-controls", "xmlns"}
SPOKEN = ("aria-label", "alt", "title")
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


def html_pieces(text: str, measured: bool = True) -> list[Piece]:
    """What of an HTML text is compared, in order."""
    return Reader(measured, {}).read(text)


def pixel_picture(address: str) -> str | None:
    """A pixel picture's kind and size: its bytes are those of one library's version."""
    match = PIXELS.match(address)
    if match is None:
        return None
    from PIL import Image

    picture = Image.open(BytesIO(base64.b64decode(match[1])))
    return f"{picture.format} {picture.width}x{picture.height}"


@dataclass
class Plot:
    """What of a plot is compared, while it is read."""

    numbers: str | None
    alt: str | None = None
    caption: str = ""
    pictures: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads HTML into the pieces of it that are compared.

    Args:
        measured: Whether numbers are compared within a tolerance. Texts are then taken apart, and
            of drawings only the words are read.
        colors: By colour: its number in order of appearance, so that another shade is the same
            drawing and a shape that takes another one's colour is not.
    """

    def __init__(self, measured: bool, colors: dict[str, int]) -> None:
        super().__init__(convert_charrefs=True)
        self.measured, self.colors = measured, colors
        self.pieces: list[Piece] = []
        self.open: list[str] = []
        self.script: str | None = None  # the type of the script or style that is open
        self.plot: Plot | None = None
        self.depth = 0  # of what is open where the plot began
        self.history = False
        self.column, self.unread = -1, set()  # of a history's table

    def read(self, text: str) -> list[Piece]:
        """The pieces of a whole text."""
        self.feed(text)
        self.close()
        return self.pieces

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens."""
        attributes = {name: value or "" for name, value in attrs}
        if tag in ("script", "style"):
            self.script = attributes.get("type", tag)
            return
        classes = attributes.get("class", "").split()
        if tag == "figure" and "bb-plot" in classes and "bb-history" not in classes:
            self.plot, self.depth = Plot(attributes.get("data-numbers")), len(self.open)
        if tag == "figure" and "bb-history" in classes:
            self.history, self.unread = True, set()
        if self.plot is not None:
            self.note_in_plot(attributes)
        elif "svg" in (*self.open, tag) and self.measured:
            self.pieces += [p for name in SPOKEN for p in text_pieces(attributes.get(name, ""))]
        else:
            self.pieces += self.tag_pieces(tag, attributes)
        self.column = -1 if tag == "tr" else self.column + (tag in ("td", "th"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note what closes; what was never closed closes with it."""
        if tag in ("script", "style"):
            self.script = None
        if tag not in self.open:
            return
        while self.open.pop() != tag:
            pass
        if self.plot is not None and len(self.open) <= self.depth:
            self.pieces += self.plot_pieces(self.plot)
            self.plot = None
        self.history = self.history and "figure" in self.open

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that is closed as it opens, as SVG's are."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, text: str) -> None:
        """Words between tags, or the inside of a script."""
        if self.script is not None:
            if self.script == "application/json":
                self.pieces += self.data_pieces(text)
            return
        if not text.strip():
            return
        if self.plot is not None:
            if "figcaption" in self.open:
                self.plot.caption += text
            else:
                self.plot.words.append(text)
            return
        if self.history and self.open[-1:] == ["th"] and text.strip() == "seconds":
            self.unread.add(self.column)
        if self.history and self.column in self.unread and "tr" in self.open:
            return
        self.pieces += text_pieces(text, self.measured)

    def tag_pieces(self, tag: str, attributes: dict[str, str]) -> Iterator[Piece]:
        """A tag with its attributes; in a drawing also where and how large it is."""
        yield f"<{tag}>"
        drawing = "svg" in (*self.open, tag)
        for name, value in sorted(attributes.items()):
            if name in UNCOMPARED or value.startswith(("data:image/svg+xml", "#")):
                continue
            if name in COLORED:
                yield f"{name} {self.colors.setdefault(value, len(self.colors))}"
            elif name in SPOKEN:
                yield from text_pieces(value, self.measured)
            elif size := pixel_picture(value):
                yield f"[{size}]"
            elif drawing and COORDINATE.search(value):
                yield f"{name} {COORDINATE.sub('#', value)}"
                for match in COORDINATE.finditer(value):
                    yield Number(float(match[0]), match[0], PIXEL, f"{tag} {name}")
            else:
                yield f"{name}={value}"

    def note_in_plot(self, attributes: dict[str, str]) -> None:
        """Keep a plot's text alternative and the sizes of its pixel pictures."""
        plot = self.plot
        for name in SPOKEN:
            plot.alt = attributes.get(name) if plot.alt is None else plot.alt
        for name in ("src", "href", "xlink:href"):
            if size := pixel_picture(attributes.get(name, "")):
                plot.pictures.append(f"[{size}]")

    def plot_pieces(self, plot: Plot) -> Iterator[Piece]:
        """A plot: its texts as they are, and its numbers; pixel pictures by number and size.

        What a picture shows in a cell that measured it may be another one on another processor, so
        its title is not compared there.
        """
        yield f"plot: {plot.alt if plot.alt is not None else 'without a text alternative'}"
        if plot.caption:
            yield f"caption: {plot.caption}"
        if plot.numbers is not None:
            yield "the numbers that it draws:"
            yield from json_pieces(json.loads(plot.numbers), self.measured, drawn_slack)
        else:
            yield from plot.pictures
            yield from () if self.measured else plot.words

    def data_pieces(self, text: str) -> Iterator[Piece]:
        """The data of a script: an explorer's states one by one, each with its words."""
        try:
            data = unpacked(json.loads(text))
        except ValueError:
            yield text
            return
        states = data.pop("states", []) if isinstance(data, dict) else []
        yield from json_pieces(data, self.measured, data_slack)
        for state in states:
            if str(state).startswith("<"):
                yield from Reader(self.measured, self.colors).read(state)
            else:
                yield from text_pieces(str(state), self.measured)
