"""Independence of runs: n runs count n times only if none repeats another.

Training is deterministic given its seed, and a mean over a test set is practically never equal twice by chance. Equal
values or equal seeds are therefore one run shown again: 19 of 46 published rows with known runs are of that kind
(evaluation.md section 2.2). The exception is a metric at its floor or ceiling, where independent runs can tie: a flag
asks for a look, it is no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.analysis import RunAudit
from lovt_bench.benchmark.contract.leaderboard import Table


def distinct(runs: Sequence[tuple[float, int | None]]) -> tuple[float, ...]:
    """Return the values of the runs that repeat neither value nor seed of a run kept before them.

    Args:
        runs: Value and seed of each run, seed None where it is not known.
    """
    return tuple(runs[place][0] for place in distinct_places(runs))


def distinct_places(runs: Sequence[tuple[float, int | None]]) -> list[int]:
    """Return the places of the runs that `distinct` keeps."""
    kept: list[int] = []
    values: set[float] = set()
    seeds: set[int] = set()
    for place, (value, seed) in enumerate(runs):
        if value in values or seed in seeds:
            continue
        kept.append(place)
        values.add(value)
        if seed is not None:
            seeds.add(seed)
    return kept


def audit_runs(
    row: str, task: str, values: Sequence[float], seeds: Sequence[int | None] | None = None
) -> RunAudit | None:
    """Return the flag of one cell; None where no value and no seed is repeated.

    Args:
        row: The row, for the flag.
        task: The task, for the flag.
        values: Test metric of each run that ended well.
        seeds: Seed of each of them; None where seeds are not known.
    """
    known = [seed for seed in seeds or [] if seed is not None]
    repeated_values = len(values) - len(set(values))
    repeated_seeds = len(known) - len(set(known))
    if not repeated_values and not repeated_seeds:
        return None
    kept = distinct(list(zip(values, seeds or [None] * len(values), strict=True)))
    return RunAudit(
        row=row,
        task=task,
        runs=len(values),
        effective_runs=len(kept),
        repeated_values=repeated_values,
        repeated_seeds=repeated_seeds,
    )


def audit(table: Table) -> list[RunAudit]:
    """Return the flagged cells of a table in its order. Cells without runs (published ones) cannot be judged."""
    found = []
    for row in table.rows:
        for cell in row.cells:
            runs = [(run.value, run.seed) for run in cell.runs if run.value is not None]
            if len(runs) > 1:
                values, seeds = zip(*runs, strict=True)
                found.append(audit_runs(row.id, cell.task, values, seeds))
    return [item for item in found if item is not None]
