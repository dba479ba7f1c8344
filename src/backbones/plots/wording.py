"""How much room words take, and where a line of them may break."""

from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font

ROOM = 1.12  # the reader's font may be so much wider than DejaVu Sans, which most are not


@cache
def _font(bold: bool) -> FT2Font:
    name = f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    font = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)))
    font.set_size(100, 72)
    return font


def width(words: str, size: float, *, bold: bool = False) -> float:
    """Pixels that the longest line takes in letters of this size, in a wide font."""
    font, longest = _font(bold), 0.0
    for line in words.split("\n"):
        advances = (font.load_char(ord(letter)).linearHoriAdvance for letter in line)
        longest = max(longest, sum(advances) / 65536 / 100)
    return ROOM * size * longest


def broken(words: str, room: float, size: float, *, bold: bool = False) -> str:
    """Words in as few lines as fit into the room, and these as equal as possible.

    A word that is longer than the room stays whole.
    """
    best = _lines(words, room, size, bold)
    for share in (0.6, 0.7, 0.8, 0.9):
        tried = _lines(words, share * room, size, bold)
        if len(tried) == len(best):
            best = tried
            break
    return "\n".join(best)


def _lines(words: str, room: float, size: float, bold: bool) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer, size, bold=bold) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
