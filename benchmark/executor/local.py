"""Run jobs in worker processes on this machine, one for each GPU or group of cores."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from lovt_bench.benchmark.executor.drive import Report, check_claims, drive
from lovt_bench.benchmark.executor.job import Event, Job, Watcher, Work
from lovt_bench.benchmark.executor.queue import JobQueue, Order
from lovt_bench.benchmark.executor.stall import StallWatch
from lovt_bench.benchmark.executor.worker import STACKS


class LocalExecutor:
    """Starts worker processes when they are first needed, gives them jobs, and stops them at the end.

    Args:
        environments: Variables that each worker gets in addition to this process's own: threads, visible devices.
        order: Order of the jobs that are ready.
        stall_limit: Seconds without a sign of life after which a worker is killed; None for no limit.
    """

    name = "local"

    def __init__(
        self,
        environments: Sequence[Mapping[str, str]],
        order: Order = "longest",
        stall_limit: float | None = None,
    ) -> None:
        self._environments, self._order, self._stall_limit = list(environments), order, stall_limit

    @property
    def workers(self) -> int:
        return len(self._environments)

    def run(self, jobs: Sequence[Job], work: Work, claims: Path, watcher: Watcher) -> None:
        check_claims(jobs, claims)
        workers = [_Worker(work.entry, claims, environment) for environment in self._environments]
        try:
            watch = StallWatch(self._stall_limit)
            drive(JobQueue(jobs, self._order), _Workers(workers, watcher, watch), watcher, watch)
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.stop()


class _Worker:
    """One worker process. It is started again after a loss."""

    def __init__(self, entry: str, claims: Path, environment: Mapping[str, str]) -> None:
        self._entry, self._claims, self._environment = entry, claims, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._events: IO[bytes] | None = None
        self.job: Job | None = None

    @property
    def events(self) -> IO[bytes]:
        assert self._events is not None
        return self._events

    def start(self, job: Job) -> None:
        if self._process is None or self._process.poll() is not None:
            self._begin()
        self.job = job
        assert self._process is not None
        assert self._process.stdin is not None
        message = job.to_message()
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # The worker died before it got the job. Its events end, and so `wait` notices the loss.

    def lost(self) -> str:
        """Wait for the end of the process and say how it ended."""
        assert self._process is not None
        code = self._process.wait()
        self._close()
        if code == -signal.SIGKILL:
            return "killed by SIGKILL (out of memory?)"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def kill(self) -> None:
        """Ask the process for its stacks, then kill it and its children. `wait` sees that its events end."""
        assert self._process is not None
        self._process.send_signal(STACKS)
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """End a process that reported that it cannot do another job."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._close()

    def abandon(self) -> None:
        """Forget the process, even if it never ends."""
        self._close()
        self.job = None

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
            self._close()

    def _begin(self) -> None:
        self._close()
        read, write = os.pipe()
        command = [sys.executable, "-m", "lovt_bench.benchmark.executor.worker", str(write), self._entry]
        # In a session of its own the worker does not receive Ctrl-C; the driver does, and stops its workers.
        self._process = subprocess.Popen(
            [*command, str(self._claims)],
            stdin=subprocess.PIPE,
            pass_fds=(write,),
            env=os.environ | self._environment,
            start_new_session=True,
        )
        os.close(write)
        self._events = os.fdopen(read, "rb", buffering=0)

    def _close(self) -> None:
        if self._events is not None:
            self._events.close()
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = self._events = None


class _Workers:
    def __init__(self, workers: Sequence[_Worker], watcher: Watcher, watch: StallWatch) -> None:
        self._workers, self._watcher, self._watch = workers, watcher, watch
        self._text: dict[int, bytes] = {}

    def free(self) -> bool:
        return any(worker.job is None for worker in self._workers)

    def running(self) -> bool:
        return any(worker.job is not None for worker in self._workers)

    def start(self, job: Job) -> None:
        next(worker for worker in self._workers if worker.job is None).start(job)
        self._watch.began(job)

    def wait(self, seconds: float | None) -> list[tuple[Job, Report]]:
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                if worker.job is not None:
                    selector.register(worker.events, selectors.EVENT_READ, worker)
            ready = [key.data for key, _ in selector.select(seconds)]
        reports = []
        for worker in ready:
            job = worker.job
            report = self._hear(worker, job)
            if report is not None:
                reports.append((job, report))
                worker.job = None
        return reports

    def kill(self, job: Job) -> None:
        self._worker_of(job).kill()

    def abandon(self, job: Job) -> None:
        worker = self._worker_of(job)
        self._text.pop(id(worker), None)
        worker.abandon()

    def _worker_of(self, job: Job) -> _Worker:
        return next(worker for worker in self._workers if worker.job is job)

    def _hear(self, worker: _Worker, job: Job) -> Report | None:
        """Pass on the events that a worker sent; return its report if the job has ended."""
        chunk = os.read(worker.events.fileno(), 1 << 16)
        if not chunk:
            self._text.pop(id(worker), None)
            return Report("lost", worker.lost())
        *lines, rest = (self._text.pop(id(worker), b"") + chunk).split(b"\n")
        if rest:
            self._text[id(worker)] = rest
        report = None
        for line in lines:
            message: Event = json.loads(line)
            if "report" in message:
                report = Report(**message["report"])
                if report.outcome == "lost":  # the process is about to end and gets no other job
                    self._text.pop(id(worker), None)
                    worker.end()
                    return report
                continue
            self._watch.heard(job)
            if message["event"]:
                self._watcher.event(job, message["event"])
        return report
