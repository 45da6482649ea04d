"""Run records from disk: every line is valid or the build stops; nothing outside the results folder is read.

Layout: `<results>/<track>/<submission>/<task>.jsonl`, one `RunRecord` a line. A torn last line (without line
feed: the run was killed while writing) and a repeated key are left out with a note; any other bad line is an
error that names file and line.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from benchmark.contract.base import is_name
from benchmark.contract.dataset import Track
from benchmark.contract.run_record import RunRecord
from leaderboard.errors import LeaderboardError

SIZE_LIMIT = 256 * 1024 * 1024
"""Bytes of one file; the records of one task have some hundred thousand."""


@dataclass(frozen=True)
class RecordFile:
    """The records of one submission and task."""

    path: str
    """Below the results folder, with `/`."""
    sha256: str
    records: tuple[RunRecord, ...]


@dataclass(frozen=True)
class RecordSet:
    """Everything read from a results folder."""

    files: tuple[RecordFile, ...] = ()
    """Sorted by path."""
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> list[RunRecord]:
        """All records."""
        return [record for file in self.files for record in file.records]


def read_records(results: Path) -> RecordSet:
    """Return all run records below `results`; none if the folder does not exist.

    Links are not followed, entries that do not belong to the layout are left out with a note.

    Raises:
        LeaderboardError: a bad line other than a torn last one, or a record that lies in another's place.
    """
    notes: list[str] = []
    files = [_read_file(path, relative, notes) for path, relative in _record_paths(results, notes)]
    return RecordSet(tuple(files), tuple(notes))


def finished(record: RunRecord) -> datetime:
    """Return when the run finished; a time without zone is UTC. Raises ValueError if it is no ISO time."""
    moment = datetime.fromisoformat(record.finished)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _record_paths(results: Path, notes: list[str]) -> Iterator[tuple[Path, str]]:
    for track in _entries(results, "", notes, want_folder=True):
        if track.name not in get_args(Track):
            notes.append(f"{_shown(track.name)}: not a track ({', '.join(get_args(Track))}), left out.")
            continue
        for submission in _entries(track, track.name, notes, want_folder=True):
            below = f"{track.name}/{submission.name}"
            if not is_name(submission.name):
                notes.append(f"{_shown(below)}: not the name of a submission, left out.")
                continue
            for path in _entries(submission, below, notes, want_folder=False):
                if path.suffix != ".jsonl" or not is_name(path.stem):
                    notes.append(f"{_shown(f'{below}/{path.name}')}: not a file of run records, left out.")
                    continue
                yield path, f"{below}/{path.name}"


def _entries(folder: Path, below: str, notes: list[str], *, want_folder: bool) -> Iterator[Path]:
    """Yield the folders (or plain files) in a folder by name; hidden ones are passed over, others noted."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        if path.name.startswith("."):
            continue
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) if want_folder else stat.S_ISREG(mode):
            yield path
            continue
        shown = _shown(f"{below}/{path.name}" if below else path.name)
        kind = (
            "a link, not followed" if stat.S_ISLNK(mode) else f"not a {'folder' if want_folder else 'file'}"
        )
        notes.append(f"{shown}: {kind}, left out.")


def _read_file(path: Path, relative: str, notes: list[str]) -> RecordFile:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise LeaderboardError(
            f"{path}: larger than {SIZE_LIMIT} bytes; these are not run records, move the file away"
        )
    records: dict[str, RunRecord] = {}
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if number == len(lines):
            notes.append(
                f"{relative}, line {number}: torn off (no line feed at its end), left out; repeat the run."
            )
            continue
        record = _read_line(line, path, number, relative)
        if record.key in records:
            notes.append(
                f"{relative}, line {number}: key {record.key[:12]} is there already, the first record counts."
            )
            continue
        records[record.key] = record
    return RecordFile(relative, hashlib.sha256(content).hexdigest(), tuple(records.values()))


def _read_line(line: bytes, path: Path, number: int, relative: str) -> RunRecord:
    where = f"{path}, line {number}"
    remedy = "Remove the line (the run can be repeated by `lovt-bench evaluate`), then build again."
    try:
        record = RunRecord.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "line"
        found = "" if isinstance(first["input"], dict | list) else f", found {str(first['input'])[:60]!r}"
        raise LeaderboardError(
            f"{where}: not a run record: {field}: {first['msg']}{found}. {remedy}"
        ) from error
    place = f"{record.track}/{record.submission}/{record.run.task}.jsonl"
    if place != relative:
        raise LeaderboardError(f"{where}: the record belongs into {place}, found in {relative}. {remedy}")
    for name, value in record.test.items():
        if name == record.metric and not 0 <= value <= 1:
            raise LeaderboardError(
                f"{where}: test {name} is {value:g}, expected a fraction in [0, 1] (not percent). {remedy}"
            )
    try:
        finished(record)
    except (ValueError, OverflowError) as error:
        raise LeaderboardError(
            f"{where}: finished is {record.finished[:60]!r}, expected an ISO 8601 time. {remedy}"
        ) from error
    return record


def _shown(text: str) -> str:
    """Return a hostile name in a form that a terminal and a page can show."""
    return ascii(text[:100])
