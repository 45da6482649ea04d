"""What a training cost, over all its parts where it was cut off and went on."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback

from lovt_bench.benchmark.backbone.platform import platform_of
from lovt_bench.benchmark.contract.made_with import PretrainedWith


class Cost(Callback):
    """Counts seconds and samples; ends the training after the epoch in which a time limit is reached."""

    def __init__(self, batch_size: int, limit_seconds: float | None = None) -> None:
        self.batch_size = batch_size
        self.limit_seconds = limit_seconds
        self.samples = 0
        self.limit_reached = False
        self._earlier = 0.0
        self._started: float | None = None

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of training and validation."""
        return self._earlier + (0.0 if self._started is None else time.monotonic() - self._started)

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._started = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self.samples += self.batch_size * trainer.world_size

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self.limit_seconds is not None and trainer.strategy.reduce_boolean_decision(
            self.seconds >= self.limit_seconds, all=False
        ):
            self.limit_reached = trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "samples": self.samples}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._earlier, self.samples = float(state_dict["seconds"]), int(state_dict["samples"])


def made_with(trainer: lightning.Trainer) -> PretrainedWith:
    """Return what computes, and in which precision."""
    platform = platform_of(trainer.strategy.root_device)
    return PretrainedWith(**dict(platform), precision=str(trainer.precision))


def device_name(trainer: lightning.Trainer) -> str:
    """Return kind and number of the devices."""
    cuda = trainer.strategy.root_device.type == "cuda"
    name = torch.cuda.get_device_name(trainer.strategy.root_device) if cuda else "CPU"
    return name if trainer.world_size == 1 else f"{trainer.world_size} x {name}"


def peak_memory(trainer: lightning.Trainer) -> int:
    """Return bytes: the device's peak, on a CPU the process's."""
    if trainer.strategy.root_device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(trainer.strategy.root_device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
