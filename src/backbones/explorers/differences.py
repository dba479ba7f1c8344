"""What is wrong with a value, in words: how an answer differs from what is expected."""

import math
import re
from collections.abc import Mapping
from numbers import Complex, Integral, Real
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

_LONGEST = 120  # characters of a value in a sentence


class Difference(NamedTuple):
    """A part of a value, as `[1]["x"]`, and the words that follow it in a sentence."""

    where: str
    words: str


def difference(expected: Any, got: Any, tolerance: float = 0.0) -> Difference | None:
    """The first difference in type, shape or value, or None.

    Numbers may differ by ``tolerance`` times the larger of 1 and the expected number's size. An
    integer passes for an expected float; a float does not for an integer, nor a bool for a number.
    NaN equals NaN.
    """
    if isinstance(expected, np.ndarray | Tensor):
        words = _array_difference(expected, got, tolerance)
        return Difference("", words) if words else None
    if not _is_like(expected, got):
        return Difference("", _mistaken(expected, got))
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, got, tolerance)
    if isinstance(expected, tuple | list):
        return _sequence_difference(expected, got, tolerance)
    if isinstance(expected, Complex) and not isinstance(expected, bool):
        same = _close(expected, got, tolerance)
    else:
        same = bool(expected == got)
    return None if same else Difference("", f"should be {_pair(expected, got)}")


def shown(value: Any) -> str:
    """A value for a sentence: short, and without what is another one in the next run."""
    if isinstance(value, np.ndarray | Tensor):
        return f"{_kind(value)} of the shape {tuple(value.shape)}"
    if value is Ellipsis:
        return "the three dots of the starter"
    if isinstance(value, float):
        text = f"{value:.6g}"
        return f"{text}.0" if text.lstrip("-").isdigit() else text
    if isinstance(value, np.generic):
        return shown(value.item())
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(value).split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _pair(expected: Any, got: Any) -> str:
    wanted, given = shown(expected), shown(got)
    if wanted == given:
        wanted, given = repr(expected), repr(got)
    return f"{wanted}, it gives {given}"


def _mistaken(expected: Any, got: Any) -> str:
    """Words for a value of another type."""
    kind, said = _kind(got), shown(got)
    said = said if kind in said or got is None else f"{said}, {kind}"
    return f"should be {_kind(expected)}, it gives {said}"


def _kind(value: Any) -> str:
    """A value's type, with its article."""
    if isinstance(value, type):
        return "a class"
    for types, words in (
        (Tensor, "a tensor"),
        (np.ndarray, "a NumPy array"),
        ((bool, np.bool_), "a bool"),
        (Integral, "an integer"),
        (Real, "a float"),
        (Complex, "a complex number"),
        (str, "a string"),
        (tuple, "a tuple"),
        (list, "a list"),
        (Mapping, "a dict"),
    ):
        if isinstance(value, types):
            return words
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _is_like(expected: Any, got: Any) -> bool:
    wanted, given = _kind(expected), _kind(got)
    wider = {"a float": ("an integer",), "a complex number": ("a float", "an integer")}
    return wanted == given or given in wider.get(wanted, ())


def _close(expected: Any, got: Any, tolerance: float) -> bool:
    if expected == got or (expected != expected and got != got):
        return True
    try:
        gap = abs(expected - got)
        return math.isfinite(gap) and gap <= tolerance * max(1, abs(expected))
    except OverflowError:  # an integer larger than any float
        return False


def _sequence_difference(expected: Any, got: Any, tolerance: float) -> Difference | None:
    if len(expected) != len(got):
        return Difference(
            "", f"should hold {len(expected)} values, it holds {len(got)}: {shown(got)}"
        )
    for index, (wanted, given) in enumerate(zip(expected, got, strict=True)):
        if found := difference(wanted, given, tolerance):
            return Difference(f"[{index}]{found.where}", found.words)
    return None


def _mapping_difference(expected: Mapping, got: Mapping, tolerance: float) -> Difference | None:
    if missing := [key for key in expected if key not in got]:
        return Difference("", f"should have the key {missing[0]!r}")
    if extra := [key for key in got if key not in expected]:
        return Difference("", f"should not have the key {extra[0]!r}")
    for key, wanted in expected.items():
        if found := difference(wanted, got[key], tolerance):
            return Difference(f"[{key!r}]{found.where}", found.words)
    return None


def _array_difference(expected: Any, got: Any, tolerance: float) -> str:
    """Words for how arrays or tensors differ, empty where they agree."""
    if not _is_like(expected, got):
        return _mistaken(expected, got)
    if tuple(got.shape) != tuple(expected.shape):
        return f"has the shape {tuple(got.shape)}, it should be {tuple(expected.shape)}"
    wanted, given = (torch.as_tensor(one).detach().cpu() for one in (expected, got))
    kinds = [_dtype_kind(one.dtype) for one in (wanted, given)]
    if kinds[0] != kinds[1]:
        return f"holds {kinds[1]}, it should hold {kinds[0]}"
    wrong = _wrong_places(wanted, given, tolerance)
    if not wrong.any():
        return ""
    first = tuple(wrong.nonzero()[0].tolist())
    place = f" at {list(first)}" if first else ""
    values = f"should be {_pair(wanted[first].item(), given[first].item())}"
    if wrong.numel() == 1:
        return values
    return f"differs in {int(wrong.sum())} of {wrong.numel()} values; the first,{place}, {values}"


def _wrong_places(expected: Tensor, got: Tensor, tolerance: float) -> Tensor:
    if not (tolerance or expected.is_floating_point() or expected.is_complex()):
        return expected != got
    exact = torch.complex128 if expected.is_complex() else torch.float64
    expected, got = expected.to(exact), got.to(exact)
    near = (expected - got).abs() <= tolerance * expected.abs().clamp(min=1)
    # An infinite number is near to none but itself.
    near &= expected.isfinite() & got.isfinite()
    return ~(near | (expected == got) | (expected.isnan() & got.isnan()))


def _dtype_kind(dtype: torch.dtype) -> str:
    if dtype == torch.bool:
        return "bools"
    if dtype.is_complex:
        return "complex numbers"
    return "floats" if dtype.is_floating_point else "integers"
