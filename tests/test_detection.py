"""Detection metrics against pycocotools, torchmetrics, rules written plainly, and by hand."""

import contextlib
import io
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchmetrics.detection import MeanAveragePrecision
from torchvision.ops import box_iou as torchvision_iou

from backbones.boxes import box_area, box_iou
from backbones.detection import (
    RECALL_POINTS,
    RULES,
    DetectionMetrics,
    average_precision,
    match_coco,
    match_voc,
    precision_recall,
    score_order,
)

SIZES = ("small", "medium", "large")
SUMMARY = ["AP", "AP50", "AP75", *(f"AP_{size}" for size in SIZES)]
SUMMARY += ["AR1", "AR10", "AR100", *(f"AR_{size}" for size in SIZES)]
SQUARE = [0, 0, 10, 10]

# ------------------------------------------------------------------------------- random pictures


def scene(seed, pictures=4, detections=8, truths=6, classes=3, crowds=0.15, area=False):
    """Pictures of boxes on a grid of quarter pixels, which every way of computing keeps exact.

    Detections are truths moved a little; scores have few values, so that many are equal.
    """
    rng = np.random.default_rng(seed)
    predictions, targets = [], []
    for _ in range(pictures):
        start = rng.integers(0, 300, (rng.integers(0, truths + 1), 2))
        boxes = np.hstack([start, start + rng.integers(1, 140, start.shape)]).astype(float)
        labels = rng.integers(0, classes, len(boxes))
        target = {"boxes": boxes, "labels": labels}
        target["iscrowd"] = (rng.random(len(boxes)) < crowds).astype(int)
        if area:  # of a mask, smaller than its box
            target["area"] = np.floor(box_area(boxes) * rng.uniform(0.3, 1, len(boxes)))
        targets.append(target)

        near = rng.integers(0, max(1, len(boxes)), rng.integers(0, detections + 1))
        moved = np.pad(boxes, ((0, not len(boxes)), (0, 0)))[near]
        moved = moved + rng.integers(-24, 25, moved.shape) / 4 * (rng.random((len(near), 1)) < 0.8)
        moved[:, 2:] = np.maximum(moved[:, :2], moved[:, 2:])
        guessed = rng.integers(0, classes + 1, len(near))  # one class is never there
        known = np.pad(labels, (0, not len(boxes)))[near]
        labels = np.where(rng.random(len(near)) < 0.8, known, guessed)
        scores = rng.integers(0, 12, len(near)) / 12
        predictions.append({"boxes": moved, "scores": scores, "labels": labels})
    return predictions, targets


def metrics_of(predictions, targets, rules="coco"):
    metrics = DetectionMetrics(rules)
    metrics.update(predictions, targets)
    return metrics


def with_size(box):
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0, y1 - y0]


def pycocotools_numbers(predictions, targets):
    """The twelve numbers that COCOeval prints, and AP of each class; -1 is NaN."""
    truths, found = [], []
    for image_id, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
        areas = target.get("area", box_area(target["boxes"]))
        rows = zip(target["boxes"], target["labels"], target["iscrowd"], areas, strict=True)
        for box, label, crowd, area in rows:
            truth = {"id": len(truths) + 1, "image_id": image_id, "category_id": int(label)}
            truth |= {"bbox": with_size(box), "area": float(area), "iscrowd": int(crowd)}
            truths.append(truth)
        rows = zip(*(prediction[key] for key in ("boxes", "labels", "scores")), strict=True)
        for box, label, score in rows:
            detection = {"image_id": image_id, "category_id": int(label), "score": float(score)}
            found.append(detection | {"bbox": with_size(box)})
    classes = sorted({truth["category_id"] for truth in truths})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": image_id} for image_id in range(len(targets))],
            "annotations": truths,
            "categories": [{"id": label} for label in classes],
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    of_class = evaluation.eval["precision"][:, :, :, 0, -1].mean(axis=(0, 1))
    numbers = [np.where(values == -1, np.nan, values) for values in (evaluation.stats, of_class)]
    return numbers[0], dict(zip(classes, numbers[1], strict=True))


