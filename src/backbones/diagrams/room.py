"""For which place a drawing is laid out: a column of the page, or a phone."""

from collections.abc import Callable
from typing import NamedTuple

from backbones.diagrams import svg
from backbones.diagrams.picture import Picture


class Room(NamedTuple):
    """A width, and the sizes of letters that can be read there, in units of the drawing."""

    width: float
    large: float  # letters of headings and formulas
    small: float  # letters of everything else

    @property
    def narrow(self) -> bool:
        """Whether this is a phone's width."""
        return self.width < 480

    def title(self, x: float, y: float, *words: object, **look: object) -> str:
        """A line of large letters; arguments as for `svg.text`."""
        return svg.text(x, y, *words, size=self.large, **look)

    def note(self, x: float, y: float, *words: object, **look: object) -> str:
        """A line of small letters; arguments as for `svg.text`."""
        return svg.text(x, y, *words, size=self.small, **look)


# A unit is a pixel where the drawing fills the column of the site, or of a phone 390 pixels wide.
WIDE, NARROW = Room(680, 14, 13), Room(330, 13, 12)


def fitted(layout: Callable[[Room], str], alt: str, caption: str = "") -> Picture:
    """A picture with two drawings of the same thing, laid out for a column and for a phone."""
    return Picture(layout(WIDE), alt, caption, narrow=layout(NARROW))
