"""What changed between two versions, and the least step of the version number that it asks for: pure functions.

Major: numbers of one table do not compare with those of the table of the same id before it, because protocol, profile,
a task or its data changed, or because equal runs count otherwise. Minor: rows, cells or facts about rows changed.
Patch: only texts, the page or the inputs did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lovt_bench.benchmark.contract.leaderboard import Cell, Leaderboard, Row, Table
from lovt_bench.benchmark.contract.release import (
    Bump,
    CellChange,
    Changes,
    DigestChange,
    RankChange,
    RowChange,
)
from lovt_bench.leaderboard.board.notices import sentence
from lovt_bench.leaderboard.show.layout import cell_text

STEPS: tuple[Bump, ...] = ("patch", "minor", "major")

_ROW_TEXTS = {"display_name", "description"}
_ROW_NUMBERS = {"cells", "complete", "mean_rank", "best_on"}
_TABLE_TEXTS = {"title", "statement", "notes", "source"}
_TABLE_NUMBERS = {"columns", "rows", "protocol_sha256", "profile_sha256", "protocol", "profile"}


def compare(old: Leaderboard | None, new: Leaderboard) -> Changes:
    """Return what changed from one version to another; from nothing, everything is added and nothing is broken."""
    before = {table.id: table for table in old.tables} if old else {}
    after = {table.id: table for table in new.tables}
    both = [(before[name], table) for name, table in after.items() if name in before]
    digests = [change for pair in both for change in _digests(*pair)]
    recounted = [text for pair in both for text in _recounted(*pair)]
    replaced = list(_replaced(before, after))
    changes = Changes(
        version=new.version,
        previous=old.version if old else None,
        bump=None,
        tables_added=[name for name in after if name not in before],
        tables_removed=[name for name in before if name not in after],
        rows_added=[row for pair in both for row in _missing_rows(*pair)],
        rows_removed=[row for first, second in both for row in _missing_rows(second, first)],
        cells=[change for pair in both for change in _cells(*pair)],
        ranks=[change for pair in both for change in _ranks(*pair)],
        digests=digests,
        facts=[text for pair in both for text in _facts(*pair)],
        notices=[sentence(item) for item in new.notices if old is None or item not in old.notices],
    )
    if old is None:
        return changes.model_copy(update={"bump": "major", "reasons": ["It is the first release."]})
    broken = [f"{change.what} is another one." for change in digests] + recounted + replaced
    if broken:
        return changes.model_copy(update={"bump": "major", "reasons": broken})
    entries = list(_entries(changes))
    if entries:
        return changes.model_copy(update={"bump": "minor", "reasons": entries})
    if _without_name(old) != _without_name(new):
        reason = "Entries are the same; texts, order or inputs are not."
        return changes.model_copy(update={"bump": "patch", "reasons": [reason]})
    return changes


def summary(changes: Changes) -> str:
    """Return the changes in one line."""
    if changes.previous is None:
        return "First release."
    parts = [text.rstrip(".") for text in _entries(changes)]
    if changes.digests:
        parts.insert(0, "not comparable with the release before")
    parts += [text.rstrip(".") for text in changes.notices]
    return f"{'; '.join(parts)}." if parts else "The same entries."


def _entries(changes: Changes) -> Iterator[str]:
    for word, items in (
        ("table(s) added", changes.tables_added),
        ("table(s) removed", changes.tables_removed),
        ("row(s) added", changes.rows_added),
        ("row(s) removed", changes.rows_removed),
        ("cell(s) changed", changes.cells),
        ("fact(s) of rows and tables changed", changes.facts),
    ):
        if items:
            yield f"{len(items)} {word}."


def _digests(old: Table, new: Table) -> Iterator[DigestChange]:
    pairs = [
        (f"Protocol of {new.id}", (old.protocol, old.protocol_sha256), (new.protocol, new.protocol_sha256)),
        (f"Profile of {new.id}", (old.profile, old.profile_sha256), (new.profile, new.profile_sha256)),
    ]
    columns = {column.task: column for column in old.columns}
    for column in new.columns:
        if was := columns.get(column.task):
            task = f"ask {column.task} of {new.id}"
            pairs += [
                (f"T{task}", (was.metric, was.task_sha256), (column.metric, column.task_sha256)),
                (
                    f"Data of t{task}",
                    (was.dataset, was.dataset_sha256),
                    (column.dataset, column.dataset_sha256),
                ),
            ]
    for what, first, second in pairs:
        if first != second:
            yield DigestChange(what=what, old=_identity(*first), new=_identity(*second))


def _identity(name: str, sha256: str | None) -> str:
    return f"{name} {sha256}" if sha256 else name


def _recounted(old: Table, new: Table) -> Iterator[str]:
    """Yield the cells whose runs are the same and whose numbers are not: something counts otherwise."""
    for row, cell, was in _common_cells(old, new):
        same_runs = cell.runs and cell.runs == was.runs
        if same_runs and (cell.summary, cell.status, cell.extra) != (was.summary, was.status, was.extra):
            yield f"{row.id}, {cell.task} of {new.id}: the same runs give another number."


def _images(table: Table) -> tuple[str | None, ...]:
    return table.kind, table.track, table.splits, table.suite


def _replaced(before: dict[str, Table], after: dict[str, Table]) -> Iterator[str]:
    """Yield tables that went while another protocol or profile came for the same images."""
    came = {_images(table) for name, table in after.items() if name not in before}
    for name, table in before.items():
        if name not in after and _images(table) in came:
            yield f"Table {name} gave way to one of another protocol or profile."


def _missing_rows(old: Table, new: Table) -> Iterator[RowChange]:
    known = {row.id for row in old.rows}
    for row in new.rows:
        if row.id not in known:
            yield RowChange(table=new.id, row=row.id, display_name=row.display_name)


def _common_rows(old: Table, new: Table) -> Iterator[tuple[Row, Row]]:
    known = {row.id: row for row in old.rows}
    yield from ((row, known[row.id]) for row in new.rows if row.id in known)


def _common_cells(old: Table, new: Table) -> Iterator[tuple[Row, Cell, Cell]]:
    for row, before in _common_rows(old, new):
        yield from ((row, cell, was) for cell in row.cells if (was := before.cell(cell.task)))


def _cells(old: Table, new: Table) -> Iterator[CellChange]:
    for row, before in _common_rows(old, new):
        tasks = [cell.task for cell in row.cells]
        for task in [*tasks, *(cell.task for cell in before.cells if cell.task not in tasks)]:
            was, cell = before.cell(task), row.cell(task)
            if _value(was) != _value(cell):
                yield CellChange(
                    table=new.id,
                    row=row.id,
                    task=task,
                    old=cell_text(was, old) if was else None,
                    new=cell_text(cell, new) if cell else None,
                )


def _value(cell: Cell | None) -> object:
    """Return the numbers of a cell, apart from where it stands among others."""
    return cell and cell.model_dump(include={"status", "summary", "learning_rate", "runs", "extra"})


def _beside(row: Row) -> dict[str, object]:
    """Return what cells say beside their numbers."""
    return {
        cell.task: cell.model_dump(include={"claimed", "cost", "curve", "over_images"}) for cell in row.cells
    }


def _ranks(old: Table, new: Table) -> Iterator[RankChange]:
    for row, before in _common_rows(old, new):
        if row.mean_rank != before.mean_rank:
            yield RankChange(table=new.id, row=row.id, old=before.mean_rank, new=row.mean_rank)


def _facts(old: Table, new: Table) -> Iterator[str]:
    for row, before in _common_rows(old, new):
        fields = list(_differing(before, row, _ROW_TEXTS | _ROW_NUMBERS))
        then, now = _beside(before), _beside(row)
        fields += (
            ["claims, cost or curves"] if any(then.get(task, now[task]) != now[task] for task in now) else []
        )
        if fields:
            yield f"{row.id} of {new.id}: {', '.join(fields)}"
    # What follows from rows alone changes with them; it is a fact where the rows are the same.
    if [row.id for row in old.rows] == [row.id for row in new.rows] and not any(_cells(old, new)):
        names = _differing(old, new, _TABLE_TEXTS | _TABLE_NUMBERS)
        if names:
            yield f"{new.id}: {', '.join(names)}"


def _differing(old: Row | Table, new: Row | Table, without: set[str]) -> Sequence[str]:
    names = [name for name in type(new).model_fields if name not in without]
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def _without_name(leaderboard: Leaderboard) -> Leaderboard:
    return leaderboard.model_copy(update={"version": "dev"})