SCENES = {
    "few": {"pictures": 3, "detections": 5, "truths": 4, "classes": 2},
    "one class": {"pictures": 2, "detections": 40, "truths": 15, "classes": 1},
    "many classes": {"pictures": 6, "detections": 25, "truths": 12, "classes": 8},
    "more than 100 detections": {"pictures": 2, "detections": 260, "truths": 6, "classes": 1},
    "areas of masks": {"pictures": 4, "detections": 16, "truths": 10, "classes": 2, "area": True},
    "no crowds": {"pictures": 4, "detections": 16, "truths": 10, "classes": 2, "crowds": 0},
    "many crowds": {"pictures": 4, "detections": 16, "truths": 10, "classes": 2, "crowds": 0.5},
}


@pytest.mark.parametrize("kind", SCENES)
def test_all_numbers_are_those_of_pycocotools(kind):
    compared = 0
    for seed in range(12 if "100" in kind else 50):
        predictions, targets = scene(seed, **SCENES[kind])
        if not sum(len(prediction["scores"]) for prediction in predictions):
            continue  # loadRes does not take an empty list
        summary, of_class = pycocotools_numbers(predictions, targets)
        metrics = metrics_of(predictions, targets)
        ours = metrics.compute()
        assert list(ours) == SUMMARY
        np.testing.assert_allclose(list(ours.values()), summary, atol=1e-9, rtol=0)
        assert metrics.class_ap() == pytest.approx(of_class, abs=1e-9, nan_ok=True)
        compared += 1
    assert compared >= 10


def as_tensors(pictures):
    return [{key: torch.as_tensor(values) for key, values in entry.items()} for entry in pictures]


@pytest.mark.parametrize("seed", range(12))
def test_all_numbers_are_those_of_torchmetrics(seed):
    predictions, targets = map(as_tensors, scene(seed, 5, 20, 12, 3, area=seed % 2 == 0))
    # Its own defaults are single precision: a threshold of 0.55 would be 0.5500000119.
    theirs = MeanAveragePrecision(
        iou_thresholds=list(RULES["coco"].thresholds),
        rec_thresholds=RECALL_POINTS["101-point"].tolist(),
        backend="pycocotools",
    )
    theirs.update(predictions, targets)
    theirs = theirs.compute()
    names = ["map", "map_50", "map_75", *(f"map_{size}" for size in SIZES)]
    names += ["mar_1", "mar_10", "mar_100", *(f"mar_{size}" for size in SIZES)]
    expected = [math.nan if theirs[name] == -1 else theirs[name].item() for name in names]
    ours = metrics_of(predictions, targets).compute()
    np.testing.assert_allclose(list(ours.values()), expected, atol=1e-6, rtol=0)


def test_batches_add_up_to_the_whole_in_any_form():
    predictions, targets = scene(5, 9)
    metrics = DetectionMetrics()
    metrics.update(predictions[:4], targets[:4])
    metrics.compute()  # in between, it changes nothing
    metrics.update(as_tensors(predictions[4:]), as_tensors(targets[4:]))
    metrics.update([], [])
    lists = [{key: values.tolist() for key, values in entry.items()} for entry in predictions]
    whole = metrics_of(lists, targets).compute()
    assert metrics.compute() == whole
    assert 0 < whole["AP"] < 1


def test_half_precision_and_gradients_are_no_obstacle():
    boxes = torch.tensor([SQUARE], dtype=torch.bfloat16)
    scores = torch.ones(1, dtype=torch.bfloat16, requires_grad=True)
    labels = torch.tensor([3])
    prediction = {"boxes": boxes, "scores": scores, "labels": labels}
    metrics = metrics_of([prediction], [{"boxes": boxes, "labels": labels}])
    assert metrics.class_ap() == {3: pytest.approx(1)}


# ------------------------------------------------------------------------------------ VOC's rules


