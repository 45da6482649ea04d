"""Scores of a split from what was predicted: every metric file by itself."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from torch import Tensor

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import Target
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import metrics


def detection_scores(
    detections: Detections,
    target: BoxTarget,
    classes: int,
    protocol: Protocol,
    names: Collection[str] | None = None,
) -> dict[str, float]:
    """Return metrics of the images of a split as fractions in [0, 1].

    Args:
        detections: Detections of N images, on the CPU.
        target: Boxes of the same images, on the CPU.
        classes: Number of classes.
        protocol: Its conventions.
        names: What is wanted, with what comes along; None for everything.
    """
    result: dict[str, float] = {}
    for compute in _computing("boxes", names):
        result |= compute(detections, target, classes, protocol)
    return result


def segmentation_scores(counts: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Return all metrics of the masks of a split as fractions in [0, 1].

    Args:
        counts: (N, C, 3) int64 true positives, false positives and false negatives of every image, on the CPU.
        classes: Their names.
    """
    result: dict[str, float] = {}
    for compute in _computing("masks", None):
        result |= compute(counts, classes)
    return result


def _computing(target: Target, names: Collection[str] | None) -> Iterator[Any]:
    """Yield the functions that compute what is wanted."""
    for file, metric in metrics(target).items():
        if names is None or set(metric.names) & set(names):
            yield importlib.import_module(f"lovt_bench.tasks.metrics.{file}").compute
