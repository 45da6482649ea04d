"""`leaderboard.csv`: one line per cell, fractions at full precision. Missing cells have no line."""

from __future__ import annotations

import csv
import io

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.show.layout import network
from lovt_bench.leaderboard.text import spreadsheet

HEADER = [
    "table", "kind", "track", "splits", "protocol", "profile", "submission", "display_name", "method",
    "fraction", "task_number", "task", "metric", "status", "runs", "expected_runs", "mean", "std",
    "interval95_normal", "interval95_student", "rank", "best", "mean_rank", "best_on",
    "overlap", "claimed", "claimed_difference", "architecture", "architecture_class", "parameters", "evidence",
    "cost_runs", "cost_seconds", "clean_mean_rank",
]  # fmt: skip


NETWORK = ["family", "patch", "gmac", "native_side"]
"""Further columns of a board that knows a row's network; those of before had none."""


def as_csv(leaderboard: Leaderboard) -> str:
    """Return the long form. Texts that a spreadsheet would take for a formula begin with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    told = any(network(row) for table in leaderboard.tables for row in table.rows)
    writer.writerow([*HEADER, *(NETWORK if told else [])])
    for table in leaderboard.tables:
        group = [table.id, table.kind, table.track, table.splits, table.protocol, table.profile]
        clean = dict(zip(table.clean.rows, table.clean.mean_ranks, strict=True)) if table.clean else {}
        for row in table.rows:
            marks = {item.dataset: item.mark for item in row.overlaps}
            facts = network(row)
            what = [facts and getattr(facts, name) for name in NETWORK] if told else []
            who = [row.id, row.display_name, row.method, row.fraction]
            for column in table.columns:
                if (cell := row.cell(column.task)) is None:
                    continue
                spread = cell.summary and [
                    cell.summary.mean,
                    cell.summary.std,
                    cell.summary.interval95_normal,
                    cell.summary.interval95_student,
                ]
                line: list[object] = [
                    *group, *who, column.number, column.task, column.metric, cell.status,
                    cell.summary.runs if cell.summary else 0, table.expected_runs, *(spread or [None] * 4),
                    cell.rank, int(cell.best), row.mean_rank, row.best_on,
                    marks.get(column.dataset),
                    cell.claimed and cell.claimed.value, cell.claimed and cell.claimed.difference,
                    row.architecture, row.architecture_class, row.parameters, row.evidence,
                    cell.cost and cell.cost.runs, cell.cost and cell.cost.seconds, clean.get(row.id),
                    *what,
                ]  # fmt: skip
                writer.writerow([spreadsheet(item) if isinstance(item, str) else item for item in line])
    return stream.getvalue()
