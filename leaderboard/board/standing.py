"""Ranks and counts of one table, from its cells alone; the same for measured and for published rows.

What cells mean (docs/leaderboard.md): a complete cell counts with its mean; a diverged one counts as worse
than every number; a partial or missing one does not count, and takes its row out of the mean ranks.
"""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import Cell, MethodCount, Row
from lovt_bench.leaderboard.statistics import DIVERGED, best, count_best, mean, ranks, second


def score(cell: Cell | None) -> float | None:
    """Return what the cell counts with: its mean, `DIVERGED`, or None where nothing is measured yet."""
    if cell is None or cell.status == "partial":
        return None
    return cell.summary.mean if cell.status == "complete" and cell.summary else DIVERGED


def stand(rows: Sequence[Row], tasks: Sequence[str]) -> list[Row]:
    """Return the rows in the same order with ranks, mean rank, completeness and counts filled in."""
    scores = [[score(row.cell(task)) for task in tasks] for row in rows]
    complete = [bool(tasks) and None not in line for line in scores]
    by_task = list(zip(*scores, strict=True)) or [() for _ in tasks]
    best_flags = [best(column) for column in by_task]
    second_flags = [second(column) for column in by_task]
    rank_of = [_ranks_of_complete(column, complete) for column in by_task]
    standing: list[Row] = []
    for index, row in enumerate(rows):
        placed = {
            task: {
                "rank": rank_of[column][index],
                "best": best_flags[column][index],
                "second": second_flags[column][index],
            }
            for column, task in enumerate(tasks)
        }
        cells = [cell.model_copy(update=placed[cell.task]) for cell in row.cells]
        own = [cell.rank for cell in cells if cell.rank is not None]
        standing.append(
            row.model_copy(
                update={
                    "cells": cells,
                    "complete": complete[index],
                    "mean_rank": mean(own) if complete[index] else None,
                    "best_on": sum(cell.best for cell in cells),
                }
            )
        )
    return standing


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return the rows ranked: by mean rank, incomplete rows after them by tasks won, then by name."""
    return sorted(
        rows,
        key=lambda row: (row.mean_rank is None, row.mean_rank or 0.0, -row.best_on, -len(row.cells), row.id),
    )


def count_methods(rows: Sequence[Row], tasks: Sequence[str]) -> list[MethodCount]:
    """Return for each method on how many tasks any of its rows is best, most first, then by name."""
    by_method: dict[str, list[Row]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row)
    counts = []
    for method, members in by_method.items():
        flags = [[bool((cell := row.cell(task)) and cell.best) for task in tasks] for row in members]
        counts.append(
            MethodCount(
                method=method, rows=[row.id for row in members], best_on=count_best(flags) if tasks else 0
            )
        )
    return sorted(counts, key=lambda count: (-count.best_on, count.method))


def best_without(rows: Sequence[Row], tasks: Sequence[str], method: str, without: Sequence[str]) -> int:
    """Return on how many tasks any row of `method` is best when the rows of other methods are left out."""
    remaining = stand([row for row in rows if row.method not in without], tasks)
    return next((count.best_on for count in count_methods(remaining, tasks) if count.method == method), 0)


def _ranks_of_complete(column: Sequence[float | None], complete: Sequence[bool]) -> list[float | None]:
    """Return ranks among the complete rows, None for the others."""
    ranked = iter(
        ranks([value for value, whole in zip(column, complete, strict=True) if whole and value is not None])
    )
    return [next(ranked) if whole else None for whole in complete]
