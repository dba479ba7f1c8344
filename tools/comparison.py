"""Compare the stored outputs of a cell with fresh ones, as `pytest --nbval` does it here.

Text is compared character by character, HTML by its words, tags and pictures. In a cell tagged
``measured``, whose numbers end in other digits on another processor, the numbers are compared
within the tolerance that the cell's metadata states, and the words around them exactly:

    {"tags": ["measured"], "tolerance": {"absolute": 0.03, "relative": 0.05}}

What `pieces` (in ``reading.py``) makes of an output is compared piece by piece.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from reading import Number, Piece, html_pieces, text_pieces

MEASURED = "measured"
MOST_SHOWN = 12  # differences; a curve has hundreds of numbers
AROUND = 40  # characters shown on each side of where texts part


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be from the stored one: absolute + relative * |stored|."""

    absolute: float = 0.0
    relative: float = 0.0

    def of(self, stored: Number) -> float:
        """The difference that is allowed, with what rounding took from the stored number."""
        allowed = self.absolute + self.relative * abs(stored.value) + stored.slack
        return allowed * (1 + 1e-9) + 1e-12  # the difference itself is rounded


EXACT = Tolerance()


def tolerance_of(metadata: Mapping[str, Any]) -> Tolerance | None:
    """The tolerance of a cell, from its metadata; None where outputs must be equal.

    Raises:
        ValueError: The tolerance is missing on a cell tagged measured, or stands on another one,
            or is no number, negative or infinite. The message goes on after the cell's name.
    """
    stated = metadata.get("tolerance")
    if MEASURED not in metadata.get("tags", ()):
        if "tolerance" in metadata:
            raise ValueError(f"has a tolerance, {stated!r}, but not the tag {MEASURED!r}")
        return None
    if stated is None or stated == {}:
        raise ValueError(
            f"is tagged {MEASURED!r}, so its metadata must state a tolerance, such as "
            '"tolerance": {"absolute": 0.03, "relative": 0.05}'
        )
    parts = dict(stated) if isinstance(stated, Mapping) else {"absolute": stated}
    for name, value in parts.items():
        if name not in ("absolute", "relative"):
            raise ValueError(f"has a tolerance of kind {name!r}; there are absolute and relative")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf:
            raise ValueError(f"has the {name} tolerance {value!r}: it must be a number, at least 0")
    return Tolerance(**parts)


def differences(
    stored: Sequence[Mapping], fresh: Sequence[Mapping], tolerance: Tolerance | None
) -> list[str]:
    """What differs between the outputs of a cell, one sentence each; none if they agree.

    Args:
        stored: Outputs as in the notebook.
        fresh: Those that came out now.
        tolerance: That of the cell; None compares exactly.
    """
    old, new = by_kind(stored), by_kind(fresh)
    found = []
    for kind in {**old, **new}:
        here, there = old.get(kind, []), new.get(kind, [])
        if len(here) != len(there):
            shown = [clip(str(value)) for value in (there or here)]
            found.append(
                f"{kind}: {count(here)} stored, {count(there)} came out now; for example {shown[0]}"
            )
            continue
        for before, after in zip(here, there, strict=True):
            found += [f"{kind}: {text}" for text in compare(kind, before, after, tolerance)]
    return found


def count(outputs: Sequence) -> str:
    """So many outputs, in words."""
    return "1 output is" if len(outputs) == 1 else f"{len(outputs) or 'no'} outputs are"


def by_kind(outputs: Sequence[Mapping]) -> dict[str, list[Any]]:
    """Values of outputs by MIME type or stream, in order, without what is not compared.

    Pixel pictures depend on the library that packed them; lint refuses them outside HTML.
    """
    kinds: dict[str, list[Any]] = {}
    for output in outputs:
        values = dict(output.get("data", {}))
        if "text" in output:
            values[output.get("name", "stdout")] = output["text"]
        for name in ("ename", "evalue"):
            if name in output:
                values[name] = output[name]
        for kind, value in values.items():
            if kind not in ("image/png", "image/jpeg"):
                kinds.setdefault(kind, []).append(value)
    return kinds


def compare(kind: str, stored: Any, fresh: Any, tolerance: Tolerance | None) -> list[str]:
    """What differs between two values of one kind."""
    if stored == fresh:
        return []
    if not (isinstance(stored, str) and isinstance(fresh, str)):
        return [f"stored is {clip(str(stored))}, now it is {clip(str(fresh))}"]
    read = html_pieces if kind in ("text/html", "image/svg+xml") else text_pieces
    measured = tolerance is not None
    pairs = zip_longest(read(stored, measured), read(fresh, measured))
    found = list(piece_differences(pairs, tolerance or EXACT))
    if len(found) > MOST_SHOWN:
        rest = len(found) - MOST_SHOWN
        found = [*found[:MOST_SHOWN], f"and {rest} more"]
    return found


def piece_differences(
    pairs: Iterator[tuple[Piece | None, Piece | None]], tolerance: Tolerance
) -> Iterator[str]:
    """What differs between pieces in order, up to the first word that does."""
    before = ""
    for stored, fresh in pairs:
        if isinstance(stored, Number) and isinstance(fresh, Number):
            difference, allowed = abs(stored.value - fresh.value), tolerance.of(stored)
            if not difference <= allowed:
                where = stored.place or (before and f"after {before[-AROUND:]!r}")
                where = f" ({where})" if where else ""
                yield (
                    f"{stored.text} is stored, {fresh.text} came out{where}: "
                    f"they differ by {difference:.4g}, {allowed:.4g} is allowed"
                )
        elif stored != fresh:
            yield parting(before, shown(stored), shown(fresh))
            return
        before = shown(stored)


def shown(piece: Piece | None) -> str:
    """A piece, for a message."""
    return "the end" if piece is None else piece.text if isinstance(piece, Number) else piece


def parting(before: str, stored: str, fresh: str) -> str:
    """Two texts, from a little before where they part."""
    same = 0
    while same < min(len(stored), len(fresh)) and stored[same] == fresh[same]:
        same += 1
    start = max(0, same - AROUND)
    ends = (text[start : same + 2 * AROUND] for text in (stored, fresh))
    where = f" (after {before[-AROUND:]!r})" if before else ""
    return "{!r} is stored, {!r} came out{}".format(*ends, where)


def clip(text: str) -> str:
    """The beginning of a text."""
    return repr(text if len(text) <= 3 * AROUND else f"{text[: 3 * AROUND]} ...")
