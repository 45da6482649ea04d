"""Ends this process if the job that it does stalls: nobody else could, and it holds the job's claim."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lovt_bench.benchmark.executor.job import Job
from lovt_bench.benchmark.executor.stall import StallWatch
from lovt_bench.benchmark.log import logger

EXIT_CODE = 75
"""`EX_TEMPFAIL`: the same command goes on."""


@contextmanager
def watchdog(job: Job, limit: float | None) -> Iterator[Callable[[], None]]:
    """Yield what is to be called with each sign of life; outside the block nothing is watched.

    A thread that hangs cannot be stopped from Python, so that the process ends at once where it stalled: it shows
    where each thread is, says why, and exits with `EXIT_CODE`. Runs that it finished are on disk.
    """
    watch = StallWatch(limit)
    watch.began(job)
    over = threading.Event()

    def look() -> None:
        watch.look(time.monotonic(), [])
        while not over.wait(watch.pause):
            if watch.look(time.monotonic(), [job]):
                faulthandler.dump_traceback(sys.__stderr__ or 2, all_threads=True)
                logger.critical("%s: %s. The same command goes on where it was.", job.label, watch.reason)
                os._exit(EXIT_CODE)

    thread = threading.Thread(target=look, daemon=True)
    if limit is not None:
        thread.start()
    try:
        yield lambda: watch.heard(job)
    finally:
        over.set()
