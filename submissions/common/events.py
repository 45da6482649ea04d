"""Progress as events for a harness (docs/contract.md) in place of text for a person, where LOVT_BENCH_EVENTS asks."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback

from lovt_bench.benchmark.contract.events import (
    DoneEvent,
    EpochEvent,
    EventModel,
    MessageEvent,
    ProgressEvent,
    StartEvent,
)
from lovt_bench.submissions.common.module import Monitor

SECONDS = 0.5
"""Time between two progress events."""


def wanted() -> bool:
    """Return whether a harness reads standard output."""
    return os.environ.get("LOVT_BENCH_EVENTS") == "json"


def emit(event: EventModel) -> None:
    """Write one event as one line."""
    sys.stdout.write(event.model_dump_json(exclude_none=True) + "\n")
    sys.stdout.flush()


def message(text: str) -> None:
    """Write something for the user to read."""
    emit(MessageEvent(text=text))


def done(text: str) -> None:
    """Write that the output is complete."""
    emit(DoneEvent(text=text))


class EventProgress(Callback):
    """Writes an event at the start, every half second, and at the end of each epoch, from rank 0."""

    def __init__(self, batch_size: int, monitor: Monitor | None) -> None:
        self.batch_size = batch_size
        self.monitor = monitor
        self._started = self._last = time.monotonic()
        self._batches = 0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._started = self._last = time.monotonic()
        self._batches = 0
        if trainer.is_global_zero:
            emit(StartEvent(epochs=trainer.max_epochs, steps=int(trainer.num_training_batches)))

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._batches += 1
        now = time.monotonic()
        if not trainer.is_global_zero or now - self._last < SECONDS:
            return
        self._last = now
        seconds = (now - self._started) / self._batches
        steps = int(trainer.num_training_batches)
        left = steps * int(trainer.max_epochs or 0) - steps * trainer.current_epoch - batch_idx - 1
        emit(
            ProgressEvent(
                epoch=trainer.current_epoch + 1,
                epochs=trainer.max_epochs,
                step=batch_idx + 1,
                steps=steps,
                images_per_second=round(self.batch_size * trainer.world_size / max(seconds, 1e-6), 1),
                seconds_left=round(max(left, 0) * seconds, 1),
                values=self._values(trainer, "train/loss_step"),
            )
        )

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if trainer.is_global_zero:
            values = self._values(trainer, "train/loss_epoch")
            emit(EpochEvent(epoch=trainer.current_epoch + 1, epochs=trainer.max_epochs, values=values))

    def _values(self, trainer: lightning.Trainer, loss: str) -> dict[str, float]:
        found = {}
        names = {"loss": next((n for n in (loss, "train/loss") if n in trainer.callback_metrics), None)}
        if self.monitor is not None:
            names[self.monitor.name] = self.monitor.name
        for shown, name in names.items():
            if name in trainer.callback_metrics:
                value = float(trainer.callback_metrics[name])
                if abs(value) < float("inf"):
                    found[shown] = round(value, 6)
        return found
