"""Jobs as tasks of a Ray cluster (the extra `cluster`). All nodes see the workspace at one path.

Workers write records, so that a run is safe once it is finished whatever happens to the driver. Retries are counted by
our queue as with every executor; Ray's own are off. Events go through a mailbox actor beside the driver.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.cores import usable_cores
from lovt_bench.benchmark.executor.drive import Report, attempt, check_claims, drive
from lovt_bench.benchmark.executor.job import Event, Job, Watcher, Work, WorkFunction
from lovt_bench.benchmark.executor.limits import default_workers, worker_environments, worker_threads
from lovt_bench.benchmark.executor.queue import JobQueue, Order
from lovt_bench.benchmark.executor.ray_connection import (
    check_answers,
    init_arguments,
    kept_handlers,
    no_answer,
)
from lovt_bench.benchmark.executor.stall import StallWatch
from lovt_bench.benchmark.executor.worker import STACKS, make_work

_POLL = 0.5
"""Seconds between looks into the mailbox."""


class RayExecutor:
    """Runs jobs on a cluster, or on a Ray of this machine that lives as long as the jobs.

    Args:
        address: Address of the cluster; None starts a Ray here, `auto` finds the one that runs here.
        workers: Jobs at a time; 0 for as many as the cluster has GPUs, or CPUs for. More than GPUs wait for one.
        gpu: Whether each job asks for a GPU.
        order: Order of the jobs that are ready.
        stall_limit: Seconds without a sign of life after which a worker is killed; None for no limit.

    Raises:
        ValueError: Ray is not installed.
    """

    name = "ray"

    def __init__(
        self,
        address: str | None = None,
        workers: int = 0,
        gpu: bool = False,
        order: Order = "longest",
        stall_limit: float | None = None,
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ValueError("--executor ray needs Ray: pip install 'lovt-bench[cluster]'")
        self._address, self.workers, self._gpu, self._order = address, workers, gpu, order
        self._stall_limit = stall_limit

    def run(self, jobs: Sequence[Job], work: Work, claims: Path, watcher: Watcher) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        check_claims(jobs, claims)
        if self._address:
            check_answers(self._address)
        import ray

        with kept_handlers():
            try:
                ray.init(**init_arguments(self._address), num_cpus=None if self._address else usable_cores())
            except (ConnectionError, RuntimeError) as error:
                raise ValueError(no_answer(self._address or "this machine", str(error))) from error
        watch = StallWatch(self._stall_limit)
        tasks: _Tasks | None = None
        try:
            tasks = _Tasks(work.entry, claims.resolve(), watcher, watch, self.workers, self._gpu)
            drive(JobQueue(jobs, self._order), tasks, watcher, watch)
        except ray.exceptions.RayError as error:
            # Errors of jobs are their reports: this is the cluster itself.
            raise ValueError(
                f"the Ray cluster was lost ({type(error).__name__}): its head or the driver's node ended. Finished "
                "runs are recorded; start the cluster again, and the same command goes on"
            ) from error
        finally:
            if tasks is not None:
                with suppress(ray.exceptions.RayError):
                    tasks.cancel()
            ray.shutdown()


class _Tasks:
    """Ray tasks in flight."""

    def __init__(
        self, entry: str, claims: Path, watcher: Watcher, watch: StallWatch, workers: int, gpu: bool
    ) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._entry, self._claims, self._watcher, self._watch = entry, str(claims), watcher, watch
        self._running: dict[Any, Job] = {}
        self._attempts: dict[str, Job] = {}
        self._last_attempt: dict[str, str] = {}
        nodes = [
            (int(node["Resources"].get("CPU", 0)), int(node["Resources"].get("GPU", 0)))
            for node in ray.nodes()
            if node["Alive"]
        ]
        self._limit, threads = share_of_gpus(nodes, workers) if gpu else share_of_cores(nodes, workers)
        (environment,) = worker_environments(1, threads, (), None, os.environ)
        # CUDA keeps the GPU that a process used first: on a GPU each job has a process of its own.
        self._task = ray.remote(
            num_cpus=threads,
            num_gpus=1 if gpu else 0,
            max_calls=1 if gpu else 0,
            max_retries=0,
            runtime_env={"env_vars": environment},
        )(_do)
        self._on = partial(NodeAffinitySchedulingStrategy, soft=False)
        here = self._on(ray.get_runtime_context().get_node_id())
        self._mailbox: Any = ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=here).remote()

    def free(self) -> bool:
        return len(self._running) < self._limit

    def running(self) -> bool:
        return bool(self._running)

    def start(self, job: Job) -> None:
        name = str(len(self._attempts))
        self._attempts[name], self._last_attempt[job.id] = job, name
        task = self._task.remote(name, job.to_message(), self._entry, self._claims, self._mailbox)
        self._running[task] = job

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        import ray

        timeout = _POLL if seconds is None else min(_POLL, seconds)
        ended, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout)
        for name, event in ray.get(self._mailbox.take.remote()):
            job = self._attempts[name]
            # A job that waits for a node is not silent: its time begins with what this attempt says first.
            if name == self._last_attempt.get(job.id):
                self._watch.heard(job)
            if event:
                self._watcher.event(job, event)
        for task in ended:
            del self._last_attempt[self._running[task].id]
        return [(self._running.pop(task), _report(task)) for task in ended]

    def kill(self, job: Job) -> None:
        import ray

        node, pid = ray.get(self._mailbox.place.remote(self._last_attempt[job.id]))
        # Not `ray.cancel`: that asks the process to end itself.
        there = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": self._on(node)}
        ray.remote(_kill).options(**there).remote(pid)

    def abandon(self, job: Job) -> None:
        del self._last_attempt[job.id]
        self._running = {task: other for task, other in self._running.items() if other is not job}

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


def share_of_gpus(nodes: Sequence[tuple[int, int]], workers: int) -> tuple[int, int]:
    """Return jobs at a time, one a GPU at most, and threads of each: as many as every node with GPUs has for each.

    Args:
        nodes: CPUs and GPUs of each node.
        workers: Jobs at a time; 0 for as many as there are GPUs.

    Raises:
        ValueError: No node has a GPU; jobs would wait for one without an end.
    """
    having = [(cpus, gpus) for cpus, gpus in nodes if gpus]
    if not having:
        raise ValueError(
            "the jobs are for GPUs, and no node of the Ray cluster has one: `ray status` shows what it has. Start "
            "nodes with `ray start --num-gpus N`, or take --device cpu"
        )
    total = sum(gpus for _, gpus in having)
    return min(workers or total, total), max(1, min(cpus // gpus for cpus, gpus in having))


def share_of_cores(nodes: Sequence[tuple[int, int]], workers: int) -> tuple[int, int]:
    """Return jobs at a time and threads of each on nodes of so many CPUs; GPUs are not used."""
    cpus = [count for count, _ in nodes if count] or [1]
    if workers:
        return workers, min(max(1, sum(cpus) // workers), min(cpus))
    threads = worker_threads(min(cpus), default_workers(min(cpus), 0), os.environ)
    return sum(count // threads for count in cpus), threads


class _Mailbox:
    """Holds events until the driver takes them, and remembers where each attempt was begun."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Event]] = []
        self._places: dict[str, tuple[str, int]] = {}

    def begin(self, name: str, node: str, pid: int) -> None:
        self._places[name] = node, pid
        self.put(name, {})

    def place(self, name: str) -> tuple[str, int]:
        return self._places[name]

    def put(self, name: str, event: Event) -> None:
        self._events.append((name, event))

    def take(self) -> list[tuple[str, Event]]:
        events, self._events = self._events, []
        return events


@lru_cache(maxsize=1)
def _work(entry: str) -> WorkFunction:
    return make_work(entry)


def _kill(pid: int) -> None:
    os.kill(pid, STACKS)
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)


def _do(name: str, message: dict[str, str], entry: str, claims: str, mailbox: Any) -> dict[str, str]:
    """Do one job on a node; its events are in the mailbox when this returns."""
    import ray

    faulthandler.register(STACKS)
    job = Job.from_message(message)
    last = mailbox.begin.remote(name, ray.get_runtime_context().get_node_id(), os.getpid())

    def emit(event: Event) -> None:
        nonlocal last
        last = mailbox.put.remote(name, event)

    report = attempt(job, _work(entry), Path(claims), emit)
    ray.get(last)
    return asdict(report)
