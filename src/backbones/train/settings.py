"""What a training run was asked to do: checked, and written down so that runs can be compared."""

import difflib
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from backbones.checks import check_positive
from backbones.data.imageset import ImageData

# Number: what it may be, as a test and in words.
_ALLOWED = {
    "lr": (lambda x: 0 < x < math.inf, "above 0"),
    "weight_decay": (lambda x: 0 <= x < math.inf, "at least 0"),
    "label_smoothing": (lambda x: 0 <= x < 1, "at least 0 and below 1"),
    "clip_norm": (lambda x: x > 0, "None or above 0"),
    "auxiliary_weight": (lambda x: 0 <= x < math.inf, "at least 0"),
}


@dataclass(frozen=True)
class Settings:
    """The arguments of `backbones.train.fit` that decide what comes out; functions by their names.

    Numbers other than counts and the seed are made floats.

    Raises:
        ValueError: If one is out of range, which the message names.
    """

    epochs: int
    lr: float
    batch_size: int
    weight_decay: float
    optimizer: str | None
    schedule: str | None
    label_smoothing: float
    augment: str | None
    clip_norm: float | None
    auxiliary_weight: float
    mixed_precision: str | None
    seed: int

    def __post_init__(self) -> None:
        check_positive(epochs=self.epochs, batch_size=self.batch_size)
        for name, (is_allowed, words) in _ALLOWED.items():
            value = getattr(self, name)
            if value is None and name == "clip_norm":
                continue
            if not isinstance(value, int | float) or not is_allowed(value):
                raise ValueError(f"{name} must be {words}, got {value!r}")
            object.__setattr__(self, name, float(value))  # the way to set up a frozen class
        if self.mixed_precision not in (None, "no", "bf16", "fp16"):
            raise ValueError(
                "mixed_precision must be None, 'no', 'bf16' or 'fp16', "
                f"got {self.mixed_precision!r}"
            )
        if not isinstance(self.seed, int):
            raise ValueError(f"seed must be an integer, got {self.seed!r}")

    def written(self, data: ImageData) -> dict[str, Any]:
        """As a checkpoint keeps them, beside name, size and checksum of the training set."""
        return {**asdict(self), "data": describe(data)}


def look_up(argument: str, value: object, known: dict[str, Callable]) -> Callable:
    """What a name stands for; a function stands for itself."""
    if callable(value):
        return value
    if isinstance(value, str) and value in known:
        return known[value]
    near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    names = ", ".join(map(repr, known))
    raise ValueError(f"{argument} must be one of {names} or a function, got {value!r}{hint}")


def name_of(value: object) -> str | None:
    """A name that stays the same from one start of Python to the next."""
    if isinstance(value, partial):
        options = [*map(str, value.args), *(f"{k}={v}" for k, v in value.keywords.items())]
        return f"{name_of(value.func)}({', '.join(options)})"
    if callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return value


def in_words(settings: Mapping[str, Any], names: Iterable[str]) -> str:
    """Some settings as they are passed: "lr=0.1, batch_size=32"."""
    return ", ".join(f"{name}={settings.get(name)!r}" for name in names)


def describe(data: ImageData) -> str:
    """Name, size and checksum of the training set."""
    checksum = 0
    for part in (data.train.images, data.train.labels):
        checksum = zlib.crc32(part.contiguous().numpy(), checksum)
    return f"{data.name}: {tuple(data.train.images.shape)}, checksum {checksum:08x}"
