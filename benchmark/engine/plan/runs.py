"""What is to be run for one task, decided from values alone (evaluation.md sections 2.1 and 4)."""

from __future__ import annotations

from dataclasses import dataclass

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import RunProtocol
from lovt_bench.benchmark.contract.run_record import Phase
from lovt_bench.benchmark.contract.task import TaskSpec


@dataclass(frozen=True)
class RunConfig:
    """One training: what differs between the runs of a task."""

    phase: Phase
    learning_rate: float
    seed: int


def tuning_runs(spec: TaskSpec, runs: RunProtocol) -> list[RunConfig]:
    """Return one run per learning rate in grid order; none where there is nothing to choose."""
    if len(spec.learning_rates) == 1:
        return []
    return [RunConfig("tune", rate, runs.tune_seed) for rate in spec.learning_rates]


def final_runs(learning_rate: float, runs: RunProtocol, profile: Profile) -> list[RunConfig]:
    """Return the repetitions, each with its own seed."""
    return [RunConfig("final", learning_rate, seed) for seed in runs.final_seeds[: profile.max_runs]]
