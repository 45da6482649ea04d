"""What every view of the page needs, small: tables, columns, rows and the cells' numbers.

Runs, costs, curves and provenance are in `leaderboard.show.page.details`, loaded when a view shows them. The keys are
those that `assets/board.js` reads.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lovt_bench.benchmark.contract.analysis import Analysis
from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Leaderboard, Row, Table
from lovt_bench.leaderboard.show.layout import (
    INTERVALS,
    UNFINISHED,
    dataset_label,
    finished_apart,
    head_label,
    making_signs,
)
from lovt_bench.leaderboard.show.page.fields import by_name
from lovt_bench.leaderboard.show.page.links import web_address
from lovt_bench.leaderboard.show.page.numbers import score, short, spread
from lovt_bench.leaderboard.show.page.parts import VIEWS, legend_of
from lovt_bench.leaderboard.show.plots.choice import LIMIT
from lovt_bench.leaderboard.show.plots.cost import costs_of, family_word
from lovt_bench.leaderboard.show.plots.critical_difference import (
    critical_difference_chart,
    critical_difference_label,
)
from lovt_bench.leaderboard.show.plots.ranks import tied
from lovt_bench.leaderboard.show.plots.theme import LOOKS
from lovt_bench.leaderboard.text import clean


def core(leaderboard: Leaderboard) -> dict[str, Any]:
    """Return the board as JSON-like data."""
    return {
        "version": leaderboard.version,
        "updated": leaderboard.updated,
        "keeper": leaderboard.keeper,
        "learnedFrom": {kind: {"short": look.word, "full": look.full} for kind, look in LOOKS.items()},
        "drawn": LIMIT,
        "unfinished": UNFINISHED,
        "signs": {sign: text for table in leaderboard.tables for sign, text in legend_of(table)},
        "views": {name: asdict(view) for name, view in VIEWS.items()},
        "tables": [_table(table) for table in leaderboard.tables],
    }


SHORT = {
    "measured": "Measured",
    "published": "Published",
    "claimed": "Claimed",
    "phantom": "Phantom",
    "own": "Own data",
}
"""How tabs call the parts of the page."""


def section(table: Table) -> str:
    """Return the part of the page that a table belongs to; tables of two parts never stand together."""
    if table.track != "public":
        return table.track
    return {"runs": "measured", "published": "published", "claimed": "claimed"}[table.kind]


def short_title(table: Table) -> str:
    """Return the name of a table's tab."""
    name = SHORT[section(table)]
    if table.kind == "claimed" and table.track == "phantom":
        name = "Phantom, claimed"
    if table.kind == "published":
        return name
    splits = "" if table.splits == "official" or table.track == "phantom" else f", {table.splits} splits"
    suite = f" · {table.suite}" if table.suite else ""
    return f"{name} · {clean(table.profile, 24)}{splits}{suite}"


def _table(table: Table) -> dict[str, Any]:
    source = table.source
    begun = {row.id for part in finished_apart(table)[1:] for row in part.rows}
    return {
        "id": table.id,
        "kind": table.kind,
        "section": section(table),
        "short": short_title(table),
        "title": table.title,
        "protocol": table.protocol,
        "profile": table.profile,
        "track": table.track,
        "splits": table.splits,
        "interval": table.interval,
        "intervalName": INTERVALS[table.interval],
        "runs": table.expected_runs,
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(row, table) | ({"unfinished": True} if row.id in begun else {}) for row in table.rows],
        "analysis": None if table.analysis is None else _analysis(table, table.analysis),
        "source": None if source is None else {"citation": source.citation, "url": web_address(source.url)},
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "task": column.task,
        "number": column.number,
        "title": column.title,
        "dataset": dataset_label(column.dataset),
        "datasetId": column.dataset,
        "head": head_label(column.head),
        "backbone": column.backbone,
        "fraction": column.train_fraction,
        "metric": column.metric_label,
        "images": column.train_images,
    }


def _row(row: Row, table: Table) -> dict[str, Any]:
    marks = {overlap.dataset: overlap.mark for overlap in row.overlaps}
    fields: dict[str, Any] = {
        "id": row.id,
        "name": row.display_name,
        "method": row.method,
        "fraction": row.fraction,
        "supervision": row.supervision,
        "class": row.architecture_class,
        "family": family_word(row),
        "evidence": row.evidence,
        "marks": marks or None,
        "stale": len(row.stale) or None,
        "contradictions": len(row.contradictions) or None,
        "disputed": len(row.disputed) or None,
        "frozen": row.frozen_only or None,
        "rank": short(row.mean_rank, 6),
        "best": row.best_on,
        **{kind: short(cost, 9 if kind == "parameters" else 4) for kind, cost in costs_of(row).items()},
    }
    cells = {cell.task: cell for cell in row.cells}
    kept = {name: value for name, value in fields.items() if value is not None}
    return kept | {"cells": by_name([_cell(cells.get(column.task), table) for column in table.columns])}


def _cell(cell: Cell | None, table: Table) -> dict[str, Any]:
    """Return what is not as `assets/board.js` takes it to be: complete, of all runs, unmarked."""
    if cell is None:
        return {"status": "missing"}
    summary = cell.summary
    runs = summary.runs if summary else 0
    failed = sum(run.value is None for run in cell.runs)
    return {
        "mean": score(summary.mean) if summary else None,
        "student": spread(summary.interval95_student) if summary else None,
        "normal": spread(summary.interval95_normal) if summary else None,
        "images": spread(cell.over_images.interval95) if cell.over_images else None,
        "runs": None if runs == table.expected_runs else runs,
        "status": None if cell.status == "complete" else cell.status,
        "mark": "best" if cell.best else "second" if cell.second else None,
        "rank": cell.rank,
        "failed": f"{failed} of {len(cell.runs)}" if cell.status == "diverged" else None,
        "signs": making_signs(cell) or None,
    }


def _analysis(table: Table, analysis: Analysis) -> dict[str, Any]:
    return {
        "rankings": [
            {
                "balance": ranking.balance,
                "rows": [
                    {
                        "row": item.row,
                        "rank": short(item.mean_rank, 5),
                        "low": short(item.low),
                        "high": short(item.high),
                        "tied": item.row in shaded,
                    }
                    for item in ranking.rows
                ],
            }
            for ranking, shaded in zip(analysis.rankings, map(tied, analysis.rankings), strict=True)
        ],
        "criticals": [
            {
                "balance": item.balance,
                "label": critical_difference_label(table, item),
                "chart": critical_difference_chart(table, item),
            }
            for item in analysis.critical_differences
        ],
        "audits": [item.model_dump(mode="json") for item in analysis.audits],
        "differences": [item.model_dump(mode="json") for item in analysis.differences],
        "pool": analysis.pair_pool,
    }
