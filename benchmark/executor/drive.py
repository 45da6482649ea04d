"""The loop that every executor shares: hand out what is ready, hear what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from benchmark.disk.lock import hold
from benchmark.disk.words import explain
from benchmark.executor.device_errors import FULL, broken_gpu, first_line, full_memory
from benchmark.executor.job import Emit, Job, JobError, Watcher, WorkFunction
from benchmark.executor.queue import JobQueue
from benchmark.executor.stall import StallWatch
from benchmark.log import logger


@dataclass(frozen=True)
class Report:
    """What came of one attempt at a job."""

    outcome: Literal["done", "failed", "held", "lost"]
    """`lost`: its process ended, or must end, since it can do no job any more."""
    reason: str = ""


class Slots(Protocol):
    """Places where jobs run."""

    def free(self) -> bool:
        """Whether a job can be started now."""
        ...

    def running(self) -> bool:
        """Whether `wait` has something to wait for."""
        ...

    def start(self, job: Job) -> None:
        """Begin a job in a free place. The watch is told as soon as a worker has it, and of all that it says."""
        ...

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        """Return the attempts that ended, or nothing after so many seconds; events are passed on meanwhile."""
        ...

    def kill(self, job: Job) -> None:
        """Kill the worker that has the job, which ends the attempt as lost. Must not wait long for that."""
        ...

    def abandon(self, job: Job) -> None:
        """Leave the worker behind, which does not end though it was killed: its place is free again."""
        ...


def drive(queue: JobQueue, slots: Slots, watcher: Watcher, watch: StallWatch) -> None:
    """Run all jobs of the queue in the slots."""
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
    """Take a claim and give it back, so that what stops every job is said once and before any begins.

    Lock files that killed workers left are removed.

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
    """Do the job in this process, unless another process holds it. An exception is the job's failure, not ours.

    After a report that says `lost` this process can do no job any more.
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
