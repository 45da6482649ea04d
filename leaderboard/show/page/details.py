"""What a submission's, a task's and a comparison's view need of one table: runs, costs, curves, provenance, pairs.

Lists that repeat (seeds, devices, epochs) stand once in `shared`. `assets/details.js` reads the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lovt_bench.benchmark.contract.leaderboard import Cell, Row, Table
from lovt_bench.leaderboard.show.layout import network_texts
from lovt_bench.leaderboard.show.page.fields import by_name
from lovt_bench.leaderboard.show.page.links import web_address
from lovt_bench.leaderboard.show.page.numbers import score, short, spread
from lovt_bench.leaderboard.show.page.properties import as_data, property_sets
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
    """Return the details of a table as JSON-like data."""
    analysis = table.analysis
    shared = Shared()
    rows = {row.id: _row(row, table, shared) for row in table.rows}
    pairs = [
        {
            "rows": [pair.first, pair.second],
            "tasks": [short(p, 3) for p in pair.p_values],
            "overall": short(pair.overall_p, 3),
            "all": short(pair.overall_p_holm, 3),
        }
        for pair in (analysis.pairs if analysis else [])
    ]
    found = {"rows": rows, "pairs": pairs, "shared": shared.lists}
    sets = property_sets(table)
    return found | {"properties": [as_data(item) for item in sets]} if sets else found


def _row(row: Row, table: Table, shared: Shared) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "paper": row.paper,
        "link": web_address(row.paper),
        "data": row.pretraining_data,
        "description": row.description,
        "network": list(network_texts(row).items()),
        "overlaps": [item.model_dump(mode="json") for item in row.overlaps],
        "provenance": list(row.provenance.items()),
        "audit": list(row.audit.items()),
        "stale": row.stale,
        "contradictions": row.contradictions,
        "disputed": row.disputed,
        "backbone": row.backbone_sha256,
        "commands": commands(row, table),
    }
    cells = {cell.task: cell for cell in row.cells}
    known = {name: value for name, value in fields.items() if value}
    return known | {"cells": by_name([_cell(cells.get(column.task), shared) for column in table.columns])}


def _cell(cell: Cell | None, shared: Shared) -> dict[str, Any]:
    """Return what is known of a cell beside its numbers; seeds, devices, epochs and `made` are places in `shared`."""
    if cell is None:
        return {}
    fields: dict[str, Any] = {
        "std": spread(cell.summary.std) if cell.summary else None,
        "lr": cell.learning_rate,
        "seeds": shared.place([run.seed for run in cell.runs]) if cell.runs else None,
        "values": [None if run.value is None else score(run.value) for run in cell.runs] or None,
        "made": shared.place([(label, tuple(found)) for label, found in cell.made_with.items()])
        if cell.made_with
        else None,
    }
    if found := cell.over_images:
        fields["images"] = [short(found.share_of_seeds, 2), found.runs, found.images, found.patients]
    if cell.claimed:
        fields["claim"] = score(cell.claimed.value)
        fields["claimInterval"] = spread(cell.claimed.interval95)
        fields["claimDifference"] = spread(cell.claimed.difference)
    if cell.cost:
        fields["costRuns"] = cell.cost.runs
        fields["seconds"] = short(cell.cost.seconds)
        fields["devices"] = shared.place(cell.cost.devices)
        fields["memory"] = cell.cost.peak_memory_bytes
        fields["joules"] = short(cell.cost.energy_joules)
    if cell.curve:
        fields["epochs"] = shared.place(cell.curve.epochs)
        # Curves are only drawn: hundredths of a percent are enough.
        fields["curve"] = [round(10_000 * value) for value in cell.curve.values]
    return fields
