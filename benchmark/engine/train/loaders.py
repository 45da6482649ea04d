"""What a training iterates over: the rows of a split in stored order, or shuffled by seed and epoch alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.train.ahead import loaded
from lovt_bench.benchmark.engine.train.order import ordered_batches, train_batches
from lovt_bench.benchmark.engine.train.pulse import Pulse, no_pulse


class _InEpochs(Protocol):
    @property
    def epoch(self) -> int: ...


class OrderedLoader:
    """Validation and test batches in stored order."""

    def __init__(
        self, data: SplitData, batch_size: int, device: torch.device, pulse: Pulse = no_pulse
    ) -> None:
        self._data, self._device, self._pulse = data, device, pulse
        self._batches = ordered_batches(data.size, batch_size)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[dict[int, Tensor], Any, int]]:
        return _read(self._data, self._batches, self._device, self._pulse)


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
        pulse: Pulse = no_pulse,
    ) -> None:
        self._data, self._batch_size, self._drop_last, self._device = data, batch_size, drop_last, device
        self._seed, self._module, self._pulse = seed, module, pulse

    def __len__(self) -> int:
        batches = self._data.size / self._batch_size
        return math.floor(batches) if self._drop_last else math.ceil(batches)

    def __iter__(self) -> Iterator[tuple[dict[int, Tensor], Any, int]]:
        # The body runs at the first `next`, when Lightning has moved on to the new epoch.
        epoch = self._module.epoch
        batches = train_batches(self._seed, epoch, self._data.size, self._batch_size, self._drop_last)
        yield from _read(self._data, batches, self._device, self._pulse)


def _read(
    data: SplitData, batches: Sequence[Tensor], device: torch.device, pulse: Pulse
) -> Iterator[tuple[dict[int, Tensor], Any, int]]:
    """Yield the batches, and call the pulse for each.

    On CUDA a few are read ahead of the training. If it hangs, reading stops after those, and so does the pulse.
    """

    def load(rows: Tensor) -> tuple[dict[int, Tensor], Any, int]:
        pulse()
        return data.batch(rows)

    return loaded(batches, load, device)
