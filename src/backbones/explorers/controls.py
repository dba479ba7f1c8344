"""What a control of an explorer or of a lab chooses from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Axis:
    """What one control of an explorer or a lab chooses from.

    Numbers become a slider, anything else a row of buttons.

    Args:
        values: At least two, in order.
        label: Words beside the control; by default the axis's name.
        unit: Written after each value.
        format: How a value is shown.
        default: The value at the start; by default the first.
        buttons: Show numbers as buttons too.

    Raises:
        ValueError: If there are fewer than two values, two are equal or look equal, or `default`
            is not among them.
    """

    values: Sequence[Any]
    label: str = ""
    unit: str = ""
    format: Callable[[Any], str] | None = None
    default: Any = None
    buttons: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if len(self.values) < 2:
            raise ValueError(f"values must hold at least two values, got {self.values}")
        if len(set(self.shown)) < len(self.values):
            raise ValueError(f"values must look different from each other, got {self.shown}")
        if self.default is not None and self.default not in self.values:
            raise ValueError(f"default must be one of {self.values}, got {self.default!r}")

    @property
    def start(self) -> int:
        """Index of the default value."""
        return 0 if self.default is None else self.values.index(self.default)

    @property
    def slider(self) -> bool:
        """Whether a slider suits the values."""
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.values)
        return numbers and not self.buttons

    @property
    def shown(self) -> list[str]:
        """The values as the reader sees them."""
        if self.format is not None:
            words = [self.format(value) for value in self.values]
        else:
            yes_no = {True: "yes", False: "no"}
            words = [yes_no[v] if isinstance(v, bool) else str(v) for v in self.values]
        return [f"{word} {self.unit}".strip() for word in words]

    @property
    def keys(self) -> list[str]:
        """The values as addresses name them: their words, or their places where these clash."""
        words = [slug(shown) for shown in self.shown]
        distinct = len({*words, ""}) > len(words)
        return words if distinct else [str(place) for place in range(len(words))]


def slug(text: str) -> str:
    """What stays of a text in an address: "3×3 layers" becomes "3x3-layers"."""
    plain = re.sub("['’]", "", text.lower()).replace("×", "x").replace("−", "-")
    negative = "-" if re.match(r"-\d", plain) else ""
    return negative + re.sub(r"[^\w.]+", "-", plain).strip("-")


def as_axes(axes: Mapping[str, Axis | Sequence[Any]]) -> dict[str, Axis]:
    """Axes by name, each with a label.

    Raises:
        ValueError: If there is none, or one does not suit; its name is in the message.
    """
    if not axes:
        raise ValueError("at least one axis is needed, as name=values")
    complete = {}
    for name, given in axes.items():
        try:
            axis = given if isinstance(given, Axis) else Axis(given)
        except ValueError as error:
            raise ValueError(f"axis {name!r}: {error}") from None
        complete[name] = replace(axis, label=axis.label or name.replace("_", " "))
    return complete
