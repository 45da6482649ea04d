"""Tables in a line: `table({"a": {"covid_linear": [0.1, 0.2]}})`; a word in place of runs is the state of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lovt_bench.benchmark.contract.leaderboard import Cell, CellStatus, Row, RunValue, Table
from lovt_bench.leaderboard.board.columns import column_of
from lovt_bench.leaderboard.board.standing import stand
from lovt_bench.leaderboard.statistics import summarise
from tests.leaderboard.records import TASKS, digest

Runs = Sequence[float] | CellStatus


def table(rows: Mapping[str, Mapping[str, Runs]], **changes: Any) -> Table:
    """Return a measured table with the tasks that any row names, in the order of their numbers."""
    specs = sorted(TASKS.values(), key=lambda spec: spec.number)
    present = [spec for spec in specs if any(spec.id in row for row in rows.values())]
    drafts = [
        Row(
            id=name,
            display_name=name,
            method=name.split("-")[0],
            cells=[cell(spec.id, cells[spec.id]) for spec in present if spec.id in cells],
            complete=False,
            mean_rank=None,
            best_on=0,
        )
        for name, cells in rows.items()
    ]
    fields: dict[str, Any] = {
        "id": "phantom-seeded-demo",
        "kind": "runs",
        "title": "Phantom",
        "statement": "Synthetic images.",
        "protocol": "lovt-2022",
        "profile": "demo",
        "track": "phantom",
        "splits": "seeded",
        "interval": "student-t",
        "expected_runs": 5,
        "columns": [column_of(spec) for spec in present],
        "rows": stand(drafts, [spec.id for spec in present]),
        "methods": [],
    }
    return Table(**(fields | changes))


def cell(task: str, runs: Runs) -> Cell:
    """Return a complete cell of these runs, or one in that state whose surviving runs are excellent."""
    status: CellStatus = runs if isinstance(runs, str) else "complete"
    values = [0.98, 0.99] if isinstance(runs, str) else list(runs)
    return Cell(
        task=task,
        status=status,
        summary=summarise(values),
        runs=[
            RunValue(seed=12345 + number, key=digest(f"{task}{number}"), value=value)
            for number, value in enumerate(values)
        ],
    )
