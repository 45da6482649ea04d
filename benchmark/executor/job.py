"""What an executor runs, and what it says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Event = dict[str, Any]
"""What a job tells while it runs, understood by whoever made the job: JSON values, if it runs in another process.

Every event is a sign of life. An empty one is nothing else: no watcher hears it, and any thread may emit it.
"""

Emit = Callable[[Event], None]
WorkFunction = Callable[[Any, Emit], None]
"""Does the job of a payload, which is an object in the process that planned it and its JSON in all others.

Raises `JobError` where repeating it would not help.
"""


class Payload(Protocol):
    """What a job is to do."""

    def to_json(self) -> str:
        """Return it for another process."""
        ...


class JobError(Exception):
    """The job cannot be done; the message is for people."""


class BrokenProcessError(RuntimeError):
    """This process can do no job any more, but a new one may; the message is for people."""


@dataclass(frozen=True)
class Job:
    """One piece of work. Jobs of equal `id` are the same work, in whichever process they were planned."""

    id: str
    """Safe as a file name."""
    label: str
    """For people."""
    payload: str | Payload
    """Read by the work function; text is JSON already."""
    cost: float = 1.0
    """Compared with other jobs; decides the order alone."""
    after: frozenset[str] = frozenset()
    """Ids of jobs that must be done before; those not in the list are."""
    claim: str = ""
    """What one process at a time may do, safe as a file name; by default the job itself."""

    def to_message(self) -> dict[str, str]:
        """Return what a worker has to know, as JSON values."""
        payload = self.payload if isinstance(self.payload, str) else self.payload.to_json()
        return {"id": self.id, "label": self.label, "payload": payload, "claim": self.claim}

    @classmethod
    def from_message(cls, message: dict[str, str]) -> Job:
        """Return the job as a worker sees it."""
        return cls(message["id"], message["label"], message["payload"], claim=message["claim"])


@dataclass(frozen=True)
class Work:
    """What jobs do: a function for this process, and for others the name of what makes one."""

    here: WorkFunction
    entry: str
    """`module:name` of a callable without arguments that returns the work function of a process."""


@dataclass(frozen=True)
class JobEnd:
    """How a job ended."""

    status: Literal["done", "failed", "skipped"]
    """`skipped`: the watcher did not admit it, or one that it waits for."""
    reason: str = ""


class Watcher:
    """Override what is of interest. Called in the driver's thread only."""

    def admit(self, job: Job) -> bool:
        """Whether the job, whose turn it is, may start; else it and those that wait for it are skipped."""
        return True

    def started(self, job: Job) -> None:
        """A worker has the job."""

    def event(self, job: Job, event: Event) -> None:
        """The job says something."""

    def waiting(self, job: Job) -> None:
        """Another process holds the job; it is tried again later."""

    def retried(self, job: Job, reason: str) -> None:
        """The job's worker was lost; the job will be run again."""

    def ended(self, job: Job, end: JobEnd) -> None:
        """The job came to its end: called once for each."""


class Executor(Protocol):
    """Runs jobs somewhere."""

    @property
    def name(self) -> str: ...
    @property
    def workers(self) -> int:
        """Jobs at a time."""
        ...

    def run(self, jobs: Sequence[Job], work: Work, claims: Path, watcher: Watcher) -> None:
        """Run all jobs and return when each has ended.

        Args:
            jobs: In the order of preference, acyclic.
            work: What they do.
            claims: Folder of the claims, shared by all that share the work's results.
            watcher: Is told.

        Raises:
            KeyboardInterrupt: After the workers were stopped.
        """
        ...
