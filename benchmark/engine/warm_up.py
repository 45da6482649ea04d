"""The warm-up of fine-tuned tasks, decided from step counts alone (evaluation.md section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from lovt_bench.benchmark.contract.protocol import OptimisationProtocol
from lovt_bench.benchmark.contract.task import WarmUp


@dataclass(frozen=True)
class StepState:
    """How one training batch is run."""

    backbone_gradient: bool
    backbone_train_mode: bool
    """Whether batch norm of the backbone uses and updates batch statistics."""
    learning_rate: float | None
    """To set before the batch; None leaves it to the scheduler."""


def step_state(
    step: int, epoch_start: int, warm_up: WarmUp, learning_rate: float, protocol: OptimisationProtocol
) -> StepState:
    """Return the state of a training batch.

    Args:
        step: 0-based count of training batches since the start of the run.
        epoch_start: `step` of the first batch of the current epoch.
        warm_up: Steps and learning rate of the warm-up.
        learning_rate: The task's learning rate.
        protocol: Governs whether the schedule acts after the warm-up and when batch norm starts to train.
    """
    if step < warm_up.steps:
        return StepState(False, False, warm_up.learning_rate if step == 0 else None)
    at_once = protocol.fine_tune_train_mode == "at-once"
    constant = protocol.fine_tune_schedule == "constant-after-warm-up"
    return StepState(
        backbone_gradient=True,
        backbone_train_mode=at_once or epoch_start >= warm_up.steps,
        learning_rate=learning_rate if constant or step == warm_up.steps else None,
    )
