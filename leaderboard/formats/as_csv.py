"""`leaderboard.csv`: one line per cell, fractions at full precision. Missing cells have no line."""

from __future__ import annotations

import csv
import io

from benchmark.contract.leaderboard import Leaderboard
from leaderboard.text import spreadsheet

HEADER = [
    "table", "kind", "track", "splits", "protocol", "profile", "submission", "display_name", "method",
    "fraction", "task_number", "task", "metric", "status", "runs", "expected_runs", "mean", "std",
    "interval95_normal", "interval95_student", "rank", "best", "mean_rank", "best_on",
]  # fmt: skip


def as_csv(leaderboard: Leaderboard) -> str:
    """Return the long form. Texts that a spreadsheet would take for a formula begin with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for table in leaderboard.tables:
        group = [table.id, table.kind, table.track, table.splits, table.protocol, table.profile]
        for row in table.rows:
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
                ]  # fmt: skip
                writer.writerow([spreadsheet(item) if isinstance(item, str) else item for item in line])
    return stream.getvalue()
