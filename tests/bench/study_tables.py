"""The tables of docs/phantom.md from a version of the leaderboard that holds the phantom study.

python -m tests.bench.study_tables 1.0.0 [--out FOLDER_OF_VERSIONS]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tabulate import tabulate

from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.leaderboard.releases.version import read_version
from lovt_bench.leaderboard.statistics.hypotheses import holm

RANDOM, CEILING = "random-resnet18", "phantom-masks-1"
SEEDS = 3
"""Pre-trainings from which a method has an interval of its own."""
Floats = NDArray[np.float64]


def study_of(out: Path, version: str) -> Table:
    """Return the table of runs on the phantom by the profile `demo`.

    Raises:
        SystemExit: The version has no such table, or one without the random draw and the ceiling.
    """
    for table in read_version(out, version).tables:
        rows = {row.id for row in [*table.rows, *table.controls]}
        if table.track == "phantom" and table.profile == "demo" and {RANDOM, CEILING} <= rows:
            return table
    raise SystemExit(
        f"expected a table with {RANDOM} and {CEILING} by profile demo in version {version} of {out}, found none: "
        "run `python -m tests.bench.study`"
    )


def runs_of(row: Row) -> list[Floats]:
    """Return the test metric of each run in per cent, by task."""
    return [100 * np.array([run.value for run in cell.runs]) for cell in row.cells]


def pair(table: Table) -> str:
    """Return the random draw beside the ceiling, with Welch's p by Holm over the tasks."""
    rows = {row.id: row for row in [*table.rows, *table.controls]}
    below, above = runs_of(rows[RANDOM]), runs_of(rows[CEILING])
    p = holm(
        np.array([stats.ttest_ind(*two, equal_var=False).pvalue for two in zip(below, above, strict=True)])
    )
    lines = [
        [_task(table, task), _spread(low), _spread(high), "< 0.001" if chance < 0.001 else f"{chance:.3f}"]
        for task, (low, high, chance) in enumerate(zip(below, above, p, strict=True))
    ]
    return _markdown(lines, ["task", "random ResNet-18", "ceiling", "p"])


def checkpoints(table: Table) -> dict[str, list[Row]]:
    """Return the rows of each method by its name, controls too."""
    found: dict[str, list[Row]] = {}
    for row in [*table.controls, *table.rows]:
        found.setdefault(row.method, []).append(row)
    return found


def intervals(table: Table) -> str:
    """Return methods with three pre-trainings, and the random draw: mean and half-width of the 95 % interval.

    Over checkpoints, those of the random draw over runs, which each draw a network of their own.
    """
    columns: dict[str, list[Floats]] = {}
    for method, rows in checkpoints(table).items():
        if len(rows) >= SEEDS:
            means = np.array([[run.mean() for run in runs_of(row)] for row in rows])
            columns[method] = list(means.T)
        elif rows[0].id == RANDOM:
            columns[method] = runs_of(rows[0])
    lines = [
        [_task(table, task), *(_interval(values[task]) for values in columns.values())]
        for task in range(len(table.columns))
    ]
    return _markdown(lines, ["task", *columns])


def means(table: Table) -> str:
    """Return the mean of every method on every task, controls first, then methods by their mean rank."""
    scores = {
        method: np.array([[run.mean() for run in runs_of(row)] for row in rows]).mean(0)
        for method, rows in checkpoints(table).items()
    }
    controls = {row.method for row in table.controls}
    ranked = [method for method in scores if method not in controls]
    ranks = stats.rankdata([-scores[method] for method in ranked], axis=0).mean(1)
    order = sorted(controls) + [method for _, method in sorted(zip(ranks, ranked, strict=True))]
    of_method = dict(zip(ranked, ranks, strict=True))
    lines = [
        [
            method,
            len(checkpoints(table)[method]),
            f"{of_method[method]:.1f}" if method in of_method else "",
            *(f"{value:.1f}" for value in scores[method]),
        ]
        for method in order
    ]
    return _markdown(
        lines, ["", "checkpoints", "mean rank", *(str(column.number) for column in table.columns)]
    )


def _task(table: Table, task: int) -> str:
    return f"{table.columns[task].number} {table.columns[task].title}"


def _spread(values: Floats) -> str:
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"


def _interval(values: Floats) -> str:
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.1f} ± {half:.1f}"


def _markdown(lines: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    right = ["left", *["right"] * (len(headers) - 1)]
    return tabulate(lines, headers, tablefmt="pipe", colalign=right, disable_numparse=True)


def _tables(table: Table) -> Iterator[str]:
    yield from (pair(table), means(table), intervals(table))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("version", help="dev, or a release")
    parser.add_argument("--out", type=Path, default=Path("leaderboard/versions"))
    asked = parser.parse_args()
    sys.stdout.write("\n\n".join(_tables(study_of(asked.out, asked.version))) + "\n")


if __name__ == "__main__":
    main()
