"""The runs that each protocol of this repository asks for under each profile."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.run_rules import RunPlan
from lovt_bench.leaderboard.releases.sources import ExpectedRuns
from lovt_bench.tasks.profile import apply_profile, load_profile, profile_names
from lovt_bench.tasks.protocol import load_protocol, protocol_names
from lovt_bench.tasks.registry import load_tasks


def run_plan(protocol: Protocol, profile: Profile, tasks: Iterable[TaskSpec]) -> RunPlan:
    """Return the runs of these tasks that a protocol asks for under a profile."""
    return RunPlan(
        protocol=protocol.name,
        protocol_sha256=protocol.digest(),
        profile=profile.name,
        profile_sha256=profile.digest(),
        tune_seed=protocol.runs.tune_seed,
        final_seeds=protocol.runs.final_seeds[: profile.max_runs],
        grid_steps=protocol.runs.grid_steps,
        normalisation=protocol.data.normalisation,
        tasks={spec.id: apply_profile(spec, profile) for spec in tasks},
    )


def run_plans(workspace: Path | None = None) -> list[RunPlan]:
    """Return the runs that each protocol of this repository asks for under each profile, own tasks included."""
    tasks = load_tasks(workspace=workspace)
    return [
        run_plan(protocol, profile, tasks)
        for protocol in map(load_protocol, protocol_names())
        for profile in map(load_profile, profile_names())
    ]


def expected_runs() -> list[ExpectedRuns]:
    """Return the number of final runs of each protocol under each profile of this repository."""
    return [
        ExpectedRuns(
            protocol_sha256=plan.protocol_sha256,
            profile_sha256=plan.profile_sha256,
            runs=len(plan.final_seeds),
        )
        for plan in run_plans()
    ]


def expected_by_digests() -> dict[tuple[str, str], int]:
    """Return the same by the digests of protocol and profile."""
    return {(item.protocol_sha256, item.profile_sha256): item.runs for item in expected_runs()}
