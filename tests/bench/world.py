"""What the measurements work on: noise images, a drawn ResNet-50, tasks cut to a few steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.sources import RandomSource
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.residence import HasRows
from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.benchmark.engine.inputs.sources import InputSource
from lovt_bench.tasks.registry import load_task
from tests.bench.measure import seconds_of, wait
from tests.benchmark.engine.world import tiny_store

SIDE = 224
CHANNELS = {1: 3, 2: 64, 4: 256, 8: 512, 16: 1024, 32: 2048}
"""Channels of a ResNet-50, by stride; 1 is the image."""


class FixedDraw(RandomSource):
    """One draw for all runs, so that features are shared as those of a trained backbone are."""

    def load(self, seed: int):
        return super().load(0)


def fixed_draw(architecture: str = "resnet50") -> FixedDraw:
    return FixedDraw(architecture, drawn_per_run=False)


def noise_store(folder: Path, dataset: str, images: int) -> ImageStore:
    """Return a store of noise of 224 pixels; half of it trains."""
    root = folder / f"{dataset}-{images}"
    return tiny_store(root, dataset, images=images)


def short_task(name: str, batch_size: int, epochs: int = 1) -> TaskSpec:
    """Return a task with another batch size and few epochs."""
    return load_task(name).model_copy(update={"batch_size": batch_size, "max_epochs": epochs})


class Turns:
    """Takes the time between calls, and runs other work in turns with what happens between them.

    The first `skip` stretches do not count.
    """

    def __init__(self, others: Mapping[str, Callable[[], object]], skip: int = 0) -> None:
        self.others, self._skip = others, skip
        self.best = dict.fromkeys(["here", *others], float("inf"))
        self._last: float | None = None

    def mark(self) -> None:
        """End a stretch of the harness, run the others, begin the next stretch."""
        wait()
        if self._skip >= 0:
            self._skip -= 1
            self._last = time.perf_counter()
            return
        if self._last is not None:
            self.best["here"] = min(self.best["here"], time.perf_counter() - self._last)
        for name, function in self.others.items():
            self.best[name] = min(self.best[name], seconds_of(function))
        self._last = time.perf_counter()


class InTurns:
    """An input source that marks each batch: from one batch to the next is one whole step of the harness."""

    def __init__(self, source: InputSource, turns: Turns) -> None:
        self._source, self._turns = source, turns

    @property
    def rows(self) -> Sequence[RowTensor]:
        return self._source.rows

    def batch(self, indices: Tensor) -> dict[int, Tensor]:
        self._turns.mark()
        return self._source.batch(indices)


def make_resident(splits: Mapping[str, HasRows], device: torch.device) -> None:
    """Let batches come from where most epochs of a training on the device have them."""
    if device.type == "cuda":
        for data in splits.values():
            for rows in data.rows:
                rows.make_resident()


def random_features(strides: tuple[int, ...], batch: int, device: torch.device) -> dict[int, Tensor]:
    """Return float32 levels as a head receives them, in memory."""
    from lovt_bench.benchmark.engine.device.layout import training_format

    return {
        stride: torch.randn(
            batch, CHANNELS[stride], SIDE // stride, SIDE // stride, device=device
        ).contiguous(memory_format=training_format(device))
        for stride in strides
    }
