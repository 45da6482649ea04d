"""A worker process of the local executor: `python -m lovt_bench.benchmark.executor.worker EVENTS ENTRY CLAIMS`.

The worker reads jobs as JSON lines from standard input and writes events and reports to the file descriptor EVENTS.
When the driver ends, however it ends, standard input closes, and the worker ends at once. On Linux the kernel kills the
worker as well, even if it is frozen.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import json
import logging
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.executor.drive import attempt
from lovt_bench.benchmark.executor.job import Job, WorkFunction
from lovt_bench.benchmark.executor.limits import limit_memory
from lovt_bench.benchmark.log import show_log

STACKS = signal.SIGUSR1
"""This signal makes a worker print the stacks of its threads."""

BROKEN = 70
"""Exit code of a worker that cannot do another job (`EX_SOFTWARE`)."""

_PR_SET_PDEATHSIG = 1


def make_work(entry: str) -> WorkFunction:
    """Call `module:name` and return the work function that it makes."""
    module, _, name = entry.partition(":")
    work: WorkFunction = getattr(importlib.import_module(module), name)()
    return work


def main(events: int, entry: str, claims: Path) -> None:
    """Do jobs until the driver ends."""
    _end_with_parent()
    faulthandler.register(STACKS)  # writes to standard error, even if the interpreter hangs
    limit_memory()
    jobs: queue.Queue[dict[str, str]] = queue.Queue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    with os.fdopen(events, "w", encoding="utf-8") as out:
        lock = threading.Lock()

        def send(message: dict[str, Any]) -> None:
            with lock:
                out.write(json.dumps(message) + "\n")
                out.flush()

        work = make_work(entry)
        while True:
            job = Job.from_message(jobs.get())
            report = attempt(job, work, claims, lambda event: send({"event": event}))
            send({"report": asdict(report)})
            if report.outcome == "lost":
                os._exit(BROKEN)  # a library's exit handler may hang on a broken GPU


def _end_with_parent() -> None:
    with contextlib.suppress(AttributeError):  # only Linux has prctl
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _read(jobs: queue.Queue[dict[str, str]]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    show_log(logging.WARNING)
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
