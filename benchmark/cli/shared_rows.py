"""Which numbers stand behind the names that `lovt-bench plot shared` is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click

from lovt_bench.benchmark.cli.console import note
from lovt_bench.benchmark.cli.leaderboard_board import gather_sources
from lovt_bench.benchmark.cli.shared_properties import Part, parts_of
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Row, Table
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.benchmark.workspace import workspace_root
from lovt_bench.leaderboard.board.claims import COMPARABLE
from lovt_bench.leaderboard.board.embeddings import read_facts
from lovt_bench.leaderboard.board.reference_embeddings import published_model, reference_models
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.show.layout import mark
from lovt_bench.leaderboard.show.plots.shared import Compared, cells_of
from lovt_bench.leaderboard.text import plural

TRACKS: tuple[Track, ...] = get_args(Track)


@dataclass(frozen=True)
class Shared:
    """What is drawn."""

    table: Table | None
    """That has the scores; None where they are not drawn."""
    tag: str
    scored: list[Compared]
    parts: list[Part]
    notes: list[str]


def gather(
    names: Sequence[str],
    baselines: Sequence[str],
    dataset: str | None,
    wanted: str,
    results: Path | None,
    workspace: Path | None,
    *,
    scores: bool,
) -> Shared:
    """Return scores and properties of the named backbones, in their order.

    Args:
        names: Rows of the board, published rows or published models.
        baselines: Those of them that bars show as baselines; published ones always are.
        dataset: Only properties measured on it.
        wanted: The table whose id contains it.
        results: Folder of run records.
        workspace: The workspace.
        scores: Whether scores are wanted; without them a backbone needs no run.
    """
    root = workspace_root(workspace)
    _check(names, baselines, root)
    folder = results or root / "results"
    try:
        board = gather_sources(folder, workspace).board("dev")
    except (LeaderboardError, OSError) as error:
        raise click.ClickException(str(error)) from error
    printed = next((table for table in board.tables if table.kind == "published"), None)
    shown = {
        row.id: row.display_name for table in board.tables if table.kind == "runs" for row in _rows(table)
    }
    facts = {
        name: [item for track in TRACKS for item in read_facts(folder, track, name, note)] for name in names
    }
    own = [name for name in names if name in shown or facts[name]]
    titles = _titles(names, own, shown, {row.id: row.display_name for row in _rows(printed)})
    table, notes = _table(board, [name for name in own if name in shown], wanted) if scores else (None, [])
    if scores and len(own) < len(names):
        table = _beside_published(table, printed, own)
    fitting = {
        name: [
            item
            for item in facts[name]
            if table is None or (item.question.track, item.question.protocol) == (table.track, table.protocol)
        ]
        for name in own
    }
    parts, missing = parts_of(names, fitting, dataset, titles)
    return Shared(
        table=table,
        tag="" if table is None else mark(table).removeprefix(" · "),
        scored=[]
        if table is None
        else [_scored(name, titles[name], table, printed, own, baselines) for name in names],
        parts=parts,
        notes=[*notes, *missing],
    )


def _check(names: Sequence[str], baselines: Sequence[str], root: Path) -> None:
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise click.ClickException(f"{twice[0]!r} is given twice: name each backbone once")
    if len(names) < 2:
        called = (root / "backbones" / "shared").is_dir()
        alone = (
            "; the backbone called shared is drawn by: lovt-bench plot [OPTIONS] -- shared" if called else ""
        )
        raise click.ClickException(f"{plural(len(names), 'backbone')} given, expected two or more{alone}")
    for name in baselines:
        if name not in names:
            raise click.ClickException(f"--baseline {name!r} is none of {', '.join(names)}")


def _rows(table: Table | None) -> list[Row]:
    return [] if table is None else [*table.rows, *table.controls]


def _titles(
    names: Sequence[str], own: Sequence[str], shown: Mapping[str, str], paper: Mapping[str, str]
) -> dict[str, str]:
    """Return how each is called. Raises ClickException for a name that is nothing."""
    models = reference_models()
    found = {}
    for name in names:
        if name in own:
            found[name] = shown.get(name, name)
        elif name in models or name in paper:
            found[name] = models[name].title if name in models else paper[name]
        else:
            known = [*sorted({*shown, *paper}), *models]
            raise click.ClickException(
                f"no run, no analysis and no published number: {unknown('backbone', name, known)}"
            )
    return found


def _table(board: Leaderboard, own: Sequence[str], wanted: str) -> tuple[Table | None, list[str]]:
    """Return the one table of runs of the board's own suite that has all rows, or a sentence that there is none."""
    if not own:
        return None, []
    tables = [
        table
        for table in board.tables
        if table.kind == "runs" and wanted in table.id and (wanted or table.suite is None)
    ]
    there = {table.id: {row.id for row in _rows(table)} for table in tables}
    fit = [table for table in tables if {*own} <= there[table.id]]
    if len(fit) == 1:
        return fit[0], []
    if fit:
        raise click.ClickException(
            f"{len(fit)} tables have all of {', '.join(own)} ({', '.join(table.id for table in fit)}); name one with "
            "--table"
        )
    where = "; ".join(
        f"{name}: {', '.join(table for table, rows in there.items() if name in rows) or 'none'}"
        for name in own
    )
    return None, [
        f"No scores: no table{f' whose id contains {wanted!r}' if wanted else ''} has them all ({where})."
    ]


def _beside_published(table: Table | None, printed: Table | None, own: Sequence[str]) -> Table | None:
    """Return the table of the measured rows if published numbers may stand beside it, the paper's without such rows."""
    if table is None:
        return None if own else printed
    if (table.track, table.splits, table.protocol, table.profile) != COMPARABLE:
        raise click.ClickException(
            f"published numbers are of official splits, protocol {COMPARABLE[2]} and profile {COMPARABLE[3]}; table "
            f"{table.id} is not, so that the two cannot stand beside each other: leave the published names out"
        )
    return table


def _scored(
    name: str,
    title: str,
    table: Table,
    printed: Table | None,
    own: Sequence[str],
    baselines: Sequence[str],
) -> Compared:
    if name in own:
        row = next((row for row in _rows(table) if row.id == name), None)
        return Compared(name, title, False, name in baselines, cells=cells_of(row) if row else {})
    model = published_model(name)
    row = next((row for row in _rows(printed) if row.id == (model.row if model else name)), None)
    beside = {task: score.cell(task) for task, score in model.scores.items()} if model else {}
    return Compared(name, title, True, True, cells=cells_of(row) if row else beside)
