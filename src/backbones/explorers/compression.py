"""Many similar texts as one short list: what an explorer stores of its states.

The states of an explorer differ in a few numbers. `pack` writes them as text that is new and
references to text that was there before, which the explorer's script puts together again. The
result is plain JSON and the same on every machine, which a notebook's stored output must be; a
compressed stream would be shorter, but opaque, and would change with the library that made it.
"""

import re
from collections.abc import Sequence

_SEED = 12  # characters that must agree before a longer match is looked for
_WORTH = 16  # a reference takes about nine characters
_TRIES = 100  # earlier places that are compared
_STARTS = re.compile(r"[^\s\"<>,]+|[<>\",]|\s")


def pack(texts: Sequence[str]) -> list[str | int]:
    """Texts as literals and references, in order, separated by line breaks.

    Returns:
        Parts: a string stands for itself; two numbers, distance and length, stand for that many
        characters, starting that far back.

    Raises:
        ValueError: If a text holds a line break, which separates the texts, or a character
            beyond the Basic Multilingual Plane, which scripts count as two.
    """
    for text in texts:
        if bad := re.search("[\n\U00010000-\U0010ffff]", text):
            raise ValueError(f"texts must not hold the character {bad[0]!r}, got {text[:60]!r}")
    whole = "\n".join(texts)
    places: dict[str, list[int]] = {}
    parts: list[str | int] = []
    done = 0  # characters written
    for match in _STARTS.finditer(whole):
        here = match.start()
        before = places.setdefault(whole[here : here + _SEED], [])
        if here >= done:
            distance, length = _longest(whole, before, here)
            if length >= _WORTH:
                parts += [whole[done:here]] if here > done else []
                parts += [distance, length]
                done = here + length
        before.append(here)
        if len(before) > _TRIES:
            del before[0]
    return [*parts, whole[done:]] if done < len(whole) else parts


def unpack(parts: Sequence[str | int]) -> list[str]:
    """The texts that were packed; the explorer's script does the same."""
    whole: list[str] = []
    rest = iter(parts)
    for part in rest:
        if isinstance(part, str):
            whole.extend(part)
        else:
            start = len(whole) - part
            whole.extend(whole[start : start + next(rest)])
    return "".join(whole).split("\n")


def _longest(text: str, places: Sequence[int], here: int) -> tuple[int, int]:
    """Distance and length of the longest repetition, the nearest of equally long ones."""
    distance, length = 0, 0
    for place in reversed(places):
        # A longer one must at least agree where the best so far ends.
        if text[place + length : place + length + 1] == text[here + length : here + length + 1]:
            agreed = _agree(text, place, here)
            if agreed > length:
                distance, length = here - place, agreed
    return distance, length


def _agree(text: str, place: int, here: int) -> int:
    """How many characters from `place` on equal those from `here` on, without overlapping."""
    limit = min(here - place, len(text) - here)
    length, step = 0, 64
    while step:
        while (
            length + step <= limit
            and text[place + length : place + length + step]
            == text[here + length : here + length + step]
        ):
            length += step
        step //= 4
    return length
