"""Decides whether a job that runs has stalled: pure bookkeeping, the same for every executor.

Every event is a sign of life. Jobs give one with each batch that they read, so that a slow job is not a stalled one; a
thread that beats by itself would go on beating beside a training that hangs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from lovt_bench.benchmark.executor.job import Job

STALL_LIMIT = 1800.0
"""Seconds without a sign of life after which a job counts as stalled, unless the user says otherwise."""

LEAST_STALL_LIMIT = 60.0
"""Seconds that a live job may well be silent: it loads libraries, a backbone, a dataset."""

GRACE = 60.0
"""Seconds in which a killed worker ends; one that does not is left behind."""

_LOOKS = 20
"""Looks of the driver within the limit."""

Verdict = Literal["kill", "abandon"]


class StallWatch:
    """How long each job that runs has been silent, as its driver saw it.

    Only time in which the driver looked counts: after a pause of the machine or of the driver itself, workers have the
    time of a look to be heard.

    Args:
        limit: Seconds; None for no limit.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._left: dict[str, float] = {}
        self._killed: set[str] = set()
        self._looked = 0.0

    @property
    def pause(self) -> float | None:
        """Seconds after which the driver has to look again; None where nothing is watched."""
        return self._limit / _LOOKS if self._limit is not None and self._left else None

    def began(self, job: Job) -> None:
        """Note that a worker has the job: its silence counts from now on."""
        if self._limit is not None:
            self._left[job.id] = self._limit

    def heard(self, job: Job) -> None:
        """Note a sign of life."""
        if self._limit is not None and job.id not in self._killed:
            self._left[job.id] = self._limit

    def ended(self, job: Job) -> str | None:
        """Forget the job; return what is to be said if it was killed for its silence."""
        self._left.pop(job.id, None)
        if job.id not in self._killed:
            return None
        self._killed.remove(job.id)
        return self.reason

    def look(self, now: float, running: Iterable[Job]) -> list[tuple[Job, Verdict]]:
        """Return the jobs whose worker is to be killed, or to be left behind since it did not end then.

        Args:
            now: Seconds of a clock.
            running: Jobs that have not ended; those that no worker has yet are not judged.
        """
        if self._limit is None:
            return []
        passed, self._looked = min(now - self._looked, self._limit / _LOOKS), now
        verdicts: list[tuple[Job, Verdict]] = []
        for job in running:
            if job.id not in self._left:
                continue
            self._left[job.id] -= passed
            if self._left[job.id] > 0:
                continue
            verdicts.append((job, "abandon" if job.id in self._killed else "kill"))
            self._killed.add(job.id)
            self._left[job.id] = GRACE
        return verdicts

    @property
    def reason(self) -> str:
        """What is said of a job that stalled."""
        return stall_reason(self._limit or 0.0)


def stall_reason(limit: float) -> str:
    """Return what happened and what to do next; the job's label goes before it."""
    span = f"{limit:g} s" if limit % 60 else f"{limit / 60:g} minutes"
    return (
        f"stalled: expected progress within --stall-limit, found none for {span}, and stopped its process. The stacks "
        "above (Ray: in the worker's log) show where it hung: look at the file system, the GPU and `dmesg`; if it is "
        "only slow, give a longer --stall-limit"
    )
