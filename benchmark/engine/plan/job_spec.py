"""What a job does: with everything open in this process, as JSON for another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field

from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation

JobKind = Literal["features", "tune", "wider", "final"]
"""`wider`: tunes at the learning rate to which the records say that the grid goes on, or does nothing."""


@dataclass(frozen=True)
class JobSpec:
    """What one job does."""

    kind: JobKind
    evaluation: Evaluation
    tasks: Sequence[TaskSpec]
    """The task as published. A job that extracts features names all tasks that read them; other jobs name one."""
    seeds: Sequence[int]
    """Seeds of the repetitions or of the tuning runs.

    Where each run draws a backbone of its own, a job that extracts features has the seed of that draw.
    """
    learning_rates: Sequence[float] = ()
    """The learning rates that a tuning job tries."""
    step: int = 0
    """Of a job that tunes beyond a grid: how many rates beyond."""

    def to_json(self) -> str:
        """Return what another process needs in order to do the job."""
        return JobMessage(
            kind=self.kind,
            evaluation=refer_to(self.evaluation, dict.fromkeys(task.dataset for task in self.tasks)),
            tasks=list(self.tasks),
            seeds=list(self.seeds),
            learning_rates=list(self.learning_rates),
            step=self.step,
        ).to_json(indent=None)


class StoreReference(Model):
    """An image store by its folder."""

    root: str
    identity: Sha256


class EvaluationReference(Model):
    """An evaluation without tensors and open files. All processes that open it see the same folders."""

    workspace: str
    submission: Name
    backbone_sha256: Sha256
    stores: dict[str, StoreReference]
    protocol: Protocol
    profile: Profile
    device: Literal["cpu", "cuda"]
    engine: Engine
    measured_by: Name | None = None
    masks: bool = True


def refer_to(evaluation: Evaluation, datasets: Iterable[str] | None = None) -> EvaluationReference:
    """Return what another process needs in order to open the evaluation, with all stores or those of some datasets."""
    return EvaluationReference(
        workspace=str(evaluation.workspace.resolve()),
        submission=evaluation.source.name,
        backbone_sha256=evaluation.source.sha256,
        stores={
            name: StoreReference(
                root=str(evaluation.stores[name].root.resolve()),
                identity=evaluation.stores[name].manifest.identity(),
            )
            for name in (evaluation.stores if datasets is None else datasets)
        },
        protocol=evaluation.protocol,
        profile=evaluation.profile,
        device=evaluation.device.type,  # type: ignore[arg-type]
        engine=evaluation.engine,
        measured_by=evaluation.measured_by,
        masks=evaluation.masks,
    )


def open_evaluation(reference: EvaluationReference) -> Evaluation:
    """Open backbone and stores.

    Raises:
        ValueError: A backbone or a store is not what the evaluation was planned with.
        FileNotFoundError: A store is not there; workers must see the workspace at the same path.
    """
    workspace = Path(reference.workspace)
    source = resolve(reference.submission, workspace)
    if source.sha256 != reference.backbone_sha256:
        raise ValueError(
            f"backbone {reference.submission} was replaced since the evaluation began; start again"
        )
    stores = {}
    for name, expected in reference.stores.items():
        stores[name] = ImageStore.open(Path(expected.root))
        if stores[name].manifest.identity() != expected.identity:
            raise ValueError(f"dataset {name} was prepared anew since the evaluation began; start again")
    device = torch.device("cuda", 0) if reference.device == "cuda" else torch.device("cpu")
    return Evaluation(
        source=source,
        specs=(),
        stores=stores,
        protocol=reference.protocol,
        profile=reference.profile,
        workspace=workspace,
        device=device,
        engine=reference.engine,
        measured_by=reference.measured_by,
        masks=reference.masks,
    )


class JobMessage(Model):
    """A `JobSpec` for another process."""

    kind: JobKind
    evaluation: EvaluationReference
    tasks: list[TaskSpec] = Field(min_length=1)
    seeds: list[int] = Field(min_length=1)
    learning_rates: list[float]
    step: int = 0

    def spec(self, evaluation: Evaluation) -> JobSpec:
        """Return what the job does, in an evaluation that was opened here."""
        return JobSpec(self.kind, evaluation, self.tasks, self.seeds, self.learning_rates, self.step)
