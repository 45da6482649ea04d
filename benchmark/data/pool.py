"""Run one function over many items on all cores, a few items at a time, with a bounded number in flight."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from benchmark.data.errors import DataError
from benchmark.data.processes import interrupts_held, worker_pool

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8
"""Items per call: large enough to hide the hand-over, small enough for a smooth progress bar."""

INLINE = 200
"""With fewer items, starting processes (1 to 2 s each) costs more than it saves."""


def map_chunks(
    function: Callable[[Sequence[Item]], Result], items: Sequence[Item], workers: int
) -> Generator[Result]:
    """Yield `function(chunk)` for all chunks of `items`, in the order in which they are done.

    `function` must be importable (module level or a `functools.partial` of such). Closing the iterator
    cancels what has not begun.

    Raises:
        DataError: A worker process died.
    """
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    if workers <= 1 or len(items) <= INLINE:
        yield from map(function, chunks)
        return
    executor = worker_pool(workers)
    try:
        waiting = iter(chunks)
        running: set[Future[Result]] = set()
        while True:
            while len(running) < 3 * workers and (chunk := next(waiting, None)) is not None:
                with interrupts_held():  # submitting may start a worker
                    running.add(executor.submit(function, chunk))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool as error:
        raise DataError("a worker process died (out of memory?); try with fewer --workers") from error
    finally:
        executor.shutdown(cancel_futures=True)
