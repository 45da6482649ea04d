"""What one worker may take of the machine: threads, a device, memory."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping, Sequence

from lovt_bench.benchmark.visible_gpus import VARIABLE

MEMORY_VARIABLE = "LOVT_BENCH_WORKER_MEMORY"
"""Bytes of private memory of a worker process; set by the driver."""

SHARERS_VARIABLE = "LOVT_BENCH_GPU_SHARERS"
"""Workers that use the GPU of a worker process, itself included; set by the driver."""

LEAST_MEMORY = 3 << 29
"""Bytes without which a worker of the engine cannot start: its libraries alone take a gigabyte."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def default_workers(cores: int, gpus: int) -> int:
    """Return the workers that suit a machine: one per GPU, else one per four cores and at least two."""
    return gpus or min(cores, max(2, cores // 4))


def worker_threads(cores: int, workers: int, environment: Mapping[str, str]) -> int:
    """Return the threads of each worker: an equal share of the cores, and no more than OMP_NUM_THREADS allows."""
    share = max(1, cores // workers)
    given = environment.get("OMP_NUM_THREADS", "")
    return min(share, int(given)) if given.isdigit() and int(given) else share


def worker_environments(
    workers: int, cores: int, gpus: Sequence[str], memory: int | None, environment: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return what each worker has in its environment beside that of the driver.

    Args:
        workers: How many share the machine.
        cores: Usable ones.
        gpus: Names of those that the driver may use (`visible_gpus`); more workers than GPUs share them in turn.
        memory: Bytes of private memory of all workers together.
        environment: Environment of the driver.
    """
    threads = str(worker_threads(cores, workers, environment))
    shared = dict.fromkeys(_THREAD_VARIABLES, threads)
    if memory is not None:
        shared[MEMORY_VARIABLE] = str(memory // workers)
    if not gpus:
        return [shared] * workers
    names = [gpus[worker % len(gpus)] for worker in range(workers)]
    return [shared | {VARIABLE: name, SHARERS_VARIABLE: str(names.count(name))} for name in names]


def gpu_sharers() -> int:
    """Return how many workers of one driver use this process's GPU, itself included."""
    given = os.environ.get(SHARERS_VARIABLE, "")
    return max(1, int(given)) if given.isdigit() else 1


def limit_memory(bytes_: int | None = None) -> None:
    """Bound the private memory of this process: an allocation beyond it fails, and with it the job that asked.

    Counted are the heap, anonymous mappings and thread stacks (`RLIMIT_DATA`); not counted are memory-mapped features
    and images, which the kernel drops when memory is short, and memory of a GPU.

    Args:
        bytes_: The bound; by default the driver's, which may be none.
    """
    given = os.environ.get(MEMORY_VARIABLE, "") if bytes_ is None else str(bytes_)
    if given.isdigit():
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = int(given) if hard == resource.RLIM_INFINITY else min(int(given), hard)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def is_memory_limited() -> bool:
    """Whether the private memory of this process is bounded."""
    return resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY
