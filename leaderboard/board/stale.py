"""Rows that rest on a protocol, data or a backbone that is no longer the one here. What is not known is not stale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.dataset import Splits, Track
from lovt_bench.benchmark.contract.leaderboard import Column, Row, Table

_NAMED = 5
"""Rows that a note names; of more it says how many."""


class CurrentStore(Model):
    """An image store of the workspace."""

    track: Track
    splits: Splits
    sha256: Sha256
    """`DatasetManifest.identity()`."""


class Current(Model):
    """The digests of what repository and workspace hold at the time of a build."""

    protocols: dict[str, Sha256] = {}
    profiles: dict[str, Sha256] = {}
    tasks: dict[str, dict[str, Sha256]] = {}
    """By profile and task: the specification with the profile applied."""
    datasets: dict[str, CurrentStore] = {}
    backbones: dict[Name, Sha256] = {}


def mark_stale(table: Table, current: Current) -> Table:
    """Return the table with `Row.stale` filled in and noted; published and claimed tables rest on nothing here."""
    if table.kind != "runs":
        return table
    shared = list(_of_table(table, current))
    rows = [row.model_copy(update={"stale": [*shared, *_of_row(row, table, current)]}) for row in table.rows]
    return table.model_copy(update={"rows": rows, "notes": [*table.notes, *_notes(rows)]})


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield one note per reason, so that formats without room for a mark tell it too."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row.stale:
            reasons.setdefault(tuple(row.stale), []).append(row.id)
    for sentences, names in reasons.items():
        who = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} rows"
        yield f"Stale: {who}. {' '.join(sentences)}"


def _of_table(table: Table, current: Current) -> Iterator[str]:
    yield from _differs(
        f"Protocol {table.protocol}", table.protocol_sha256, current.protocols.get(table.protocol)
    )
    yield from _differs(f"Profile {table.profile}", table.profile_sha256, current.profiles.get(table.profile))


def _of_row(row: Row, table: Table, current: Current) -> Iterator[str]:
    columns = [column for column in table.columns if row.cell(column.task)]
    tasks = current.tasks.get(table.profile, {})
    for column in columns:
        yield from _differs(f"Task {column.task}", column.task_sha256, tasks.get(column.task))
    stores = {column.dataset: column for column in columns}
    for name, column in sorted(stores.items()):
        yield from _differs(f"Dataset {name}", column.dataset_sha256, _store_here(column, table, current))
    yield from _differs("The backbone", row.backbone_sha256, current.backbones.get(row.id))


def _store_here(column: Column, table: Table, current: Current) -> str | None:
    """Return the digest of the store here, None where it is of another track or other splits."""
    store = current.datasets.get(column.dataset)
    return store.sha256 if store and (store.track, store.splits) == (table.track, table.splits) else None


def _differs(what: str, found: str | None, here: str | None) -> Iterator[str]:
    if found and here and found != here:
        yield f"{what} has changed since: the runs used {found[:8]}, here it is {here[:8]}."
