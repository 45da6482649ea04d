"""Rows and records that the keeper withdrew or marked as disputed (`withdrawn.yaml`), and what follows from it.

A withdrawn one is out before anything is computed, so that ranks, counts and tests are those of a board that never had
it. A disputed one counts as before and is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Row, Table
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.text import clean
from lovt_bench.tasks.messages import explain

FILE = Path(__file__).resolve().parents[1] / "withdrawn.yaml"


class _Notices(Model):
    entries: list[Notice]


def read_notices(path: Path = FILE) -> list[Notice]:
    """Return the entries of a file, none where there is no file.

    Raises:
        LeaderboardError: It is no such file, or names a row or record twice.
    """
    try:
        found = _Notices.model_validate(read_yaml(path)).entries
    except FileNotFoundError:
        return []
    except StrictYamlError as error:
        raise LeaderboardError(str(error)) from error
    except ValidationError as error:
        raise LeaderboardError(explain(path, error, _Notices)) from error
    names = [item.row or item.record for item in found]
    for item, name in zip(found, names, strict=True):
        if names.count(name) > 1:
            raise LeaderboardError(f"{path}: {item.what} is named twice; keep one entry")
    return found


def withdraw(records: RecordSet, notices: Sequence[Notice]) -> RecordSet:
    """Return the records without the withdrawn ones; files of a withdrawn row are no inputs any more."""
    rows = withdrawn_rows(notices)
    keys = {item.record for item in notices if item.state == "withdrawn" and item.record}
    files = [file for file in records.files if file.path.split("/")[1] not in rows]
    if keys:
        files = [
            replace(file, records=tuple(record for record in file.records if record.key not in keys))
            for file in files
        ]
    return RecordSet(tuple(files), records.notes)


def withdrawn_rows(notices: Sequence[Notice]) -> set[str]:
    """Return the names of the rows that are withdrawn."""
    return {item.row for item in notices if item.state == "withdrawn" and item.row}


def sentence(notice: Notice) -> str:
    """Return an entry in a sentence."""
    who, reason = clean(notice.decided_by), clean(notice.reason, 400).rstrip(".")
    return f"{notice.state.capitalize()}: {notice.what} ({notice.date}, decided by {who}): {reason}."


def withdrawn_notes(notices: Sequence[Notice]) -> list[str]:
    """Return what a version that leaves things out says about them."""
    return [sentence(item) for item in notices if item.state == "withdrawn"]


def mark_disputed(table: Table, notices: Sequence[Notice]) -> Table:
    """Return the table with `Row.disputed` filled in and noted; a published table is not about submissions."""
    disputed = [item for item in notices if item.state == "disputed"]
    if table.kind == "published" or not disputed:
        return table
    found = {row.id: [sentence(item) for item in disputed if _concerns(item, row)] for row in table.rows}
    rows = [row.model_copy(update={"disputed": found[row.id]}) for row in table.rows]
    notes = [f"{row.id}. {text}" for row in rows for text in row.disputed]
    return table.model_copy(update={"rows": rows, "notes": [*table.notes, *notes]})


def since_withdrawn(board: Leaderboard, notices: Sequence[Notice]) -> list[str]:
    """Return what an older version shows though it was withdrawn since, in sentences."""
    rows = [row for table in board.tables if table.kind != "published" for row in table.rows]
    gone = [item for item in notices if item.state == "withdrawn"]
    return [sentence(item) for item in gone if any(_concerns(item, row) for row in rows)]


def without_effect(notices: Sequence[Notice], records: RecordSet, names: Sequence[str]) -> Iterator[str]:
    """Yield entries that are about nothing here, in sentences: names may be misspelt.

    Args:
        notices: All entries.
        records: All that are here.
        names: Submissions with records or claims.
    """
    keys = {record.key for record in records.records} if any(item.record for item in notices) else set()
    for item in notices:
        if item.row and item.row not in names:
            yield f"{FILE.name}: nothing is here of {item.what}{meant(item.row, names)}."
        elif item.record and item.record not in keys:
            yield f"{FILE.name}: {item.what} is not here."


def _concerns(notice: Notice, row: Row) -> bool:
    return notice.concerns(row.id, {run.key for cell in row.cells for run in cell.runs})
