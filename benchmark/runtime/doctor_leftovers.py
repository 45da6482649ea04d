"""What processes left that were killed: files and folders of a workspace, containers of an engine."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.checkpoint import CHECKPOINTS
from lovt_bench.benchmark.disk.leftovers import abandoned
from lovt_bench.benchmark.runtime.engine import ask
from lovt_bench.benchmark.runtime.leftovers import OWNER, is_abandoned, is_here

if TYPE_CHECKING:
    from docker import DockerClient

SHOWN = 5


def check_leftovers(workspace: Path) -> Iterator[Finding]:
    """Look for what killed processes were writing; the largest are named."""
    found = sorted(((bytes_below(path), path) for path in abandoned(workspace)), reverse=True)
    if not found:
        return
    total = sum(size for size, _ in found)
    names = ", ".join(f"{path} ({_words(size)})" for size, path in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    message = f"{len(found)} of killed processes, {_words(total)}: {names}{more}"
    paths = " ".join(shlex.quote(str(path)) for _, path in found[:SHOWN])
    advice = f"the next command that writes beside them removes them; at once: rm -rf {paths}"
    yield Finding("warning", "temporary files", message, advice)


def check_checkpoints(workspace: Path) -> Iterator[Finding]:
    """Look for trainings of evaluations that were cut off; `evaluate` goes on with them and removes them."""
    found = sorted(
        ((bytes_below(path), path) for path in (workspace / CHECKPOINTS).glob("[!.]*/[!.]*")), reverse=True
    )
    if not found:
        return
    names = ", ".join(f"{path} ({_words(size)})" for size, path in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    total = _words(sum(size for size, _ in found))
    submissions = ", ".join(sorted({path.parent.name for _, path in found}))
    message = f"{len(found)} of trainings that run or were cut off, {total}: {names}{more}"
    advice = f"`lovt-bench evaluate` with {submissions} goes on with them, and removes those of no use"
    yield Finding("ok", "checkpoints", message, advice)


def check_containers(client: DockerClient) -> Iterator[Finding]:
    """Look for containers whose harness has ended, and for those of which that is not known from here."""
    labels = {
        str(one["Id"])[:12]: str(one["Labels"].get(OWNER, ""))
        for one in ask(lambda: client.api.containers(all=True, filters={"label": OWNER}))
    }
    ended = [name for name, label in labels.items() if is_abandoned(label)]
    elsewhere = [name for name, label in labels.items() if not is_here(label)]
    if ended:
        advice = "the next `lovt-bench pretrain` in a container removes them"
        yield Finding("warning", "containers", f"{len(ended)} of killed processes", advice)
    if elsewhere:
        message = f"{len(elsewhere)} of processes on another machine or in another container, or of an earlier start"
        advice = f"where you know that those have ended: docker rm --force {' '.join(elsewhere[:SHOWN])}"
        yield Finding("ok", "containers", message, advice)


def bytes_below(path: Path) -> int:
    """Return what a file or folder takes on the disk; what cannot be looked at counts nothing."""
    total = 0
    for name in (path, *(Path(above, name) for above, _, files in os.walk(path) for name in files)):
        try:
            total += 512 * name.lstat().st_blocks
        except OSError:
            continue
    return total


def _words(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 1 << 30 else f"{size / 2**20:.1f} MiB"
