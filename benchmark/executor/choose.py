"""Which executor suits what was asked for and what is there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

from lovt_bench.benchmark.cores import usable_cores
from lovt_bench.benchmark.executor.job import Executor
from lovt_bench.benchmark.executor.limits import (
    LEAST_MEMORY,
    default_workers,
    limit_memory,
    worker_environments,
)
from lovt_bench.benchmark.executor.local import LocalExecutor
from lovt_bench.benchmark.executor.process import ProcessExecutor
from lovt_bench.benchmark.executor.queue import Order
from lovt_bench.benchmark.executor.stall import LEAST_STALL_LIMIT, STALL_LIMIT

ExecutorName = Literal["auto", "process", "local", "ray"]


def choose_executor(
    name: ExecutorName,
    *,
    workers: int | None = None,
    gpus: Sequence[str] = (),
    address: str | None = None,
    memory: int | None = None,
    order: Order = "longest",
    stall_limit: float | None = STALL_LIMIT,
) -> Executor:
    """Return the executor of that name; `auto` takes this process unless there is more than one worker's place.

    Args:
        name: What was asked for.
        workers: Jobs at a time; by default what suits the machine.
        gpus: Names of those that the jobs may use; none for jobs on the CPU.
        address: Address of a Ray cluster.
        memory: Bytes of private memory of all processes on this machine that do jobs.
        order: Order in which jobs begin if there are several workers.
        stall_limit: Seconds without progress after which a job counts as stalled; None for no limit.

    Raises:
        ValueError: The wishes contradict each other, or Ray is not installed.
    """
    if name == "auto":
        several = (workers or len(gpus) or 1) > 1
        name = "ray" if address else "local" if several else "process"
    if address and name != "ray":
        raise ValueError(f"--address is the address of a Ray cluster, but the executor is {name}")
    if name == "process" and (workers or 1) > 1:
        raise ValueError(f"--executor process has one worker, found --workers {workers}; use local or ray")
    if stall_limit is not None and stall_limit < LEAST_STALL_LIMIT:
        raise ValueError(
            f"--stall-limit {stall_limit:g}s would stop jobs that load their data: expected at least "
            f"{LEAST_STALL_LIMIT:g}s, or off"
        )
    if name == "ray":
        from lovt_bench.benchmark.executor.ray_cluster import RayExecutor

        if memory is not None:
            raise ValueError(
                "--max-memory bounds processes of this machine; nodes of Ray are bounded by `ray start`"
            )
        return RayExecutor(address, workers or 0, bool(gpus), order, stall_limit)
    cores = usable_cores()
    count = 1 if name == "process" else workers or default_workers(cores, len(gpus))
    if memory is not None and memory < count * LEAST_MEMORY:
        raise ValueError(
            f"--max-memory leaves {memory / count / 2**30:.1f} GiB for each of {count} workers, which takes at least "
            f"{LEAST_MEMORY / 2**30:.1f}: give more, or have fewer --workers"
        )
    if name == "process":
        if memory is not None:
            limit_memory(memory)
        return ProcessExecutor(stall_limit)
    return LocalExecutor(worker_environments(count, cores, gpus, memory, os.environ), order, stall_limit)
