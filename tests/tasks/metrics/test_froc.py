"""fROC: worked example 5, the quirks one by one, and wild detections against the protocol's pseudo code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.protocol import MetricProtocol
from lovt_bench.tasks.metrics.froc import froc
from lovt_bench.tasks.protocol import load_protocol
from tests.tasks.metrics.example import DETECTIONS, TARGET

METRICS = load_protocol().metrics
HALVES = st.integers(0, 40).map(lambda value: value / 2)


def plain_froc(detections, boxes, protocol: MetricProtocol) -> float:
    """The pseudo code of evaluation.md section 11.3, line by line; detections and boxes are rows, one list an image."""
    n, g = len(boxes), sum(map(len, boxes))
    ranked = [(image, row) for image, rows in enumerate(detections) for row in rows]
    ranked.sort(key=lambda item: -item[1][4])
    points, hit, fp = protocol.froc_operating_points, set(), 0
    recorded: list[float] = []
    for image, (x, y, w, h, _) in ranked:
        cx, cy, inside = x + w / 2, y + h / 2, False
        for k, (bx, by, bw, bh) in enumerate(boxes[image]):
            if bx <= cx <= bx + bw and by <= cy <= by + bh:
                inside = True
                hit.add((image, k))
        fp += not inside
        while len(recorded) < len(points) and fp / n >= points[len(recorded)]:
            recorded.append(len(hit) / g)
            if protocol.froc_points_per_detection == "one":
                break
        if len(recorded) == len(points):
            break
    final = len(hit) / g
    if len(recorded) < len(points):
        fill = recorded[-1] if recorded and protocol.froc_fill == "last-recorded" else final
        recorded += [fill] * (len(points) - len(recorded))
    return float(np.mean(recorded))


def call(detections, boxes, protocol: MetricProtocol = METRICS) -> float:
    rows = np.array([row for image in detections for row in image], dtype=np.float32).reshape(-1, 5)
    truth = np.array([row for image in boxes for row in image], dtype=np.float32).reshape(-1, 4)
    counts, truth_counts = np.array([len(i) for i in detections]), np.array([len(i) for i in boxes])
    return froc(rows[:, :4], rows[:, 4], counts, truth, truth_counts, protocol)


@st.composite
def splits(draw):
    images = draw(st.integers(1, 4))
    box = st.tuples(HALVES, HALVES, HALVES, HALVES)
    scores = st.sampled_from([0.25, 0.5, 0.5, 0.75, 0.875])
    boxes = [draw(st.lists(box, max_size=4)) for _ in range(images)]
    boxes[0] = boxes[0] or [(0.0, 0.0, 5.0, 5.0)]
    detections = [
        draw(st.lists(st.tuples(HALVES, HALVES, HALVES, HALVES, scores), max_size=12)) for _ in range(images)
    ]
    return detections, boxes


@settings(max_examples=150, deadline=None)
@given(splits(), st.sampled_from(["last-recorded", "final"]), st.sampled_from(["one", "all"]))
def test_wild_detections_against_the_pseudo_code(split, fill, points):
    protocol = METRICS.model_copy(update={"froc_fill": fill, "froc_points_per_detection": points})
    detections, boxes = split
    assert call(detections, boxes, protocol) == pytest.approx(
        plain_froc(detections, boxes, protocol), abs=1e-12
    )


def test_worked_example_5():
    value = froc(
        DETECTIONS.boxes.numpy(),
        DETECTIONS.scores.numpy(),
        DETECTIONS.counts.numpy(),
        TARGET.boxes[TARGET.valid()].numpy(),
        TARGET.counts.numpy(),
        METRICS,
    )
    assert value == pytest.approx(2 / 3, abs=1e-7)


AWAY = (100.0, 100.0, 2.0, 2.0)
BOXES = [[(0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 10.0, 10.0)]]


def test_points_never_reached_repeat_the_last_recorded_or_the_final_sensitivity():
    detections = [[(*AWAY, 0.9), (0, 0, 10, 10, 0.8), (20, 0, 10, 10, 0.7)]]
    final = METRICS.model_copy(update={"froc_fill": "final"})
    # One false positive per image: each detection crosses one of 0.125, 0.25 and 0.5, then all is over.
    assert call(detections, BOXES) == pytest.approx((0 + 0.5 + 1 + 1 + 1 + 1 + 1) / 7)
    few = [[(*AWAY, 0.9)], [(0, 0, 10, 10, 0.8)], [(20, 0, 10, 10, 0.7)]]
    boxes = [[], [BOXES[0][0]], [BOXES[0][1]]]
    # A third of a false positive per image: 0.125 and 0.25 are reached, with no and with one hit.
    assert call(few, boxes) == pytest.approx((0 + 0.5 + 5 * 0.5) / 7)
    assert call(few, boxes, final) == pytest.approx((0 + 0.5 + 5 * 1) / 7)


def test_a_detection_records_one_point_or_all_that_it_passes():
    detections = [[(0, 0, 10, 10, 0.9), (*AWAY, 0.8), (20, 0, 10, 10, 0.7)]]
    every = METRICS.model_copy(update={"froc_points_per_detection": "all"})
    assert call(detections, BOXES) == pytest.approx((0.5 + 1 * 6) / 7)
    assert call(detections, BOXES, every) == pytest.approx(0.5)


def test_a_second_hit_on_a_box_is_neither_hit_nor_false_positive():
    detections = [[(0, 0, 10, 10, 0.9), (1, 1, 8, 8, 0.8)]]
    assert call(detections, BOXES) == pytest.approx(0.5)


def test_a_centre_on_the_border_hits():
    assert call([[(8, 0, 4, 10, 0.9)]], [[(0.0, 0.0, 10.0, 10.0)]]) == 1


@pytest.mark.parametrize(("detections", "expected"), [([[]], 1.0), ([[(*AWAY, 0.9)]], 1.0)])
def test_without_boxes_nothing_is_missed(detections, expected):
    assert call(detections, [[]]) == expected


def test_counts_that_do_not_fit_are_refused():
    rows = np.zeros((2, 4))
    with pytest.raises(ValueError, match="add up"):
        froc(rows, np.zeros(2), np.array([1]), rows, np.array([2]), METRICS)
    with pytest.raises(ValueError, match="1 images with detections, 2 with boxes"):
        froc(rows, np.zeros(2), np.array([2]), rows, np.array([1, 1]), METRICS)
