"""A worker process of the local executor: `python -m benchmark.executor.worker EVENTS ENTRY CLAIMS`.

Jobs come as JSON lines on standard input, events and ends leave on the file descriptor EVENTS. The driver's end of
standard input closes when the driver ends, however it ends; then so does the worker, at once. On Linux the kernel ends
it too, even where it is frozen.
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

from benchmark.executor.drive import attempt
from benchmark.executor.job import Job, WorkFunction
from benchmark.executor.limits import limit_memory
from benchmark.log import show_log

STACKS = signal.SIGUSR1
"""Asks a worker for the stacks of its threads."""

BROKEN = 70
"""Exit code of a worker that can do no job any more (`EX_SOFTWARE`)."""

_PR_SET_PDEATHSIG = 1


def make_work(entry: str) -> WorkFunction:
    """Return the work function that `module:name` makes."""
    module, _, name = entry.partition(":")
    work: WorkFunction = getattr(importlib.import_module(module), name)()
    return work


def main(events: int, entry: str, claims: Path) -> None:
    """Do jobs until the driver is gone."""
    _end_with_parent()
    faulthandler.register(STACKS)  # to standard error, whatever the interpreter hangs in
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
                os._exit(BROKEN)  # what libraries do at an exit may hang on a broken GPU


def _end_with_parent() -> None:
    with contextlib.suppress(AttributeError):  # Linux alone has it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _read(jobs: queue.Queue[dict[str, str]]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    show_log(logging.WARNING)
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
