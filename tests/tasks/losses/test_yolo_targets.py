"""Target assignment: worked examples 1 and 2, every entry both ways, wild boxes against a slow copy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.losses.yolo_targets import assign_targets, shape_iou
from lovt_bench.tasks.protocol import load_protocol
from tests.tasks.losses.plain_yolo import plain_targets

YOLO = load_protocol().yolo
GRIDS = (7, 14, 28)

sides = st.integers(0, 1800).map(lambda value: value / 8)
box = st.tuples(
    st.integers(0, 1600).map(lambda v: v / 8), st.integers(0, 1600).map(lambda v: v / 8), sides, sides
)


def target_of(*images) -> BoxTarget:
    return BoxTarget.pack([np.array(boxes, dtype=np.float32).reshape(-1, 4) for boxes in images])


@pytest.mark.parametrize(
    ("scale", "ious", "best", "ignored"),
    [
        (0, (0.6944, 0.6381, 0.2122), 0, {0, 1}),
        (1, (0.2160, 0.2733, 0.5265), 2, {2}),
        (2, (0.0336, 0.0673, 0.0881), 2, set()),
    ],
)
def test_worked_example_1_anchor_iou(scale, ious, best, ignored):
    stride = 224 / GRIDS[scale]
    anchors = torch.tensor(YOLO.anchors[scale]) / stride
    found = shape_iou(torch.tensor([60.0, 80.0]) / stride, anchors, plus=1.0)
    assert found.tolist() == pytest.approx(ious, abs=5e-5)
    own = assign_targets(target_of([(60, 80, 60, 80)]), scale, GRIDS[scale], 1, YOLO)
    assert own.positive.nonzero()[:, 1].tolist() == [best]
    assert set((~own.background).nonzero()[:, 1].tolist()) == ignored


@pytest.mark.parametrize(
    ("scale", "cell", "offset", "logs"),
    [
        (0, (2, 3), (0.8125, 0.75), (-0.074489, 0.498403)),
        (1, (5, 7), (0.625, 0.5), (0.632993, 0.219089)),
        (2, (11, 15), (0.25, 0.0), (1.214023, 1.862719)),
    ],
)
def test_worked_example_2_cells_and_offsets(scale, cell, offset, logs):
    own = assign_targets(target_of([(60, 80, 60, 80)]), scale, GRIDS[scale], 1, YOLO)
    _, anchor, row, column = own.positive.nonzero()[0].tolist()
    assert (column, row) == cell
    assert own.offsets[0, anchor, row, column].tolist() == pytest.approx([*offset, *logs], abs=2e-6)


VARIANTS = {
    "published": {},
    "best scale": {"target_scales": "best"},
    "object only": {"positive_below_ignore": "object-only"},
    "continuous": {"iou_convention": "continuous"},
    "all corrected": {
        "target_scales": "best",
        "positive_below_ignore": "object-only",
        "iou_convention": "continuous",
    },
}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(box, max_size=5), min_size=1, max_size=3), st.sampled_from(sorted(VARIANTS)))
def test_wild_boxes_against_the_slow_copy(images, variant):
    protocol = YOLO.model_copy(update=VARIANTS[variant])
    target = target_of(*images)
    for scale, grid in enumerate(GRIDS):
        own = assign_targets(target, scale, grid, 1, protocol)
        for image, boxes in enumerate(images):
            expected = plain_targets(boxes, scale, grid, protocol)
            np.testing.assert_array_equal(own.positive[image].numpy(), expected.positive)
            np.testing.assert_array_equal(own.background[image].numpy(), expected.background)
            np.testing.assert_allclose(own.offsets[image].numpy(), expected.offsets, rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(own.classes[image, ..., 0].numpy(), expected.positive)


def test_every_box_is_a_positive_at_all_scales_or_only_at_the_best():
    target = target_of([(60, 80, 60, 80)])
    best_only = YOLO.model_copy(update={"target_scales": "best"})
    published = [assign_targets(target, s, g, 1, YOLO).positive.sum().item() for s, g in enumerate(GRIDS)]
    corrected = [
        assign_targets(target, s, g, 1, best_only).positive.sum().item() for s, g in enumerate(GRIDS)
    ]
    assert published == [1, 1, 1]
    assert corrected == [1, 0, 0]


def test_a_positive_below_the_ignore_threshold_is_also_background_or_not():
    target = target_of([(60, 80, 60, 80)])
    object_only = YOLO.model_copy(update={"positive_below_ignore": "object-only"})
    published = assign_targets(target, 2, 28, 1, YOLO)
    corrected = assign_targets(target, 2, 28, 1, object_only)
    assert (published.positive & published.background).sum() == 1
    assert (corrected.positive & corrected.background).sum() == 0


def test_the_plus_one_takes_small_boxes_for_anchors():
    """34 pixels are 1.06 cells of stride 32; a cell longer they resemble an anchor of 2.02 x 1.52 cells."""
    continuous = YOLO.model_copy(update={"iou_convention": "continuous"})
    target = target_of([(100, 100, 34, 34)])
    assert (~assign_targets(target, 0, 7, 1, YOLO).background).sum() == 1
    assert (~assign_targets(target, 0, 7, 1, continuous).background).sum() == 0


def test_the_later_of_two_boxes_on_one_cell_wins():
    first, second = (60, 80, 60, 80), (61, 81, 62, 78)
    both = assign_targets(target_of([first, second]), 0, 7, 1, YOLO)
    swapped = assign_targets(target_of([second, first]), 0, 7, 1, YOLO)
    assert both.positive.sum() == 1
    assert torch.equal(both.offsets, assign_targets(target_of([second]), 0, 7, 1, YOLO).offsets)
    assert torch.equal(swapped.offsets, assign_targets(target_of([first]), 0, 7, 1, YOLO).offsets)


def test_a_centre_on_the_far_edge_goes_to_the_last_cell_with_offset_one():
    own = assign_targets(target_of([(204, 204, 40, 40)]), 0, 7, 1, YOLO)
    image, anchor, row, column = own.positive.nonzero()[0].tolist()
    assert (row, column) == (6, 6)
    assert own.offsets[image, anchor, row, column, :2].tolist() == [1.0, 1.0]


def test_padding_and_images_without_boxes_are_not_targets():
    own = assign_targets(target_of([], [(60, 80, 60, 80)], []), 0, 7, 1, YOLO)
    assert own.positive.flatten(1).sum(1).tolist() == [0, 1, 0]
    assert assign_targets(target_of([], []), 0, 7, 1, YOLO).positive.sum() == 0


def test_boxes_of_two_classes_on_one_cell_set_both_classes():
    target = BoxTarget.pack([np.array([(60, 80, 60, 80), (60, 80, 60, 80)])], [np.array([2, 0])])
    own = assign_targets(target, 0, 7, 3, YOLO)
    assert own.classes.nonzero()[:, -1].tolist() == [0, 2]


def test_a_smaller_image_is_a_coarser_grid_in_the_same_frame():
    own = assign_targets(target_of([(60, 80, 60, 80)]), 0, 4, 1, YOLO)
    assert own.positive.nonzero()[0, 2:].tolist() == [int(120 / 56), int(90 / 56)]
