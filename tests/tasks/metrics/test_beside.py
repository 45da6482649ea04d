"""Metrics that a protocol measures beside the others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.functional.segmentation.utils import mask_edges, surface_distance

from lovt_bench.tasks.metric import metric_names
from lovt_bench.tasks.metrics.image_dice import compute as image_dice
from lovt_bench.tasks.metrics.recall_by_size import compute as recall_by_size
from lovt_bench.tasks.metrics.surface_dice import compute as surface
from lovt_bench.tasks.metrics.surface_dice import surface_dice
from lovt_bench.tasks.predictions import MaskPredictions
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.scores import scores_beside

CORRECTED = load_protocol("lovt-2026")


def counts(*images: tuple[int, int, int]) -> torch.Tensor:
    return torch.tensor(images)[:, None]


def test_an_image_counts_once_however_large_its_lesion():
    # A large lesion found whole, a small one missed, an image without any, and one with a false alarm.
    found = counts((1000, 0, 0), (0, 0, 10), (0, 0, 0), (0, 7, 0))
    assert image_dice(found, ["x"]) == {"x_image_dice": pytest.approx((1 + 0 + 1 + 0) / 4)}


def test_recall_is_that_of_each_third_of_the_images_with_a_lesion():
    found = counts((0, 5, 10), (5, 0, 5), (10, 0, 10), (30, 9, 10), (90, 0, 10), (100, 0, 0), (0, 3, 0))
    assert recall_by_size(found, ["x"]) == {
        "x_recall_small": pytest.approx((0 + 0.5) / 2),
        "x_recall_middle": pytest.approx((0.5 + 0.75) / 2),
        "x_recall_large": pytest.approx((0.9 + 1.0) / 2),
    }
    assert recall_by_size(counts((0, 3, 0)), ["x"]) == {}


def blob(side: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    (a, b), (c, d) = rng.uniform(20, 40, 2), rng.uniform(5, 15, 2)
    return ((x - a) / c) ** 2 + ((y - b) / d) ** 2 <= 1


@pytest.mark.parametrize("seed", range(6))
def test_surface_dice_follows_from_the_distances_of_torchmetrics(seed: int):
    one, other = blob(64, 2 * seed), blob(64, 2 * seed + 1)
    edges = [
        mask_edges(mask, mask, crop=False)[0].bool()
        for mask in (torch.from_numpy(one), torch.from_numpy(other))
    ]
    there = surface_distance(edges[0], edges[1], "euclidean")
    back = surface_distance(edges[1], edges[0], "euclidean")
    for tolerance in (0.0, 1.0, 2.5, 8.0):
        near = int((there <= tolerance).sum()) + int((back <= tolerance).sum())
        assert surface_dice(one, other, tolerance) == pytest.approx(near / (len(there) + len(back)))


def test_a_mask_that_is_not_there_is_near_to_nothing_only():
    empty, some = np.zeros((8, 8), dtype=bool), np.eye(8, dtype=bool)
    assert [surface_dice(*pair, 2.0) for pair in ((empty, empty), (empty, some), (some, empty), (some, some))] == [
        1.0, 0.0, 0.0, 1.0,
    ]  # fmt: skip


def test_the_tolerance_is_a_share_of_the_side():
    square = np.zeros((1, 1, 224, 224), dtype=np.uint8)
    square[..., 50:100, 50:100] = 1
    moved = np.roll(square, 3, axis=-1)
    large, larger = square.repeat(2, -1).repeat(2, -2), moved.repeat(2, -1).repeat(2, -2)
    packed = [np.packbits(mask.reshape(1, 1, -1), axis=-1) for mask in (square, moved, large, larger)]
    small = surface(packed[0], packed[1], 224, ["x"])
    twice = surface(packed[2], packed[3], 448, ["x"])
    assert 0.5 < small["x_surface_dice"] < 0.6 > twice["x_surface_dice"] > 0.5


@pytest.mark.parametrize(("task", "contours"), [("covid_linear", True), ("rsna_seg_linear_1", False)])
def test_contours_are_measured_where_somebody_drew_them_and_masks_are_kept(task: str, contours: bool):
    spec = load_task(task)
    side, bits = 8, np.packbits(np.eye(8, dtype=np.uint8).reshape(1, 1, -1), axis=-1)
    kept = MaskPredictions(counts((8, 0, 0)), torch.from_numpy(bits), side)
    given = scores_beside(kept, spec, CORRECTED, lambda: bits)
    assert given.get("opacity_surface_dice") == (1.0 if contours else None)
    bare = scores_beside(MaskPredictions(kept.counts, None, side), spec, CORRECTED, lambda: bits)
    assert given.keys() - bare.keys() == ({"opacity_surface_dice"} if contours else set())
    assert scores_beside(kept, spec, load_protocol(), lambda: bits) == {}
    named = set(metric_names(spec, CORRECTED.metrics.beside)) - set(metric_names(spec))
    assert given.keys() <= named
