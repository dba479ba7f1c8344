"""Parts of a drawing that belong together light up together: pure CSS, no script.

`svg.part` gives elements a number. While one of them is pointed at, or reached by the keyboard,
all parts of the same figure with that number stay as they are, and those with another one fade.
"""

import re
from collections.abc import Iterable

NUMBERS = range(1, 10)


def style(numbers: Iterable[int] = NUMBERS) -> str:
    """The rules for parts of these numbers, to put into the style of a figure.

    `opacity` does nothing to a piece of a line of text, so that takes `fill-opacity` as well.
    """
    chosen = ":is(:hover,:focus-visible)"
    # ":where" weighs nothing: a later figure's style must not fade the numbers of an earlier one.
    rules = (
        "svg [data-part]{pointer-events:all;opacity:var(--dim,1);transition:opacity .15s}"
        "svg tspan[data-part]{fill-opacity:var(--dim,1)}"
        f"figure:has(svg [data-part]{chosen}) svg :where([data-part]){{--dim:.25}}"
    )
    for number in numbers:
        same = f'[data-part="{number}"]'
        rules += (
            f"figure:has(svg {same}{chosen}) svg {same}"
            "{--dim:1;text-decoration:underline;text-underline-offset:.2em}"
        )
    return rules + "@media (prefers-reduced-motion:reduce){svg [data-part]{transition:none}}"


def numbers_in(drawing: str) -> list[int]:
    """The numbers of the parts of a drawing, each once."""
    return sorted({int(number) for number in re.findall(r'data-part="(\d)"', drawing)})
