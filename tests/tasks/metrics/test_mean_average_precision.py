"""mAP: worked example 4, both values of every entry, and wild detections against the protocol's text."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lovt_bench.tasks.metrics.coco_map as module
from lovt_bench.benchmark.contract.protocol import MetricProtocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.metrics.coco_map import coco_map
from lovt_bench.tasks.metrics.mean_average_precision import average_precisions, mean_average_precision
from lovt_bench.tasks.metrics.positive_map import images_with_boxes, positive_map
from lovt_bench.tasks.protocol import load_protocol
from tests.tasks.metrics.example import DETECTIONS, TARGET, make_detections

METRICS = load_protocol().metrics


def plain_iou(a, b, plus: float) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]) + plus
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]) + plus
    overlap = max(width, 0) * max(height, 0)
    union = (a[2] + plus) * (a[3] + plus) + (b[2] + plus) * (b[3] + plus) - overlap
    return overlap / union if union > 0 else 0.0


def plain_average_precision(detections, boxes, threshold: float, protocol: MetricProtocol) -> float:
    """evaluation.md section 11.2 for one class: detections and boxes are lists of rows, one list an image."""
    plus = 1.0 if protocol.map_iou_convention == "plus-one" else 0.0
    total = sum(map(len, boxes))
    ranked = sorted(
        ((row[4], image, row[:4]) for image, rows in enumerate(detections) for row in rows),
        key=lambda r: -r[0],
    )
    taken = [[False] * len(rows) for rows in boxes]
    tp: list[int] = []
    for _, image, box in ranked:
        ious = [plain_iou(box, other, plus) for other in boxes[image]]
        hit = 0
        for k in sorted(range(len(ious)), key=lambda k: -ious[k]):
            enough = ious[k] > threshold if protocol.map_match == "strict" else ious[k] >= threshold
            if not enough:
                break
            if not taken[image][k]:
                taken[image][k], hit = True, 1
                break
        tp.append(hit)
    if not tp or not total:
        return 0.0
    found = np.cumsum(tp)
    precision, recall = found / np.arange(1, len(tp) + 1), found / total
    return float(
        np.mean([max(precision[recall >= level], default=0.0) for level in np.arange(0, 1.01, 0.01)])
    )


whole = st.integers(0, 60).map(float)
extent = st.integers(1, 40).map(float)
box = st.tuples(whole, whole, extent, extent)


@st.composite
def splits(draw):
    images = draw(st.integers(1, 4))
    boxes = [draw(st.lists(box, max_size=3)) for _ in range(images)]
    jitter = st.tuples(*[st.integers(-3, 3).map(float)] * 2, *[st.just(0.0)] * 2)
    detections = []
    scores = iter(draw(st.permutations([round(0.2 + 0.01 * k, 2) for k in range(60)])))
    for rows in boxes:
        near = [tuple(np.add(row, draw(jitter))) for row in rows if draw(st.booleans())]
        far = draw(st.lists(box, max_size=3))
        detections.append([(*map(float, row), next(scores)) for row in [*near, *far]])
    return detections, boxes


def pack(boxes) -> BoxTarget:
    return BoxTarget.pack([np.array(rows, dtype=np.float32).reshape(-1, 4) for rows in boxes])


@settings(max_examples=100)
@given(splits(), st.sampled_from(["plus-one", "continuous"]), st.sampled_from(["strict", "inclusive"]))
def test_wild_detections_against_the_text(split, convention, match):
    detections, boxes = split
    protocol = METRICS.model_copy(update={"map_iou_convention": convention, "map_match": match})
    own = average_precisions(make_detections(*detections), pack(boxes), 1, protocol)
    expected = [plain_average_precision(detections, boxes, t, protocol) for t in protocol.map_iou_thresholds]
    np.testing.assert_allclose(own[:, 0], expected, atol=1e-7)


def test_worked_example_4():
    found = average_precisions(DETECTIONS, TARGET, 1, METRICS)[:, 0]
    assert found.tolist() == pytest.approx([0.5] * 6 + [0.3366337] * 2, abs=1e-7)
    result = mean_average_precision(DETECTIONS, TARGET, 1, METRICS)
    assert result["mAP"] == pytest.approx(0.4591584, abs=1e-7)
    assert result["mAP@0.5"] == pytest.approx(0.5)
    assert result["mAP@0.75"] == pytest.approx(0.3366337, abs=1e-7)


def test_images_without_boxes_hold_false_positives_that_pos_map_leaves_out():
    everything = mean_average_precision(DETECTIONS, TARGET, 1, METRICS)["mAP"]
    assert positive_map(DETECTIONS, TARGET, 1, METRICS) > everything
    kept, boxes = images_with_boxes(DETECTIONS, TARGET)
    assert kept.counts.tolist() == [3, 0]
    assert boxes.counts.tolist() == [2, 1]


def test_the_plus_one_raises_the_iou_of_small_boxes():
    detections, target = make_detections([(0, 0, 3, 3, 0.9)]), pack([[(1, 0, 3, 3)]])
    continuous = METRICS.model_copy(update={"map_iou_convention": "continuous"})
    # 12 of 20 with the +1, 6 of 12 without.
    assert (average_precisions(detections, target, 1, METRICS)[:, 0] > 0).sum() == 4  # 0.40 to 0.55
    assert (average_precisions(detections, target, 1, continuous)[:, 0] > 0).sum() == 2  # 0.40 and 0.45


def test_an_iou_equal_to_the_threshold_is_no_match_unless_inclusive():
    detections, target = make_detections([(0, 0, 9, 9, 0.9)]), pack([[(0, 0, 9, 4)]])
    inclusive = METRICS.model_copy(update={"map_match": "inclusive"})
    # 50 of 100 cells.
    assert (average_precisions(detections, target, 1, METRICS)[:, 0] > 0).sum() == 2
    assert (average_precisions(detections, target, 1, inclusive)[:, 0] > 0).sum() == 3


def test_more_than_a_hundred_detections_of_an_image_all_count():
    crowd = [(0.0, 0.0, 5.0, 5.0, 0.9 - 0.001 * k) for k in range(150)]
    detections = make_detections([*crowd, (100, 100, 20, 20, 0.3)])
    assert average_precisions(detections, pack([[(100, 100, 20, 20)]]), 1, METRICS).min() > 0


def crowded(images: int, each: int, classes: int = 1):
    """Return detections all over the frame, as an untrained head finds them, and a box in every fourth image."""
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [
            rng.uniform(0, 200, (images * each, 2)),
            rng.uniform(5, 60, (images * each, 2)),
            rng.permutation(images * each)[:, None] / (images * each),
            rng.integers(0, classes, (images * each, 1)),
        ],
        axis=1,
    )
    boxes = [[tuple(rows[i * each + 7, :4])] if i % 4 == 0 else [] for i in range(images)]
    found = [[tuple(one) for one in image] for image in rows.reshape(images, each, 6).tolist()]
    return make_detections(*found), pack(boxes)


def test_memory_of_a_split_with_two_thousand_detections_an_image():
    """A head after its first epoch, ten million on the test split: a dictionary for each takes over 1 kB."""
    detections, target = crowded(40, 2000)
    tracemalloc.start()
    found = mean_average_precision(detections, target, 1, METRICS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / len(detections.boxes) < 200
    assert 0 < found["mAP"] < 0.05


def test_coco_map_is_given_only_what_it_looks_at(monkeypatch):
    detections, target = crowded(12, 250, classes=2)
    own = coco_map(detections, target)
    monkeypatch.setattr(module, "COCO_MOST", 10**6)
    assert own == coco_map(detections, target)


def test_classes_without_boxes_count_as_zero():
    detections = make_detections([(10, 10, 20, 20, 0.9, 2)])
    target = BoxTarget.pack([np.array([(10, 10, 20, 20)])], [np.array([2])])
    assert average_precisions(detections, target, 3, METRICS)[0].tolist() == pytest.approx([0, 0, 1])
    assert mean_average_precision(detections, target, 3, METRICS)["mAP"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("detections", "boxes"),
    [([[], []], [[], [(0, 0, 5, 5)]]), ([[(0, 0, 5, 5, 0.9)], []], [[], []]), ([[]], [[]]), ([], [])],
    ids=["no detection", "no box", "neither", "no image"],
)
def test_empty_splits_give_zero(detections, boxes):
    result = mean_average_precision(make_detections(*detections), pack(boxes), 1, METRICS)
    assert result == {"mAP": 0, "mAP@0.5": 0, "mAP@0.75": 0}
    assert positive_map(make_detections(*detections), pack(boxes), 1, METRICS) == 0
    assert coco_map(make_detections(*detections), pack(boxes)) == 0


def test_a_box_that_ran_away_is_a_false_positive():
    detections = make_detections([(0, 0, 9, 9, 0.9), (float("-inf"), 0, float("inf"), 9, 0.95)])
    found = average_precisions(detections, pack([[(0, 0, 9, 9)]]), 1, METRICS)
    assert found.tolist() == [[0.5]] * 8


def test_coco_map_is_another_number_under_its_own_name():
    """COCO averages other thresholds on the geometric IoU: here 0.825, so 0.50 to 0.80 of 0.50 to 0.95."""
    detections, target = make_detections([(0, 0, 10, 8.25, 0.9)]), pack([[(0, 0, 10, 10)]])
    assert coco_map(detections, target) == pytest.approx(0.7)
    assert mean_average_precision(detections, target, 1, METRICS)["mAP"] == pytest.approx(1.0)
