"""Polygons are filled as OpenCV fills them, inside and across the border of the image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.polygon import fill_polygon

VECTORS = json.loads((Path(__file__).parent / "polygons.json").read_text(encoding="utf-8"))["polygons"]


@pytest.mark.parametrize("case", VECTORS, ids=range(len(VECTORS)))
def test_as_opencv_fills_it(case: dict) -> None:
    mask = np.zeros(case["size"], dtype=np.uint8)
    fill_polygon(mask, [tuple(point) for point in case["points"]])
    assert np.packbits(mask).tobytes().hex() == case["mask"]


def test_rectangle_includes_its_border() -> None:
    mask = np.zeros((9, 9), dtype=np.uint8)
    fill_polygon(mask, [(2, 3), (6, 3), (6, 5), (2, 5)])
    assert mask.sum() == mask[3:6, 2:7].sum() == 15


def test_polygon_far_outside_leaves_nothing() -> None:
    mask = np.zeros((9, 9), dtype=np.uint8)
    fill_polygon(mask, [(20, 20), (30, 20), (25, 10**6)])
    assert mask.sum() == 0
