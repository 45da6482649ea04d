"""What a submission's, a task's and a comparison's view need of one table: runs, costs, curves, provenance, pairs.

Cells are lists, and lists that repeat (seeds, devices, epochs) stand once in `shared`: a board of 200 submissions has
3,600 cells. `assets/details.js` reads the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lovt_bench.benchmark.contract.leaderboard import Cell, ClaimedValue, Cost, Curve, Row, Table
from lovt_bench.leaderboard.show.page.links import web_address
from lovt_bench.leaderboard.show.page.numbers import score, short, spread
from lovt_bench.leaderboard.show.page.reproduce import commands


class Shared:
    """Lists that many cells have in common, each once."""

    def __init__(self) -> None:
        self.lists: list[list[Any]] = []
        self._places: dict[tuple[Any, ...], int] = {}

    def place(self, items: Sequence[Any]) -> int:
        """Return where a list stands."""
        key = tuple(items)
        if key not in self._places:
            self._places[key] = len(self.lists)
            self.lists.append(list(key))
        return self._places[key]


def details(table: Table) -> dict[str, Any]:
    """Return the details of a table as JSON-like data; cells are by number of the column."""
    places = {column.task: place for place, column in enumerate(table.columns)}
    analysis = table.analysis
    shared = Shared()
    rows = {row.id: _row(row, table, places, shared) for row in table.rows}
    pairs = [
        [
            pair.first,
            pair.second,
            [short(p, 3) for p in pair.p_values],
            short(pair.overall_p, 3),
            short(pair.overall_p_datasets, 3),
        ]
        for pair in (analysis.pairs if analysis else [])
    ]
    return {"rows": rows, "pairs": pairs, "shared": shared.lists}


def _row(row: Row, table: Table, places: dict[str, int], shared: Shared) -> dict[str, Any]:
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
        "contradictions": row.contradictions,
        "disputed": row.disputed,
        "backbone": row.backbone_sha256,
        "commands": commands(row, table),
    }
    cells = {places[cell.task]: _cell(cell, shared) for cell in row.cells if cell.task in places}
    return {name: value for name, value in fields.items() if value} | {"cells": cells}


def _cell(cell: Cell, shared: Shared) -> list[Any]:
    """Return [std, learning rate, seeds, values, extra, claimed, cost, curve, made]; an empty end is left out."""
    values: list[Any] = [
        spread(cell.summary.std) if cell.summary else None,
        cell.learning_rate,
        shared.place([run.seed for run in cell.runs]) if cell.runs else None,
        [None if run.value is None else score(run.value) for run in cell.runs],
        [[name, score(item.mean)] for name, item in cell.extra.items()],
        _claimed(cell.claimed),
        _cost(cell.cost, shared),
        _curve(cell.curve, shared),
        shared.place([(label, tuple(found)) for label, found in cell.made_with.items()])
        if cell.made_with
        else None,
    ]
    while values and not values[-1]:
        values.pop()
    return values


def _claimed(claimed: ClaimedValue | None) -> list[Any] | None:
    if claimed is None:
        return None
    return [score(claimed.value), spread(claimed.interval95), spread(claimed.difference)]


def _cost(cost: Cost | None, shared: Shared) -> list[Any] | None:
    """Return [runs, seconds, devices, bytes, joules]."""
    if cost is None:
        return None
    devices = shared.place(cost.devices)
    return [cost.runs, short(cost.seconds), devices, cost.peak_memory_bytes, short(cost.energy_joules)]


def _curve(curve: Curve | None, shared: Shared) -> list[Any] | None:
    """Return [epochs, values in hundredths of a percent]; they are only plotted."""
    if curve is None:
        return None
    return [shared.place(curve.epochs), [round(10_000 * value) for value in curve.values]]