def plain_voc(predictions, targets, label, points):
    """AP of one class as the paper states it, one sentence a line."""
    ranked = [
        (-score, index, number)
        for index, prediction in enumerate(predictions)
        for number, score in enumerate(prediction["scores"])
        if prediction["labels"][number] == label
    ]
    taken, hits, wrong, curve = set(), 0, 0, []
    total = sum(((t["labels"] == label) & ~t["difficult"]).sum() for t in targets)
    for _, index, number in sorted(ranked):
        target = targets[index]
        mine = [n for n, other in enumerate(target["labels"]) if other == label]
        box = predictions[index]["boxes"][number : number + 1]
        ious = [box_iou(box, target["boxes"][n : n + 1]).item() for n in mine]
        best = mine[int(np.argmax(ious))] if mine else None
        if best is None or max(ious) <= 0.5 or (index, best) in taken:
            wrong += 1
        elif target["difficult"][best]:
            continue
        else:
            taken.add((index, best))
            hits += 1
        curve.append((hits / total if total else math.nan, hits / (hits + wrong)))
    if not total:
        return math.nan

    def interpolated(recall):
        return max((p for r, p in curve if r >= recall), default=0)

    if points:
        return sum(interpolated(k / points) for k in range(points + 1)) / (points + 1)
    steps = [0, *sorted({r for r, _ in curve})]
    return sum(
        (after - before) * interpolated(after) for before, after in itertools.pairwise(steps)
    )


@pytest.mark.parametrize(("rules", "points"), [("voc2007", 10), ("voc2010", None)])
def test_voc_is_what_its_rules_say(rules, points):
    for seed in range(40):
        predictions, targets = scene(seed, 4, 15, 8, 2)
        targets = [
            {"boxes": t["boxes"], "labels": t["labels"], "difficult": t["iscrowd"] > 0}
            for t in targets
        ]
        metrics = metrics_of(predictions, targets, rules)
        classes = {label for target in targets for label in target["labels"].tolist()}
        expected = {label: plain_voc(predictions, targets, label, points) for label in classes}
        assert metrics.class_ap() == pytest.approx(expected, abs=1e-12, nan_ok=True)
        defined = [value for value in expected.values() if not math.isnan(value)]
        mean = np.mean(defined) if defined else math.nan
        assert metrics.compute()["AP"] == pytest.approx(mean, nan_ok=True)


def test_voc_compares_with_the_best_truth_only_and_coco_with_the_next_one():
    ious = [[0.9, 0.3], [0.8, 0.7]]
    assert match_voc(ious, 0.5).tolist() == [0, -1]
    assert match_coco(ious, 0.5).tolist() == [0, 1]


def test_voc_must_exceed_the_threshold_and_coco_only_reach_it():
    ious = box_iou([[0, 0, 10, 10]], [[0, 0, 10, 5]])
    assert ious == 0.5
    assert match_voc(ious, 0.5).tolist() == [-1]
    assert match_coco(ious, 0.5).tolist() == [0]
    levels = [0.25, 0.5, 0.75]
    assert match_voc(ious, levels).tolist() == [[0], [-1], [-1]]
    assert match_coco(ious, levels).tolist() == [[0], [0], [-1]]
    assert match_coco([[1 - 1e-12]], 1).tolist() == [0]  # a threshold of 1 forgives rounding


def test_voc_takes_the_first_of_equals_and_coco_the_last():
    assert match_voc([[0.8, 0.8]], 0.5).tolist() == [0]
    assert match_coco([[0.8, 0.8]], 0.5).tolist() == [1]


def test_difficult_truths_are_found_any_number_of_times():
    ious = [[0.9], [0.8]]
    assert match_voc(ious, 0.5).tolist() == [0, -1]
    assert match_voc(ious, 0.5, [1]).tolist() == [0, 0]


def test_ignored_truths_come_last_and_crowds_have_room_for_all():
    ious = [[0.6, 0.9], [0.6, 0.9], [0.6, 0.9]]
    assert match_coco(ious, 0.5, ignored=[0, 1]).tolist() == [0, 1, -1]
    assert match_coco(ious, 0.5, crowd=[0, 1]).tolist() == [0, 1, 1]


def test_thresholds_are_matched_side_by_side():
    rng = np.random.default_rng(0)
    ious, ignored, crowd = rng.random((12, 7)), rng.random(7) < 0.3, rng.random(7) < 0.2
    levels = np.array([0.3, 0.5, 0.9])
    for match, marks in ((match_coco, (ignored, crowd)), (match_voc, (ignored,))):
        each = [match(ious, level, *marks) for level in levels]
        assert each[0].shape == (12,)
        np.testing.assert_array_equal(match(ious, levels, *marks), each)


# ------------------------------------------------------------------------------------ by hand


