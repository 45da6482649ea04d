"""Map over a stream on all cores, results in order of the items, with a bounded number in flight.

Unlike `benchmark.data.pool` it takes items one by one as they come, and a slow item holds back later results: what is
written must have a fixed order.
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
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from benchmark.data.errors import DataError
from benchmark.data.pool import CHUNK

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ordered(
    function: Callable[[Sequence[Item]], Result], items: Iterable[Item], workers: int
) -> Generator[Result]:
    """Yield `function(chunk)` for consecutive chunks of `items`, in their order.

    `function` must be importable where `workers` is more than 1. Closing the iterator cancels what has not begun.

    Raises:
        DataError: A worker process died.
    """
    chunks = (list(chunk) for chunk in _batched(items))
    if workers <= 1:
        yield from map(function, chunks)
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    running: deque[Future[Result]] = deque()
    try:
        for chunk in chunks:
            with _interrupts_held():  # submitting may start a worker
                running.append(executor.submit(function, chunk))
            if len(running) >= 3 * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    except BrokenProcessPool as error:
        raise DataError("a worker process died (out of memory?); try with fewer --workers") from error
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let processes that start here never see Ctrl-C: this process does, and ends them without their tracebacks."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """Let a worker end when its parent is killed; else it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


def _batched(items: Iterable[Item]) -> Generator[tuple[Item, ...]]:
    source = iter(items)
    while chunk := tuple(itertools.islice(source, CHUNK)):
        yield chunk
