"""Run records: one JSON line per finished run. A run is identified by its key, so nothing is run twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256, digest_of, is_missing
from lovt_bench.benchmark.contract.dataset import Splits, Track
from lovt_bench.benchmark.contract.made_with import DeviceKind, MadeWith
from lovt_bench.benchmark.contract.prediction_file import PredictionFile, prediction_file

SCHEMA: Final = 2
"""Schema that is written. Schema 1 has no `made_with` and no `grid_edge`; it is read, and written as it was."""

Phase = Literal["tune", "final"]
Engine = Literal["fast", "reference"]
Precision = Literal["float32", "float16-mixed", "bfloat16-mixed"]
GridEdge = Literal["lowest", "highest"]

Count = Annotated[int, Field(ge=0, le=10**15)]
Seconds = Annotated[float, Field(ge=0, le=10**9)]
Joules = Annotated[float, Field(ge=0, le=10**15)]
"""Bounds far beyond what a run can take, so that sums over many records are finite."""


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
    seed: int = Field(ge=-(2**63), lt=2**63)
    normalisation_sha256: Sha256 | None = Field(default=None, exclude_if=is_missing)
    """Digest of the normalisation that the backbone declares, where the protocol uses it."""

    @property
    def cell(self) -> tuple[object, ...]:
        """What the runs of one cell share, tuning included; they are made on one kind of device, in one precision."""
        return tuple(self.model_dump(exclude={"phase", "learning_rate", "seed"}).values())

    def key(self) -> str:
        """Return the digest that identifies the run."""
        return digest_of(self.model_dump(mode="json"))


def _absent(value: object) -> bool:
    return value is None


class EpochLog(Model):
    """One epoch of a run, as floats or None where the value was not finite."""

    epoch: Count
    train_loss: float | None = None
    validation_loss: float | None = None
    monitor: float | None = Field(default=None, ge=0, le=1)
    learning_rate: NonNegativeFloat


class RunRecord(Model):
    """One line of `workspace/results/<track>/<name>/<task>.jsonl`. Metrics are fractions in [0, 1]."""

    schema_version: Literal[1, 2] = SCHEMA
    key: Sha256
    run: RunKey
    submission: Name
    """Name of the backbone; what somebody hands in may make several (`lovt`, `lovt-30`)."""
    track: Track
    splits: Splits
    device: str
    """`cpu`, or the name of the GPU."""
    precision: Precision
    made_with: MadeWith | None = Field(default=None, exclude_if=_absent)
    """None in records of schema 1 alone."""
    status: Literal["ok", "diverged"]
    """`diverged`: training loss, weights or statistics became non-finite; the run has no metrics, and its learning rate
    cannot win."""
    monitor: str
    metric: str
    grid_edge: GridEdge | None = Field(default=None, exclude_if=_absent)
    """Set if a final run's learning rate is the lowest or highest of the grid that was tuned over: a better one may lie
    beyond."""
    validation: dict[str, float] = {}
    """At the best epoch."""
    test: dict[str, float] = {}
    """Test metrics with the best epoch's weights; empty in the tuning phase, which never looks at the test split."""
    best_epoch: Count | None = None
    """0-based."""
    epochs: Count
    """Epochs trained, the ones after the best included."""
    train_images: Count
    validation_images: Count
    test_images: Count
    seconds: Seconds
    """Wall-clock of this run; runs trained together as one batched head share it equally."""
    peak_memory_bytes: Count | None = None
    """Peak of the CUDA device; on a CPU, of the process (`made_with` has both). None if it is not known."""
    energy_joules: Joules | None = None
    """Energy of the GPU while this run trained, shared as `seconds` is; None if the device does not report it."""
    history: list[EpochLog] = []
    finished: str
    """ISO 8601, UTC."""
    versions: dict[str, str] = {}
    notes: list[str] = Field(default_factory=list)
    predictions: PredictionFile | None = Field(default=None, exclude_if=_absent)
    """Predictions of a final run that did not diverge; None in records written before predictions were kept."""
    measured_by: Name | None = None
    """Who ran it: the keeper of a board, by `LOVT_BENCH_KEEPER`; None where nobody is named."""

    @property
    def device_kind(self) -> DeviceKind:
        """What kind of device computed."""
        return "cpu" if self.device == "cpu" else "cuda"

    @property
    def finished_at(self) -> datetime:
        """When the run finished, in UTC; a time without zone is UTC."""
        moment = datetime.fromisoformat(self.finished)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    @model_validator(mode="after")
    def _consistent(self) -> RunRecord:
        if self.key != self.run.key():
            raise ValueError(f"key {self.key[:12]} does not belong to this run ({self.run.key()[:12]})")
        if self.status == "ok" and self.monitor not in self.validation:
            raise ValueError(f"an ok run must hold the validation metric {self.monitor!r}")
        if self.status == "ok" and self.run.phase == "final" and self.metric not in self.test:
            raise ValueError(f"an ok final run must hold the test metric {self.metric!r}")
        if (self.schema_version == 1) != (self.made_with is None):
            raise ValueError("made_with belongs into a record of schema 2, and into none of schema 1")
        if self.made_with is not None and self.made_with.device_kind != self.device_kind:
            raise ValueError(f"device is {self.device[:60]!a}, made_with says {self.made_with.device_kind}")
        if self.grid_edge is not None and (self.schema_version == 1 or self.run.phase == "tune"):
            raise ValueError("grid_edge belongs into final runs of schema 2 alone")
        if self.predictions is not None:
            if self.schema_version == 1 or self.status != "ok" or self.run.phase != "final":
                raise ValueError("predictions belong to a final run of schema 2 that did not diverge")
            if self.predictions.file != (own := prediction_file(self.run.task, self.key)):
                raise ValueError(
                    f"predictions.file is {self.predictions.file[:100]!a}, expected {own[:200]!a}"
                )
        for name, value in [*self.validation.items(), *self.test.items()]:
            if not 0 <= value <= 1:
                raise ValueError(f"{name[:60]!a} is {value:g}, expected a fraction in [0, 1] (not percent)")
        try:
            _ = self.finished_at
        except (ValueError, OverflowError) as error:
            raise ValueError(f"finished is {self.finished[:60]!a}, expected an ISO 8601 time") from error
        return self
