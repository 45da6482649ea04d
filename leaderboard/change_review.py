"""What a change does to the board: built without it and with it, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.display_name import alike
from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Row, Table
from lovt_bench.leaderboard.board.contradictions import Contradiction
from lovt_bench.leaderboard.releases.changes import compare
from lovt_bench.leaderboard.releases.sources import Sources
from lovt_bench.leaderboard.workspace_sources import workspace_sources


@dataclass(frozen=True)
class Standing:
    """Where a row stands in one table."""

    table: Table
    """After the change."""
    row: Row
    before: Row | None
    """None where the row is new there."""
    place: tuple[int, int] | None
    """From 1, and how many rows have one; None where the row is not complete."""
    place_before: tuple[int, int] | None


@dataclass(frozen=True)
class BoardReview:
    """A board without a change and with it."""

    standings: tuple[Standing, ...]
    others: tuple[str, ...]
    """How mean ranks of other rows move, in sentences."""
    contradictions: tuple[Contradiction, ...]
    """That the change brings, of any row."""
    notes: tuple[str, ...]
    """That the change brings: what was left out, what looks odd."""
    alike: tuple[str, ...]
    """Names of rows that read like that of the submission."""


def review_boards(name: str, before: Path, after: Path) -> BoardReview:
    """Build both boards and compare them.

    Args:
        name: The submission.
        before: A workspace whose `results/` and `submissions/` are as they are without the change.
        after: The same with it.

    Raises:
        LeaderboardError: A published table or `withdrawn.yaml` is broken.
    """
    first, second = (_sources(folder) for folder in (before, after))
    old, new = (sources.board("dev") for sources in (first, second))
    known = {item.sentence for item in first.frozen.contradictions}
    noted = set(_notes(old))
    ranks = [change for change in compare(old, new).ranks if change.row != name]
    return BoardReview(
        standings=tuple(_standings(name, old, new)),
        others=tuple(
            f"{change.row} in {change.table}: mean rank {_number(change.old)} → {_number(change.new)}"
            for change in ranks
        ),
        contradictions=tuple(item for item in second.frozen.contradictions if item.sentence not in known),
        notes=tuple(text for text in _notes(new) if text not in noted),
        alike=tuple(_alike(name, new)),
    )


def _sources(workspace: Path) -> Sources:
    return workspace_sources(workspace, workspace / "results", [workspace / "submissions"])


def _standings(name: str, old: Leaderboard, new: Leaderboard) -> Sequence[Standing]:
    tables = {table.id: table for table in old.tables}
    found = []
    for table in new.tables:
        was = tables.get(table.id)
        for row in table.rows:
            if row.id == name and table.kind != "published":
                before = next((one for one in was.rows if one.id == name), None) if was else None
                found.append(
                    Standing(
                        table,
                        row,
                        before,
                        _place(row, table),
                        _place(before, was) if before and was else None,
                    )
                )
    return found


def _place(row: Row, table: Table) -> tuple[int, int] | None:
    ranked = [one.mean_rank for one in table.rows if one.mean_rank is not None]
    if row.mean_rank is None:
        return None
    return 1 + sum(rank < row.mean_rank for rank in ranked), len(ranked)


def _notes(board: Leaderboard) -> Sequence[str]:
    return [*board.notes, *(note for table in board.tables for note in table.notes)]


def _alike(name: str, board: Leaderboard) -> Sequence[str]:
    rows = [row for table in board.tables for row in table.rows]
    own = {name, *(row.display_name for row in rows if row.id == name)}
    return sorted(
        {
            f"{row.display_name} ({row.id})"
            for row in rows
            if row.id != name
            and any(alike(text, other) for text in own for other in (row.id, row.display_name))
        }
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
