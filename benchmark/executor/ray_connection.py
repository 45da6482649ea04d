"""Reaching a Ray cluster. Ray itself waits for one without an end, and reports how it does on standard error."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ANSWER_LIMIT = 30.0
"""Seconds in which a cluster lets a driver in."""

_LOOK = """
import sys
from lovt_bench.benchmark.executor.ray_connection import init_arguments
import ray
try:
    ray.init(**init_arguments(sys.argv[1]))
except Exception as error:
    print(error)
    sys.exit(1)
"""


def init_arguments(address: str | None) -> dict[str, Any]:
    """Return how a driver starts Ray, or joins it at an address."""
    return {
        "address": address,
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }


def check_answers(address: str, limit: float = ANSWER_LIMIT) -> None:
    """Join the cluster in a process that can be ended, since a driver that waits for it cannot.

    Raises:
        ValueError: It does not answer within so many seconds, or not as a cluster.
    """
    command = [sys.executable, "-c", _LOOK, address]
    try:
        look = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limit,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(no_answer(address, f"nothing came within {limit:g} s")) from error
    if look.returncode:
        raise ValueError(no_answer(address, look.stdout.strip() or f"exit code {look.returncode}"))


def no_answer(address: str, reason: str) -> str:
    """Return what to say and what to do."""
    first = reason.strip().splitlines()[0].rstrip(".")
    return (
        f"no Ray cluster answers at {address} ({first}). Start one with `ray start --head`, check --address, or "
        "leave it out for a Ray of this machine alone"
    )


@contextmanager
def kept_handlers() -> Iterator[None]:
    """Put the handler of SIGTERM back, which Ray replaces by one of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
