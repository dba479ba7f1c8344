"""The colours of drawings, plots, explorers and the site: one name, one tone a theme.

Okabe and Ito's palette, told apart by colour-blind readers, and four more. Style sheets repeat
these tones as CSS variables, `--bb-blue` and so on; a test compares them.
"""

from typing import NamedTuple


class Tone(NamedTuple):
    """Hex colours on a light page and on a dark one."""

    light: str
    dark: str


PALETTE = {
    "blue": Tone("#0072B2", "#56AEE8"),
    "orange": Tone("#D55E00", "#F28A4B"),
    "green": Tone("#009E73", "#35C69B"),
    "pink": Tone("#CC79A7", "#E39FC6"),
    "yellow": Tone("#E69F00", "#F2B83A"),
    "sky": Tone("#56B4E9", "#7FCAF5"),
    "grey": Tone("#7f7f7f", "#9AA3AC"),
    "purple": Tone("#7B52B9", "#B197E8"),
    "olive": Tone("#7D8B00", "#B9C53C"),
    "magenta": Tone("#C7258F", "#EE6CBF"),
    "brown": Tone("#8B5E3C", "#C99A76"),
}


def css(name: str) -> str:
    """The variable of a colour, with its light tone where a page has no such variable.

    Raises:
        KeyError: If there is no such colour.
    """
    return f"var(--bb-{name},{PALETTE[name].light})"