def test_iou_by_hand():
    others = [SQUARE, [5, 0, 15, 10], [0, 0, 5, 5], [10, 0, 20, 10], [20, 20, 30, 30]]
    np.testing.assert_allclose(box_iou([SQUARE], others), [[1, 1 / 3, 1 / 4, 0, 0]])
    # Of the detection, all lies in the first crowd, and a half in the second.
    crowds = [[0, 0, 100, 100], [5, 0, 100, 100]]
    np.testing.assert_allclose(box_iou([SQUARE], crowds, crowd=[1, 1]), [[1, 1 / 2]])
    np.testing.assert_allclose(box_iou([SQUARE], crowds, crowd=[1, 0]), [[1, 50 / 9550]])


def test_boxes_without_area_overlap_nothing():
    assert box_iou([[3, 3, 3, 3]], [[3, 3, 3, 3], SQUARE]).tolist() == [[0, 0]]
    assert box_iou([[3, 3, 3, 3]], [SQUARE], crowd=[True]).tolist() == [[0]]


def test_no_boxes_have_no_ious():
    assert box_iou([], [SQUARE]).shape == (0, 1)
    assert box_iou(torch.zeros(2, 4), torch.zeros(0, 4)).shape == (2, 0)
    for match in (match_voc, match_coco):
        assert match(np.zeros((0, 3)), [0.5, 0.6]).shape == (2, 0)
        assert match(np.zeros((2, 0)), 0.5).tolist() == [-1, -1]


# Right, right, wrong, right, wrong; 5 truths: precision 1, 1, 2/3, 3/4, 3/5 at recall
# 0.2, 0.4, 0.4, 0.6, 0.6; interpolated 1 up to 0.4, then 3/4 up to 0.6.
SCORES, CORRECT = [0.6, 0.9, 0.8, 0.5, 0.7], [True, True, True, False, False]
BY_HAND = {
    "11-point": (5 * 1 + 2 * 3 / 4) / 11,
    "101-point": (41 * 1 + 20 * 3 / 4) / 101,
    "all-point": 0.4 * 1 + 0.2 * 3 / 4,
}


def test_precision_and_recall_by_hand():
    precision, recall = precision_recall(SCORES, CORRECT, num_truths=5)
    np.testing.assert_allclose(precision, [1, 1, 2 / 3, 3 / 4, 3 / 5])
    np.testing.assert_allclose(recall, [0.2, 0.4, 0.4, 0.6, 0.6])


@pytest.mark.parametrize("interpolation", BY_HAND)
def test_average_precision_by_hand(interpolation):
    curve = precision_recall(SCORES, CORRECT, num_truths=5)
    assert average_precision(*curve, interpolation) == pytest.approx(BY_HAND[interpolation])
    assert average_precision([], [], interpolation) == 0
    assert average_precision(*precision_recall([1], [True], 1), interpolation) == 1


def test_equal_scores_stay_in_the_order_given():
    assert score_order([1, 2, 1, 2, 1]).tolist() == [1, 3, 0, 2, 4]
    assert score_order(torch.tensor([3, 7], dtype=torch.uint8)).tolist() == [1, 0]
    first, _ = precision_recall([0.5, 0.5], [True, False], 1)
    last, _ = precision_recall([0.5, 0.5], [False, True], 1)
    assert first.tolist() == [1, 0.5]
    assert last.tolist() == [0, 0.5]


def entry(*boxes, scores=None, label=1, **more):
    result = {"boxes": list(boxes), "labels": [label] * len(boxes), **more}
    return result | ({} if scores is None else {"scores": scores})


def test_a_duplicate_is_wrong_whatever_its_overlap():
    worse = [0, 0, 10, 8]
    metrics = metrics_of([entry(SQUARE, worse, scores=[0.7, 0.9])], [entry(SQUARE)])
    # The worse box is first. Where it is good enough (IoU 0.8), up to a threshold of 0.8, the exact
    # one is the duplicate, which costs nothing behind full recall; above, it is right, at 1/2.
    result = metrics.compute()
    assert result["AP50"] == result["AP75"] == 1
    assert result["AP"] == pytest.approx((7 * 1 + 3 / 2) / 10)
    assert result["AR1"] == pytest.approx(7 / 10)
    assert result["AR10"] == 1


