"""A watcher that writes down all that it is told."""

from __future__ import annotations

from collections.abc import Iterable

from lovt_bench.benchmark.executor.job import Event, Job, JobEnd, Watcher


class Log(Watcher):
    """Refuses the jobs that it is told to refuse."""

    def __init__(self, refused: Iterable[str] = ()) -> None:
        self.refused = set(refused)
        self.ends: dict[str, JobEnd] = {}
        self.events: list[tuple[str, Event]] = []
        self.order: list[str] = []
        self.lost: list[tuple[str, str]] = []

    def admit(self, job: Job) -> bool:
        return job.id not in self.refused

    def started(self, job: Job) -> None:
        self.order.append(job.id)

    def event(self, job: Job, event: Event) -> None:
        self.events.append((job.id, event))

    def retried(self, job: Job, reason: str) -> None:
        self.lost.append((job.id, reason))

    def ended(self, job: Job, end: JobEnd) -> None:
        assert job.id not in self.ends, "a job ends once"
        self.ends[job.id] = end
