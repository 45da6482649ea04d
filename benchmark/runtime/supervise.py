"""One run watched from start to end: time, size of the output, memory. The same for a container and a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.output_size import free_bytes, measure

Signal = Literal["SIGTERM", "SIGKILL"]
Stopped = Literal["time", "output", "disk", "interrupt", "enough"]

SLOWEST_POLL = 0.25
MEMORY_SECONDS = 0.5
SCAN_SECONDS = 0.25
SCAN_SHARE = 10
"""Counting the output takes at most one part in this many of the time."""
KILL_SECONDS = 60.0
"""How long something may live on after SIGKILL."""


@dataclass(frozen=True)
class Exit:
    """How a run ended by itself or by a signal."""

    code: int
    oom_killed: bool = False
    """Whether the kernel killed something of it for want of memory."""


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    exit: Exit | None
    """None where it did not start."""
    stopped: Stopped | None = None
    """Why the harness ended it."""
    seconds: float = 0.0
    peak_memory: int | None = None
    detail: str = ""
    """What was too large; why it did not start."""


class Running(Protocol):
    """Something that runs."""

    def poll(self) -> Exit | None:
        """Return how it ended, None while it runs."""
        ...

    def signal(self, name: Signal) -> None:
        """Send a signal to all of it; does nothing where it has ended."""
        ...

    def memory(self) -> int | None:
        """Return the largest number of bytes that it is known to have used so far."""
        ...


class Supervisor:
    """Polls one run; `watch` returns when it is over, also after Ctrl-C (which ends it like the time limit)."""

    def __init__(
        self,
        running: Running,
        output: Path,
        limits: Limits,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        self._running = running
        self._enough = enough
        self._output = output
        self._limits = limits
        self._started = time.monotonic()
        self._stopped: Stopped | None = None
        self._detail = ""
        self._kill_at: float | None = None
        self._killed_at: float | None = None
        self._next_scan = self._next_memory = 0.0
        self._peak: int | None = None

    def watch(self) -> Ended:
        """Return how the run ended.

        Raises:
            EngineError: The engine does not answer, or the run outlives SIGKILL.
        """
        pause = 0.02
        ended: Exit | None = None
        while ended is None:
            try:
                ended = self._running.poll()
                if ended is None:
                    self._look(time.monotonic())
                    time.sleep(pause)
                    pause = min(1.3 * pause, SLOWEST_POLL)
            except KeyboardInterrupt:
                self._interrupt()
        seconds = time.monotonic() - self._started
        if self._stopped != "output" and (problem := measure(self._output, self._limits).problem):
            self._stopped, self._detail = "output", problem
        return Ended(ended, self._stopped, seconds, self._peak, self._detail)

    def _look(self, now: float) -> None:
        limit = self._limits.seconds
        if self._stopped is None and limit is not None and now - self._started >= limit:
            self._stop("time", now)
        if now >= self._next_memory:
            self._next_memory = now + MEMORY_SECONDS
            if (used := self._running.memory()) is not None:
                self._peak = max(used, self._peak or 0)
        if now >= self._next_scan and self._stopped not in ("output", "disk"):
            began = (
                time.monotonic()
            )  # the memory of a container is asked of an engine, which can take its time
            self._scan()
            took = time.monotonic() - began
            self._next_scan = began + max(SCAN_SECONDS, SCAN_SHARE * took)
            if self._stopped in ("output", "disk"):
                self._kill(now)
            elif self._stopped is None and self._enough():
                self._stop("enough", now)
        if self._kill_at is not None and now >= self._kill_at:
            self._kill(now)
        if self._killed_at is not None and now - self._killed_at > KILL_SECONDS:
            raise EngineError(f"the run does not end {KILL_SECONDS:.0f} s after SIGKILL")

    def _scan(self) -> None:
        if problem := measure(self._output, self._limits).problem:
            self._stopped, self._detail = "output", problem
        elif self._stopped is None and free_bytes(self._output) < self._limits.reserve_bytes:
            self._stopped = "disk"
            self._detail = f"less than {self._limits.reserve_bytes / 2**20:,.0f} MiB are free"

    def _stop(self, why: Stopped, now: float) -> None:
        self._stopped = why
        self._running.signal("SIGTERM")
        self._kill_at = now + self._limits.grace_seconds

    def _kill(self, now: float) -> None:
        self._kill_at = None
        if self._killed_at is None:
            self._killed_at = now
            self._running.signal("SIGKILL")

    def _interrupt(self) -> None:
        now = time.monotonic()
        if self._stopped == "interrupt":
            self._kill(now)
        elif self._stopped in (None, "enough"):
            self._stop("interrupt", now)
