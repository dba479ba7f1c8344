"""Boxes of objects in pictures: read and checked, their area, and how well two of them agree.

A box is (x0, y0, x1, y1) in pixels, x1 - x0 wide, as torchvision's detectors give it. Arguments
are arrays, lists, or tensors on any device; what comes back is NumPy, in double precision.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


def box_area(boxes: ArrayLike | Tensor) -> NDArray:
    """Width times height of each box: (N, 4) -> (N,), in square pixels."""
    boxes = to_boxes("boxes", boxes)
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def box_iou(
    boxes: ArrayLike | Tensor, others: ArrayLike | Tensor, crowd: ArrayLike | Tensor | None = None
) -> NDArray:
    """Intersection over union of each pair: (D, 4) and (G, 4) -> (D, G), from 0 to 1.

    Boxes that share no area have an IoU of 0, also where both have none.

    Args:
        boxes: (D, 4).
        others: (G, 4).
        crowd: (G,), true where a box is drawn around a group whose members were not annotated
            one by one. There COCO asks which share of the *detection* lies inside: intersection
            over the detection's own area.

    Raises:
        ValueError: If the boxes are not (N, 4), not finite, or end before they begin.
    """
    boxes, others = to_boxes("boxes", boxes), to_boxes("others", others)
    start = np.maximum(boxes[:, None, :2], others[:, :2])  # (D, G, 2)
    end = np.minimum(boxes[:, None, 2:], others[:, 2:])
    intersection = (end - start).clip(min=0).prod(axis=2)  # (D, G)
    areas = box_area(boxes)[:, None]
    union = areas + box_area(others) - intersection
    if crowd is not None:
        union = np.where(to_column("crowd", crowd, len(others)), areas, union)
    return np.divide(intersection, union, out=np.zeros_like(union), where=intersection > 0)


def to_array(name: str, values: ArrayLike | Tensor) -> NDArray:
    """Finite numbers as NumPy, from a list, an array, or a tensor on any device."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        values = values.double() if values.is_floating_point() else values  # also bfloat16
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers, got {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array


def to_boxes(name: str, values: ArrayLike | Tensor) -> NDArray:
    """(N, 4) in double precision, with x0 <= x1 and y0 <= y1; nothing at all is (0, 4)."""
    boxes = to_array(name, values).astype(np.float64)
    if boxes.shape == (0,):
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name} must be (N, 4): x0, y0, x1, y1; got {boxes.shape}")
    for box in boxes[(boxes[:, 2:] < boxes[:, :2]).any(axis=1)].tolist():
        hint = "are they (x, y, width, height)?"
        raise ValueError(f"{name} must have x0 <= x1 and y0 <= y1, got {box}; {hint}")
    return boxes


def to_column(name: str, values: ArrayLike | Tensor, length: int) -> NDArray:
    """One number for each of ``length`` boxes, or a ValueError."""
    column = to_array(name, values)
    if column.shape != (length,):
        raise ValueError(f"{name} must be ({length},), one for each box, got {column.shape}")
    return column


def read_entries(
    name: str, picture: Mapping, required: Sequence[str], optional: Sequence[str] = ()
) -> list[NDArray]:
    """The boxes of a picture, and for each box one number for each key.

    Args:
        name: How messages call the picture.
        picture: With ``boxes`` (N, 4), and (N,) for each key.
        required: Keys that must be there.
        optional: Keys whose numbers are 0 if they are not.

    Returns:
        (N, 4), then (N,) for each required and each optional key.

    Raises:
        ValueError: If an entry is missing, not finite or not one for each box, if a box ends
            before it begins, or ``labels`` are no integers.
    """
    for key in ("boxes", *required):
        if key not in picture:
            raise ValueError(f"{name} must have an entry {key!r}, got only {list(picture)}")
    boxes = to_boxes(f"{name}['boxes']", picture["boxes"])
    entries, zeros = [boxes], np.zeros(len(boxes))
    for key in (*required, *optional):
        values = to_column(f"{name}[{key!r}]", picture.get(key, zeros), len(boxes))
        if key == "labels":
            if values.size and values.dtype.kind not in "iu":
                raise ValueError(f"{name}['labels'] must be integers, got {values.dtype}")
            values = values.astype(np.int64)  # an empty list has no type of its own
        entries.append(values)
    return entries
