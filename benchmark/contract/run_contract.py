"""What a submission finds when it is started, and what it may use up (docs/contract.md).

The same for a container and for a process; a container finds the mounts at fixed places.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name
from lovt_bench.benchmark.contract.submission import VariantName

INPUT, OUTPUT, ASSETS, INITIAL, SCRATCH = "/input", "/output", "/assets", "/initial", "/tmp"
OUTPUT_BACKBONE = "backbone"
"""Folder in the output that is taken over."""
OUTPUT_CHECKPOINTS = "checkpoints"
"""Folder in the output whose content says that there is something to resume."""
PREFIX = "LOVT_BENCH_"
INITIAL_SETTING = "initial_weights"
"""Hyperparameter that may name a backbone of the workspace; its folder is then given to the run."""
INITIAL_VARIABLE = f"{PREFIX}INITIAL"
"""Where that folder lies."""

MIB, GIB = 1 << 20, 1 << 30


class RunParameters(Model):
    """What is asked of one run."""

    contract: Literal[1] = 1
    name: Name
    """Name of the backbone. What the manifest says instead is not read."""
    seed: NonNegativeInt
    fraction: float = Field(gt=0, le=1)
    """Share of the training split, in stored order."""
    profile: str
    """`paper`, or a smaller size that `submission.yaml` names."""
    variant: VariantName | None = None
    device: Literal["cpu", "cuda"]
    time_limit: PositiveFloat | None = None
    """Minutes after which the method should end by itself with what it has."""
    settings: dict[str, Any] = {}
    """Hyperparameters that the user sets, as JSON values."""
    resume: bool = False
    """Whether the output holds an earlier attempt to go on with."""
    accept_changes: bool = False
    """Whether the attempt began with other code, settings, corpus or seed, and the user lets it go on with these."""
    rehearsal: bool = False
    """Whether it only shows that everything works: two steps and an export are enough."""
    rehearsal_epochs: PositiveInt | None = None
    """Epochs that a rehearsal has in all, stopped in between or not; None: as many as the method likes."""

    def environment(self, threads: int) -> dict[str, str]:
        """Return the environment variables that carry all of this; what is None or False is left out."""
        found = {
            "CONTRACT": str(self.contract),
            "EVENTS": "json",
            "NAME": self.name,
            "SEED": str(self.seed),
            "FRACTION": repr(self.fraction),
            "PROFILE": self.profile,
            "DEVICE": self.device,
            "SETTINGS": json.dumps(self.settings, sort_keys=True),
        }
        if self.variant is not None:
            found["VARIANT"] = self.variant
        if self.time_limit is not None:
            found["TIME_LIMIT"] = repr(self.time_limit)
        if self.resume:
            found["RESUME"] = "1"
        if self.accept_changes:
            found["ACCEPT_CHANGES"] = "1"
        if self.rehearsal:
            found["REHEARSAL"] = "1"
        if self.rehearsal_epochs is not None:
            found["REHEARSAL_EPOCHS"] = str(self.rehearsal_epochs)
        return {
            **{f"{PREFIX}{key}": value for key, value in found.items()},
            "OMP_NUM_THREADS": str(threads),
            # On two cores with one more busy process, spinning made a training step of ResNet-50 20 times slower.
            "OMP_WAIT_POLICY": "passive",
            "PYTHONUNBUFFERED": "1",
        }


class Limits(Model):
    """What one run may use up. A process is held to time, output and log only."""

    memory_bytes: PositiveInt = 8 * GIB
    """Swap included, /tmp and /dev/shm included."""
    cpus: PositiveFloat = 2.0
    ranks: PositiveInt = 1
    """Processes that train side by side, one a device: they share cores and threads."""
    pids: PositiveInt = 512
    """Processes and threads."""
    scratch_bytes: PositiveInt = GIB
    """Size of /tmp."""
    shared_memory_bytes: PositiveInt = GIB
    """Size of /dev/shm. What lies there counts as memory."""
    output_bytes: PositiveInt = 20 * GIB
    """Limit for all files below /output together, and for any single one."""
    output_files: PositiveInt = 20_000
    """Files, folders and links below /output."""
    open_files: PositiveInt = 4096
    reserve_bytes: NonNegativeInt = GIB
    """Free space of the file system of /output below which the run is stopped."""
    seconds: PositiveFloat | None = None
    """Wall-clock time after which the run is stopped; None: never."""
    grace_seconds: PositiveFloat = 30.0
    """Between SIGTERM and SIGKILL."""
    log_bytes: PositiveInt = MIB
    """Bytes of log that are kept: half for its beginning, which is shown, half for its end, at least 200 lines."""
    manifest_bytes: PositiveInt = MIB
    weights_bytes: PositiveInt = 4 * GIB
    """Limit for each of backbone.safetensors and backbone.onnx."""

    @property
    def threads(self) -> int:
        """Return the threads of each rank."""
        return max(1, math.floor(self.cpus / self.ranks))
