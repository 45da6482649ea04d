"""A submission by Apptainer: no engine, no daemon, no root; what a cluster has where it has no Docker.

The container runs as the caller. Its limits of memory, CPUs and processes are cgroups, where the site lets its users
make some; the rest of the contract needs nothing of the site (docs/contract.md).
"""

from __future__ import annotations

import csv
import io
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from lovt_bench.benchmark.contract.run_contract import SCRATCH, Limits
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.hand_over import hand_over
from lovt_bench.benchmark.runtime.identity import choose_identity
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.process import Group, watched
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.sif import Sif
from lovt_bench.benchmark.runtime.supervise import Ended, Exit, Signal

SECONDS = 120
"""How long a container that does nothing may take."""
FIXED = (
    "--containall", "--no-eval", "--no-home", "--home", SCRATCH, "--no-mount", "bind-paths",
    "--net", "--network", "none", "--hostname", "submission", "--pwd", "/",
)  # fmt: skip
"""What every container is started with. Its root is read-only unless somebody asks for more."""
KEPT = ("APPTAINER_TMPDIR", "APPTAINER_CACHEDIR", "APPTAINER_CONFIGDIR")
"""Of the caller's own settings, those that give a container nothing."""
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

    def poll(self) -> Exit | None:
        code = self._process.poll()
        if code is None:
            return None
        code = 128 - code if code < 0 else code
        # What the harness killed has its reason noted already; else the kernel did, at the limit.
        return Exit(code, oom_killed=self._limited and code == 128 + signal.SIGKILL)

    def signal(self, name: Signal) -> None:
        if name == "SIGKILL":
            # What serves the image is in a group of its own, and outlives Apptainer where that is killed.
            helpers = _children(self._process.pid)
            Group(self._process).signal(name)
            for pid in helpers:
                with suppress(ProcessLookupError, PermissionError):
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


def find_program() -> str:
    """Return the path of `apptainer`.

    Raises:
        EngineError: It is not on the PATH.
    """
    if (found := shutil.which("apptainer")) is None:
        raise EngineError("no `apptainer` is on the PATH; `module load apptainer` may bring it")
    return found


def container(
    program: str,
    action: Literal["run", "exec"],
    image: Path,
    options: Sequence[str],
    inside: Sequence[str] = (),
) -> list[str]:
    """Return the command that starts a container."""
    return [program, "--silent", action, *FIXED, *options, str(image), *inside]


def binds(folders: Sequence[tuple[str, Path, bool]]) -> list[str]:
    """Return the options that give a container folders: place in it, folder, whether it is read-only."""
    found = []
    for target, folder, fixed in folders:
        line = io.StringIO()
        fields = ["type=bind", f"src={folder}", f"dst={target}", *(["ro"] if fixed else [])]
        csv.writer(line, lineterminator="").writerow(fields)
        found += ["--mount", line.getvalue()]
    return found


def cgroups(memory: int, cpus: float, pids: int) -> list[str]:
    """Return the options that limit bytes of memory with swap, CPUs, and processes with threads."""
    limits = {"--memory": memory, "--memory-swap": memory, "--cpus": cpus, "--pids-limit": pids}
    return [word for option, value in limits.items() for word in (option, str(value))]


def environment(told: dict[str, str]) -> dict[str, str]:
    """Return the environment of the command: the caller's, less what would give a container more, and what it is told.

    A caller's APPTAINER_BIND would open a folder of the machine to every submission.
    """
    own = {
        key: value
        for key, value in os.environ.items()
        if key in KEPT or not key.startswith(("APPTAINER", "SINGULARITY"))
    }
    # HOME is an option, and refused here.
    return own | {f"APPTAINERENV_{key}": value for key, value in told.items() if key != "HOME"}


def as_caller() -> dict[str, Any]:
    """Return how the command is started: as the caller, who is never root of this machine."""
    identity = choose_identity((), os.getuid(), os.getgid())
    if os.getuid() != 0:
        return {"cwd": "/"}
    return {"cwd": "/", "user": identity.user, "group": identity.group, "extra_groups": []}


def try_command(program: str, image: Path, options: Sequence[str], inside: Sequence[str]) -> tuple[int, str]:
    """Return the exit code of a command in a container and what it said; where it failed, its last line."""
    command = container(program, "exec", image, options, inside)
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=SECONDS, env=environment({}),
            stdin=subprocess.DEVNULL, **as_caller(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, clean_text(str(error), 300)
    said = done.stderr if done.returncode else done.stdout
    text = said.decode("utf-8", errors="replace").strip()
    return done.returncode, clean_text(
        text.splitlines()[-1] if text else "", 300
    ) if done.returncode else text


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
