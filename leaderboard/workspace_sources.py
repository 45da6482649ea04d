"""What a build reads from repository and workspace, and the digests of what is here now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lovt_bench.benchmark.contract.backbone import MANIFEST, BackboneManifest
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts
from lovt_bench.benchmark.contract.manifest_files import read_dataset_manifest
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.keeper import keeper
from lovt_bench.benchmark.submission.declare import kind_of
from lovt_bench.benchmark.submission.read import FILE
from lovt_bench.leaderboard.board.contradictions import Contradiction, Origin, contradictions
from lovt_bench.leaderboard.board.declared import Complain, read_model, read_submission
from lovt_bench.leaderboard.board.descriptions import Description, claiming, describe
from lovt_bench.leaderboard.board.embeddings import read_facts
from lovt_bench.leaderboard.board.lineage import lineage
from lovt_bench.leaderboard.board.notices import read_notices, withdraw, withdrawn_rows, without_effect
from lovt_bench.leaderboard.board.records import RecordSet, read_records
from lovt_bench.leaderboard.board.stale import Current, CurrentStore
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import as_committed
from lovt_bench.leaderboard.releases.sources import Frozen, Sources, gather
from lovt_bench.leaderboard.run_plans import expected_runs, run_plans
from lovt_bench.leaderboard.text import clean
from lovt_bench.tasks.profile import apply_profile, load_profile, profile_names
from lovt_bench.tasks.protocol import load_protocol, protocol_names
from lovt_bench.tasks.registry import load_tasks
from lovt_bench.tasks.suite import load_suites


def workspace_sources(root: Path, results: Path, declared: Sequence[Path]) -> Sources:
    """Return the sources of a build. What strangers wrote and is not valid is left out with a note.

    Args:
        root: The workspace.
        results: Folder of run records.
        declared: Folders of submissions, the first that has a name counts.

    Raises:
        LeaderboardError: A published table or `withdrawn.yaml` is broken, or the keeper's name is none.
        OSError: A folder cannot be read.
    """
    every, notices = read_records(results), read_notices()
    records = withdraw(every, notices)
    backbones = root / "backbones"
    notes = list(records.notes)
    complain = _noting(notes, [*declared, backbones])
    known = sorted({record.submission for record in every.records} | set(claiming(declared, complain)))
    notes += without_effect(notices, every, known)
    gone = withdrawn_rows(notices)
    names = [name for name in known if name not in gone]
    tasks = list(load_tasks(workspace=root))
    descriptions = describe(names, declared, backbones, complain, tasks)
    frozen = Frozen(
        tasks=tasks,
        suites=list(load_suites(workspace=root)),
        descriptions=descriptions,
        expected_runs=expected_runs(),
        current=current(root, names, tasks),
        lineage=list(lineage()),
        contradictions=contradictions_here(records, descriptions, declared, root),
        keeper=board_keeper(),
        notices=notices,
        embeddings=_embeddings(results, records, _noting(notes, [results])),
        notes=list(dict.fromkeys(notes)),
    )
    return gather(as_committed(records), results, root, frozen)


def board_keeper() -> str | None:
    """Return who keeps the board. Raises LeaderboardError for what is no name."""
    try:
        return keeper()
    except ValueError as error:
        raise LeaderboardError(str(error)) from error


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


def contradictions_here(
    records: RecordSet, descriptions: Mapping[str, Description], declared: Sequence[Path], root: Path
) -> list[Contradiction]:
    """Return what contradicts itself in the records of a workspace.

    Args:
        records: All of them.
        descriptions: Descriptions of the submissions, to say where their weights come from.
        declared: Folders of submissions, the first that has a name counts.
        root: The workspace.
    """
    origins = {name: _origin(name, item, declared) for name, item in descriptions.items()}
    return contradictions(records, run_plans(root), origins, datetime.now(UTC))


def _embeddings(results: Path, records: RecordSet, complain: Complain) -> dict[str, list[EmbeddingFacts]]:
    """Return what analyses found in the embeddings of the backbones that have records."""
    found: dict[str, list[EmbeddingFacts]] = {}
    for track, name in sorted({(record.track, record.submission) for record in records.records}):
        if facts := read_facts(results, track, name, complain):
            found.setdefault(name, []).extend(facts)
    return found


def _stores(folder: Path, names: Iterable[str]) -> dict[str, CurrentStore]:
    stores: dict[str, CurrentStore] = {}
    for name in names:
        # What cannot be read is not known; `lovt-bench data verify` says what is wrong with it.
        try:
            manifest = read_dataset_manifest(folder / name)
        except (OSError, ModelFileError):
            continue
        stores[name] = CurrentStore(track=manifest.track, splits=manifest.splits, sha256=manifest.identity())
    return stores


def _backbones(folder: Path, names: Iterable[str]) -> dict[str, str]:
    paths = {name: folder / name / MANIFEST for name in names}
    found = {name: read_model(path, BackboneManifest, lambda error: None) for name, path in paths.items()}
    return {name: manifest.sha256 for name, manifest in found.items() if manifest}


def _origin(name: str, description: Description, declared: Sequence[Path]) -> Origin:
    folder = next((path / name for path in declared if (path / name / FILE).is_file()), None)
    own = read_submission([folder.parent], name, lambda error: None) if folder else None
    facts = description.backbone
    named = [own.normalisation] if own and (own.weights or facts is None) else []
    named += [facts.normalisation] if facts else []
    return Origin(
        known=facts is not None or bool(own and folder and kind_of(own, folder) != "claims"),
        declared=own.weights.backbone_sha256 if own and own.weights else None,
        here=facts.sha256 if facts else None,
        normalisations=frozenset(None if one is None else one.digest() for one in named) or None,
    )


def _noting(notes: list[str], folders: Sequence[Path]) -> Complain:
    """Return what takes errors down, in one line each and without the paths of this machine."""

    def note(error: Exception) -> None:
        text = str(error)
        for folder in folders:
            text = text.replace(f"{folder}/", f"{folder.name}/")
        text = ": ".join(text.split("\n  ", 1)).replace("\n  ", "; ").replace("\n", ". ")
        notes.append(f"{clean(text, 400).rstrip('.')}. It is left out.")

    return note
