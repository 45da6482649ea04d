"""Progress of a training: one bar with throughput and time left on a terminal, a line now and then on a pipe."""

from __future__ import annotations

import time
from typing import Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lovt_bench.submissions.common import events
from lovt_bench.submissions.common.module import Monitor

LINE_SECONDS = 15.0
"""Time between two lines on a pipe."""


def progress_of(console: Console, batch_size: int, monitor: Monitor | None) -> Callback:
    """Return what shows progress: events where a harness reads them, else text."""
    if events.wanted():
        return events.EventProgress(batch_size, monitor)
    return TrainingProgress(console, batch_size, monitor)


class TrainingProgress(Callback):
    """Shows epoch, batch, images/s, losses and time left of the whole run."""

    def __init__(self, console: Console, batch_size: int, monitor: Monitor | None) -> None:
        self.console = console
        self.batch_size = batch_size
        self.monitor = monitor
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._started = self._last_line = time.monotonic()
        self._batches = 0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._started = self._last_line = time.monotonic()
        self._batches = 0
        if trainer.is_global_zero and self.console.is_terminal:
            self._bar = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[speed]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[values]}"),
                console=self.console,
                transient=True,
            )
            total = _total(trainer)
            done = trainer.current_epoch * int(trainer.num_training_batches)
            self._task = self._bar.add_task("epoch 1", total=total, completed=done, speed="", values="")
            self._bar.start()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if not trainer.is_global_zero:
            return
        self._batches += 1
        elapsed = max(time.monotonic() - self._started, 1e-6)
        speed = self._batches * self.batch_size * trainer.world_size / elapsed
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                advance=1,
                description=f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}",
                speed=f"{speed:.0f} images/s",
                values=self._values(trainer, every_batch=False),
            )
        elif time.monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = time.monotonic()
            batches = int(trainer.num_training_batches)
            left = (
                (_total(trainer) - trainer.current_epoch * batches - batch_idx - 1) * elapsed / self._batches
            )
            self._line(
                f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  batch {batch_idx + 1}/{batches}  "
                f"{speed:.0f} images/s  at most {_duration(left)} left"
            )

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if trainer.is_global_zero:
            values = self._values(trainer, every_batch=True)
            self._line(f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  {values}")

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._stop()

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _values(self, trainer: lightning.Trainer, *, every_batch: bool) -> str:
        names = ["train/loss_epoch", "train/loss"] if every_batch else ["train/loss_step", "train/loss"]
        shown = next((name for name in names if name in trainer.callback_metrics), None)
        parts = [f"loss {float(trainer.callback_metrics[shown]):.4f}"] if shown else []
        if self.monitor is not None and self.monitor.name in trainer.callback_metrics:
            parts.append(f"{self.monitor.name} {float(trainer.callback_metrics[self.monitor.name]):.4f}")
        return "  ".join(parts)

    def _line(self, text: str) -> None:
        (self._bar.console if self._bar is not None else self.console).print(text, highlight=False)


def _total(trainer: lightning.Trainer) -> int:
    return int(trainer.num_training_batches) * int(trainer.max_epochs or 0)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
