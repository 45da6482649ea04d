"""A training shows that it is alive between epochs: it calls its pulse for every batch that it reads."""

from __future__ import annotations

import time
from collections.abc import Callable

from lovt_bench.benchmark.executor.job import Emit

Pulse = Callable[[], None]

_SECONDS = 1.0
"""Least time between two events; a batch may take microseconds."""


def no_pulse() -> None:
    """Tell nobody."""


def pulse_of(emit: Emit, seconds: float = _SECONDS) -> Pulse:
    """Return a function that emits an empty event, but at most one in so many seconds."""
    last = -seconds

    def beat() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            emit({})

    return beat
