"""Which rows a figure shows: all where they fit, else the best, and the references beside them; a note says so."""

from __future__ import annotations

from lovt_bench.benchmark.contract.analysis import Analysis
from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.leaderboard.show.plots.theme import LOOKS, Spec
from lovt_bench.leaderboard.statistics.aggregate import is_reference
from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.text import clean

LIMIT = 48
"""Rows that one figure shows."""


def analysis_of(table: Table) -> Analysis:
    """Return the table's analysis; a version of an older schema has none, and it is made now."""
    return table.analysis or analyse(table)


def shown_rows(table: Table, analysis: Analysis, limit: int = LIMIT) -> tuple[list[Row], list[str]]:
    """Return the rows in the table's order, and a note on those left out."""
    if len(table.rows) <= limit:
        return list(table.rows), []
    ranked = [item.row for item in analysis.rankings[0].rows] if analysis.rankings else []
    order = [*ranked, *(row.id for row in table.rows if row.id not in set(ranked))]
    references = [row.id for row in table.rows if is_reference(row.id)][: limit // 2]
    chosen = {*references, *[name for name in order if name not in references][: limit - len(references)]}
    note = f"{limit} of {len(table.rows)} rows: the best by mean rank (datasets weighted equally), and reference rows."
    return [row for row in table.rows if row.id in chosen], [note]


def row_fields(row: Row) -> Spec:
    """Return what every chart needs to know of a row."""
    name = clean(row.display_name, limit=80) or row.id
    return {"id": row.id, "name": name, "from": LOOKS[row.supervision].word}
