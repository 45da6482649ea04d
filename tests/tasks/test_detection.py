"""Decoding (worked example 3) and suppression, against the greedy rule written out in float32."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.tasks.detection import Detections, decode, detect, suppress
from lovt_bench.tasks.protocol import load_protocol

YOLO = load_protocol().yolo
F32 = np.float32


def plain_suppress(rows: np.ndarray, threshold: float, iou_limit: float, plus: float) -> list[int]:
    """evaluation.md section 7.5 for an image and class: indices of rows (cx, cy, w, h, score) that stay, best first."""
    index = [i for i in np.argsort(-rows[:, 4], kind="stable") if rows[i, 4] >= F32(threshold)]
    x1, y1 = rows[:, 0] - rows[:, 2] / 2, rows[:, 1] - rows[:, 3] / 2
    x2, y2 = rows[:, 0] + rows[:, 2] / 2, rows[:, 1] + rows[:, 3] / 2
    kept: list[int] = []
    while index:
        first, *rest = index
        kept.append(int(first))
        index = []
        for other in rest:
            width = max(min(x2[first], x2[other]) - max(x1[first], x1[other]) + F32(plus), F32(0))
            height = max(min(y2[first], y2[other]) - max(y1[first], y1[other]) + F32(plus), F32(0))
            areas = [(x2[i] - x1[i] + F32(plus)) * (y2[i] - y1[i] + F32(plus)) for i in (first, other)]
            overlap = F32(width * height)
            union = areas[0] + areas[1] - overlap
            if not (union > 0 and F32(overlap / union) >= F32(iou_limit)):
                index.append(other)
    return kept


def rows_of(*boxes: tuple[float, ...]) -> torch.Tensor:
    """Return (1, n, 6) predictions from x, y, w, h, score."""
    return torch.tensor([[(x + w / 2, y + h / 2, w, h, score, 0.5) for x, y, w, h, score in boxes]])


# Quarters of whole numbers: centres, halves, products and quotients are the same in any order of evaluation.
centre = st.integers(0, 160).map(lambda value: value / 4)
side = st.integers(1, 80).map(lambda value: value / 2)
prediction = st.tuples(
    centre, centre, side, side, st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.75, 0.9]), st.just(0.3)
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(prediction, max_size=14), min_size=1, max_size=3),
    st.sampled_from([0.25, 0.4, 0.5]),
    st.sampled_from(["plus-one", "continuous"]),
)
def test_suppression_against_the_greedy_rule(images, limit, convention):
    longest = max(map(len, images))
    batch = np.zeros((len(images), longest, 6), dtype=F32)
    for image, rows in enumerate(images):
        batch[image, : len(rows)] = np.array(rows, dtype=F32).reshape(-1, 6)
    protocol = YOLO.model_copy(update={"nms_iou": limit, "iou_convention": convention})
    own = suppress(torch.from_numpy(batch), protocol)
    start = 0
    for image in range(len(images)):
        plus = 1.0 if convention == "plus-one" else 0.0
        kept = batch[image][plain_suppress(batch[image], 0.2, limit, plus)]
        count = int(own.counts[image])
        boxes = np.concatenate([kept[:, :2] - kept[:, 2:4] / 2, kept[:, 2:4]], axis=1)
        np.testing.assert_array_equal(own.boxes[start : start + count].numpy(), boxes)
        np.testing.assert_array_equal(own.scores[start : start + count].numpy(), kept[:, 4])
        start += count
    assert start == len(own.boxes)


def test_worked_example_3_decoding():
    rows = decode(torch.zeros(1, 18, 7, 7), 0, YOLO)
    cx, cy, w, h, objectness, _ = rows[0, 3 * 7 + 2].tolist()  # anchor 0, row 3, column 2
    corners = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    assert corners == pytest.approx((47.68, 87.70, 112.32, 136.30), abs=1e-4)
    assert objectness == 0.5


def test_an_image_has_3087_boxes():
    maps = [torch.zeros(1, 18, grid, grid) for grid in (7, 14, 28)]
    assert sum(decode(raw, scale, YOLO).shape[1] for scale, raw in enumerate(maps)) == 3087


def test_decoding_is_in_the_224_frame_whatever_the_image_side():
    coarse = decode(torch.zeros(1, 18, 4, 4), 0, YOLO)
    assert coarse[0, 0].tolist()[:4] == pytest.approx([28, 28, 64.64, 48.6], rel=1e-6)


def test_an_iou_equal_to_the_threshold_suppresses():
    """10 x 10 cells each, 40 in common with the +1: IoU 40 / 160 exactly."""
    pair = rows_of((0, 0, 9, 9, 0.9), (6, 0, 9, 9, 0.8))
    quarter = YOLO.model_copy(update={"nms_iou": 0.25})
    assert len(suppress(pair, quarter).boxes) == 1
    above = YOLO.model_copy(update={"nms_iou": float(np.nextafter(F32(0.25), F32(1)))})
    assert len(suppress(pair, above).boxes) == 2


def test_the_plus_one_suppresses_what_the_continuous_iou_keeps():
    pair = rows_of((0, 0, 3, 3, 0.9), (1.5, 0, 3, 3, 0.8))
    assert len(suppress(pair, YOLO).boxes) == 1  # 2.5 x 4 of 22
    continuous = YOLO.model_copy(update={"iou_convention": "continuous"})
    assert len(suppress(pair, continuous).boxes) == 2  # 1.5 x 3 of 13.5


def test_objectness_equal_to_the_threshold_stays():
    assert suppress(rows_of((0, 0, 9, 9, 0.2), (50, 50, 9, 9, 0.1999)), YOLO).scores.tolist() == [F32(0.2)]


def test_the_score_is_objectness_alone_or_times_the_class():
    rows = torch.tensor([[[20.0, 20, 9, 9, 0.8, 0.1, 0.5], [70, 70, 9, 9, 0.6, 0.9, 0.3]]])
    own = suppress(rows, YOLO)
    assert own.scores.tolist() == pytest.approx([0.6, 0.8])
    assert own.classes.tolist() == [0, 1]
    assert own.class_scores.tolist() == pytest.approx([0.9, 0.5])
    times = suppress(rows, YOLO.model_copy(update={"score": "objectness-times-class"}))
    assert times.scores.tolist() == pytest.approx([0.54, 0.4])


def test_with_one_class_the_class_probability_is_one():
    rows = rows_of((0, 0, 9, 9, 0.8))
    times = suppress(rows, YOLO.model_copy(update={"score": "objectness-times-class"}))
    assert times.scores.tolist() == suppress(rows, YOLO).scores.tolist()


def test_classes_do_not_suppress_each_other_and_come_in_order():
    rows = torch.tensor([[[20.0, 20, 9, 9, 0.9, 0.1, 0.5], [20, 20, 9, 9, 0.6, 0.9, 0.3]]])
    assert suppress(rows, YOLO).classes.tolist() == [0, 1]


def test_boxes_that_ran_away_or_are_not_numbers_do_no_harm():
    rows = rows_of((0, 0, 9, 9, 0.9), (5, 5, 9, 9, 0.8))
    rows[0, 1, 2] = float("inf")
    assert len(suppress(rows, YOLO).boxes) == 2
    rows[0, 1, 4] = float("nan")
    assert len(suppress(rows, YOLO).boxes) == 1


def test_no_detection_in_any_image():
    own = detect([torch.full((2, 18, grid, grid), -9.0) for grid in (7, 14, 28)], YOLO)
    assert own.boxes.shape == (0, 4)
    assert own.counts.tolist() == [0, 0]


def test_joining_batches_keeps_their_order():
    first, second = suppress(rows_of((0, 0, 9, 9, 0.9)), YOLO), suppress(rows_of((5, 5, 9, 9, 0.8)), YOLO)
    both = Detections.join([first, second])
    assert both.scores.tolist() == pytest.approx([0.9, 0.8])
    assert both.counts.tolist() == [1, 1]
    assert Detections.join([]).counts.tolist() == []
