"""One call of the engine, and what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import Engine, RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.preparers import prepare_command
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.tasks.profile import input_side


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

    def side_of(self, spec: TaskSpec) -> int:
        """Return the side of the network input of a task in pixels."""
        return input_side(self.profile, self.protocol, spec.head)


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
                f"those of {protocol.name}. Prepare one with: {prepare_command(name)} --protocol {protocol.name}"
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
