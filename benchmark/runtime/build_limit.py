"""A limit of time for an answer of the engine that may say nothing for hours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import DockerClient


@contextmanager
def limited(client: DockerClient, seconds: float) -> Iterator[Callable[[], bool]]:
    """Cut the engine's answers in the block off after a time; yields what tells whether that was done.

    A step that says nothing gives nothing to read, so that only the connection can be cut. The engine ends a build
    whose caller has left.
    """
    answers: list[Any] = []
    over = threading.Event()

    def cut() -> None:
        over.set()
        for answer in list(answers):
            with suppress(OSError, RuntimeError, ValueError):  # it has ended by itself
                answer.raw.shutdown()

    def remember(answer: Any, *args: Any, **kwargs: Any) -> None:
        answers.append(answer)
        if over.is_set():
            cut()

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    client.api.hooks["response"].append(remember)
    timer.start()
    try:
        yield over.is_set
    finally:
        timer.cancel()
        client.api.hooks["response"].remove(remember)
        for answer in answers:
            answer.close()
