"""Work that follows a GPU at a short distance: copies to the host and to disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self


class Behind:
    """Calls functions in order on a second thread, at most two behind, so that a GPU does not wait for the disk.

    Without `on` they are called at once: on a CPU the thread would only take the cores away.
    """

    def __init__(self, on: bool) -> None:
        self._executor = ThreadPoolExecutor(1) if on else None
        self._running: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            while self._running and kind is None:
                self._running.popleft().result()
        finally:
            if self._executor is not None:
                self._executor.shutdown(cancel_futures=True)

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call, or take into the queue; raises what an earlier call raised."""
        if self._executor is None:
            function(*arguments)
            return
        if len(self._running) == 2:
            self._running.popleft().result()
        self._running.append(self._executor.submit(function, *arguments))
