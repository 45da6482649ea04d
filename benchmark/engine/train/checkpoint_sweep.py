"""Removes checkpoints that no training goes on with."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.checkpoint import CHECKPOINTS, MANIFEST, CheckpointManifest
from lovt_bench.benchmark.disk.leftovers import remove, sweep
from lovt_bench.benchmark.log import logger

LONGEST_DAYS = 30
"""After which nobody comes back to a training."""


def sweep_checkpoints(
    workspace: Path, submission: str, backbone_sha256: str | None, recorded: Iterable[str]
) -> None:
    """Remove the checkpoints of a backbone that nobody goes on with.

    Args:
        workspace: The workspace.
        submission: Name of the backbone.
        backbone_sha256: The backbone of that name as it is now. Checkpoints of one that was replaced go, and those of
            long ago; None leaves both, since a call that took hours does not know what is now.
        recorded: Keys of recorded runs. Their checkpoints go: a process was killed between record and removal.
    """
    folder = workspace / CHECKPOINTS / submission
    sweep(folder)
    done = set(recorded)
    for path in folder.glob("[!.]*"):
        reason = (
            "its run is recorded" if path.name in done else backbone_sha256 and _stale(path, backbone_sha256)
        )
        if reason:
            logger.info("checkpoint %s: %s; removed", path, reason)
            with suppress(OSError):  # another call removes it, or it is somebody else's
                remove(path)


def _stale(path: Path, backbone_sha256: str) -> str | None:
    try:
        manifest = CheckpointManifest.model_validate_json((path / MANIFEST).read_bytes())
        age = time.time() - path.stat().st_mtime
    except (OSError, ValidationError):
        return None  # whoever begins that run says what is wrong
    if manifest.run.backbone_sha256 != backbone_sha256:
        return "the backbone was replaced"
    return f"older than {LONGEST_DAYS} days" if age > 86_400 * LONGEST_DAYS else None
