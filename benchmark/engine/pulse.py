"""Signs of life of a training between its epochs: one with each batch that is read, at most one a second."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import Tensor

from benchmark.executor.job import Emit

_SECONDS = 1.0
"""Least time between two signs: a batch may take microseconds."""

Split = TypeVar("Split")


def pulse_of(emit: Emit, seconds: float = _SECONDS) -> Callable[[], None]:
    """Return what emits an empty event, a sign of life, when it is called and the last was so many seconds ago."""
    last = -seconds

    def beat() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            emit({})

    return beat


def watched(splits: Mapping[str, Split], beat: Callable[[], None]) -> dict[str, Split]:
    """Return the splits of a task (`SplitData` or `LinearSplit`) so that reading a batch of targets calls `beat`.

    On CUDA batches are read ahead of the training, but only few: where that hangs, reading stops too.
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
