"""Files of predictions stay below the sizes that were promised for the published test splits (an eighth of each)."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.benchmark.contract.prediction_file import PredictionHeader
from lovt_bench.benchmark.engine.prediction_format import from_bytes, to_bytes
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions


def header(target):
    return PredictionHeader(key="a" * 64, target=target, classes=["finding"], side=224)


def test_ten_boxes_for_each_test_image_of_rsna_take_less_than_a_megabyte():
    images, count = 5337 // 8, 10
    n = images * count
    draw = torch.Generator().manual_seed(0)
    corners, sizes = torch.rand(n, 2, generator=draw) * 150, torch.rand(n, 2, generator=draw) * 90 + 4
    scores = torch.rand(images, count, generator=draw).sort(descending=True).values.flatten()
    found = Detections(
        torch.cat([corners, sizes], 1),
        scores,
        torch.zeros(n).long(),
        torch.ones(n),
        torch.full((images,), count),
    )
    content = to_bytes(header("boxes"), np.arange(images), found)
    assert len(content) < 1e6 / 8
    stored = from_bytes(content).predictions
    assert isinstance(stored, Detections)
    assert torch.equal(stored.boxes, found.boxes)


def test_ragged_masks_of_siims_test_split_take_less_than_twelve_megabytes():
    images, side = 2409 // 8, 224
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    packed = np.empty((images, 1, side * side // 8), np.uint8)
    for each in packed:
        edge = rng.normal(0, 2, (side, side)).astype(np.float32)  # pixels near the border fall on either side
        cx, cy, radius = rng.uniform(60, 160), rng.uniform(60, 160), rng.uniform(10, 60)
        each[0] = np.packbits(np.hypot(x - cx, y - cy) + edge < radius)
    counts = torch.zeros(images, 1, 3, dtype=torch.int64)
    content = to_bytes(
        header("masks"), np.arange(images), MaskPredictions(counts, torch.from_numpy(packed), side)
    )
    assert len(content) < 12e6 / 8
    stored = from_bytes(content).predictions
    assert isinstance(stored, MaskPredictions)
    assert stored.masks is not None
    assert torch.equal(stored.masks, torch.from_numpy(packed))
