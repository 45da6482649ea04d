"""Which runs stand behind the cells of named rows: those that the board shows, of one table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.suite import Suite
from lovt_bench.leaderboard.board.run_table import full_id, told_apart
from lovt_bench.leaderboard.board.selection import Group, GroupKey, RunSet, select
from lovt_bench.leaderboard.errors import LeaderboardError


@dataclass(frozen=True)
class RowRuns:
    """The runs of rows that stand in one table."""

    key: GroupKey
    sets: Mapping[tuple[str, str], RunSet]
    """By (row, task)."""
    notes: tuple[str, ...]
    """Which runs of these rows the table leaves out."""

    def of(self, row: str) -> dict[str, tuple[RunRecord, ...]]:
        """Return the runs of a row by task."""
        return {task: item.runs for (name, task), item in self.sets.items() if name == row}


def row_runs(
    records: Iterable[RunRecord],
    rows: Sequence[str],
    tasks: Mapping[str, str],
    expected_runs: Mapping[tuple[str, str], int],
    suites: Sequence[Suite] = (),
    wanted: str = "",
    apart: Collection[str] = (),
) -> RowRuns:
    """Return the runs of rows in the one table that has them all.

    Args:
        records: All run records: which edition of a task a table shows depends on all rows.
        rows: Their names.
        tasks: As `select` takes it, also the next two.
        expected_runs: By digests of protocol and profile.
        suites: The board's own first. Tables of one protocol, profile, track and splits count as one.
        wanted: Only tables whose id contains it; one whose id it is stands for itself alone.
        apart: Names of controls, as `select` takes them.

    Raises:
        LeaderboardError: No table has all of them, or several have.
    """
    groups, _ = select(records, tasks, expected_runs, suites, apart)
    ids = [
        full_id(group, ambiguous=ambiguous)
        for group, ambiguous in zip(groups, told_apart(groups), strict=True)
    ]
    by_key: dict[GroupKey, list[tuple[str, Group]]] = {}
    for name, group in zip(ids, groups, strict=True):
        if name == wanted or (wanted in name and wanted not in ids):
            by_key.setdefault(group.key, []).append((name, group))
    fit = {key: found for key, found in by_key.items() if all(_holds(found, row) for row in rows)}
    if len(fit) == 1:
        (found,) = fit.values()
        return _merged([group for _, group in found], rows)
    who = " and ".join(rows)
    if fit:
        shown = ", ".join(sorted(found[0][0] for found in fit.values()))
        raise LeaderboardError(
            f"{who} {'stands' if len(rows) == 1 else 'stand'} in {len(fit)} tables ({shown}); name one with --table"
        )
    where = {
        row: [name for name, group in zip(ids, groups, strict=True) if _holds([(name, group)], row)]
        for row in rows
    }
    there = "; ".join(f"{row}: {', '.join(found) or 'none'}" for row, found in where.items())
    raise LeaderboardError(
        f"no table{f' whose id contains {wanted!r}' if wanted else ''} has {who} ({there})"
    )


def _holds(found: Sequence[tuple[str, Group]], row: str) -> bool:
    return any(name == row for _, group in found for name, _ in group.sets)


def _merged(groups: Sequence[Group], rows: Sequence[str]) -> RowRuns:
    """Return what the first table shows, and what further ones show beyond it."""
    sets: dict[tuple[str, str], RunSet] = {}
    for group in groups:
        for place, item in group.sets.items():
            if item.submission in rows:
                sets.setdefault(place, item)
    notes = [note for group in groups for note in group.notes if note.split(",")[0] in rows]
    return RowRuns(groups[0].key, sets, tuple(dict.fromkeys(notes)))
