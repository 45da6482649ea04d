"""The one pool of worker processes: one function over a stream of items, a few at a time, results in their order.

Workers end with their parent, however it ends, and never see Ctrl-C themselves.
"""

from __future__ import annotations

import itertools
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from lovt_bench.benchmark.cores import usable_cores
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.malloc import keep_freed_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8
"""Items per call: large enough to hide the hand-over, small enough for a smooth progress bar."""

INLINE = 200
"""With fewer items, starting processes (1 to 2 s each) costs more than it saves."""

_AHEAD = 3
"""Chunks in flight for each worker."""


class WorkerPool(ProcessPoolExecutor):
    """Fresh processes: spawned, since the caller may hold threads (a progress bar, torch).

    Args:
        workers: Their number.
        keep_memory: Let them keep freed memory, instead of asking the kernel for each large array anew.
    """

    def __init__(self, workers: int, *, keep_memory: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(workers, mp_context=context, initializer=_begin, initargs=(keep_memory,))
        self.workers = workers


@contextmanager
def workers_for(
    items: int | None, workers: int | None = None, *, keep_memory: bool = False
) -> Iterator[WorkerPool | None]:
    """Yield a pool for so many items; None where this process does the work itself: few items, or one worker.

    Args:
        items: Their number, None for always many.
        workers: Processes; None for one per core.
        keep_memory: As in `WorkerPool`.
    """
    count = workers or usable_cores()
    if count == 1 or (items is not None and items <= INLINE):
        yield None
        return
    pool = WorkerPool(count, keep_memory=keep_memory)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def map_chunks(
    function: Callable[[Sequence[Item]], Result],
    items: Iterable[Item],
    pool: WorkerPool | None = None,
    size: int = CHUNK,
) -> Generator[Result]:
    """Yield `function(chunk)` for consecutive chunks of `items`, in their order, with a bounded number in flight.

    Items are taken as they are needed. Closing the iterator cancels what has not begun, and waits for the rest.

    Args:
        function: Importable where there is a pool (module level, or a `functools.partial` of such).
        pool: Where it runs; None for this process.
        size: Items of a chunk.

    Raises:
        DataError: A worker process died.
    """
    source = iter(items)
    chunks = iter(lambda: tuple(itertools.islice(source, size)), ())
    if pool is None:
        yield from map(function, chunks)
        return
    running: deque[Future[Result]] = deque()
    try:
        for chunk in chunks:
            with interrupts_held():  # submitting may start a worker
                running.append(pool.submit(function, chunk))
            if len(running) >= _AHEAD * pool.workers:
                yield _first(running)
        while running:
            yield _first(running)
    except BrokenProcessPool as error:
        raise DataError("a worker process died (out of memory?); try with fewer --workers") from error
    finally:
        # What has begun may still write into a folder that is about to go.
        wait([future for future in running if not future.cancel()])


def _first(running: deque[Future[Result]]) -> Result:
    """Wait for the first result. Ctrl-C while it is awaited leaves its chunk among those that are running."""
    result = running[0].result()
    running.popleft()
    return result


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let processes that start here never see Ctrl-C: this process does, and ends them without their tracebacks."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(keep_memory: bool) -> None:
    """Let a worker end when its parent is killed; else it would wait for work for ever."""
    if keep_memory:
        keep_freed_memory()
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()
