"""Object-CXR annotations: each published defect and its correction, and strings that are not annotations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.object_annotations import (
    object_mask,
    parse_annotation,
    stored_boxes,
    true_boxes,
)
from lovt_bench.tasks.protocol import load_protocol

COORDINATES = st.integers(-50, 5000)
SHAPES = st.one_of(
    st.tuples(st.sampled_from([0, 1]), st.lists(COORDINATES, min_size=4, max_size=4)),
    st.tuples(
        st.just(2), st.integers(3, 9).flatmap(lambda n: st.lists(COORDINATES, min_size=2 * n, max_size=2 * n))
    ),
)


def entries(**change: str) -> DataProtocol:
    return load_protocol().data.model_copy(update=change)


@given(st.lists(SHAPES, max_size=5), st.sampled_from([";", " ; ", ";;"]))
def test_there_and_back(shapes: list, separator: str) -> None:
    text = separator.join(" ".join(map(str, [kind, *numbers])) for kind, numbers in shapes)
    objects = parse_annotation(text)
    kinds = {"rectangle": 0, "ellipse": 1, "polygon": 2}
    assert [(kinds[one.kind], [c for point in one.points for c in point]) for one in objects] == shapes
    for (kind, numbers), (x, y, w, h) in zip(shapes, true_boxes(objects).tolist(), strict=True):
        xs, ys = numbers[::2], numbers[1::2]
        corners = (min(xs), min(ys), max(xs), max(ys)) if kind == 2 else numbers
        assert [x, y, x + w, y + h] == list(corners)


def test_published_boxes_have_their_sides_exchanged() -> None:
    boxes = true_boxes(parse_annotation("0 539 1036 897 1460"))
    assert stored_boxes(boxes, entries()).tolist() == [[539, 1036, 424, 358]]
    assert stored_boxes(boxes, entries(object_cxr_boxes="correct")).tolist() == [[539, 1036, 358, 424]]


def test_published_polygons_are_mirrored_at_the_diagonal() -> None:
    objects = parse_annotation("2 10 2 30 2 30 8 10 8")
    correct = object_mask(objects, 40, 40, entries(object_cxr_polygon_masks="correct"))
    np.testing.assert_array_equal(object_mask(objects, 40, 40, entries()), correct.T)
    assert correct[2:9, 10:31].all()
    assert correct.sum() == 7 * 21


def test_negative_corner_leaves_no_mask_or_a_clipped_one() -> None:
    objects = parse_annotation("0 -3 5 10 9")
    assert object_mask(objects, 40, 40, entries()).sum() == 0
    clipped = object_mask(objects, 40, 40, entries(object_cxr_negative_corners="clipped"))
    assert clipped[5:9, :10].sum() == clipped.sum() == 40


def test_ellipses_fill_their_rectangle_or_are_drawn() -> None:
    objects = parse_annotation("1 4 6 34 26")
    assert object_mask(objects, 40, 40, entries()).sum() == 600
    drawn = object_mask(objects, 40, 40, entries(object_cxr_ellipse_masks="ellipse"))
    assert drawn.sum() == pytest.approx(600 * np.pi / 4, rel=0.03)
    assert drawn[6:26, 4:34].sum() == drawn.sum()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 1 2 3 4", "object 1: type 0, 1 or 2"),
        ("0 1 2 3 4;0 1 2 3", "object 2: 4 coordinates expected, found 3"),
        ("2 1 1 2 2", "at least 3 points"),
        ("2 1 1 2 2 3 3 4", "at least 3 points"),
        ("0 1 2 x 4", "integers"),
        ("0 1 2 nan 4", "integers"),
        ("rectangle", "integers"),
    ],
)
def test_other_strings_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_annotation(text)
