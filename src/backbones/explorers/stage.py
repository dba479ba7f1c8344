"""Where an explorer shows its drawings: one scale for all of them, and heights that rarely change.

Drawings of an explorer share left, top and width, so that nothing changes its scale or its place.
Heights are shared where they differ little: between two such drawings nothing on the page moves.
Where a drawing is much lower than the tallest one it has a lower stage, for an empty space would be
left below it.
"""

import html
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

TEXT = 17  # pixels, the size of the site's text; letters of a drawing become no larger
LARGEST = 1.3  # pixels for a unit of a drawing
VOID = 56  # pixels that may stay empty below a drawing
PHONE = 619  # pixels; up to this width of the screen the narrow drawing is shown without scripts
_LETTERS = re.compile(r'^<svg[^>]* font-size="([\d.]+)"')
_BOX = re.compile(r'\s(?:viewBox="([^"]*)"|width="[^"]*"|height="[^"]*")')


def fitted(drawings: Sequence[str]) -> list[str]:
    """The same drawings, with view boxes of one width and of few heights.

    Their attributes `width` and `height` become the largest size in pixels at which they are shown.

    Args:
        drawings: SVG texts; empty ones stay empty.
    """
    boxes = [box(drawing) for drawing in drawings if drawing]
    letters = [float(size) for d in drawings for size in _LETTERS.findall(d)]
    scale = min([LARGEST, *(TEXT / size for size in letters)])
    left, top = min(x for x, *_ in boxes), min(y for _, y, *_ in boxes)
    right = max(x + width for x, _, width, _ in boxes)
    lowest = list(_steps((y + height for _, y, _, height in boxes), VOID / scale))
    rest = iter(boxes)
    fitted = []
    for drawing in drawings:
        if drawing:
            _, y, _, height = next(rest)
            bottom = min(low for low in lowest if low >= y + height)
            drawing = _resized(drawing, (left, top, right - left, bottom - top), scale)
        fitted.append(drawing)
    return fitted


def box(drawing: str) -> list[float]:
    """Left, top, width and height of a drawing's view box."""
    numbers = re.search(r'\sviewBox="([^"]*)"', drawing)
    return [float(number) for number in re.split(r"[\s,]+", numbers[1].strip())]


def _steps(values: Iterator[float], most: float) -> Iterator[float]:
    """Few values, so that each of the given ones has one at most so far above it."""
    last = float("inf")
    for value in sorted(values, reverse=True):
        if value < last - most:
            last = value
            yield value


def _resized(drawing: str, view: Sequence[float], scale: float) -> str:
    head, _, rest = drawing.partition(">")
    kept = _BOX.sub("", head.removeprefix("<svg"))
    numbers = " ".join(f"{number:g}" for number in view)
    width, height = (f"{round(scale * size):d}" for size in view[2:])
    return f'<svg viewBox="{numbers}" width="{width}" height="{height}"{kept}>{rest}'


def still_picture(words: str, drawing: str, narrow: str = "") -> str:
    """A state as an image, which stays where a front-end removes SVG and scripts."""
    shape = _size(drawing)
    image = f'<img alt="{html.escape(words)}" src="{_address(drawing)}">'
    if narrow:
        shape += _size(narrow, "n")
        address = _address(narrow).replace(" ", "%20")  # a blank ends an address in srcset
        source = f'<source media="(max-width:{PHONE}px)" srcset="{address}">'
        image = f"<picture>{source}{image}</picture>"
    return f'<div class="bb-stage" style="{shape}">{image}</div>'


def _size(drawing: str, prefix: str = "") -> str:
    """The largest size of a drawing, as variables of the style."""
    found = re.match(r'<svg [^>]*?width="(\d+)" height="(\d+)"', drawing)
    return f"--{prefix}w:{found[1]};--{prefix}h:{found[2]};"


def _address(drawing: str) -> str:
    # An image knows nothing of the page's colours and fonts; this grey reads on light and dark.
    alone = drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    alone = alone.replace("<svg ", '<svg font-family="sans-serif" color="#777" ', 1)
    return html.escape("data:image/svg+xml," + quote(alone, safe=" =:/;,.()'!*+-_@?&[]|~^`{}$"))
