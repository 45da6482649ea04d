"""Weighted metrics: those of tasks/metrics where every weight is 1, and those of fewer images where some are 0."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metrics.positive_map import kept_detections
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.scores import detection_scores, segmentation_scores
from lovt_bench.tasks.weighing import weigh_boxes, weigh_masks
from lovt_bench.tasks.weighted import AT_ONCE, Ranked, RankedClass

PROTOCOL = load_protocol()
METRICS = ("mAP", "mAP@0.5", "mAP@0.75", "coco_mAP", "froc")
IMAGES = 30


def drawn(seed: int, classes: int) -> tuple[Detections, BoxTarget]:
    """Return boxes near true ones among others; scores are rounded, so that some are equal."""
    generator = np.random.default_rng(seed)
    truth, labels, rows = [], [], []
    counts = []
    for _ in range(IMAGES):
        boxes = generator.uniform(10, 120, (generator.integers(0, 4), 4))
        own = generator.integers(0, classes, len(boxes))
        near = boxes + generator.normal(0, 8, boxes.shape)
        far = generator.uniform(10, 120, (generator.integers(0, 5), 4))
        found = np.concatenate([near, far]).clip(1)
        kinds = np.concatenate([own, generator.integers(0, classes, len(far))])
        scores = generator.uniform(0, 1, len(found)).round(2)
        rows += [(*box, score, kind) for box, score, kind in zip(found, scores, kinds, strict=True)]
        truth.append(boxes)
        labels.append(own)
        counts.append(len(found))
    lines = torch.tensor(rows, dtype=torch.float32)
    detections = Detections(
        lines[:, :4], lines[:, 4], lines[:, 5].long(), torch.ones(len(lines)), torch.tensor(counts)
    )
    return detections, BoxTarget.pack(truth, labels if classes > 1 else None)


@pytest.mark.parametrize("classes", [1, 2])
def test_weights_of_1_and_0_give_the_metrics_of_the_images_that_are_left(classes: int) -> None:
    detections, target = drawn(7, classes)
    kept = torch.from_numpy(np.random.default_rng(1).random(IMAGES) < 0.6)
    fewer = (
        kept_detections(detections, kept.repeat_interleave(detections.counts), detections.counts[kept]),
        target[kept],
    )
    weights = np.stack([np.ones(IMAGES), kept.numpy().astype(float)])
    whole = detection_scores(detections, target, classes, PROTOCOL, METRICS)
    part = detection_scores(*fewer, classes, PROTOCOL, METRICS)
    for metric in METRICS:
        found = weigh_boxes(detections, target, classes, PROTOCOL.metrics, metric).values(weights)
        assert found == pytest.approx([whole[metric], part[metric]], abs=1e-6), metric
        assert 0 < part[metric] < 1


def test_masks_are_weighed_as_they_are_scored() -> None:
    generator = np.random.default_rng(2)
    counts = generator.integers(0, 300, (IMAGES, 2, 3))
    counts[:5, 0, [0, 2]] = 0
    names = ["mass", "nodule"]
    half = np.arange(IMAGES) < 15
    weights = np.stack([np.ones(IMAGES), half.astype(float)])
    for metric in ("mass_dice", "nodule_dice", "mass_pos_dice", "avg_dice"):
        expected = [
            segmentation_scores(torch.from_numpy(counts[keep]), names)[metric]
            for keep in (np.ones(IMAGES, bool), half)
        ]
        found = weigh_masks(torch.from_numpy(counts), names, metric).values(weights)
        assert found == pytest.approx(expected, abs=1e-12), metric


@pytest.mark.parametrize("metric", ["mass_IoU", "nothing"])
def test_a_metric_without_weights_is_named(metric: str) -> None:
    with pytest.raises(ValueError, match=f"{metric} of masks has no interval over images"):
        weigh_masks(torch.zeros(3, 1, 3, dtype=torch.int64), ["mass"], metric)


def test_memory_does_not_grow_with_groups_times_detections() -> None:
    generator, images, found = np.random.default_rng(3), 100, 60_000
    item = RankedClass(
        generator.integers(0, images, found), generator.random((1, found)) < 0.5, np.full(images, 400)
    )
    weights = np.concatenate([np.ones((1, images)), 1.0 - np.eye(images)])
    ranked = Ranked([item])
    tracemalloc.start()
    values = ranked.values(weights)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * 8 * AT_ONCE
    assert values.tolist() == [ranked.values(line[None])[0] for line in weights]
