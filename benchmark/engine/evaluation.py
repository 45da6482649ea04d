"""One call of the engine, and the same call as values that another process can open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from lovt_bench.benchmark.backbone.sources import BackboneSource, resolve
from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import Engine, RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.store import ImageStore


@dataclass(frozen=True)
class Evaluation:
    """One call of the engine."""

    source: BackboneSource
    specs: Sequence[TaskSpec]
    stores: dict[str, ImageStore]
    """By dataset name; every spec's dataset must be there."""
    protocol: Protocol
    profile: Profile
    workspace: Path
    device: torch.device
    engine: Engine = "fast"
    measured_by: str | None = None
    """Who runs it (`benchmark.keeper`)."""
    masks: bool = True
    """Whether predicted masks are kept beside the records, or their counts alone."""


def check_stores(evaluation: Evaluation) -> None:
    """Hold the stores against the protocol that their results are going to name.

    Raises:
        ValueError: A store was prepared by other data entries.
    """
    protocol = evaluation.protocol
    for name, store in sorted(evaluation.stores.items()):
        if store.manifest.data_protocol_sha256 != protocol.data.digest():
            raise ValueError(
                f"store {store.root} was prepared by the data entries of protocol {store.manifest.protocol}, not by "
                f"those of {protocol.name}. Prepare one with: lovt-bench data prepare {name} --raw DIR --protocol "
                f"{protocol.name}"
            )


@dataclass(frozen=True)
class TaskResult:
    """What an evaluation leaves for one task."""

    spec: TaskSpec
    status: Literal["done", "failed", "left"]
    """`left`: not started, so as to keep to a budget."""
    learning_rate: float | None = None
    records: list[RunRecord] = field(default_factory=list)
    """Records of the final phase, in the order of the seeds."""
    reason: str = ""


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


def refer_to(evaluation: Evaluation) -> EvaluationReference:
    """Return what another process needs in order to open the evaluation."""
    return EvaluationReference(
        workspace=str(evaluation.workspace.resolve()),
        submission=evaluation.source.name,
        backbone_sha256=evaluation.source.sha256,
        stores={
            name: StoreReference(root=str(store.root.resolve()), identity=store.manifest.identity())
            for name, store in evaluation.stores.items()
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
