"""Metrics of object detection: from which boxes are right to the mAP of a data set.

From bottom to top: `match_voc` and `match_coco` decide, by the IoUs of `boxes.box_iou`, which
detections are right; `precision_recall` walks down the ranking of one class; `average_precision`
makes one number of that curve; `DetectionMetrics` does it all over classes, thresholds and
pictures. Arguments are arrays, lists or tensors; what comes back is NumPy, in double precision.

Sources: Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", IJCV 88, 2010,
section 4.2; Lin et al., "Microsoft COCO: Common Objects in Context", arXiv:1405.0312;
https://cocodataset.org/#detection-eval, and pycocotools for what that page leaves open.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from backbones.boxes import box_area, box_iou, read_entries, to_array, to_column
from backbones.checks import check_positive


def score_order(scores: ArrayLike | Tensor) -> NDArray:
    """Indices from the highest score to the lowest; equal scores stay in the order given."""
    return np.argsort(-to_array("scores", scores).astype(np.float64), kind="stable")


def match_voc(ious: ArrayLike, thresholds: ArrayLike, difficult: ArrayLike = False) -> NDArray:
    """Which truth each detection finds, by Pascal VOC's rules.

    A detection is compared with one truth only: that of highest IoU (of equals the first). It is
    right if the IoU exceeds the threshold and no detection before it has found that truth. A
    second one is a duplicate, and wrong even if another truth would fit as well.

    "Exceeds" is the paper's word; the challenge's own code also takes an IoU at the threshold.

    Args:
        ious: (D, G), detections of highest score first (see `score_order`).
        thresholds: A number, or (T,), each of which is matched by itself.
        difficult: (G,), true for truths that count neither way; any number of detections may
            find one.

    Returns:
        (D,) or (T, D), the index of the truth, or -1 for none.

    Raises:
        ValueError: If the IoUs are no matrix, or a threshold is not above 0 and at most 1.
    """
    ious, levels, match, free = _start(ious, thresholds)
    shared = _flags("difficult", difficult, ious)
    for detection in np.flatnonzero((ious > levels.min()).any(axis=1)):
        best = ious[detection].argmax()
        right = (ious[detection, best] > levels) & free[:, best]  # (T,)
        match[right, detection] = best
        free[right, best] = shared[best]
    return match.reshape(*np.shape(thresholds), len(ious))


def match_coco(
    ious: ArrayLike, thresholds: ArrayLike, ignored: ArrayLike = False, crowd: ArrayLike = False
) -> NDArray:
    """Which truth each detection finds, by COCO's rules.

    A detection takes the truth of highest IoU (of equals the last) among those that are still
    free and whose IoU is at least the threshold. Only if none of these counts, it may take one
    that is ignored. So a duplicate is wrong, unless it fits another truth.

    Args:
        ious: (D, G), detections of highest score first (see `score_order`), from `box_iou` with
            the same ``crowd``.
        thresholds: A number, or (T,), each of which is matched by itself.
        ignored: (G,), true for truths that count neither way: those outside the range of areas
            that is asked for. Crowds are ignored in any case.
        crowd: (G,), true for truths that any number of detections may find.

    Returns:
        (D,) or (T, D), the index of the truth, or -1 for none.

    Raises:
        ValueError: If the IoUs are no matrix, or a threshold is not above 0 and at most 1.
    """
    ious, levels, match, free = _start(ious, thresholds)
    levels = np.minimum(levels, 1 - 1e-10)  # a threshold of 1 forgives rounding
    shared = _flags("crowd", crowd, ious)
    counted = ~(shared | _flags("ignored", ignored, ious))
    close = ious >= levels.min()
    for detection in np.flatnonzero(close.any(axis=1)):
        truths = np.flatnonzero(close[detection])[::-1]
        truths = truths[np.argsort(-ious[detection, truths], kind="stable")]  # best first
        possible = (ious[detection, truths] >= levels[:, None]) & free[:, truths]  # (T, few)
        counting = possible & counted[truths]
        possible = np.where(counting.any(axis=1, keepdims=True), counting, possible)
        right = np.flatnonzero(possible.any(axis=1))
        best = truths[possible[right].argmax(axis=1)]
        match[right, detection] = best
        free[right, best] = shared[best]
    return match.reshape(*np.shape(thresholds), len(ious))


def _start(ious: ArrayLike, thresholds: ArrayLike) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """IoUs (D, G) and thresholds (T,), no match yet (T, D), and all truths still free (T, G)."""
    ious, levels = to_array("ious", ious), np.atleast_1d(to_array("thresholds", thresholds))
    if ious.ndim != 2:
        raise ValueError(f"ious must be (detections, truths), got the shape {ious.shape}")
    if levels.ndim != 1 or not levels.size or not ((levels > 0) & (levels <= 1)).all():
        raise ValueError(f"thresholds must be above 0 and at most 1, got {thresholds}")
    match = np.full((len(levels), len(ious)), -1)
    return ious, levels, match, np.ones((len(levels), ious.shape[1]), bool)


def _flags(name: str, values: ArrayLike, ious: NDArray) -> NDArray:
    """One truth value for each truth, from as many or from one for all."""
    flags = np.asarray(values, bool)
    if flags.shape not in ((), ious.shape[1:]):
        raise ValueError(f"{name} must be {ious.shape[1:]}, one for each truth, got {flags.shape}")
    return np.broadcast_to(flags, ious.shape[1:])


def precision_recall(
    scores: ArrayLike | Tensor, correct: ArrayLike | Tensor, num_truths: int
) -> tuple[NDArray, NDArray]:
    """Precision and recall of one class after each detection, from the highest score down.

    Of the first n detections TP are right: precision is TP / n, recall TP / ``num_truths``.

    Args:
        scores: (D,), in any order; equal scores count in the order given.
        correct: (D,), true where a detection is right. Leave out what is ignored.
        num_truths: Objects that were there to be found.

    Returns:
        (D,) and (D,), from 0 to 1.

    Raises:
        ValueError: If there is no truth, so that recall is 0 / 0, or the lengths differ.
    """
    check_positive(num_truths=num_truths)
    order = score_order(scores)
    correct = to_column("correct", correct, len(order)).astype(bool)
    hits = correct[order].cumsum()
    return hits / np.arange(1, len(hits) + 1), hits / num_truths


# Where the interpolated curve is read. COCO's points are those of pycocotools, of which a few lie a
# rounding error above k / 100, so that a recall of just k / 100 does not reach them.
RECALL_POINTS = {"11-point": np.arange(11) / 10, "101-point": np.linspace(0, 1, 101)}


def average_precision(
    precision: ArrayLike, recall: ArrayLike, interpolation: str = "101-point"
) -> float:
    """The area under the interpolated curve of precision over recall, from 0 to 1.

    Interpolated precision at recall r is the best precision at r or beyond, 0 if there is none.

    Args:
        precision: (D,), in the order of recall; see `precision_recall`.
        recall: (D,), never falling.
        interpolation: "11-point", the mean at 0, 0.1 ... 1 (VOC until 2009); "all-point", the area
            itself (VOC from 2010 on); or "101-point", the mean at 0, 0.01 ... 1 (COCO).

    Raises:
        ValueError: If the interpolation is unknown, the lengths differ, or recall falls.
    """
    precision, recall = to_array("precision", precision), to_array("recall", recall)
    if precision.shape != recall.shape or precision.ndim != 1 or (np.diff(recall) < 0).any():
        raise ValueError(f"recall must never fall, and be as long as precision, got {recall}")
    if interpolation not in (*RECALL_POINTS, "all-point"):
        allowed = ", ".join([*RECALL_POINTS, "all-point"])
        raise ValueError(f"interpolation must be one of {allowed}, got {interpolation!r}")
    best = np.maximum.accumulate(precision[::-1])[::-1]  # from each point on
    if interpolation == "all-point":
        return float(np.sum(np.diff(recall, prepend=0) * best))
    reached = np.searchsorted(recall, RECALL_POINTS[interpolation], side="left")
    return float(np.append(best, 0)[reached].mean())


class Rules(NamedTuple):
    """What a challenge counts."""

    interpolation: str
    thresholds: tuple[float, ...]
    areas: dict[str, tuple[float, float]]  # ranges in square pixels, both ends included
    max_detections: tuple[float, ...]  # of one class in one picture, those of highest score
    mark: str  # the entry of a target that is true for truths which count neither way


COCO_AREAS = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, math.inf)}
ALL = {"all": (0, math.inf)}
COCO_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
RULES = {
    "coco": Rules("101-point", COCO_THRESHOLDS, ALL | COCO_AREAS, (1, 10, 100), "iscrowd"),
    "voc2007": Rules("11-point", (0.5,), ALL, (math.inf,), "difficult"),
    "voc2010": Rules("all-point", (0.5,), ALL, (math.inf,), "difficult"),
}


class _Picture(NamedTuple):
    """What is kept of a picture, for A ranges of areas and T thresholds."""

    scores: NDArray  # (D,)
    labels: NDArray  # (D,)
    ranks: NDArray  # (D,), how many of the same class have a higher score
    correct: NDArray  # (A, T, D)
    counted: NDArray  # (A, T, D): correct, or wrong; not what is ignored
    truth_labels: NDArray  # (G,)
    truth_counted: NDArray  # (A, G)


class DetectionMetrics:
    """AP and AR over classes, thresholds, areas and any number of pictures.

    ```
    metrics = DetectionMetrics()
    for images, targets in loader:
        metrics.update(model(images), targets)
    print(metrics.compute()["AP"])
    ```

    Equal scores count in the order in which they came. A class without a truth (or whose truths
    are all ignored) has no AP and is left out of means; a mean of nothing is NaN.

    Args:
        rules: "coco"; "voc2007", with 11-point AP; or "voc2010", with all-point AP.

    Raises:
        ValueError: If there are no such rules.
    """

    def __init__(self, rules: str = "coco") -> None:
        if rules not in RULES:
            raise ValueError(f"rules must be one of {', '.join(RULES)}, got {rules!r}")
        self.rules = RULES[rules]
        nothing = {"boxes": [], "scores": [], "labels": []}
        self._pictures = [self._picture(0, nothing, nothing)]  # there may be no other one

    def update(
        self,
        predictions: Sequence[Mapping[str, ArrayLike | Tensor]],
        targets: Sequence[Mapping[str, ArrayLike | Tensor]],
    ) -> None:
        """Add pictures; entries are named as in torchvision, others than these are not read.

        Args:
            predictions: For each picture ``boxes`` (D, 4), ``scores`` (D,) and ``labels`` (D,).
            targets: For each picture ``boxes`` (G, 4) and ``labels`` (G,); and, if known, (G,)
                ``area``, of the object's mask, which COCO uses instead of that of its box, and
                ``iscrowd`` (COCO) or ``difficult`` (VOC), true for what counts neither way.

        Raises:
            ValueError: If an entry is missing, not finite, or not one for each box; if boxes end
                before they begin, labels are no integers, or a mark is true that the rules do not
                know. Nothing is added then.
        """
        lists = not isinstance(predictions, Mapping) and not isinstance(targets, Mapping)
        if not lists or len(predictions) != len(targets):
            raise ValueError(
                "predictions and targets must be lists of one length, with a dict for each "
                f"picture; got {type(predictions).__name__} of {len(predictions)} and "
                f"{type(targets).__name__} of {len(targets)}"
            )
        pairs = enumerate(zip(predictions, targets, strict=True))
        self._pictures += [self._picture(index, *pair) for index, pair in pairs]

    def compute(self) -> dict[str, float]:
        """All numbers of the challenge for the pictures so far, each from 0 to 1 or NaN.

        AP is averaged over classes and thresholds (many papers call it mAP); AR, average recall,
        is that of all detections, whatever their scores. By COCO's rules they are AP, AP50, AP75
        (at one threshold), AP_small, AP_medium, AP_large (truths of up to 32² and 96² pixels, and
        beyond); AR1, AR10, AR100 (with that many detections a class and picture), AR_small ...
        By VOC's rules there is one threshold: AP, AR.
        """
        _, precisions, recalls = self._evaluate()
        areas = list(enumerate(self.rules.areas))[1:]
        result = {"AP": _mean(precisions[:, 0])}
        if len(self.rules.thresholds) > 1:
            result["AP50"] = _mean(precisions[:, 0, self.rules.thresholds.index(0.5)])
            result["AP75"] = _mean(precisions[:, 0, self.rules.thresholds.index(0.75)])
        result |= {f"AP_{name}": _mean(precisions[:, a]) for a, name in areas}
        for m, limit in enumerate(self.rules.max_detections):
            result[f"AR{limit}" if limit < math.inf else "AR"] = _mean(recalls[:, 0, :, m])
        return result | {f"AR_{name}": _mean(recalls[:, a, :, -1]) for a, name in areas}

    def class_ap(self) -> dict[int, float]:
        """AP of each class that has a truth, averaged over thresholds; NaN if all are ignored."""
        classes, precisions, _ = self._evaluate()
        return {int(label): _mean(ap[0]) for label, ap in zip(classes, precisions, strict=True)}

    def _picture(self, index: int, prediction: Mapping, target: Mapping) -> _Picture:
        """Match the detections of one picture, all classes at once."""
        boxes, scores, labels = read_entries(
            f"predictions[{index}]", prediction, ("scores", "labels")
        )
        truths, truth_labels, areas, crowd, difficult = read_entries(
            f"targets[{index}]", target, ("labels",), ("area", "iscrowd", "difficult")
        )
        coco = self.rules.mark == "iscrowd"
        marked, unknown = (crowd, difficult) if coco else (difficult, crowd)
        if unknown.any():
            raise ValueError(f"targets[{index}] may have no mark but {self.rules.mark!r}")
        marked = marked.astype(bool)
        if "area" not in target:
            areas = box_area(truths)

        order = score_order(scores)
        ranks = _ranks(labels[order])
        best = ranks < self.rules.max_detections[-1]
        order, ranks = order[best], ranks[best]
        boxes, scores, labels = boxes[order], scores[order], labels[order]

        ious = box_iou(boxes, truths, marked if coco else None)
        ious[labels[:, None] != truth_labels] = 0  # other classes never match
        correct, counted, truth_counted = [], [], []
        for low, high in self.rules.areas.values():
            ignored = marked | (areas < low) | (areas > high)  # (G,)
            if coco:
                match = match_coco(ious, self.rules.thresholds, ignored, marked)  # (T, D)
            else:
                match = match_voc(ious, self.rules.thresholds, ignored)
            inside = (low <= box_area(boxes)) & (box_area(boxes) <= high)
            truth_counted.append(~ignored)
            correct.append(np.append(~ignored, False)[match])  # the last is for -1, no match
            counted.append(correct[-1] | ((match < 0) & inside))
        columns = map(np.stack, (correct, counted))
        return _Picture(scores, labels, ranks, *columns, truth_labels, np.stack(truth_counted))

    def _evaluate(self) -> tuple[NDArray, NDArray, NDArray]:
        """Classes (K,), AP (K, areas, thresholds), recall (K, areas, thresholds, limits)."""
        columns = zip(*self._pictures, strict=True)
        every = _Picture(*(np.concatenate(column, axis=-1) for column in columns))
        classes, limits = np.unique(every.truth_labels), self.rules.max_detections
        shape = (len(classes), *every.correct.shape[:2])
        precisions, recalls = np.full(shape, np.nan), np.full((*shape, len(limits)), np.nan)
        for k, label in enumerate(classes):
            mine = np.flatnonzero(every.labels == label)
            scores, ranks = every.scores[mine], every.ranks[mine]
            correct, counted = every.correct[..., mine], every.counted[..., mine]
            num_truths = every.truth_counted[:, every.truth_labels == label].sum(axis=1)
            for a in np.flatnonzero(num_truths):
                for t, (right, kept) in enumerate(zip(correct[a], counted[a], strict=True)):
                    curve = precision_recall(scores[kept], right[kept], int(num_truths[a]))
                    precisions[k, a, t] = average_precision(*curve, self.rules.interpolation)
                for m, limit in enumerate(limits):
                    recalls[k, a, :, m] = correct[a][:, ranks < limit].sum(axis=1) / num_truths[a]
        return classes, precisions, recalls


def _ranks(labels: NDArray) -> NDArray:
    """How many of the same label come before each: (D,) -> (D,)."""
    order = np.argsort(labels, kind="stable")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return ranks


def _mean(values: NDArray) -> float:
    """The mean of what is defined; NaN where nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else math.nan
