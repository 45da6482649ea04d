"""What contradicts itself in the run records of a workspace, for the board and for `submission check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.backbone.findings import Finding
    from leaderboard.board.contradictions import Contradiction, Origin
    from leaderboard.board.descriptions import Description
    from leaderboard.board.records import RecordSet
    from leaderboard.board.run_rules import RunPlan


def record_findings(name: str, workspace: Path, declared: Sequence[Path]) -> Iterator[Finding]:
    """Yield what is wrong with the run records of a submission, or that nothing is; nothing where it has none.

    Args:
        name: Of the submission.
        workspace: Its results are read whole: equal records may lie under another name.
        declared: Folders of submissions, the first that has a name counts.
    """
    from benchmark.backbone.findings import Finding
    from leaderboard.board.descriptions import describe
    from leaderboard.board.records import read_records

    records = read_records(workspace / "results")
    described = describe([name], declared, workspace / "backbones", lambda error: None)
    found = [item for item in contradictions_here(records, described, declared) if item.submission == name]
    own = [record for record in records.records if record.submission == name]
    for item in found:
        remedy = "remove these records; `lovt-bench evaluate` repeats what is missing"
        yield Finding("error", "run records", f"{item.track}: {item.about_task}", remedy)
    if own and not found:
        yield Finding("ok", "run records", f"{len(own)} of them, without a contradiction")


def contradictions_here(
    records: RecordSet, descriptions: Mapping[str, Description], declared: Sequence[Path]
) -> list[Contradiction]:
    """Return what contradicts itself in the records of a workspace.

    Args:
        records: All of them.
        descriptions: Of the submissions to say where their weights come from.
        declared: Folders of submissions, the first that has a name counts.
    """
    from datetime import UTC, datetime

    from leaderboard.board.contradictions import contradictions

    origins = {name: _origin(name, item, declared) for name, item in descriptions.items()}
    return contradictions(records, run_plans(), origins, datetime.now(UTC))


def _origin(name: str, description: Description, declared: Sequence[Path]) -> Origin:
    from benchmark.runtime.declaration import kind_of
    from leaderboard.board.contradictions import Origin
    from leaderboard.board.declared import read_submission

    folder = next((path / name for path in declared if (path / name / "submission.yaml").is_file()), None)
    own = read_submission([folder.parent], name, lambda error: None) if folder else None
    facts = description.backbone
    return Origin(
        known=facts is not None or bool(own and folder and kind_of(own, folder) != "claims"),
        declared=own.weights.backbone_sha256 if own and own.weights else None,
        here=facts.sha256 if facts else None,
    )


def run_plans() -> list[RunPlan]:
    """Return the runs that each protocol of this repository asks for under each profile."""
    from benchmark.engine.profile import apply_profile, load_profile, profiles
    from leaderboard.board.run_rules import RunPlan
    from tasks.protocol import load_protocol, protocol_names
    from tasks.registry import load_tasks

    return [
        RunPlan(
            protocol=protocol.name,
            protocol_sha256=protocol.digest(),
            profile=profile.name,
            profile_sha256=profile.digest(),
            tune_seed=protocol.runs.tune_seed,
            final_seeds=protocol.runs.final_seeds[: profile.max_runs],
            tasks={spec.id: apply_profile(spec, profile) for spec in load_tasks()},
        )
        for protocol in map(load_protocol, protocol_names())
        for profile in map(load_profile, profiles())
    ]
