"""Scores of a split from what was predicted: every metric file by itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import Target, TaskSpec
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import metrics, metrics_beside
from lovt_bench.tasks.predictions import MaskPredictions

PackedMasks = NDArray[np.uint8]
"""(N, C, bytes): eight pixels a byte, rows of the mask one after the other, first pixel highest."""


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
        names: What is wanted, with what comes along; None for everything, what the protocol measures beside included.
    """
    result: dict[str, float] = {}
    for compute in _computing("boxes", names, protocol.metrics.beside):
        result |= compute(detections, target, classes, protocol)
    return result


def segmentation_scores(counts: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Return the metrics of the masks of a split that every protocol has, as fractions in [0, 1].

    Args:
        counts: (N, C, 3) int64 true positives, false positives and false negatives of every image, on the CPU.
        classes: Their names.
    """
    result: dict[str, float] = {}
    for compute in _computing("masks", None):
        result |= compute(counts, classes)
    return result


def scores_beside(
    found: MaskPredictions, spec: TaskSpec, protocol: Protocol, truth: Callable[[], PackedMasks]
) -> dict[str, float]:
    """Return what a protocol measures beside on the masks of a test split, as fractions in [0, 1].

    Args:
        found: Predictions of N images. Metrics that read masks are left out where they are not kept.
        spec: The task.
        protocol: Says what is measured.
        truth: Returns the masks of the same images, as those of `found` are packed.
    """
    result: dict[str, float] = {}
    for file, metric in metrics_beside(spec, protocol.metrics.beside).items():
        if metric.reads == "counts":
            result |= _compute_of(file)(found.counts, spec.classes)
        elif found.masks is not None:
            result |= _compute_of(file)(found.masks.numpy(), truth(), found.side, spec.classes)
    return result


def _computing(target: Target, names: Collection[str] | None, beside: Collection[str] = ()) -> Iterator[Any]:
    """Yield the functions that compute what is wanted."""
    for file, metric in metrics(target).items():
        if metric.beside and file not in beside:
            continue
        if names is None or set(metric.names) & set(names):
            yield _compute_of(file)


def _compute_of(file: str) -> Any:
    return importlib.import_module(f"lovt_bench.tasks.metrics.{file}").compute