def test_the_class_must_be_right():
    metrics = metrics_of(
        [entry(SQUARE, scores=[1], label=2)], [entry(SQUARE), entry(SQUARE, label=2)][:1]
    )
    assert metrics.class_ap() == {1: 0}  # 2 has no truth, and no AP


def test_two_classes_by_the_rules_of_voc_and_coco():
    box, half = SQUARE, [0, 0, 10, 6]
    prediction = {"boxes": [box, half], "scores": [0.9, 0.8], "labels": [0, 1]}
    target = {"boxes": [box, box], "labels": [0, 1]}
    for rules, mean in (("voc2007", 1), ("voc2010", 1), ("coco", (1 + 3 / 10) / 2)):
        assert metrics_of([prediction], [target], rules).compute()["AP"] == pytest.approx(mean)


def test_voc_reports_ap_and_ar():
    result = metrics_of([entry(SQUARE, scores=[1])], [entry(SQUARE, SQUARE)], "voc2010").compute()
    assert result == {"AP": 0.5, "AR": 0.5}


def test_nothing_is_undefined_and_no_detection_is_nothing_found():
    for rules in RULES:
        nothing = entry(scores=[])
        for metrics in (DetectionMetrics(rules), metrics_of([nothing], [entry()], rules)):
            assert all(math.isnan(value) for value in metrics.compute().values())
            assert metrics.class_ap() == {}
        missed = metrics_of([nothing], [entry(SQUARE)], rules).compute()
        assert missed["AP"] == 0
        alone = metrics_of([entry(SQUARE, scores=[1])], [entry()], rules).compute()
        assert math.isnan(alone["AP"])
    assert metrics_of([nothing], [entry(SQUARE)]).compute()["AP_small"] == 0
    assert math.isnan(metrics_of([nothing], [entry(SQUARE)]).compute()["AP_large"])


def test_what_is_ignored_counts_neither_way():
    group, inside, elsewhere = [0, 0, 100, 100], [2, 2, 12, 12], [200, 0, 210, 10]
    found = entry(inside, SQUARE, elsewhere, scores=[0.9, 0.8, 0.7])
    with_crowd = metrics_of([found], [entry(group, elsewhere, iscrowd=[True, False])])
    assert with_crowd.compute()["AP"] == 1
    without = metrics_of([found], [entry(group, elsewhere)])
    assert without.compute()["AP"] < 0.5
    only_crowd = metrics_of([found], [entry(group, iscrowd=[1])])
    assert math.isnan(only_crowd.compute()["AP"])
    assert math.isnan(only_crowd.class_ap()[1])
    found = entry(SQUARE, elsewhere, scores=[0.9, 0.8])
    difficult = entry(SQUARE, elsewhere, difficult=[1, 0])
    assert metrics_of([found], [difficult], "voc2010").compute() == {"AP": 1, "AR": 1}


def test_a_size_at_the_limit_is_of_both_ranges():
    at_limit = [0, 0, 32, 32]
    result = metrics_of([entry(at_limit, scores=[1])], [entry(at_limit)]).compute()
    assert result["AP_small"] == result["AP_medium"] == 1
    assert math.isnan(result["AP_large"])


# --------------------------------------------------------------------------------- properties


def boxes(most):
    numbers = st.floats(-1000, 1000, width=32)
    corners = arrays.arrays(
        np.float64, st.tuples(st.integers(0, most), st.just(4)), elements=numbers
    )
    return corners.map(
        lambda a: np.hstack([a.reshape(-1, 2, 2).min(1), a.reshape(-1, 2, 2).max(1)])
    )


@given(boxes(5), boxes(5))
@settings(max_examples=150, deadline=None)
def test_iou_is_symmetric_and_that_of_torchvision(first, second):
    ious = box_iou(first, second)
    assert ((ious >= 0) & (ious <= 1)).all()
    np.testing.assert_array_equal(ious, box_iou(second, first).T)
    within = box_iou(first, second, crowd=np.ones(len(second), bool))
    assert ((within >= ious - 1e-12) & (within <= 1)).all()
    with_area = (box_area(first)[:, None] > 1e-6) & (box_area(second) > 1e-6)
    theirs = torchvision_iou(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    np.testing.assert_allclose(ious[with_area], theirs[with_area], atol=1e-9)
    itself = np.diag(box_iou(first, first))
    np.testing.assert_array_equal(itself, box_area(first) > 0)


@given(boxes(4), st.integers(-50, 50), st.sampled_from([0.25, 2, 8]))
@settings(max_examples=50, deadline=None)
def test_iou_has_no_unit(found, shift, scale):
    found = np.round(found)  # so that sums are exact
    ious = box_iou(found, found[::-1])
    np.testing.assert_allclose(box_iou(found * scale, found[::-1] * scale), ious)
    np.testing.assert_allclose(box_iou(found + shift, found[::-1] + shift), ious)


rankings = st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=30)
interpolations = st.sampled_from(list(BY_HAND))


