"""Freezing a version: its records are appended first, then its folder appears whole, then the list names it.

A release that is killed leaves records that the next one uses, or a folder that the next build lists; never a half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.release import Bump, Changes, Release
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.as_changes import as_changes
from lovt_bench.leaderboard.releases.canaries import Judgement, judge, refuse
from lovt_bench.leaderboard.releases.changes import STEPS, compare
from lovt_bench.leaderboard.releases.committed import append, records_folder
from lovt_bench.leaderboard.releases.folder import named_records
from lovt_bench.leaderboard.releases.predictions import append_predictions
from lovt_bench.leaderboard.releases.sources import Sources
from lovt_bench.leaderboard.releases.version import (
    DEVELOPMENT,
    locked,
    number,
    put,
    read_files,
    read_version,
    releases,
    sums_sha256,
    version_files,
)
from lovt_bench.leaderboard.releases.version_index import CHANGES, check_releases, write_index
from lovt_bench.leaderboard.show.rendering import render

FIRST = "1.0.0"

PAGE_OF_CHANGES = "CHANGES.md"


@dataclass(frozen=True)
class Released:
    """What `release` did."""

    folder: Path
    changes: Changes
    bump: Bump
    judgements: list[Judgement]
    """What controls told; none was where it cannot be."""


def release(
    out: Path,
    sources: Sources,
    *,
    date: str,
    note: str = "",
    bump: Bump | None = None,
    predictions: bool = True,
) -> Released:
    """Freeze what the sources give as the next version.

    Args:
        out: Folder of versions.
        sources: What the version is built from.
        date: UTC, `2026-05-01`.
        note: What the releaser says about it.
        bump: The step; None takes the least that the changes ask for.
        predictions: Whether boxes and counts are committed beside the records.

    Raises:
        LeaderboardError: A release was touched, `dev` shows something else than the sources give, nothing changed,
            the step is too small, or a control lands where it cannot (`canaries`).
    """
    committed = records_folder(out)
    if committed.resolve() == sources.results.resolve():
        raise LeaderboardError(
            f"{committed} is where run records are read, and a release commits them there; choose another --out"
        )
    with locked(out):
        check_releases(out)
        draft = sources.board(DEVELOPMENT)
        _check_seen(out, draft)
        judgements = judge(draft)
        refuse(judgements)
        last = next(iter(releases(out)), None)
        old = read_version(out, last) if last else None
        changes = compare(old, draft)
        least = changes.bump or _presentation(out, draft, sources, last)
        step = bump or least
        if last and STEPS.index(step) < STEPS.index(least):
            raise LeaderboardError(
                f"a {step} release is too small: the changes since {last} ask for {least}. "
                f"{' '.join(changes.reasons[:5])}"
            )
        board = draft.model_copy(update={"version": _next(last, step)})
        info = Release(
            date=date,
            bump=step,
            previous=last,
            previous_sums_sha256=sums_sha256(out, last) if last else None,
            note=note,
        )
        known = named_records(out).predictions
        kept = append_predictions(sources.records, sources.results, committed, known, more=predictions)
        append(sources.records, sources.results, committed)
        sources = replace(sources, predictions=kept)
        folder = put(board.version, out, release_files(board, sources, info, old))
        write_index(out)
    return Released(folder, compare(old, board), step, judgements)


def build_development(out: Path, sources: Sources) -> tuple[Leaderboard, Path]:
    """Write the version `dev` and return it with its folder.

    Raises:
        LeaderboardError: A release beside it was touched, or the folder holds files that no build wrote.
    """
    board = sources.board(DEVELOPMENT)
    with locked(out):
        check_releases(out)
        folder = put(DEVELOPMENT, out, version_files(board, sources.examples))
        write_index(out)
    return board, folder


def release_files(
    board: Leaderboard, sources: Sources, info: Release, old: Leaderboard | None
) -> dict[str, bytes]:
    """Return every file of a release but its sums: a function of its inputs and the release before it."""
    changes = compare(old, board).model_copy(update={"note": info.note})
    return {
        **version_files(board, sources.examples, info),
        **sources.input_files(),
        CHANGES: changes.to_json().encode(),
        PAGE_OF_CHANGES: as_changes(changes).encode(),
    }


def _check_seen(out: Path, draft: Leaderboard) -> None:
    """Refuse to release what nobody has looked at."""
    if (out / DEVELOPMENT).exists() and read_version(out).to_json() != draft.to_json():
        raise LeaderboardError(
            f"{out / DEVELOPMENT} is not what the records give now: run `lovt-bench leaderboard build`, look at "
            f"it, then release"
        )


def _presentation(out: Path, draft: Leaderboard, sources: Sources, last: str | None) -> Bump:
    """Return `patch` if the same content is shown otherwise than in the last release. Raises LeaderboardError."""
    assert last is not None, "from nothing to a first release everything changes"
    again = render(draft.model_copy(update={"version": last}), sources.examples)
    there = read_files(out / last)
    if all(there.get(name) == content for name, content in again.items()):
        raise LeaderboardError(f"nothing changed since {last}: there is nothing to release")
    return "patch"


def _next(last: str | None, step: Bump) -> str:
    if last is None:
        return FIRST
    major, minor, patch = number(last) or (0, 0, 0)
    if step == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if step == "minor" else f"{major}.{minor}.{patch + 1}"
