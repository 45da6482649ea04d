"""`checkpoint.json`: what a training that was cut off had reached, and what it belongs to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.run_record import Count, Joules, RunKey, Seconds

CHECKPOINTS = "checkpoints"
"""Folder of a workspace: `checkpoints/<submission>/<key of the run>/`."""
MANIFEST, STATE = "checkpoint.json", "state.pt"


class CheckpointManifest(Model):
    """`checkpoints/<submission>/<key>/checkpoint.json`. A checkpoint of another schema is thrown away."""

    schema_version: Literal[1] = 1
    run: RunKey
    submission: Name
    device: Literal["cpu", "cuda"]
    versions: dict[str, str]
    """Versions of the packages that the numbers of a training depend on."""
    epochs: int = Field(ge=1)
    """That are done: the run goes on at the epoch of this number, counted from 0."""
    seconds: Seconds
    """Spent on them, in all attempts, the writing of checkpoints included."""
    peak_host_bytes: Count | None = None
    peak_device_bytes: Count | None = None
    energy_joules: Joules | None = None
    sha256: Sha256
    """Digest of `state.pt`."""
