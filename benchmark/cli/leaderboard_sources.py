"""What a build reads from repository and workspace, gathered for `build`, `release` and `verify dev`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.contract.task import TaskSpec
    from leaderboard.sources import ExpectedRuns, Sources
    from leaderboard.stale import Current, CurrentStore


def gather_sources(results: Path | None, workspace: Path | None) -> Sources:
    """Return the sources of a build.

    Args:
        results: Folder of run records; None: that of the workspace.
        workspace: As the option of that name; None: the default one.

    Raises:
        LeaderboardError: an input is broken.
        OSError: a folder cannot be read.
    """
    from benchmark.runtime.declaration import submission_roots
    from benchmark.workspace import workspace_root
    from leaderboard.descriptions import claiming, describe
    from leaderboard.lineage import lineage
    from leaderboard.records import read_records
    from leaderboard.sources import Frozen, gather
    from tasks.registry import load_tasks

    root = workspace_root(workspace)
    folder = results or root / "results"
    records = read_records(folder)
    declared = submission_roots(root)
    names = sorted({record.submission for record in records.records} | set(claiming(declared)))
    tasks = list(load_tasks())
    frozen = Frozen(
        tasks=tasks,
        descriptions=describe(names, declared, root / "backbones"),
        expected_runs=expected_runs(),
        current=current(root, names, tasks),
        lineage=list(lineage()),
        notes=list(records.notes),
    )
    return gather(records, folder, root, frozen)


def expected_runs() -> list[ExpectedRuns]:
    """Return the number of final runs of each protocol under each profile of this repository."""
    from benchmark.engine.profile import load_profile, profiles
    from leaderboard.sources import ExpectedRuns
    from tasks.protocol import load_protocol, protocol_names

    return [
        ExpectedRuns(
            protocol_sha256=protocol.digest(),
            profile_sha256=profile.digest(),
            runs=len(protocol.runs.final_seeds[: profile.max_runs]),
        )
        for protocol in map(load_protocol, protocol_names())
        for profile in map(load_profile, profiles())
    ]


def current(root: Path, names: Iterable[str], tasks: Sequence[TaskSpec]) -> Current:
    """Return the digests of what is here: protocols, profiles, tasks, image stores, backbones of those names."""
    from benchmark.engine.profile import apply_profile, load_profile, profiles
    from leaderboard.stale import Current
    from tasks.protocol import load_protocol, protocol_names

    loaded = {name: load_profile(name) for name in profiles()}
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
    from pydantic import ValidationError

    from benchmark.contract.dataset import DatasetManifest
    from leaderboard.stale import CurrentStore

    stores: dict[str, CurrentStore] = {}
    for name in names:
        try:
            manifest = DatasetManifest.model_validate_json((folder / name / "dataset.json").read_bytes())
        except (OSError, ValidationError):
            # What cannot be read is not known; `lovt-bench data verify` says what is wrong with it.
            continue
        stores[name] = CurrentStore(track=manifest.track, splits=manifest.splits, sha256=manifest.identity())
    return stores


def _backbones(folder: Path, names: Iterable[str]) -> dict[str, str]:
    from pydantic import ValidationError

    from benchmark.contract.backbone import BackboneManifest

    found: dict[str, str] = {}
    for name in names:
        try:
            content = (folder / name / "backbone.json").read_bytes()
            found[name] = BackboneManifest.model_validate_json(content).sha256
        except (OSError, ValidationError):
            continue
    return found