def ap(ranking, num_truths, interpolation):
    scores, correct = [score for score, _ in ranking], [right for _, right in ranking]
    return average_precision(*precision_recall(scores, correct, num_truths), interpolation)


@given(rankings, st.integers(1, 5), interpolations)
@settings(max_examples=150, deadline=None)
def test_ap_is_a_share_that_a_last_wrong_detection_does_not_raise(ranking, missed, interpolation):
    num_truths = sum(right for _, right in ranking) + missed
    value = ap(ranking, num_truths, interpolation)
    little = 1e-12  # of rounding
    assert -little <= value <= 1 + little
    assert ap([*ranking, (0, False)], num_truths, interpolation) == pytest.approx(value, abs=little)
    assert ap([(10, False), *ranking], num_truths, interpolation) <= value + little
    assert ap([*ranking, (0, True)], num_truths, interpolation) >= value - little
    assert ap([(10, True), *ranking], num_truths, interpolation) >= value - little
    if interpolation == "all-point":
        assert value <= (num_truths - missed) / num_truths + little


matrices = arrays.arrays(
    np.float64, st.tuples(st.integers(0, 6), st.integers(0, 5)), elements=st.integers(0, 10)
).map(lambda tenths: tenths / 10)


@given(matrices, st.integers(1, 10))
@settings(max_examples=150, deadline=None)
def test_every_truth_is_matched_once_at_most_and_well_enough(ious, tenths):
    level = tenths / 10
    for match in (match_voc, match_coco):
        found = match(ious, level)
        right = found[found >= 0]
        assert len(set(right.tolist())) == len(right)
        assert (ious[found >= 0, right] >= level - 1e-9).all()
    free = np.setdiff1d(np.arange(ious.shape[1]), right)
    assert (ious[found < 0][:, free] < level).all()  # COCO leaves none that would fit


@given(st.integers(0, 10**6), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_numbers_depend_on_ranks_alone_and_a_last_wrong_box_raises_none(seed, index):
    predictions, targets = scene(seed)
    result = metrics_of(predictions, targets).compute()
    squared = [{**entry, "scores": entry["scores"] ** 2 - 5} for entry in predictions]
    np.testing.assert_equal(metrics_of(squared, targets).compute(), result)
    wrong = {
        "boxes": [*predictions[index]["boxes"], [900, 900, 950, 950]],
        "scores": [*predictions[index]["scores"], -1],
        "labels": [*predictions[index]["labels"], 0],
    }
    predictions[index] = wrong
    after = metrics_of(predictions, targets).compute()
    for name, value in result.items():
        assert math.isnan(value) or 0 <= after[name] <= value + 1e-12


# -------------------------------------------------------------------------------------- errors

GOOD = entry(SQUARE, [1, 1, 4, 4], scores=[0.5, 0.6])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes": [[4, 0, 0, 4], SQUARE]}, r"predictions\[1\]\['boxes'\] must have x0 <= x1"),
        ({"boxes": [[0, 4, 4, 0], SQUARE]}, r"got \[0.0, 4.0, 4.0, 0.0\]; are they \(x, y, width"),
        ({"boxes": [[0, 0, math.nan, 4], SQUARE]}, r"\['boxes'\] must be finite, got nan"),
        ({"boxes": [[0, 0, 4, math.inf], SQUARE]}, r"\['boxes'\] must be finite, got inf"),
        ({"boxes": SQUARE}, r"\['boxes'\] must be \(N, 4\): x0, y0, x1, y1; got \(4,\)"),
        ({"boxes": [[0, 0, 1]]}, r"must be \(N, 4\): x0, y0, x1, y1; got \(1, 3\)"),
        ({"boxes": [["a"] * 4]}, r"\['boxes'\] must be numbers, got <U1"),
        ({"scores": [0.5]}, r"\['scores'\] must be \(2,\), one for each box, got \(1,\)"),
        ({"scores": [[0.5], [0.6]]}, r"\['scores'\] must be \(2,\), one for each box, got \(2, 1"),
        ({"scores": [0.5, math.nan]}, r"\['scores'\] must be finite, got nan"),
        ({"labels": [1, 2, 3]}, r"\['labels'\] must be \(2,\), one for each box, got \(3,\)"),
        ({"labels": [1.0, 2.0]}, r"\['labels'\] must be integers, got float64"),
        ({"labels": [True, False]}, r"\['labels'\] must be integers, got bool"),
        ({"labels": ["cat", "dog"]}, r"\['labels'\] must be numbers, got <U3"),
    ],
)
def test_wrong_predictions_are_refused_by_name_and_leave_no_trace(changes, message):
    metrics = metrics_of([GOOD], [GOOD])
    before = metrics.compute()
    with pytest.raises(ValueError, match=message):
        metrics.update([GOOD, GOOD | changes], [entry(), entry()])
    assert metrics.compute() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boxes": [[4, 0, 0, 4], SQUARE]}, r"^targets\[0\]\['boxes'\] must have x0 <= x1"),
        ({"labels": [0.5, 1]}, r"^targets\[0\]\['labels'\] must be integers, got float64"),
        ({"iscrowd": [0]}, r"^targets\[0\]\['iscrowd'\] must be \(2,\), one for each box"),
        ({"area": [3, math.nan]}, r"^targets\[0\]\['area'\] must be finite, got nan"),
        ({"difficult": [0, 1]}, r"^targets\[0\] may have no mark but 'iscrowd'"),
    ],
)
def test_wrong_targets_are_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        metrics_of([GOOD], [GOOD | changes])


