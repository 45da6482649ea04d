"""Ctrl-C and SIGTERM end a command in good order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StoppedError(RuntimeError):
    """Ctrl-C or SIGTERM ended the call in good order; the message says what the same command does next."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C within the block into KeyboardInterrupt: nothing is left behind, and it can be said.

    Raises:
        KeyboardInterrupt: Also where a library answers the interruption by ending the process (Lightning does).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def interrupt(number: int, frame: Any) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemExit as error:
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
