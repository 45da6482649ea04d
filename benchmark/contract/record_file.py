"""Files of run records, `<results>/<track>/<backbone>/<task>.jsonl`: the one reader, for evaluation and for boards.

A line is one `RunRecord` in JSON, UTF-8. It comes from strangers: a line that is no record, says a thing twice or
belongs elsewhere does not count and is named by its number. A last line without line feed was cut off by a kill.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import said_once
from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.run_record import SCHEMA, RunRecord

FILE_LIMIT = 256 * 1024 * 1024
"""Bytes of one file; the records of one task have some hundred thousand."""

LINE_LIMIT = 1024 * 1024
"""Bytes of one record; a hundred epochs have twenty thousand."""


class NewerRecordError(ValueError):
    """A record of a later schema."""


class RecordFileError(ValueError):
    """A file that cannot hold run records; the message names it."""


@dataclass(frozen=True)
class Complaint:
    """A line that does not count."""

    kind: Literal["bad", "repeated", "torn", "newer"]
    """`newer`: a record of a schema that only a later lovt-bench reads."""
    line: int
    """From 1."""
    text: str
    """What is wrong with it, without a full stop."""


@dataclass(frozen=True)
class RecordLines:
    """What a file holds."""

    records: dict[str, RunRecord]
    """By key, in the order of the file; of equal keys the first."""
    complaints: tuple[Complaint, ...]
    whole: int
    """Bytes up to the last line feed."""
    sha256: str
    """Digest of all bytes."""


def read_record_file(path: Path) -> RecordLines:
    """Return what a file holds.

    Raises:
        RecordFileError: It is a link, no plain file, or larger than `FILE_LIMIT`.
        OSError: It is not there or cannot be read.
    """
    try:
        content = read_plain(path, FILE_LIMIT)
    except PlainFileError as error:
        raise RecordFileError(f"{path} {error}; expected a file of run records") from error
    return _parse(content, "/".join(path.parts[-3:]))


def _parse(content: bytes, place: str) -> RecordLines:
    records: dict[str, RunRecord] = {}
    complaints: list[Complaint] = []
    *lines, rest = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = _record(line, place)
        except NewerRecordError as error:
            complaints.append(Complaint("newer", number, str(error)))
            continue
        except ValueError as error:
            complaints.append(Complaint("bad", number, f"not a run record: {error}"))
            continue
        if records.setdefault(record.key, record) is not record:
            text = f"key {record.key[:12]} is there already, the first record counts"
            complaints.append(Complaint("repeated", number, text))
    if rest:
        complaints.append(Complaint("torn", len(lines) + 1, "torn off (no line feed at its end)"))
    whole = len(content) - len(rest)
    return RecordLines(records, tuple(complaints), whole, hashlib.sha256(content).hexdigest())


def _record(line: bytes, place: str) -> RunRecord:
    """Return the record of a line. Raises ValueError that says in a few words why there is none."""
    if len(line) > LINE_LIMIT:
        raise ValueError(f"longer than {LINE_LIMIT} bytes")
    try:
        text = line.decode()
        record = RunRecord.model_validate_json(text, strict=True)
        # A line that comes back letter by letter says nothing twice; to look for that takes as long as to read it.
        if record.model_dump_json() != text:
            json.loads(text, object_pairs_hook=said_once)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start + 1} of the line)") from error
    except ValidationError as error:
        if (schema := _later_schema(error)) is not None:
            raise NewerRecordError(
                f"a run record of schema {schema}; this lovt-bench reads schemas up to {SCHEMA}"
            ) from error
        raise ValueError(_first(error)) from error
    if (own := f"{record.track}/{record.submission}/{record.run.task}.jsonl") != place:
        raise ValueError(f"the record belongs into {own[:200]!a}, found in {place}")
    return record


def _later_schema(error: ValidationError) -> int | None:
    """Return the schema of a record that a later lovt-bench wrote."""
    found = next((one["input"] for one in error.errors() if one["loc"] == ("schema_version",)), None)
    return found if type(found) is int and SCHEMA < found < 1000 else None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part)[:60] for part in first["loc"])
    found = "" if isinstance(first["input"], dict | list | bytes) else f", found {str(first['input'])[:60]!a}"
    said = first["msg"].removeprefix("Value error, ")
    return f"{ascii(field)[1:-1]}: {said}{found}" if field else f"{said}{found}"
