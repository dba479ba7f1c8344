"""For which place a drawing is laid out: a column of the page, or a phone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from backbones.diagrams import svg
from backbones.diagrams.picture import NARROW as PHONE
from backbones.diagrams.picture import Picture


class Room(NamedTuple):
    """A width, and the sizes of letters that can be read there, in units of the drawing."""

    width: float
    large: float  # letters of headings and formulas
    small: float  # letters of everything else

    @property
    def narrow(self) -> bool:
        """Whether this is a phone's width."""
        return self.width < PHONE

    def title(self, x: float, y: float, *words: object, **look: object) -> str:
        """A line of large letters; arguments as for `svg.text`."""
        return svg.text(x, y, *words, size=self.large, **look)

    def note(self, x: float, y: float, *words: object, **look: object) -> str:
        """A line of small letters; arguments as for `svg.text`."""
        return svg.text(x, y, *words, size=self.small, **look)

    def headed(self, x: float, y: float, lines: Sequence[str], pitch: float) -> list[str]:
        """Lines below each other that start at x: the first one large and bold, the rest small."""
        first, *rest = lines
        return [
            self.title(x, y, first, anchor="start", bold=True),
            *(self.note(x, y + pitch * k, each, anchor="start") for k, each in enumerate(rest, 1)),
        ]

    def wrapped(self, words: str, width: float, *, bold: bool = False) -> list[str]:
        """Words in lines of small letters, or of large ones in bold, that are at most this wide."""
        size, lines = self.large if bold else self.small, [""]
        for word in words.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and 1.05 * svg.text_width(longer, size, bold=bold) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines


# A unit is a pixel where the drawing fills the column of the site, or of a phone 390 pixels wide.
WIDE, NARROW = Room(680, 14, 13), Room(330, 13, 12)


def fitted(layout: Callable[[Room], str], alt: str, caption: str = "") -> Picture:
    """A picture with two drawings of the same thing, laid out for a column and for a phone."""
    return Picture(layout(WIDE), alt, caption, narrow=layout(NARROW))
