"""Outlines come to the masks of pycocotools, and to plain geometry where that is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.own.shapes import Drawing, RunLengths, Shape

HEIGHT, WIDTH = 23, 31
POINTS = st.lists(
    st.tuples(st.floats(-5, WIDTH + 5), st.floats(-5, HEIGHT + 5)).map(list), min_size=3, max_size=8
)


def drawn(**shape: object) -> np.ndarray:
    """Return the mask of one object."""
    shapes = [Shape.model_validate({"index": 0, "name": "annotation 7", **shape})]
    (mask,) = Drawing(shapes=shapes).masks(HEIGHT, WIDTH, 1)
    return mask


@settings(max_examples=60, deadline=None)
@given(st.lists(POINTS, min_size=1, max_size=3))
def test_polygons_are_drawn_as_pycocotools_draws_them(polygons: list[list[list[float]]]) -> None:
    flat = [[value for point in polygon for value in point] for polygon in polygons]
    expected = oracle.decode(oracle.merge(oracle.frPyObjects(flat, HEIGHT, WIDTH)))
    np.testing.assert_array_equal(drawn(polygons=flat), expected)


def test_a_polygon_around_whole_pixels_covers_them() -> None:
    """A plain rasterisation: the pixels whose centre lies inside an L of whole-numbered corners."""
    corners = [(4, 3), (20, 3), (20, 9), (10, 9), (10, 18), (4, 18)]
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            crossed = False
            for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
                if (y1 > y + 0.5) != (y2 > y + 0.5) and x + 0.5 < x1 + (y + 0.5 - y1) * (x2 - x1) / (y2 - y1):
                    crossed = not crossed
            expected[y, x] = crossed
    np.testing.assert_array_equal(
        drawn(polygons=[[value for corner in corners for value in corner]]), expected
    )


@pytest.mark.parametrize("compressed", [True, False])
def test_run_lengths_are_read_as_pycocotools_writes_them(compressed: bool) -> None:
    mask = np.asfortranarray(np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.3, dtype=np.uint8)
    if compressed:
        counts: str | list[int] = oracle.encode(mask)["counts"].decode()
    else:
        flat = mask.ravel(order="F")
        changes = np.flatnonzero(np.diff(np.concatenate([[0], flat])))
        counts = np.diff([0, *changes, flat.size]).tolist()
    np.testing.assert_array_equal(drawn(runs={"size": [HEIGHT, WIDTH], "counts": counts}), mask)


@pytest.mark.parametrize(
    ("counts", "size", "message"),
    [
        ([0, 10**9], (HEIGHT, WIDTH), "run lengths cannot be read"),
        ([3, 4], (HEIGHT, WIDTH), "run lengths cannot be read"),
        ("o" * 50, (HEIGHT, WIDTH), "run lengths cannot be read"),
        ("0", (WIDTH, HEIGHT), "run lengths of 23 x 31 pixels, the image has 31 x 23"),
        ([0], (10**9, 10**9), "run lengths of 1000000000"),
    ],
)
def test_hostile_run_lengths_are_refused_before_memory_is_taken(
    counts: str | list[int], size: tuple[int, int], message: str
) -> None:
    with pytest.raises(BadImageError, match=message):
        drawn(runs=RunLengths(size=size, counts=counts))


@pytest.mark.parametrize("shape", [{"polygons": [[0, 0, 1e12, 0, 0, 9]]}, {"box": [1e9, 0, 4, 4]}])
def test_points_far_outside_are_refused(shape: dict[str, object]) -> None:
    """A rasteriser takes memory for each pixel on the way to such a point."""
    with pytest.raises(BadImageError, match=r"annotation 7: x = 1e.* lies far outside the image of 31 x 23"):
        drawn(**shape)


def test_filled_boxes_end_at_the_border() -> None:
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[:4, 20:] = 1
    np.testing.assert_array_equal(drawn(box=[20, -6, 20, 10]), expected)
