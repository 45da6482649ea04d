"""Work that follows at a short distance: copies to the host, writing to disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self


class Behind:
    """Calls functions in order on a second thread, at most a few behind. Ending the block waits for them."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._executor = ThreadPoolExecutor(1)
        self._running: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            while self._running and kind is None:
                self._running.popleft().result()
        finally:
            self._executor.shutdown(cancel_futures=True)

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Take a call into the queue; raises what an earlier call raised."""
        if len(self._running) == self._most:
            self._running.popleft().result()
        self._running.append(self._executor.submit(function, *arguments))
