"""A submission by Apptainer: no engine, no daemon, no root; what a cluster has where it has no Docker.

The container runs as the caller. Its limits of memory, CPUs and processes are cgroups, where the site lets its users
make some; the rest of the contract needs nothing of the site (docs/contract.md).
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.apptainer_command import (
    as_caller,
    binds,
    cgroups,
    container,
    environment,
    try_command,
)
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.hand_over import hand_over
from lovt_bench.benchmark.runtime.identity import choose_identity
from lovt_bench.benchmark.runtime.leftovers import start_time
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.process import Group, watched
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.sif import Sif
from lovt_bench.benchmark.runtime.supervise import Ended, Exit, Signal

GPU = ("--nv",)


class ApptainerRuntime:
    """Runs one image.

    Args:
        program: Path of `apptainer`.
        image: The image.
    """

    kind: Literal["apptainer"] = "apptainer"

    def __init__(self, program: str, image: Sif) -> None:
        self.image_digest = image.digest
        self._program = program
        self._image = image

    def run(self, run: Run, narrator: Narrator) -> Ended:
        identity = choose_identity((), os.getuid(), os.getgid())
        hand_over(run, identity.user, identity.group)
        options = [*binds(run.folders()), *(GPU if run.parameters.device == "cuda" else ())]
        limited = self._limits(run.limits, options)
        return watched(
            container(self._program, "run", self._image.path, [*limited, *options]),
            environment(run.environment()),
            run,
            narrator,
            partial(_Container, limited=bool(limited)),
            partial(_set_ulimits, run.limits),
            **as_caller(),
        )

    def _limits(self, limits: Limits, options: Sequence[str]) -> list[str]:
        """Return the options that limit a container here; none where the site gives its users no cgroups.

        Raises:
            EngineError: Apptainer starts no container of this image.
        """
        asked = cgroups(limits.memory_bytes, limits.cpus, limits.pids)
        nothing = ["sh", "-c", ":"]  # its own start script of an image needs a shell, too
        if not try_command(self._program, self._image.path, [*asked, *options], nothing)[0]:
            return asked
        code, said = try_command(self._program, self._image.path, options, nothing)
        if code:
            raise EngineError(f"Apptainer starts no container of {self._image.path}: {said}")
        logger.warning(
            "Apptainer does not limit memory, CPUs and processes here (`lovt-bench doctor` says more)"
        )
        return []


class _Container:
    """A container that was started; `limited`: whether cgroups hold it."""

    def __init__(self, process: subprocess.Popen[bytes], limited: bool) -> None:
        self._process = process
        self._limited = limited
        self._helpers: dict[int, str] = {}
        """What Apptainer has started itself, and when each began: an id is another's once its process is gone."""

    def poll(self) -> Exit | None:
        code = self._process.poll()
        if code is None:
            self._helpers |= {pid: start_time(pid) for pid in _children(self._process.pid)}
            return None
        code = 128 - code if code < 0 else code
        # What the harness killed has its reason noted already; else the kernel did, at the limit.
        return Exit(code, oom_killed=self._limited and code == 128 + signal.SIGKILL)

    def signal(self, name: Signal) -> None:
        if name == "SIGKILL":
            # What serves the image is in a group of its own, and outlives Apptainer where that is killed.
            self.poll()
            Group(self._process).signal(name)
            for pid, began in self._helpers.items():
                with suppress(ProcessLookupError, PermissionError):
                    if start_time(pid) == began:
                        os.kill(pid, signal.SIGKILL)
            return
        with suppress(ProcessLookupError, PermissionError):  # it hands the signal on to the submission, once
            self._process.send_signal(signal.Signals[name])

    def memory(self) -> int | None:
        """Return None: what is seen from here is Apptainer's own memory."""
        return None


def _children(pid: int) -> list[int]:
    """Return the processes that a process has started itself; a submission's belong to one of them."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in task.read_text(encoding="ascii").split()]
    return found


def _set_ulimits(limits: Limits) -> None:
    """Limit what needs no cgroup; in the new process."""
    for kind, most in (
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
