"""Run records: one JSON line per finished run. A run is identified by its key, so nothing is run twice."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, model_validator

from benchmark.contract.base import Model, Name, Sha256, digest_of
from benchmark.contract.dataset import Splits, Track

Phase = Literal["tune", "final"]
Engine = Literal["fast", "reference"]


class RunKey(Model):
    """What a run depends on. Two runs with equal keys are the same run."""

    task: str
    backbone_sha256: Sha256
    """Digest of the weights; for a backbone drawn anew per run, of the rule that draws it."""
    dataset_sha256: Sha256
    """`DatasetManifest.identity()`."""
    task_sha256: Sha256
    """Digest of the task specification after the profile was applied."""
    protocol: str
    protocol_sha256: Sha256
    profile: str
    profile_sha256: Sha256
    engine: Engine
    phase: Phase
    learning_rate: PositiveFloat
    seed: int

    def key(self) -> str:
        """Return the digest that identifies the run."""
        return digest_of(self.model_dump(mode="json"))


class EpochLog(Model):
    """One epoch of a run, as floats or None where the value was not finite."""

    epoch: NonNegativeInt
    train_loss: float | None = None
    validation_loss: float | None = None
    monitor: float | None = None
    learning_rate: NonNegativeFloat


class RunRecord(Model):
    """One line of `workspace/results/<track>/<name>/<task>.jsonl`. Metrics are fractions in [0, 1]."""

    schema_version: Literal[1] = 1
    key: Sha256
    run: RunKey
    submission: Name
    track: Track
    splits: Splits
    device: str
    precision: Literal["float32", "float16-mixed", "bfloat16-mixed"]
    status: Literal["ok", "diverged"]
    """`diverged`: training loss, weights or statistics became non-finite; the run has no metrics, and its learning rate
    cannot win."""
    monitor: str
    metric: str
    validation: dict[str, float] = {}
    """At the best epoch."""
    test: dict[str, float] = {}
    """Of the best epoch's weights; empty in the tuning phase, which never looks at the test split."""
    best_epoch: NonNegativeInt | None = None
    """0-based."""
    epochs: NonNegativeInt
    """Epochs trained, the ones after the best included."""
    train_images: NonNegativeInt
    validation_images: NonNegativeInt
    test_images: NonNegativeInt
    seconds: NonNegativeFloat
    """Wall-clock of this run; runs trained together as one batched head share it equally."""
    peak_memory_bytes: NonNegativeInt | None = None
    """Of the CUDA device; on a CPU, of the process. None in records written before it was measured."""
    energy_joules: NonNegativeFloat | None = None
    """Of the GPU while this run trained, shared as `seconds` is; None where the device does not report it."""
    history: list[EpochLog] = []
    finished: str
    """ISO 8601, UTC."""
    versions: dict[str, str] = {}
    notes: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> RunRecord:
        if self.key != self.run.key():
            raise ValueError(f"key {self.key[:12]} does not belong to this run ({self.run.key()[:12]})")
        if self.status == "ok" and self.monitor not in self.validation:
            raise ValueError(f"an ok run must hold the validation metric {self.monitor!r}")
        if self.status == "ok" and self.run.phase == "final" and self.metric not in self.test:
            raise ValueError(f"an ok final run must hold the test metric {self.metric!r}")
        return self
