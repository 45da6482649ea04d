"""The command line of Apptainer, what it gets of the caller's environment, and as whom it starts."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from lovt_bench.benchmark.contract.run_contract import SCRATCH
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.identity import choose_identity

SECONDS = 120
"""How long a container that does nothing may take."""
FIXED = (
    "--containall", "--no-eval", "--no-home", "--home", SCRATCH, "--no-mount", "bind-paths",
    "--net", "--network", "none", "--hostname", "submission", "--pwd", "/",
)  # fmt: skip
"""What every container is started with. Its root is read-only unless somebody asks for more."""
KEPT = (
    "PATH", "HOME", "TMPDIR", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    "APPTAINER_TMPDIR", "APPTAINER_CACHEDIR", "APPTAINER_CONFIGDIR",
)  # fmt: skip
"""What the command gets of the caller's environment: nothing of it reaches a container."""


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
    """Return the environment of the command: little of the caller's, and what it is told.

    A caller's APPTAINER_BIND would open a folder of the machine to every submission, and Apptainer hands proxies on to
    every container, passwords included.
    """
    own = {key: os.environ[key] for key in KEPT if key in os.environ}
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
    if not done.returncode:
        return 0, text
    return done.returncode, clean_text(text.splitlines()[-1] if text else "", 300)
