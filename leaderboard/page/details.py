"""What a submission's, a task's and a comparison's view need of one table: runs, costs, curves, provenance, pairs."""

from __future__ import annotations

from typing import Any

from benchmark.contract.leaderboard import Cell, Cost, Curve, Row, Table
from leaderboard.page.links import web_address
from leaderboard.page.numbers import score, short, spread
from leaderboard.page.reproduce import commands

_DIGITS_OF_KEY = 12


def details(table: Table) -> dict[str, Any]:
    """Return the details of a table as JSON-like data; cells are by number of the column."""
    places = {column.task: place for place, column in enumerate(table.columns)}
    analysis = table.analysis
    return {
        "rows": {row.id: _row(row, table, places) for row in table.rows},
        "pairs": [
            [
                pair.first,
                pair.second,
                [short(p, 3) for p in pair.p_values],
                short(pair.overall_p, 3),
                short(pair.overall_p_datasets, 3),
            ]
            for pair in (analysis.pairs if analysis else [])
        ],
    }


def _row(row: Row, table: Table, places: dict[str, int]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "paper": row.paper,
        "link": web_address(row.paper),
        "data": row.pretraining_data,
        "description": row.description,
        "architecture": row.architecture,
        "overlaps": [[item.dataset, item.mark, item.reasons] for item in row.overlaps],
        "provenance": list(row.provenance.items()),
        "audit": list(row.audit.items()),
        "stale": row.stale,
        "backbone": row.backbone_sha256,
        "commands": commands(row, table),
    }
    cells = {places[cell.task]: _cell(cell) for cell in row.cells if cell.task in places}
    return {name: value for name, value in fields.items() if value} | {"cells": cells}


def _cell(cell: Cell) -> dict[str, Any]:
    summary, claimed = cell.summary, cell.claimed
    fields: dict[str, Any] = {
        "std": spread(summary.std) if summary else None,
        "lr": cell.learning_rate,
        "runs": [[run.seed, None if run.value is None else score(run.value)] for run in cell.runs],
        "keys": cell.runs[0].key[:_DIGITS_OF_KEY] if cell.runs else None,
        "extra": {name: [score(item.mean), item.runs] for name, item in cell.extra.items()},
        "claimed": None
        if claimed is None
        else [score(claimed.value), spread(claimed.interval95), None if claimed.difference is None else claimed.difference],
        "cost": _cost(cell.cost),
        "curve": _curve(cell.curve),
    }
    return {name: value for name, value in fields.items() if value}


def _cost(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    fields = {
        "runs": cost.runs,
        "seconds": short(cost.seconds),
        "devices": cost.devices,
        "memory": cost.peak_memory_bytes,
        "joules": short(cost.energy_joules),
    }
    return {name: value for name, value in fields.items() if value}


def _curve(curve: Curve | None) -> list[Any] | None:
    """Return [epochs, values]; only plotted, so four digits do."""
    return None if curve is None else [curve.epochs, [short(value) for value in curve.values]]
