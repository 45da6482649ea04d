"""What a training iterates over: the rows of a split in stored order, or shuffled by seed and epoch alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from lovt_bench.benchmark.engine.ahead import loaded
from lovt_bench.benchmark.engine.inputs import InputSource
from lovt_bench.benchmark.engine.order import ordered_batches, train_batches
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.targets import TargetSource


@dataclass(frozen=True)
class SplitData:
    """The first `size` rows of one split: what a run reads."""

    size: int
    inputs: InputSource
    targets: TargetSource

    @property
    def rows(self) -> list[RowTensor]:
        """What batches are gathered from."""
        return [*self.inputs.rows, *self.targets.rows]

    def batch(self, indices: Tensor) -> tuple[dict[int, Tensor], Any, int]:
        """Return inputs, targets and number of images of the given rows."""
        return self.inputs.batch(indices), self.targets.batch(indices), len(indices)


class _InEpochs(Protocol):
    @property
    def epoch(self) -> int: ...


class OrderedLoader:
    """Validation and test batches in stored order."""

    def __init__(self, data: SplitData, batch_size: int, device: torch.device) -> None:
        self._data, self._batches, self._device = data, ordered_batches(data.size, batch_size), device

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[dict[int, Tensor], Any, int]]:
        return loaded(self._batches, self._data.batch, self._device)


class ShuffledLoader:
    """Training batches of the epoch that the module is at; the order depends on seed and epoch alone."""

    def __init__(
        self,
        data: SplitData,
        batch_size: int,
        drop_last: bool,
        seed: int,
        module: _InEpochs,
        device: torch.device,
    ) -> None:
        self._data, self._batch_size, self._drop_last, self._device = data, batch_size, drop_last, device
        self._seed, self._module = seed, module

    def __len__(self) -> int:
        batches = self._data.size / self._batch_size
        return math.floor(batches) if self._drop_last else math.ceil(batches)

    def __iter__(self) -> Iterator[tuple[dict[int, Tensor], Any, int]]:
        # The body runs at the first `next`, when Lightning has moved on to the new epoch.
        epoch = self._module.epoch
        batches = train_batches(self._seed, epoch, self._data.size, self._batch_size, self._drop_last)
        yield from loaded(batches, self._data.batch, self._device)
