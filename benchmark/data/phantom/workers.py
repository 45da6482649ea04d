"""A pool of processes for drawing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from benchmark.cores import usable_cores
from benchmark.data.processes import worker_pool

MALLOC = {"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "268435456"}
"""Keep freed planes in the process: asking the kernel for each anew took a third of the time."""


@contextmanager
def drawing_pool(workers: int | None) -> Iterator[Executor | None]:
    """Yield a pool of `workers` fresh processes, by default one a core; None for one worker: draw right here."""
    count = workers or usable_cores()
    if count == 1:
        yield None
        return
    before = {name: os.environ.get(name) for name in MALLOC}
    os.environ.update(MALLOC)
    try:
        with worker_pool(count) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
