"""Map over a stream on all cores, results in order of the items, with a bounded number in flight.

Unlike `benchmark.data.pool` it takes items one by one as they come, and a slow item holds back later results: what is
written must have a fixed order.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from benchmark.data.errors import DataError
from benchmark.data.pool import CHUNK
from benchmark.data.processes import interrupts_held, worker_pool

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
    executor = worker_pool(workers)
    running: deque[Future[Result]] = deque()
    try:
        for chunk in chunks:
            with interrupts_held():  # submitting may start a worker
                running.append(executor.submit(function, chunk))
            if len(running) >= 3 * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    except BrokenProcessPool as error:
        raise DataError("a worker process died (out of memory?); try with fewer --workers") from error
    finally:
        executor.shutdown(cancel_futures=True)


def _batched(items: Iterable[Item]) -> Generator[tuple[Item, ...]]:
    source = iter(items)
    while chunk := tuple(itertools.islice(source, CHUNK)):
        yield chunk
