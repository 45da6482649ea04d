"""Rows that are methods: several pre-trainings of one method at one setting, with the variance between checkpoints.

A value of such a row is the mean of one checkpoint's runs, so that intervals and tests count checkpoints and not runs;
the variance of these means holds that of runs, too. A row whose weights are drawn anew for every run is a method by
itself: each of its runs is another checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import Cell, CellStatus, Row, RunValue, Table
from lovt_bench.leaderboard.board.provenance import INITIAL, METHOD_FILES, SETTING
from lovt_bench.leaderboard.board.standing import in_order, stand
from lovt_bench.leaderboard.statistics import summarise
from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.statistics.grid import drawn_per_run
from lovt_bench.leaderboard.statistics.statements import SCOPE_OF_METHODS

FEWEST = 3
"""Pre-trainings that make a method: with two, an interval has one degree of freedom."""

_SAME = ("Method", METHOD_FILES, "Variant", "Profile", "Share of the corpus", "Corpus", INITIAL)
"""What pre-trainings of one method at one setting have in common, of their provenance, beside their settings."""


class NoMethodsError(ValueError):
    """No method of a table has enough pre-trainings; the message says so."""


def method_table(table: Table) -> Table:
    """Return the table with a row for each method that has three pre-trainings, analysed as methods.

    Pre-trainings count as one method's if method, architecture, files of the method, variant, profile, corpus, share
    of it and all settings are equal, and seeds differ. Of two rows of one seed the first counts. A row without training
    and without weights is drawn anew for every run. All other rows are left out and noted.

    Raises:
        NoMethodsError: No method has three.
    """
    families: dict[tuple[object, ...], dict[str, Row]] = {}
    drawn: list[Row] = []
    again: list[Row] = []
    for row in table.rows if table.kind == "runs" else []:
        seed = row.provenance.get("Seed")
        if seed is not None:
            if families.setdefault(_setting(row), {}).setdefault(seed, row) is not row:
                again.append(row)
        elif drawn_per_run(row):
            drawn.append(row)
    whole = [list(members.values()) for members in families.values() if len(members) >= FEWEST]
    if not whole:
        raise NoMethodsError(
            f"{table.id} has no method with {FEWEST} pre-trainings that differ in their seed alone: make them with "
            f"`lovt-bench pretrain METHOD --seed SEED --name NAME` and evaluate each"
        )
    tasks = [column.task for column in table.columns]
    rows = stand([*(_row(members, tasks) for members in whole), *drawn], tasks)
    used = {row.id for row in [*drawn, *(row for members in whole for row in members)]}
    few = [row for row in table.rows if row.id not in used and row not in again]
    notes = [
        f"{why}, left out: {', '.join(row.display_name for row in left_out)}."
        for why, left_out in (("Fewer than three pre-trainings", few), ("The seed of another row", again))
        if left_out
    ]
    made = table.model_copy(update={"rows": in_order(rows), "methods": [], "claims": [], "notes": notes})
    return made.model_copy(update={"analysis": analyse(made, SCOPE_OF_METHODS)})


def _setting(row: Row) -> tuple[object, ...]:
    said = row.provenance
    settings = tuple(sorted((label, text) for label, text in said.items() if label.startswith(SETTING)))
    return (row.method, row.fraction, row.architecture, *(said.get(label) for label in _SAME), settings)


def _row(members: Sequence[Row], tasks: Sequence[str]) -> Row:
    first = members[0]
    name = first.method if first.fraction is None else f"{first.method} {100 * first.fraction:g} %"
    cells = [cell for task in tasks if (cell := _cell(members, task))]
    return first.model_copy(
        update={"display_name": f"{name} ({len(members)} pre-trainings)"[:80], "cells": cells}
    )


def _cell(members: Sequence[Row], task: str) -> Cell | None:
    """Return the cell of a task: partial where a checkpoint is not whole, diverged where one is."""
    cells = [row.cell(task) for row in members]
    known = [cell for cell in cells if cell is not None]
    if not known:
        return None
    status: CellStatus = "diverged" if any(cell.status == "diverged" for cell in known) else "complete"
    if len(known) < len(cells) or any(cell.status == "partial" for cell in known):
        status = "partial"
    values = [
        RunValue(seed=place, key=cell.runs[0].key, value=cell.summary.mean)
        for place, cell in enumerate(known)
        if cell.summary is not None and cell.runs
    ]
    means = [item.value for item in values if item.value is not None]
    return Cell(task=task, status=status, summary=summarise(means) if means else None, runs=values)
