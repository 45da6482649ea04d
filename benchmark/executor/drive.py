"""The loop that every executor shares: start the jobs that are ready, and handle their reports."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.words import explain
from lovt_bench.benchmark.executor.device_errors import FULL, broken_gpu, first_line, full_memory
from lovt_bench.benchmark.executor.job import Emit, Job, JobError, Watcher, WorkFunction
from lovt_bench.benchmark.executor.queue import JobQueue
from lovt_bench.benchmark.executor.stall import StallWatch
from lovt_bench.benchmark.log import logger


@dataclass(frozen=True)
class Report:
    """How one attempt at a job ended."""

    outcome: Literal["done", "failed", "held", "lost"]
    """`held`: another process does the job. `lost`: the worker ended, or must end because it cannot do another job."""
    reason: str = ""


class Slots(Protocol):
    """Places where jobs run."""

    def free(self) -> bool:
        """Return whether a job can start now."""
        ...

    def running(self) -> bool:
        """Return whether `wait` has something to wait for."""
        ...

    def start(self, job: Job) -> None:
        """Start a job in a free place. Tell the watch when a worker has it, and whenever that worker sends an event."""
        ...

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        """Return the attempts that ended, or nothing after so many seconds. Pass on events meanwhile."""
        ...

    def kill(self, job: Job) -> None:
        """Kill the worker that has the job; its attempt ends as lost. Must not wait long for that."""
        ...

    def abandon(self, job: Job) -> None:
        """Give up a worker that does not end although it was killed; its place is free again."""
        ...


def drive(queue: JobQueue, slots: Slots, watcher: Watcher, watch: StallWatch) -> None:
    """Run all jobs of the queue."""
    running: dict[str, Job] = {}
    while queue.unfinished:
        while slots.free() and (job := queue.take(time.monotonic())):
            if watcher.admit(job):
                watcher.started(job)
                running[job.id] = job
                slots.start(job)
            else:
                for ended in queue.skipped(job):
                    watcher.ended(*ended)
        pause = queue.pause(time.monotonic())
        if slots.running():
            for job, report in slots.wait(_shorter(pause, watch.pause)):
                del running[job.id]
                stalled = watch.ended(job)
                if stalled and report.outcome == "lost":
                    report = Report("lost", stalled)
                _note(queue, job, report, watcher)
            for job, verdict in watch.look(time.monotonic(), list(running.values())):
                if verdict == "kill":
                    slots.kill(job)
                else:
                    slots.abandon(job)
                    del running[job.id]
                    reason = f"{job.label}: {watch.ended(job)}. The process does not end even now, and was left behind"
                    _note(queue, job, Report("failed", reason), watcher)
        elif queue.unfinished:
            time.sleep(pause or 0.0)


def _shorter(first: float | None, second: float | None) -> float | None:
    return min((pause for pause in (first, second) if pause is not None), default=None)


def _note(queue: JobQueue, job: Job, report: Report, watcher: Watcher) -> None:
    if report.outcome == "held":
        queue.held(job, time.monotonic())
        watcher.waiting(job)
        return
    if report.outcome == "done":
        ended = queue.done(job)
    elif report.outcome == "failed":
        ended = queue.failed(job, report.reason)
    else:
        logger.warning("%s: the worker was lost, %s", job.label, report.reason)
        ended = queue.lost(job, report.reason)
        if not ended:
            watcher.retried(job, report.reason)
    for one in ended:
        watcher.ended(*one)


def check_claims(jobs: Sequence[Job], claims: Path) -> None:
    """Take a claim and release it, so that an error that would stop every job is reported once, before any job begins.

    Also removes the lock files that killed workers left.

    Raises:
        OSError: With the path: no permission, a read-only or full file system, or one without locks.
    """
    if jobs:
        with hold(claims / f"driver-{os.getpid()}.lock"):
            pass
        for path in claims.glob("*.lock"):
            with suppress(OSError), hold(path):
                pass


def attempt(job: Job, work: WorkFunction, claims: Path, emit: Emit) -> Report:
    """Do the job in this process, unless another process holds it. An exception becomes a report that the job failed.

    After a report of `lost` this process cannot do another job.
    """
    try:
        with hold(claims / f"{job.claim or job.id}.lock") as mine:
            if not mine:
                return Report("held")
            work(job.payload, emit)
    except Exception as error:
        logger.debug("%s", job.label, exc_info=True)
        if broken_gpu(error):
            return Report("lost", f"its GPU failed ({first_line(error)})")
        return Report("failed", _reason(job, error))
    return Report("done")


def _reason(job: Job, error: Exception) -> str:
    if isinstance(error, JobError):
        return str(error)
    if isinstance(error, OSError):
        return f"{job.label}: {explain(error)}"
    if memory := full_memory(error):
        return f"{job.label}: {FULL[memory]}"
    return f"{job.label}: {type(error).__name__}: {error}"
