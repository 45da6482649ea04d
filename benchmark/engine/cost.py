"""What a run costs compared with another, for order, progress and prediction. Decides no number of a result.

Costs are seconds, of the machine that the rates were measured on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.contract.task import HeadName, TaskSpec
from lovt_bench.benchmark.engine.plan import SplitSizes
from lovt_bench.tasks.head import heads

FULL_SIDE = 224

HeadKind = tuple[HeadName, int]
"""A head and the number of its classes: what its cost depends on."""


@dataclass(frozen=True)
class Rates:
    """Seconds an image at 224 pixels. The defaults are those of two CPU cores (docs/performance.md)."""

    backbone_forward: float = 0.020
    backbone_train: float = 0.080
    """Forward and backward."""
    head_factor: Mapping[HeadKind, float] = field(default_factory=dict)
    """How much slower than typical a head is; 1 where it was not measured."""

    def head_train(self, spec: TaskSpec) -> float:
        """Forward, backward and optimiser of the task's head."""
        return heads()[spec.head].train_seconds * self._factor(spec)

    def head_forward(self, spec: TaskSpec) -> float:
        """Forward of the task's head, metrics included."""
        return heads()[spec.head].forward_seconds * self._factor(spec)

    def _factor(self, spec: TaskSpec) -> float:
        return self.head_factor.get(head_kind(spec), 1.0)


TYPICAL = Rates()


def head_kind(spec: TaskSpec) -> HeadKind:
    """Return what the cost of the task's head depends on."""
    return spec.head, len(spec.classes)


def epoch_cost(spec: TaskSpec, sizes: SplitSizes, side: int, engine: Engine, rates: Rates = TYPICAL) -> float:
    """Return the cost of one epoch of one run, validation included."""
    train, forward = rates.head_train(spec), rates.head_forward(spec)
    if spec.backbone == "fine-tuned":
        train, forward = train + rates.backbone_train, forward + rates.backbone_forward
    elif engine == "reference":
        train, forward = train + rates.backbone_forward, forward + rates.backbone_forward
    return (sizes.train * train + sizes.validation * forward) * (side / FULL_SIDE) ** 2


def feature_cost(images: int, side: int, rates: Rates = TYPICAL) -> float:
    """Return the cost of extracting features."""
    return images * rates.backbone_forward * (side / FULL_SIDE) ** 2
