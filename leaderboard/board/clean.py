"""The ranking without the tasks whose images a row may have seen.

A task counts where no ranked row overlaps with its dataset. One row that overlaps with everything would leave
nothing to rank, so a row that overlaps with more than half of the datasets is left out instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import CleanRanking, Column, Row
from lovt_bench.leaderboard.board.standing import in_order, stand

MAXIMAL_SHARE = 0.5
"""Share of the table's datasets that a ranked row may overlap with."""


def clean_ranking(rows: Sequence[Row], columns: Sequence[Column]) -> CleanRanking | None:
    """Return the clean ranking of a table; None where no row overlaps, because then it is the ranking itself."""
    datasets = list(dict.fromkeys(column.dataset for column in columns))
    seen = {row.id: _overlapping(row, datasets) for row in rows}
    if not any(seen.values()):
        return None
    heavy = [row.id for row in rows if len(seen[row.id]) > MAXIMAL_SHARE * len(datasets)]
    candidates = [row for row in rows if row.id not in heavy]
    touched = {dataset for row in candidates for dataset in seen[row.id]}
    tasks = [column.task for column in columns if column.dataset not in touched]
    ranked = ranked_on(candidates, tasks)
    return ranking_of(ranked, rows, tasks, _note(rows, ranked, tasks, datasets, touched, heavy))


def frozen_ranking(rows: Sequence[Row], columns: Sequence[Column]) -> CleanRanking | None:
    """Return the ranking over tasks on a frozen backbone; None where no row is frozen-only, because none needs it."""
    frozen = [row.display_name for row in rows if row.frozen_only]
    if not frozen:
        return None
    tasks = [column.task for column in columns if column.backbone == "frozen"]
    note = f"For rows that cannot be fine-tuned: {', '.join(frozen)}."
    return ranking_of(ranked_on(rows, tasks), rows, tasks, note)


def ranked_on(rows: Sequence[Row], tasks: Sequence[str]) -> list[Row]:
    """Return the rows that are complete on these tasks, ranked on them alone, best first."""
    standing = stand([_only(row, tasks) for row in rows], tasks)
    return [row for row in in_order(standing) if row.mean_rank is not None]


def ranking_of(ranked: Sequence[Row], rows: Sequence[Row], tasks: Sequence[str], note: str) -> CleanRanking:
    """Return what is told of a ranking over some of the tasks."""
    placed = {row.id for row in ranked}
    return CleanRanking(
        tasks=list(tasks),
        rows=[row.id for row in ranked],
        mean_ranks=[row.mean_rank for row in ranked if row.mean_rank is not None],
        left_out=[row.id for row in rows if row.id not in placed],
        note=note,
    )


def _overlapping(row: Row, datasets: Sequence[str]) -> list[str]:
    marks = {item.dataset: item.mark for item in row.overlaps}
    return [dataset for dataset in datasets if marks.get(dataset) == "overlapping"]


def _only(row: Row, tasks: Sequence[str]) -> Row:
    return row.model_copy(update={"cells": [cell for cell in row.cells if cell.task in tasks]})


def _note(
    rows: Sequence[Row],
    ranked: Sequence[Row],
    tasks: Sequence[str],
    datasets: Sequence[str],
    touched: set[str],
    heavy: Sequence[str],
) -> str:
    parts = []
    if touched:
        names = ", ".join(dataset for dataset in datasets if dataset in touched)
        parts.append(f"Tasks on {names} are left out: a ranked row overlaps with them.")
    if heavy:
        parts.append(
            f"Left out because they overlap with more than half of the datasets: {', '.join(heavy)}."
        )
    if not tasks:
        parts.append("No task is left.")
    kept = {row.id for row in ranked}
    if short := [row.id for row in rows if row.id not in kept and row.id not in heavy and tasks]:
        parts.append(f"Without results on all of these tasks: {', '.join(short)}.")
    left = set(datasets) - touched
    unknown = [
        row.id for row in ranked if any(o.mark == "unknown" and o.dataset in left for o in row.overlaps)
    ]
    if unknown:
        parts.append(f"Ranked although not everything is known of their data: {', '.join(unknown)}.")
    return " ".join(parts)
