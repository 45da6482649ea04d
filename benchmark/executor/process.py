"""Jobs one after the other in this process: what suits one device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lovt_bench.benchmark.executor.drive import Report, attempt, check_claims, drive
from lovt_bench.benchmark.executor.job import BrokenProcessError, Event, Job, Watcher, Work
from lovt_bench.benchmark.executor.queue import JobQueue
from lovt_bench.benchmark.executor.stall import StallWatch
from lovt_bench.benchmark.executor.watchdog import watchdog


class ProcessExecutor:
    """Runs jobs in the order in which they are listed.

    Args:
        stall_limit: Seconds without a sign of life after which the whole process ends (`watchdog.py`); None for no
            limit.
    """

    name = "process"
    workers = 1

    def __init__(self, stall_limit: float | None = None) -> None:
        self._stall_limit = stall_limit

    def run(self, jobs: Sequence[Job], work: Work, claims: Path, watcher: Watcher) -> None:
        check_claims(jobs, claims)
        drive(JobQueue(jobs), _Here(work, claims, watcher, self._stall_limit), watcher, StallWatch(None))


class _Here:
    def __init__(self, work: Work, claims: Path, watcher: Watcher, stall_limit: float | None) -> None:
        self._work, self._claims, self._watcher, self._stall_limit = work, claims, watcher, stall_limit
        self._reports: list[tuple[Job, Report]] = []

    def free(self) -> bool:
        return not self._reports

    def running(self) -> bool:
        return bool(self._reports)

    def start(self, job: Job) -> None:
        with watchdog(job, self._stall_limit) as alive:

            def emit(event: Event) -> None:
                alive()
                if event:
                    self._watcher.event(job, event)

            report = attempt(job, self._work.here, self._claims, emit)
        if report.outcome == "lost":
            raise BrokenProcessError(
                f"{job.label}: {report.reason}, and this process can use it no more. Finished runs are kept; the same "
                "command goes on. If it fails again, look at `nvidia-smi` and `dmesg`"
            )
        self._reports.append((job, report))

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        reports, self._reports = self._reports, []
        return reports

    def kill(self, job: Job) -> None:
        raise AssertionError("no job runs while the driver looks")

    abandon = kill
