"""A training shows that it is alive between epochs: it emits an event when it reads a batch, at most one a second."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import Tensor

from lovt_bench.benchmark.executor.job import Emit

_SECONDS = 1.0
"""Least time between two events; a batch may take microseconds."""

Split = TypeVar("Split")


def pulse_of(emit: Emit, seconds: float = _SECONDS) -> Callable[[], None]:
    """Return a function that emits an empty event, but at most one in so many seconds."""
    last = -seconds

    def beat() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            emit({})

    return beat


def watched(splits: Mapping[str, Split], beat: Callable[[], None]) -> dict[str, Split]:
    """Return the splits of a task (`SplitData` or `LinearSplit`) such that reading a batch of targets calls `beat`.

    On CUDA a few batches are read ahead of the training. If the training hangs, reading stops after those.
    """
    return {
        name: dataclasses.replace(split, targets=_Watched(split.targets, beat))  # type: ignore[type-var, attr-defined]
        for name, split in splits.items()
    }


class _Watched:
    def __init__(self, targets: Any, beat: Callable[[], None]) -> None:
        self._targets, self._beat = targets, beat

    def batch(self, indices: Tensor) -> Any:
        self._beat()
        return self._targets.batch(indices)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._targets, name)
