"""The learning rate of every optimiser step, set before the step and saved with the checkpoint.

Lightning steps schedulers of epochs after it has written the checkpoint of the epoch, so that a run that goes on
would be one step behind; here the rate is a function of step and epoch, or a state that is part of the checkpoint.
"""

from __future__ import annotations

from typing import Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.module import Monitor
from lovt_bench.submissions.common.schedules import cosine, cosine_per_epoch, warmup_cosine
from lovt_bench.submissions.common.settings import TrainingSettings
from lovt_bench.submissions.common.step_schedules import steps_before, warmup_cosine_by_step


def relative_rate(settings: TrainingSettings, step: int, epoch: int, batches: int) -> float:
    """Return the learning rate of an optimiser step over the base rate; 1 for `plateau` and `constant`.

    Args:
        settings: Settings of the method.
        step: Optimiser steps done in the whole run.
        epoch: From 0.
        batches: Batches of one epoch.
    """
    if settings.schedule == "cosine_per_epoch":
        return cosine_per_epoch(step, -(-batches // settings.accumulate))
    if settings.schedule == "warmup_cosine" and settings.rate_every == "step":
        steps = -(-batches // settings.accumulate)
        final = settings.final_rate / settings.learning_rate
        return warmup_cosine_by_step(step, settings.warmup_epochs * steps, settings.max_epochs * steps, final)
    if settings.schedule == "warmup_cosine":
        return warmup_cosine(epoch, settings.warmup_epochs, settings.max_epochs)
    if settings.schedule == "cosine":
        return cosine(epoch, settings.max_epochs)
    return 1.0


class LearningRate(Callback):
    """Sets the rate of all parameter groups."""

    def __init__(self, settings: TrainingSettings, monitor: Monitor | None) -> None:
        if settings.schedule == "plateau" and monitor is None:
            raise PretrainingError("schedule=plateau needs a method with validation; choose another schedule")
        self.settings = settings
        self.monitor = monitor
        self._plateau: ReduceLROnPlateau | None = None
        self._restored: dict[str, Any] | None = None

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self.settings.schedule == "plateau":
            assert self.monitor is not None
            self._plateau = ReduceLROnPlateau(
                trainer.optimizers[0],
                mode=self.monitor.mode,
                factor=self.settings.plateau_factor,
                patience=self.settings.plateau_patience,
            )
            if self._restored is not None:
                self._plateau.load_state_dict(self._restored)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if self.settings.schedule != "plateau":
            epoch, batches = trainer.current_epoch, int(trainer.num_training_batches)
            step = trainer.global_step
            if self.settings.rate_every == "step":
                step = steps_before(epoch, batch_idx, batches, self.settings.accumulate)
            factor = relative_rate(self.settings, step, epoch, batches)
            set_rate(trainer.optimizers[0], self.settings.learning_rate * factor)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self._plateau is not None:
            assert self.monitor is not None
            self._plateau.step(float(trainer.callback_metrics[self.monitor.name]))

    def state_dict(self) -> dict[str, Any]:
        if self._plateau is None:
            return {}
        return {key: value for key, value in self._plateau.state_dict().items() if _plain(value)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = dict(state_dict) or None


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def _plain(value: object) -> bool:
    """Return whether a checkpoint that is read without unpickling code may hold the value."""
    return isinstance(value, int | float | str | bool | list | type(None))
