"""The inside of a process of `benchmark.contract.apart`: it imports the work, sets the limits, answers requests."""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import signal
import struct
import sys
from collections.abc import Generator
from typing import IO, Any, NamedTuple

Bytes = bytes | bytearray | memoryview
_LENGTHS = struct.Struct("<QQ")
"""Precedes a message: bytes of its JSON value, bytes of its data."""
_SAID_LIMIT = 1 << 24
"""Bytes of a JSON value."""
_FILE_LIMIT = 1 << 16
"""Bytes of a file that the process may write: libraries try out a temporary folder, warnings go to a log."""


class RefusedError(ValueError):
    """What was read breaks a rule; raised inside and raised again outside. The message says what to do."""


class Answer(NamedTuple):
    """What the work yields, and what it is asked; whoever gets one checks `said` like anything from outside."""

    said: Any
    data: Bytes = b""


Work = Generator[Answer, Answer, None]
"""Yields an answer, gets the next request."""


def serve() -> None:
    """Do the work that the first message on standard input orders; answers go to standard output."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's, who ends this process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order, seconds = receive(requests, 0).said
    module, _, name = order["work"].partition(":")
    function = getattr(importlib.import_module(module), name)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_LIMIT, _FILE_LIMIT))
    if order["memory"] is not None and sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (order["memory"], order["memory"]))
    work: Work = function(**order["arguments"])
    request: Answer | None = None
    while True:
        _limit_computing(seconds)
        try:
            answer = next(work) if request is None else work.send(request)
        except StopIteration:
            return
        except RefusedError as error:
            answer = Answer({"refused": str(error)})
        send(answers, answer)
        try:
            (said, seconds), data = receive(requests, sys.maxsize)
        except EOFError:
            return
        request = Answer(said, data)


def _limit_computing(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def send(stream: IO[bytes], message: Answer) -> None:
    """Write a message."""
    said = json.dumps(message.said).encode()
    data = memoryview(message.data).cast("B")
    stream.write(_LENGTHS.pack(len(said), len(data)) + said)
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> Answer:
    """Return the next message, with at most `most` bytes of data.

    Raises:
        EOFError: There is none, it is cut off, larger than allowed, or no message.
    """
    said, data = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    if said > _SAID_LIMIT or data > most:
        raise EOFError
    try:
        return Answer(json.loads(_read(stream, said)), _read(stream, data))
    except (ValueError, RecursionError) as error:
        raise EOFError from error


def _read(stream: IO[bytes], count: int) -> bytearray:
    content = bytearray(count)
    view, done = memoryview(content), 0
    while done < count:
        got = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        done += got
    return content
