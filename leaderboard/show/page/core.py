"""What every view of the page needs, small: tables, columns, rows and the cells' numbers.

Runs, costs, curves and provenance are in `leaderboard.show.page.details`, loaded when a view shows them. The keys are
those that `assets/board.js` reads.
"""

from __future__ import annotations

from typing import Any

from lovt_bench.benchmark.contract.analysis import Analysis
from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Leaderboard, Row, Table
from lovt_bench.leaderboard.show.layout import INTERVALS, dataset_label, head_label, making_signs
from lovt_bench.leaderboard.show.page.links import web_address
from lovt_bench.leaderboard.show.page.numbers import score, short, spread
from lovt_bench.leaderboard.text import clean


def core(leaderboard: Leaderboard) -> dict[str, Any]:
    """Return the board as JSON-like data."""
    return {
        "version": leaderboard.version,
        "updated": leaderboard.updated,
        "keeper": leaderboard.keeper,
        "notes": leaderboard.notes,
        "inputs": len(leaderboard.inputs),
        "records": sum(file.records for file in leaderboard.inputs),
        "tables": [_table(table) for table in leaderboard.tables],
    }


def section(table: Table) -> str:
    """Return the part of the page that a table belongs to; tables of two parts never stand together."""
    if table.track == "phantom":
        return "phantom"
    return {"runs": "measured", "published": "published", "claimed": "claimed"}[table.kind]


def short_title(table: Table) -> str:
    """Return the name of a table's tab."""
    names = {"measured": "Measured", "published": "Published", "claimed": "Claimed", "phantom": "Phantom"}
    name = names[section(table)]
    if table.kind == "claimed" and table.track == "phantom":
        name = "Phantom, claimed"
    if table.kind == "published":
        return name
    splits = "" if table.splits == "official" or table.track == "phantom" else f", {table.splits} splits"
    suite = f" · {table.suite}" if table.suite else ""
    return f"{name} · {clean(table.profile, 24)}{splits}{suite}"


def _table(table: Table) -> dict[str, Any]:
    source = table.source
    return {
        "id": table.id,
        "kind": table.kind,
        "section": section(table),
        "short": short_title(table),
        "title": table.title,
        "statement": table.statement,
        "protocol": table.protocol,
        "profile": table.profile,
        "track": table.track,
        "splits": table.splits,
        "interval": table.interval,
        "intervalName": INTERVALS[table.interval],
        "runs": table.expected_runs,
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(row, table) for row in table.rows],
        "methods": [{"method": m.method, "rows": len(m.rows), "best": m.best_on} for m in table.methods],
        "claims": [claim.text for claim in table.claims],
        "clean": None if table.clean is None else table.clean.model_dump(mode="json"),
        "frozen": None if table.frozen is None else table.frozen.model_dump(mode="json"),
        "analysis": None if table.analysis is None else _analysis(table.analysis),
        "notes": table.notes,
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
        "evidence": row.evidence,
        "marks": marks or None,
        "stale": len(row.stale) or None,
        "contradictions": len(row.contradictions) or None,
        "disputed": len(row.disputed) or None,
        "frozen": row.frozen_only or None,
        "rank": short(row.mean_rank, 6),
        "best": row.best_on,
        "seconds": _seconds(row),
        "parameters": row.parameters,
    }
    cells = {cell.task: cell for cell in row.cells}
    kept = {name: value for name, value in fields.items() if value is not None}
    return kept | {"cells": [_cell(cells.get(column.task)) for column in table.columns]}


def _cell(cell: Cell | None) -> list[Any] | int:
    """Return [mean, Student's, normal, runs, status, mark, rank, diverged, signs] without what is empty at the end.

    0: missing.
    """
    if cell is None:
        return 0
    summary = cell.summary
    values: list[Any] = [
        None if summary is None else score(summary.mean),
        spread(summary.interval95_student) if summary else None,
        spread(summary.interval95_normal) if summary else None,
        summary.runs if summary else 0,
        cell.status[0],
        1 if cell.best else 2 if cell.second else 0,
        cell.rank,
    ]
    failed = sum(run.value is None for run in cell.runs)
    values.append([failed, len(cell.runs)] if cell.status == "diverged" else None)
    values.append(making_signs(cell) or None)
    while values[-1] in (None, 0):
        values.pop()
    return values


def _seconds(row: Row) -> float | None:
    costs = [cell.cost.seconds for cell in row.cells if cell.cost]
    return short(sum(costs)) if costs else None


def _analysis(analysis: Analysis) -> dict[str, Any]:
    return {
        "rankings": [
            {
                "balance": ranking.balance,
                "rows": [
                    [
                        item.row,
                        short(item.mean_rank, 5),
                        short(item.low),
                        short(item.high),
                        short(item.aggregate),
                    ]
                    for item in ranking.rows
                ],
                "groups": ranking.groups,
                "floor": ranking.floor,
                "reference": ranking.reference,
            }
            for ranking in analysis.rankings
        ],
        "criticals": [item.model_dump(mode="json") for item in analysis.critical_differences],
        "audits": [
            [item.row, item.task, item.runs, item.effective_runs, item.repeated_values, item.repeated_seeds]
            for item in analysis.audits
        ],
        "differences": [item.model_dump(mode="json") for item in analysis.differences],
        "statements": analysis.statements,
        "pool": analysis.pair_pool,
        "samples": analysis.bootstrap_samples,
        "seed": analysis.bootstrap_seed,
    }
