"""What a finished training hands back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lovt_bench.benchmark.contract.run_record import EpochLog
from lovt_bench.tasks.predictions import Predictions


@dataclass(frozen=True)
class HowTrained:
    """How a run was computed, as far as only its training knows (`MadeWith`)."""

    steps: int = 0
    skipped_steps: int | None = None
    winograd: bool = False
    cuda_graph: bool = False


@dataclass(frozen=True)
class RunOutcome:
    """Result of one run. Metrics are fractions; `diverged` runs have none."""

    diverged: bool
    best_epoch: int | None
    epochs: int
    validation: dict[str, float] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)
    history: list[EpochLog] = field(default_factory=list)
    seconds: float = 0.0
    how: HowTrained = HowTrained()
    predictions: Predictions | None = field(default=None, repr=False, compare=False)
    """On the test split, of a final run that did not diverge: `test` follows from them."""
    predict: Callable[[Tensor], Any] | None = field(default=None, repr=False, compare=False)
    """From rows of the test split (int64, CPU) to the head's output, of a final run; holds the model, so that it is
    not kept."""


def epoch_log(epoch: int, train_loss: float, validation_loss: float, monitor: float, rate: float) -> EpochLog:
    """Return the log line of an epoch; values that are not finite become None."""
    return EpochLog(
        epoch=epoch,
        train_loss=_finite(train_loss),
        validation_loss=_finite(validation_loss),
        monitor=_finite(monitor),
        learning_rate=rate,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
