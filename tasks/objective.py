"""What a task minimises and what it measures: all that a training loop needs to know of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from lovt_bench.benchmark.contract.protocol import Protocol as BenchmarkProtocol
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection_metrics import DetectionMetrics
from lovt_bench.tasks.heads import head_module
from lovt_bench.tasks.losses.dice import dice_loss
from lovt_bench.tasks.metrics.dice import SegmentationMetrics
from lovt_bench.tasks.predictions import Predictions


class Metrics(Protocol):
    """Metrics of one pass over a split."""

    def update(self, output: Any, target: Any) -> None:
        """Take one batch."""

    def compute(self) -> dict[str, float]:
        """Return named fractions in [0, 1]."""

    def predictions(self) -> Predictions:
        """Return what they follow from."""


class Objective(Protocol):
    """Loss and metrics of a task."""

    def loss(self, output: Any, target: Any) -> Tensor:
        """Return the batch's loss: a float32 scalar, computed outside autocast and without host sync."""

    def new_metrics(self, extended: bool = False) -> Metrics:
        """Return empty metrics; `extended` adds those that only the test split is worth, and keeps masks."""


@dataclass(frozen=True)
class SegmentationObjective:
    """Dice loss and Dice on logits (B, C, S, S) and masks (B, C, S, S) uint8 0/1."""

    classes: tuple[str, ...]
    protocol: BenchmarkProtocol

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return dice_loss(output, target, mode=self.protocol.metrics.dice_loss)

    def new_metrics(self, extended: bool = False) -> SegmentationMetrics:
        return SegmentationMetrics(self.classes, self.protocol.metrics.mask_threshold, keep_masks=extended)


@dataclass(frozen=True)
class DetectionObjective:
    """Loss and detections of the head's file, mAP and fROC, on its output and a `BoxTarget`."""

    classes: tuple[str, ...]
    metrics: frozenset[str]
    """What the task monitors and reports: all that a validation pass is worth."""
    protocol: BenchmarkProtocol
    head: str

    def loss(self, output: Sequence[Tensor], target: BoxTarget) -> Tensor:
        value: Tensor = head_module(self.head).loss(output, target, self.protocol)
        return value

    def new_metrics(self, extended: bool = False) -> DetectionMetrics:
        detect = head_module(self.head).detect
        return DetectionMetrics(len(self.classes), self.metrics, self.protocol, detect, extended)


def build_objective(spec: TaskSpec, protocol: BenchmarkProtocol) -> Objective:
    """Return the objective of a task under a protocol."""
    if spec.target == "masks":
        return SegmentationObjective(tuple(spec.classes), protocol)
    names = frozenset({spec.monitor, spec.metric})
    return DetectionObjective(tuple(spec.classes), names, protocol, spec.head)
