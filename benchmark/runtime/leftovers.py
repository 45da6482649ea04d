"""Containers that a harness left behind because it was killed: found by their labels, removed before the next run."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.engine import ask

if TYPE_CHECKING:
    from docker import DockerClient

LABEL = "lovt-bench.submission"
"""On every container of a submission: the name of the backbone that it makes."""
UNKNOWN = "?"
OWNER = "lovt-bench.owner"
"""Where the harness runs that started it (`_place`), its process id and its start time."""


def owner() -> str:
    """Return the label of this process."""
    pid = os.getpid()
    return f"{_place()} {pid} {start_time(pid)}"


def is_abandoned(label: str) -> bool:
    """Return whether the process of a label has ended.

    Nothing is known of a process of another machine, of another start of this one, or in another PID namespace (a
    container): it counts as running.
    """
    pid, _, started = label.partition(" ")[2].partition(" ")
    if not is_here(label) or not pid.isdigit() or not started:
        return False
    return start_time(int(pid)) != started


def is_here(label: str) -> bool:
    """Return whether the process of a label is one whose number means something in this process."""
    place = label.partition(" ")[0]
    return UNKNOWN not in place and place == _place()


def remove_leftovers(client: DockerClient, name: str | None = None) -> list[str]:
    """Remove containers whose harness has ended, and return their ids.

    Args:
        client: The engine.
        name: Name of a backbone; this process's own containers that make it go as well. There are some where the engine
            did not answer when they were to be removed.

    Raises:
        EngineError: The engine does not answer.
    """
    from lovt_bench.benchmark.runtime.container import remove

    removed = []
    for found in ask(lambda: client.api.containers(all=True, filters={"label": OWNER})):
        label, made = found["Labels"].get(OWNER, ""), found["Labels"].get(LABEL)
        if is_abandoned(label) or (made == name and label == owner()):
            remove(client, found["Id"])
            removed.append(found["Id"])
    if removed:
        logger.info("removed %d containers of earlier runs", len(removed))
    return removed


def _place() -> str:
    """Return what process ids here belong to: host name, start of the machine, PID namespace.

    Host names alone repeat: containers may have equal ones, and so may machines that use one engine.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        boot = namespace = UNKNOWN
    return "/".join(part.replace(" ", "-") for part in (socket.gethostname(), boot, namespace))


def start_time(pid: int) -> str:
    """Return when a process started, as the kernel counts it; `-` where it is not there or that is not known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return "-"
        except PermissionError:
            pass
        return UNKNOWN
    return stat.rpartition(")")[2].split()[19]
