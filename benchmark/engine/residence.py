"""Which arrays of a task lie on the GPU: as many as fit beside what the training itself needs.

The first epoch of a run streams. What it takes of the card at most, training and validation, is measured; what the
process can still have beyond that is the budget of all arrays of the task together. Running out of memory is no
failure while an array is resident: it goes, and the run is made again, streaming.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.executor.device_errors import full_memory
from lovt_bench.benchmark.executor.limits import gpu_sharers
from lovt_bench.benchmark.log import logger

_MARGIN = 1.25
"""Memory kept for a step, by what an epoch was seen to take: a graph of the step, metrics of the test split and gaps
between blocks come later."""
_GIB = 2**30


class HasRows(Protocol):
    """What a training reads of one split: `SplitData` or `LinearSplit`."""

    @property
    def rows(self) -> Iterable[RowTensor]: ...


@dataclass(frozen=True)
class Card:
    """Memory of a GPU in bytes, as this process sees it."""

    total: int
    free: int
    """That nobody has."""
    reserved: int
    """That torch holds for this process, in use or not."""
    allocated: int
    """Bytes of these that are in use."""
    peak: int
    """Most that was allocated since the run began."""

    @classmethod
    def of(cls, device: torch.device) -> Card:
        free, total = torch.cuda.mem_get_info(device)
        return cls(
            total,
            free,
            torch.cuda.memory_reserved(device),
            torch.cuda.memory_allocated(device),
            torch.cuda.max_memory_allocated(device),
        )


def budget(card: Card, sharers: int = 1) -> int:
    """Return the bytes that further arrays may take on the card.

    Args:
        card: After an epoch that streamed.
        sharers: Processes that use it, this one included; each may have an equal part.
    """
    available = min(card.free + card.reserved, card.total // sharers) - card.allocated
    step = _MARGIN * (card.peak - card.allocated)
    return max(0, int(available - step))


def fitting(sizes: Sequence[int], bytes_: int) -> list[int]:
    """Return which arrays fit together, as positions in the order of preference: one that is too large is left out."""
    chosen = []
    for position, size in enumerate(sizes):
        if size <= bytes_:
            bytes_ -= size
            chosen.append(position)
    return chosen


class Residence:
    """Decides for the arrays of one task on one device, and remembers what it made resident."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._streams = device.type != "cuda"
        self._kept: weakref.WeakSet[RowTensor] = weakref.WeakSet()
        self._seen: weakref.WeakSet[RowTensor] = weakref.WeakSet()

    def settle(self, splits: Mapping[str, HasRows]) -> None:
        """Make resident what fits. Called after an epoch, when nothing is being read; later calls change nothing.

        Args:
            splits: By name; those read most often first.
        """
        if self._streams:
            return
        named: dict[RowTensor, str] = {}
        for split, data in splits.items():
            for rows in sorted(data.rows, key=lambda each: -each.array.nbytes):
                named.setdefault(rows, f"{split} {rows.name}")
        new = [rows for rows in named if rows not in self._seen]
        if not new:
            return
        self._seen.update(new)
        card, sharers = Card.of(self._device), gpu_sharers()
        bytes_ = budget(card, sharers)
        for position in fitting([rows.array.nbytes for rows in new], bytes_):
            if not self._keep(new[position]):
                break
        resident = [name for rows, name in named.items() if rows.resident]
        streamed = [name for rows, name in named.items() if not rows.resident]
        logger.info(
            "%s: resident %s (%.1f GiB of a budget of %.1f GiB%s); streamed %s",
            self._device,
            ", ".join(dict.fromkeys(resident)) or "nothing",
            sum(rows.array.nbytes for rows in new if rows.resident) / _GIB,
            bytes_ / _GIB,
            f", {sharers} workers share the card" if sharers > 1 else "",
            ", ".join(dict.fromkeys(streamed)) or "nothing",
        )

    def give_up(self) -> bool:
        """Stream from now on; return whether that frees anything."""
        kept = [rows for rows in self._kept if rows.resident]
        self._streams = True
        if kept and torch.cuda.is_initialized():
            torch.cuda.synchronize(self._device)  # a batch may still be gathered from them, on another stream
        for rows in kept:
            rows.stream()
        torch.cuda.empty_cache()
        return bool(kept)

    def _keep(self, rows: RowTensor) -> bool:
        try:
            rows.make_resident()
        except RuntimeError as error:
            if full_memory(error) != "gpu":
                raise
        else:
            self._kept.add(rows)
            return True
        torch.cuda.empty_cache()
        logger.warning(
            "%s: no room for %s (%.1f GiB), streams it", self._device, rows.name, rows.array.nbytes / _GIB
        )
        return False
