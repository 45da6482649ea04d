"""Jobs as tasks of a Ray cluster (the extra `cluster`). All nodes see the workspace at one path.

Workers write records, so that a run is safe once it is finished whatever happens to the driver. Retries are counted by
our queue as with every executor; Ray's own are off. Events go through a mailbox actor beside the driver.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmark.executor.drive import Report, attempt, drive
from benchmark.executor.job import Event, Job, Watcher, Work, WorkFunction
from benchmark.executor.limits import default_workers, usable_cores, worker_environments, worker_threads
from benchmark.executor.queue import JobQueue, Order
from benchmark.executor.worker import make_work

_POLL = 0.5
"""Seconds between looks into the mailbox."""


class RayExecutor:
    """Runs jobs on a cluster, or on a Ray of this machine that lives as long as the jobs.

    Args:
        address: of the cluster; None starts a Ray here, `auto` finds the one that runs here.
        workers: jobs at a time; 0 for as many as the cluster has GPUs, or CPUs for.
        gpu: whether each job asks for a GPU.
        order: of the jobs that are ready.

    Raises:
        ValueError: Ray is not installed.
    """

    name = "ray"

    def __init__(
        self, address: str | None = None, workers: int = 0, gpu: bool = False, order: Order = "longest"
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ValueError("--executor ray needs Ray: pip install 'lovt-bench[cluster]'")
        self._address, self.workers, self._gpu, self._order = address, workers, gpu, order

    def run(self, jobs: Sequence[Job], work: Work, claims: Path, watcher: Watcher) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        cores = None if self._address else usable_cores()
        try:
            ray.init(
                address=self._address,
                num_cpus=cores,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, RuntimeError) as error:
            raise ValueError(f"Ray at {self._address or 'this machine'} does not answer: {error}") from error
        tasks = _Tasks(work.entry, claims.resolve(), watcher, self.workers, self._gpu)
        try:
            drive(JobQueue(jobs, self._order), tasks, watcher)
        finally:
            tasks.cancel()
            ray.shutdown()


class _Tasks:
    """Ray tasks in flight."""

    def __init__(self, entry: str, claims: Path, watcher: Watcher, workers: int, gpu: bool) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._entry, self._claims, self._watcher = entry, str(claims), watcher
        self._running: dict[Any, Job] = {}
        cpus = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        gpus = int(ray.cluster_resources().get("GPU", 0)) if gpu else 0
        self._limit, threads = _share(cpus, gpus, workers)
        (environment,) = worker_environments(1, threads, 0, None, os.environ)
        self._task = ray.remote(_do).options(
            num_cpus=threads,
            num_gpus=1 if gpu else 0,
            max_retries=0,
            runtime_env={"env_vars": environment},
        )
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._mailbox: Any = ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=here).remote()
        self._jobs: dict[str, Job] = {}

    def free(self) -> bool:
        return len(self._running) < self._limit

    def running(self) -> bool:
        return bool(self._running)

    def start(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._running[self._task.remote(job.to_message(), self._entry, self._claims, self._mailbox)] = job

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        import ray

        timeout = _POLL if seconds is None else min(_POLL, seconds)
        ended, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout)
        for name, event in ray.get(self._mailbox.take.remote()):
            self._watcher.event(self._jobs[name], event)
        return [(self._running.pop(task), _report(task)) for task in ended]

    def cancel(self) -> None:
        import ray

        for task in self._running:
            ray.cancel(task, force=True)


def _report(task: Any) -> Report:
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return Report(**ray.get(task))
    except RayTaskError as error:
        # The job's own errors are reports: this one is of the function around it, an import for example.
        return Report("failed", f"a worker cannot run jobs: {error.cause!r}")
    except RayError as error:
        return Report("lost", type(error).__name__)


def _share(cpus: list[int], gpus: int, workers: int) -> tuple[int, int]:
    """Return jobs at a time and threads of each for nodes with so many CPUs and the GPUs of all of them."""
    cpus = [count for count in cpus if count] or [1]
    if gpus:
        return workers or gpus, max(1, sum(cpus) // gpus)
    if workers:
        return workers, min(max(1, sum(cpus) // workers), min(cpus))
    threads = worker_threads(min(cpus), default_workers(min(cpus), 0), os.environ)
    return sum(count // threads for count in cpus), threads


class _Mailbox:
    """Holds events until the driver takes them."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Event]] = []

    def put(self, job: str, event: Event) -> None:
        self._events.append((job, event))

    def take(self) -> list[tuple[str, Event]]:
        events, self._events = self._events, []
        return events


@lru_cache(maxsize=1)
def _work(entry: str) -> WorkFunction:
    return make_work(entry)


def _do(message: dict[str, str], entry: str, claims: str, mailbox: Any) -> dict[str, str]:
    """Do one job on a node; its events are in the mailbox when this returns."""
    import ray

    job = Job.from_message(message)
    last = None

    def emit(event: Event) -> None:
        nonlocal last
        last = mailbox.put.remote(job.id, event)

    report = attempt(job, _work(entry), Path(claims), emit)
    if last is not None:
        ray.get(last)
    return asdict(report)
