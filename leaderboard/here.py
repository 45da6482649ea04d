"""What repository and workspace hold now: the runs that protocols ask for, and digests that rows are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.backbone import MANIFEST, BackboneManifest
from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.declared import read_model
from lovt_bench.leaderboard.board.run_rules import RunPlan
from lovt_bench.leaderboard.board.stale import Current, CurrentStore
from lovt_bench.leaderboard.releases.sources import ExpectedRuns
from lovt_bench.tasks.profile import apply_profile, load_profile, profile_names
from lovt_bench.tasks.protocol import load_protocol, protocol_names
from lovt_bench.tasks.registry import load_tasks


def run_plans() -> list[RunPlan]:
    """Return the runs that each protocol of this repository asks for under each profile."""
    tasks = load_tasks()
    return [
        RunPlan(
            protocol=protocol.name,
            protocol_sha256=protocol.digest(),
            profile=profile.name,
            profile_sha256=profile.digest(),
            tune_seed=protocol.runs.tune_seed,
            final_seeds=protocol.runs.final_seeds[: profile.max_runs],
            tasks={spec.id: apply_profile(spec, profile) for spec in tasks},
        )
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


def current(root: Path, names: Iterable[str], tasks: Sequence[TaskSpec]) -> Current:
    """Return the digests of what is here: protocols, profiles, tasks, image stores, backbones of those names.

    Args:
        root: The workspace.
        names: Names of submissions.
        tasks: The known tasks.
    """
    loaded = {name: load_profile(name) for name in profile_names()}
    return Current(
        protocols={name: load_protocol(name).digest() for name in protocol_names()},
        profiles={name: profile.digest() for name, profile in loaded.items()},
        tasks={
            name: {spec.id: apply_profile(spec, profile).digest() for spec in tasks}
            for name, profile in loaded.items()
        },
        datasets=_stores(root / "data", sorted({spec.dataset for spec in tasks})),
        backbones=_backbones(root / "backbones", names),
    )


def _stores(folder: Path, names: Iterable[str]) -> dict[str, CurrentStore]:
    stores: dict[str, CurrentStore] = {}
    for name in names:
        # What cannot be read is not known; `lovt-bench data verify` says what is wrong with it.
        manifest = read_model(folder / name / "dataset.json", DatasetManifest, lambda error: None)
        if manifest is None:
            continue
        stores[name] = CurrentStore(track=manifest.track, splits=manifest.splits, sha256=manifest.identity())
    return stores


def _backbones(folder: Path, names: Iterable[str]) -> dict[str, str]:
    paths = {name: folder / name / MANIFEST for name in names}
    found = {name: read_model(path, BackboneManifest, lambda error: None) for name, path in paths.items()}
    return {name: manifest.sha256 for name, manifest in found.items() if manifest}