def test_entries_that_are_missing_and_lists_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"predictions\[0\] must have an entry 'scores', got only"):
        metrics_of([entry(SQUARE)], [entry(SQUARE)])
    with pytest.raises(ValueError, match=r"targets\[0\] must have an entry 'boxes'"):
        metrics_of([GOOD], [{}])
    with pytest.raises(
        ValueError, match=r"must be lists of one length.* got list of 1 and list of"
    ):
        metrics_of([GOOD], [GOOD, GOOD])
    with pytest.raises(ValueError, match="with a dict for each picture; got dict"):
        metrics_of(GOOD, GOOD)
    with pytest.raises(ValueError, match="may have no mark but 'difficult'"):
        metrics_of([GOOD], [GOOD | {"iscrowd": [0, 1]}], "voc2007")
    with pytest.raises(ValueError, match="rules must be one of coco, voc2007, voc2010, got 'voc'"):
        DetectionMetrics("voc")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: box_iou([SQUARE], [[1, 2, 3]]), "others must be"),
        (lambda: box_iou([SQUARE], [SQUARE], [1, 0]), r"crowd must be \(1,\), one for each box"),
        (lambda: match_coco([0.5], 0.5), r"ious must be \(detections, truths\)"),
        (lambda: match_voc([[0.5]], 0), "thresholds must be above 0 and at most 1, got 0"),
        (lambda: match_coco([[0.5]], [0.5, 1.5]), r"thresholds must be .* got \[0.5, 1.5\]"),
        (lambda: match_coco([[0.5]], []), r"thresholds must be above 0 and at most 1, got \[\]"),
        (lambda: match_coco([[0.5]], 0.5, [1, 0]), r"ignored must be \(1,\), one for each truth"),
        (lambda: match_coco([[math.nan]], 0.5), "ious must be finite, got nan"),
        (lambda: precision_recall([0.5], [True], 0), "num_truths must be an integer of at least 1"),
        (lambda: precision_recall([0.5], [True, True], 2), r"correct must be \(1,\)"),
        (lambda: precision_recall([math.nan], [True], 1), "scores must be finite"),
        (lambda: average_precision([1], [0.5, 1]), "recall must never fall, and be as long as"),
        (lambda: average_precision([1, 1], [1, 0.5]), "recall must never fall"),
        (lambda: average_precision([1], [1], "5-point"), "interpolation must be one of 11-point"),
    ],
)
def test_wrong_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
