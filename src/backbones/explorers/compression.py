"""Many similar texts as one short text: what an explorer stores of its states.

The states of an explorer differ in a few numbers. `pack` writes them as text that is new and
references to text that was there before, which the explorer's script puts together again. The
result is plain text and the same on every machine, which a notebook's stored output must be; a
compressed stream would be shorter, but opaque, and would change with the library that made it.

A reference is a mark and five digits: three say how far back to go, two for how many characters.
"""

import re
from collections.abc import Sequence

_MARK = "`"  # written twice where the text itself holds it
_DIGITS = "".join(chr(code) for code in range(35, 126) if chr(code) not in "<\\`")  # 88 of them
_FARTHEST = len(_DIGITS) ** 3 - 1  # 681,471 characters back
_LONGEST = len(_DIGITS) ** 2 - 1  # 7,743 characters; more are several references
_SEED = 12  # characters that must agree before a longer match is looked for
_TRIES = 100  # earlier places that are compared
_STARTS = re.compile(r"[^\s\"<>,]+|[<>\",]|\s")


def pack(texts: Sequence[str]) -> str:
    """Texts as literals and references, in order, separated by line breaks.

    Raises:
        ValueError: If a text holds a line break, which separates the texts, or a character
            beyond the Basic Multilingual Plane, which scripts count as two.
    """
    for text in texts:
        if bad := re.search("[\n\U00010000-\U0010ffff]", text):
            raise ValueError(f"texts must not hold the character {bad[0]!r}, got {text[:60]!r}")
    whole = "\n".join(texts)
    places: dict[str, list[int]] = {}
    parts: list[str] = []
    done = 0  # characters written
    for match in _STARTS.finditer(whole):
        here = match.start()
        before = places.setdefault(whole[here : here + _SEED], [])
        if here >= done:
            distance, length = _longest(whole, before, here)
            if length >= _SEED:
                parts.append(_literal(whole[done:here]))
                done = here + length
                while length:
                    part = min(length, _LONGEST)
                    parts.append(_MARK + _number(distance, 3) + _number(part, 2))
                    length -= part
        before.append(here)
        if len(before) > _TRIES:
            del before[0]
    return "".join([*parts, _literal(whole[done:])])


def unpack(packed: str) -> list[str]:
    """The texts that were packed; the explorer's script does the same."""
    whole: list[str] = []
    place = 0
    while place < len(packed):
        if packed[place] == _MARK and packed[place + 1] != _MARK:
            start = len(whole) - _value(packed[place + 1 : place + 4])
            whole.extend(whole[start : start + _value(packed[place + 4 : place + 6])])
            place += 6
        else:
            place += packed[place] == _MARK
            whole.append(packed[place])
            place += 1
    return "".join(whole).split("\n")


def _literal(text: str) -> str:
    return text.replace(_MARK, 2 * _MARK)


def _number(value: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        value, digit = divmod(value, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def _value(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * len(_DIGITS) + _DIGITS.index(digit)
    return value


def _longest(text: str, places: Sequence[int], here: int) -> tuple[int, int]:
    """Distance and length of the longest repetition, the nearest of equally long ones."""
    distance, length = 0, 0
    for place in reversed(places):
        if here - place > _FARTHEST:
            break
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
