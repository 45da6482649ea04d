"""Decides which job is next: pure bookkeeping, the same for every executor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from lovt_bench.benchmark.executor.job import Job, JobEnd

Order = Literal["listed", "longest"]
"""`longest`: the job with the costliest chain of jobs that wait for it, itself included, goes first."""

RETRIES = 2
"""How often a job whose worker was lost is run again."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
"""Seconds until a job that another process holds is asked for again; the pause doubles."""


class JobQueue:
    """The jobs that have not ended, who waits for whom, and how often each was tried.

    Args:
        jobs: Acyclic; ids are unique.
        order: Which of the ready ones goes first.
        retries: Times that a lost job is run again.

    Raises:
        ValueError: Ids repeat, or jobs wait for each other in a circle.
    """

    def __init__(self, jobs: Sequence[Job], order: Order = "listed", retries: int = RETRIES) -> None:
        self._open = {job.id: job for job in jobs}
        if len(self._open) != len(jobs):
            raise ValueError("job ids repeat")
        self._retries = retries
        self._losses: dict[str, int] = {}
        self._pause: dict[str, tuple[float, float]] = {}
        self._running: set[str] = set()
        chains = _chains(self._open)
        ranked = list(jobs) if order == "listed" else sorted(jobs, key=lambda job: -chains[job.id])
        self._rank = {job.id: rank for rank, job in enumerate(ranked)}

    @property
    def unfinished(self) -> bool:
        """Whether a job has not ended."""
        return bool(self._open)

    def take(self, now: float) -> Job | None:
        """Return the next job that may run at `now` (seconds) and count it as running."""
        ready = [job for job in self._ready() if self._pause.get(job.id, (0.0, 0.0))[0] <= now]
        if not ready:
            return None
        # One that nobody was seen to hold first: asking again for a held one must not keep others waiting.
        job = min(ready, key=lambda job: (job.id in self._pause, self._rank[job.id]))
        self._running.add(job.id)
        return job

    def pause(self, now: float) -> float | None:
        """Return the seconds until a job that is held elsewhere may be asked for again; None without such."""
        times = [self._pause[job.id][0] - now for job in self._ready() if job.id in self._pause]
        return max(0.0, min(times)) if times else None

    def done(self, job: Job) -> list[tuple[Job, JobEnd]]:
        """Note that the job is done; return what ended by it."""
        self._leave(job)
        return [(job, JobEnd("done"))]

    def failed(self, job: Job, reason: str) -> list[tuple[Job, JobEnd]]:
        """Note that the job failed; return it and all that waited for it."""
        return self._end_with_dependents(job, JobEnd("failed", reason))

    def skipped(self, job: Job) -> list[tuple[Job, JobEnd]]:
        """Note that the job is not to be run; return it and all that waited for it."""
        return self._end_with_dependents(job, JobEnd("skipped"))

    def held(self, job: Job, now: float) -> None:
        """Note that another process holds the job."""
        self._running.discard(job.id)
        wait = min(2 * self._pause.get(job.id, (0.0, _FIRST_PAUSE / 2))[1], _LONGEST_PAUSE)
        self._pause[job.id] = (now + wait, wait)

    def lost(self, job: Job, how: str) -> list[tuple[Job, JobEnd]]:
        """Note that the job's worker was lost; return what ended by it: nothing, as long as it is tried again."""
        self._running.discard(job.id)
        losses = self._losses[job.id] = self._losses.get(job.id, 0) + 1
        if losses <= self._retries:
            return []
        return self.failed(job, f"{job.label}: gave up, since its worker was lost {losses} times, last {how}")

    def _ready(self) -> Iterator[Job]:
        return (
            job
            for job in self._open.values()
            if job.id not in self._running and not any(other in self._open for other in job.after)
        )

    def _leave(self, job: Job) -> None:
        self._running.discard(job.id)
        self._pause.pop(job.id, None)
        del self._open[job.id]

    def _end_with_dependents(self, job: Job, end: JobEnd) -> list[tuple[Job, JobEnd]]:
        self._leave(job)
        ended = [(job, end)]
        for other in list(self._open.values()):
            if job.id in other.after and other.id in self._open:
                ended += self._end_with_dependents(other, end)
        return ended


def _chains(jobs: dict[str, Job]) -> dict[str, float]:
    """Return the cost of each job and the costliest chain after it."""
    followers: dict[str, list[str]] = {name: [] for name in jobs}
    for job in jobs.values():
        for other in job.after & jobs.keys():
            followers[other].append(job.id)
    chains: dict[str, float] = {}
    open_ = dict(jobs)
    while open_:
        last = [name for name in open_ if all(follower in chains for follower in followers[name])]
        if not last:
            raise ValueError(f"jobs wait for each other: {', '.join(job.label for job in open_.values())}")
        for name in last:
            chains[name] = jobs[name].cost + max((chains[f] for f in followers[name]), default=0.0)
            del open_[name]
    return chains
