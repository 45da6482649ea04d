"""What strangers wrote is read in a process apart, with limits on time, memory, files and the size of its answers.

A parser that hangs, takes all memory or crashes ends its own process and is a sentence here. The process imports one
generator function of this project and sends what that yields, a JSON value and bytes. Nothing that comes back is
unpickled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Self

from lovt_bench.benchmark.contract.apart_inside import Answer, RefusedError, receive, send
from lovt_bench.benchmark.contract.fork_server import Forked, fork
from lovt_bench.benchmark.contract.run_contract import PREFIX
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.import_root import python_path

_INSIDE = "from lovt_bench.benchmark.contract.apart_inside import serve; serve()"
_TEXT_LIMIT = 4000
"""Characters of a refusal."""


NOTHING = Answer(None)


class ApartError(RuntimeError):
    """The process did not end well; the message continues "reading it …"."""


@dataclass(frozen=True)
class Limits:
    """What the work may take for each of its answers."""

    seconds: float
    """Seconds of computing, on all cores together."""
    clock: float
    """Seconds that pass, the start of the process included: a disk or a network may hang, too."""
    memory: int
    """Bytes of data, those of the libraries included (torch and onnxruntime take 0.8 GiB)."""
    answer: int
    """Bytes of data in an answer."""


class Apart:
    """The process and what it is asked.

    Args:
        work: `module:function` of this project, a generator function.
        arguments: Arguments of the function, JSON values.
        limits: For each answer.
        threads: How many libraries may use.
        gpu: Whether the work may see the GPUs; memory is not limited then, since a driver takes address space at will.
    """

    def __init__(
        self, work: str, arguments: Mapping[str, Any], limits: Limits, *, threads: int = 1, gpu: bool = False
    ) -> None:
        self._limits = limits
        self._log = _log()
        began = time.monotonic()
        self._process = _begin(work, threads, gpu, self._log, limits.clock / 2)
        self._spent = time.monotonic() - began
        memory = None if gpu else limits.memory
        self._first: Any = {"work": work, "arguments": dict(arguments), "memory": memory}

    def ask(self, request: Answer = NOTHING, limits: Limits | None = None) -> Answer:
        """Return the next answer of the work.

        Args:
            request: What the work gets for it; not looked at the first time.
            limits: Limits of this answer, where they are others; memory stays as it is.

        Raises:
            RefusedError: The work says what is wrong with what it read.
            ApartError: It broke off, or took more than the limits.
        """
        late = threading.Event()
        limits = limits or self._limits

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(max(0.0, limits.clock - self._spent), end)
        self._spent = 0.0
        timer.daemon = True  # a signal may fall anywhere: no end of this process waits for a limit
        try:
            timer.start()
            said, data = request if self._first is None else (self._first, b"")
            self._first = None
            with suppress(BrokenPipeError):
                send(self._writer, Answer([said, limits.seconds], data))
            answer = receive(self._reader, limits.answer)
        except EOFError as error:
            raise ApartError(self._how_it_ended(late.is_set(), limits)) from error
        finally:
            timer.cancel()
        if isinstance(answer.said, dict) and "refused" in answer.said:
            raise RefusedError(clean_text(str(answer.said["refused"]), _TEXT_LIMIT))
        return answer

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        for stream in (self._writer, self._reader, self._log):
            with suppress(OSError):  # what was not sent to a process that is gone
                stream.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def _writer(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _reader(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _how_it_ended(self, late: bool, limits: Limits) -> str:
        self._process.kill()
        code = self._process.wait()
        if late:
            return f"did not end within {limits.clock:g} s"
        if code == -signal.SIGXCPU:
            return f"took more than {limits.seconds:g} s of computing"
        if code is None:
            return (
                "broke off, and why is not known, since the process that had begun it ended, too: try again"
            )
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 2000))
        lines = self._log.read().decode("utf-8", errors="replace").strip().split("\n")
        return f"broke off ({clean_text(lines[-1], 200) or f'exit code {code}'}): out of memory, or a damaged file"


def run_apart(work: str, arguments: Mapping[str, Any], limits: Limits) -> Answer:
    """Return the first answer of the work; see `Apart`.

    Raises:
        RefusedError, ApartError: as `Apart.ask`.
    """
    with Apart(work, arguments, limits) as apart:
        return apart.ask()


def _log() -> IO[bytes]:
    """Return a file for what libraries complain of; in memory where that is possible, since a disk may be full."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("log"), "w+b")
    return tempfile.TemporaryFile()


def _begin(
    work: str, threads: int, gpu: bool, log: IO[bytes], seconds: float
) -> Forked | subprocess.Popen[bytes]:
    """Begin the process: forked, where libraries have no threads and no driver that would not outlive that.

    What is not forked within so many seconds, or cannot be, is begun as a new Python.
    """
    environment = _environment(threads, gpu)
    if sys.platform == "linux" and threads == 1 and not gpu:
        with suppress(OSError):
            return fork(work.partition(":")[0], environment, log, seconds)
    # -P: the folder that the caller is in may hold anything, it is no place to import from.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _INSIDE],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
    )


def _environment(threads: int, gpu: bool) -> dict[str, str]:
    """Return this environment without settings, with this repository in front."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    hidden = {} if gpu else {"CUDA_VISIBLE_DEVICES": ""}
    return {**own, **hidden, "PYTHONPATH": python_path(own), "OMP_NUM_THREADS": str(threads)}
