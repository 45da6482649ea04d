"""What a user asks of a pre-training, and what it means where nothing is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.corpus import MASKED_CORPUS
from lovt_bench.benchmark.contract.manifest_files import MAKE_CORPUS, corpus_names
from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.contract.submission import CorpusNeed
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.runtime.rehearsal_proof import Proof
from lovt_bench.benchmark.submission.read import SubmissionError


@dataclass
class Request:
    """What a user asks of a pre-training."""

    method: str
    variant: str | None
    fraction: float | None
    profile: str
    seed: int
    settings: dict[str, str]
    name: str | None
    resume: bool
    force: bool
    device: Literal["auto", "cpu", "cuda"]
    devices: int | None
    workers: int | None
    time_limit: float | None
    hard_limit: float | None
    wandb: str | None
    online_evaluation: bool
    runtime: Literal["auto", "docker", "apptainer", "process"]
    image: str | None
    base_image: str | None
    build_network: str | None
    limits: Limits
    assets: Path | None
    workspace: Path
    corpus: Callable[[CorpusNeed], Path]
    """Returns the folder of the corpus; asked only where the method needs one."""
    pretraining_data: tuple[str, ...] = ()
    """What weights of the user's, from which the method starts, have seen."""
    more_mounts: list[Any] = field(default_factory=list)
    """Further mounts of a container, for this repository's tests."""
    tags: str = "lovt-bench"
    """First part of the names of images that are built."""
    accept_changes: bool = False
    """Whether a run goes on although it began with other inputs."""
    rehearse: bool | None = None
    """True: rehearse and do not run; False: never rehearse; None: before a run that will take long."""
    proof: Proof | None = None
    """What a rehearsal that is asked for proves beside its stages."""
    backbones_of: Path | None = None
    """Workspace whose backbones `initial_weights` names; None: `workspace`."""
    root: Path = Path()
    """Folder of the backbone; filled in by `execute`."""


def limits_of(
    memory: int | None,
    cpus: float | None,
    shm: int | None,
    pids: int | None,
    ranks: int,
    output_limit: int | None,
    time_limit: float | None,
    hard_limit: float | None,
) -> Limits:
    """Return the limits of a run: what is asked for, else what this machine and the run's own limit suggest.

    Args:
        memory: Bytes of a container; None: three quarters of this machine's.
        cpus: None: all.
        shm: Bytes of shared memory; None, or more: those of `memory`.
        pids: Processes and threads; None: the usual number for each rank.
        ranks: Devices.
        output_limit: Bytes of all files that are kept; None: the usual.
        time_limit: Minutes that the method is told.
        hard_limit: Minutes after which it is ended; None: twice `time_limit` and ten.
    """
    if hard_limit is None and time_limit is not None:
        hard_limit = 2 * time_limit + 10
    memory = memory or 3 * _physical_memory() // 4
    given = {
        "memory_bytes": memory,
        "shared_memory_bytes": min(shm or memory, memory),
        "scratch_bytes": min(Limits().scratch_bytes, memory),
        "cpus": cpus or float(os.cpu_count() or 1),
        "ranks": ranks,
        "pids": pids or ranks * Limits().pids,
        "output_bytes": output_limit,
        "seconds": None if hard_limit is None else 60 * hard_limit,
    }
    return Limits.model_validate({key: value for key, value in given.items() if value is not None})


def corpus_folder(base: Path, corpus: str) -> Path:
    """Return the folder of a corpus given by name or by path.

    Raises:
        SubmissionError: There is none; the message says which there are and how to make one.
    """
    named = base / "corpora" / corpus
    given = Path(corpus)
    if is_name(corpus) and named.is_dir():
        return named
    if given.is_dir():
        return given.resolve()
    there = corpus_names(base / "corpora")
    if corpus == MASKED_CORPUS:
        raise SubmissionError(f"{named} is not there yet; draw it with: lovt-bench corpus {MASKED_CORPUS}")
    raise SubmissionError(
        f"no corpus {corpus!r} in {base / 'corpora'}{meant(corpus, there)}; there: {', '.join(there) or 'none'}. "
        f"Make one with: {MAKE_CORPUS}; without the licence, "
        "`lovt-bench data phantom` writes raw files to prepare"
    )


def _physical_memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
