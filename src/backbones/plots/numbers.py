"""The numbers that a figure draws, which a stored plot carries so that they can be compared.

Coordinates in an SVG change with a font, a margin or a version of matplotlib; what a curve says
does not. `drawn` reads it off the figure, and `shortened` rounds it to what an eye can see.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from torch import Tensor

_DIGITS = 4
_MOST = 200  # numbers of a series; of a longer one, means of as many neighbours
_COUNTED = 12  # places that count up and are more than these are not written one by one
_SIDE = 20  # of a matrix, likewise


def drawn(figure: Figure) -> list[dict[str, list]]:
    """What a figure draws: for each of its axes the words, and series in order of drawing.

    Series are the lines and points (x and y), the lengths of bars, matrices, and the outlines of
    areas. A colour bar repeats its matrix, and is left out.
    """
    return [_of_axes(axes) for axes in figure.axes if axes.get_label() != "<colorbar>"]


def shortened(value: Any) -> Any:
    """Numbers rounded to four significant digits, in lists and dictionaries that JSON knows.

    What is no number stands there in words: "nan", "inf".
    """
    if isinstance(value, Mapping):
        return {str(key): shortened(entry) for key, entry in value.items()}
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [shortened(entry) for entry in value]
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    if not math.isfinite(value):
        return str(value)
    value = float(f"{value:.{_DIGITS}g}")
    return int(value) if value.is_integer() else value


def _of_axes(axes: Axes) -> dict[str, list]:
    bars = [c.datavalues for c in axes.containers if isinstance(c, BarContainer)]
    legend = axes.get_legend()
    named = legend.get_texts() if legend is not None else []
    found = {
        "labels": [
            label.replace("\n", " ")
            for label in (axes.get_xlabel(), axes.get_ylabel(), axes.get_title("left"))
        ],
        "names": [text.get_text() for text in named] + _names(axes),
        "lines": [_line(*line.get_data(orig=False)) for line in axes.get_lines()],
        "bars": [_series(values) for values in bars],
        "images": [_matrix(image.get_array()) for image in axes.get_images()],
        "texts": [text.get_text().replace("\n", " ") for text in axes.texts],
    }
    for collection in axes.collections:
        kind, values = _of_collection(collection)
        found.setdefault(kind, []).append(values)
    return {kind: values for kind, values in found.items() if any(values)}


def _names(axes: Axes) -> list[str]:
    """Ticks that are words, such as the names of rows."""
    ticks = [tick.get_text() for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    words = [text.replace("\n", " ") for text in ticks if "$" not in text]
    return [text for text in words if any(map(str.isalpha, text))]


def _of_collection(collection: Collection) -> tuple[str, list]:
    if isinstance(collection, QuadMesh):
        return "images", _matrix(collection.get_array())
    if isinstance(collection, PathCollection):
        points = collection.get_offsets()
        kind = "points"
    else:
        points = [path.vertices for path in collection.get_paths()]
        points = np.concatenate(points) if points else np.empty((0, 2))
        kind = "areas"
    return kind, [*map(_series, np.asarray(points, dtype=float).reshape(-1, 2).T)]


def _line(x: Any, y: Any) -> list:
    """Places and values; places that count up, such as epochs, by the first and the last."""
    x, y = _series(x), _series(y)
    first = x[0] if len(x) > _COUNTED and math.isfinite(x[0]) else math.nan
    if all(value == first + k for k, value in enumerate(x)):
        return [{"from": x[0], "to": x[-1]}, y]
    return [x, y]


def _series(values: Any) -> list[float]:
    """All numbers, or the means of equal parts."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), math.nan).ravel()
    if len(values) > _MOST:
        values = np.array([part.mean() for part in np.array_split(values, _MOST)])
    return values.tolist()


def _matrix(values: Any) -> list[list[float]]:
    """All rows, or the means of a grid of blocks; colours become their mean."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), math.nan)
    values = values.mean(-1) if values.ndim == 3 else np.atleast_2d(values)
    for axis in (0, 1):
        if values.shape[axis] > _SIDE:
            parts = np.array_split(values, _SIDE, axis)
            values = np.stack([part.mean(axis) for part in parts], axis)
    return values.tolist()
