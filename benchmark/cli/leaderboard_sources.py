"""What a build reads from repository and workspace, gathered for `build`, `release` and `verify dev`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from benchmark.cli.record_findings import contradictions_here, run_plans

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.contract.task import TaskSpec
    from leaderboard.board.declared import Complain
    from leaderboard.board.stale import Current, CurrentStore
    from leaderboard.releases.sources import ExpectedRuns, Sources


def gather_sources(results: Path | None, workspace: Path | None) -> Sources:
    """Return the sources of a build.

    Args:
        results: Folder of run records; None: that of the workspace.
        workspace: As the option of that name; None: the default one.

    What strangers wrote and is not valid is left out with a note.

    Raises:
        LeaderboardError: a published table or `withdrawn.yaml` is broken, or the keeper's name is none.
        OSError: a folder cannot be read.
    """
    from benchmark.runtime.declaration import submission_roots
    from benchmark.workspace import workspace_root
    from leaderboard.board.descriptions import claiming, describe
    from leaderboard.board.lineage import lineage
    from leaderboard.board.notices import read_notices, withdraw, withdrawn_rows, without_effect
    from leaderboard.board.records import read_records
    from leaderboard.releases.sources import Frozen, gather
    from tasks.registry import load_tasks

    root = workspace_root(workspace)
    folder = results or root / "results"
    every, notices = read_records(folder), read_notices()
    records = withdraw(every, notices)
    declared, backbones = submission_roots(root), root / "backbones"
    notes = list(records.notes)
    complain = _noting(notes, [*declared, backbones])
    known = sorted({record.submission for record in every.records} | set(claiming(declared, complain)))
    notes += without_effect(notices, every, known)
    gone = withdrawn_rows(notices)
    names = [name for name in known if name not in gone]
    tasks = list(load_tasks())
    descriptions = describe(names, declared, backbones, complain)
    frozen = Frozen(
        tasks=tasks,
        descriptions=descriptions,
        expected_runs=expected_runs(),
        current=current(root, names, tasks),
        lineage=list(lineage()),
        contradictions=contradictions_here(records, descriptions, declared),
        keeper=board_keeper(),
        notices=notices,
        notes=list(dict.fromkeys(notes)),
    )
    return gather(records, folder, root, frozen)


def board_keeper() -> str | None:
    """Return who keeps the board. Raises LeaderboardError for what is no name."""
    from benchmark.keeper import keeper
    from leaderboard.errors import LeaderboardError

    try:
        return keeper()
    except ValueError as error:
        raise LeaderboardError(str(error)) from error


def _noting(notes: list[str], folders: Sequence[Path]) -> Complain:
    """Return what takes errors down, in one line each and without the paths of this machine."""
    from leaderboard.text import clean

    def note(error: Exception) -> None:
        text = str(error)
        for folder in folders:
            text = text.replace(f"{folder}/", f"{folder.name}/")
        text = ": ".join(text.split("\n  ", 1)).replace("\n  ", "; ").replace("\n", ". ")
        notes.append(f"{clean(text, 400).rstrip('.')}. It is left out.")

    return note


def expected_runs() -> list[ExpectedRuns]:
    """Return the number of final runs of each protocol under each profile of this repository."""
    from leaderboard.releases.sources import ExpectedRuns

    return [
        ExpectedRuns(
            protocol_sha256=plan.protocol_sha256,
            profile_sha256=plan.profile_sha256,
            runs=len(plan.final_seeds),
        )
        for plan in run_plans()
    ]


def current(root: Path, names: Iterable[str], tasks: Sequence[TaskSpec]) -> Current:
    """Return the digests of what is here: protocols, profiles, tasks, image stores, backbones of those names."""
    from benchmark.engine.profile import apply_profile, load_profile, profiles
    from leaderboard.board.stale import Current
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
    from benchmark.contract.dataset import DatasetManifest
    from leaderboard.board.declared import read_model
    from leaderboard.board.stale import CurrentStore

    stores: dict[str, CurrentStore] = {}
    for name in names:
        # What cannot be read is not known; `lovt-bench data verify` says what is wrong with it.
        manifest = read_model(folder / name / "dataset.json", DatasetManifest, lambda error: None)
        if manifest is None:
            continue
        stores[name] = CurrentStore(track=manifest.track, splits=manifest.splits, sha256=manifest.identity())
    return stores


def _backbones(folder: Path, names: Iterable[str]) -> dict[str, str]:
    from benchmark.contract.backbone import BackboneManifest
    from leaderboard.board.declared import read_model

    paths = {name: folder / name / "backbone.json" for name in names}
    found = {name: read_model(path, BackboneManifest, lambda error: None) for name, path in paths.items()}
    return {name: manifest.sha256 for name, manifest in found.items() if manifest}
