"""What test processes apart do (`test_apart.py`)."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from lovt_bench.benchmark.contract.apart_inside import Answer, RefusedError, Work


def echo(greeting: str) -> Work:
    request = yield Answer({"greeting": greeting})
    while True:
        sys.stdout.write("what libraries print is no answer")
        sys.stdout.flush()
        request = yield Answer(request.said, bytes(request.data)[::-1])


def modules() -> Work:
    yield Answer(sys.path)


def family() -> Work:
    """Say who this is, and how often this module's state was changed in it."""
    CHANGES.append(1)
    yield Answer([os.getpid(), os.getppid(), len(CHANGES), dict(os.environ)])
    time.sleep(1e6)


CHANGES: list[int] = []


def refuse() -> Work:
    raise RefusedError("the file is \x1b[31mwrong")
    yield


def compute_for_ever() -> Work:
    while True:
        pass
    yield


def sleep_for_ever() -> Work:
    time.sleep(1e6)
    yield Answer(None)


def take_memory() -> Work:
    kept = [bytearray(1 << 20) for _ in range(1 << 20)]
    yield Answer(len(kept))


def crash() -> Work:
    os.abort()
    yield


def answer_much() -> Work:
    yield Answer(None, bytes(1 << 20))


def write_much(path: str) -> Work:
    try:
        Path(path).write_bytes(bytes(1 << 20))
    except OSError as error:
        yield Answer(error.strerror)


def core_limit() -> Work:
    yield Answer(resource.getrlimit(resource.RLIMIT_CORE)[0])
