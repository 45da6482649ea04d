"""Jobs one after the other in this process: what suits one device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.executor.drive import Report, attempt, drive
from benchmark.executor.job import Job, Watcher, Work
from benchmark.executor.queue import JobQueue


class ProcessExecutor:
    """Runs jobs in the order in which they are listed."""

    name = "process"
    workers = 1

    def run(self, jobs: Sequence[Job], work: Work, claims: Path, watcher: Watcher) -> None:
        drive(JobQueue(jobs), _Here(work, claims, watcher), watcher)


class _Here:
    def __init__(self, work: Work, claims: Path, watcher: Watcher) -> None:
        self._work, self._claims, self._watcher = work, claims, watcher
        self._reports: list[tuple[Job, Report]] = []

    def free(self) -> bool:
        return not self._reports

    def running(self) -> bool:
        return bool(self._reports)

    def start(self, job: Job) -> None:
        report = attempt(job, self._work.here, self._claims, lambda event: self._watcher.event(job, event))
        self._reports.append((job, report))

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        reports, self._reports = self._reports, []
        return reports
