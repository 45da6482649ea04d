"""Jobs that need no torch: they count how often they were done, in files, and can be told to fail or to die."""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from functools import cache
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.executor.job import Emit, Job, JobError

ENTRY = "tests.benchmark.executor.toys:toy_work"


_broken: list[int] = []
"""Not empty in a process whose GPU is broken."""


def toy_work() -> Any:
    """Return the work function of a process."""
    return work


def toy(folder: Path, name: str, after: tuple[str, ...] = (), cost: float = 1.0, **what: Any) -> Job:
    """Return a job that leaves `folder/name`.

    `what` may be: `seconds` to take, `ticks` to give at tenths of a second, `refuse`, `bug` or `full` to fail with,
    `breaks` this process's GPU the first time, after which every job fails there,
    `die` as many times as told, to `stall` so many seconds or to `freeze` (SIGSTOP) the first time, `needs` files,
    to `allocate` bytes.
    """
    payload = json.dumps({"folder": str(folder), "name": name, **what})
    return Job(name, f"toy {name}", payload, cost, frozenset(after))


@cache
def kept_gpu() -> str | None:
    """Return the GPU that CUDA would use: of its first use in this process, whatever the environment says later."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def times(folder: Path, name: str) -> int:
    """Return how often the job was finished."""
    path = folder / name
    return len(path.read_text().splitlines()) if path.exists() else 0


def work(payload: str, emit: Emit) -> None:
    """Do a toy job. Idempotent as all jobs are: what is there is not done again."""
    job = json.loads(payload)
    folder = Path(job["folder"])
    emit(
        {
            "pid": os.getpid(),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "assigned": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "used": kept_gpu(),
        }
    )
    if (folder / job["name"]).exists():
        return
    if job.get("refuse"):
        raise JobError(job["refuse"])
    if job.get("breaks") and not (folder / f"{job['name']}.broke").exists():
        (folder / f"{job['name']}.broke").touch()
        _broken.append(1)
    if _broken:
        raise RuntimeError(
            "CUDA error: device-side assert triggered\nCUDA kernel errors might be reported later"
        )
    if job.get("bug"):
        raise ZeroDivisionError(job["bug"])
    if job.get("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), job["full"])
    bytearray(job.get("allocate", 0))
    for name in job.get("needs", ()):
        assert (folder / name).exists(), f"{name} is not there yet"
    deaths = folder / f"{job['name']}.deaths"
    died = len(deaths.read_text()) if deaths.exists() else 0
    if died < job.get("die", 0):
        deaths.write_text("x" * (died + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    stalled = folder / f"{job['name']}.stalled"
    if not stalled.exists() and (job.get("stall") or job.get("freeze")):
        stalled.touch()
        if job.get("freeze"):
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(job.get("stall", 0.0))
    for _ in range(job.get("ticks", 0)):
        time.sleep(0.1)
        emit({})
    time.sleep(job.get("seconds", 0.0))
    with (folder / job["name"]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    emit({"finished": job["name"]})
