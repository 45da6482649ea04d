"""Run records from disk: what is no record is left out and named; nothing outside the results folder is read.

Layout: `<results>/<track>/<backbone>/<task>.jsonl`, one `RunRecord` a line. The files are anybody's: none of them can
keep the board of all others from being built.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.embedding_report import ANALYSIS
from lovt_bench.benchmark.contract.prediction_file import PREDICTIONS
from lovt_bench.benchmark.contract.record_file import RecordFileError, read_record_file
from lovt_bench.benchmark.contract.run_record import RunRecord

_REMEDIES = {
    "bad": "It does not count: remove the line; the run can be repeated by `lovt-bench evaluate`",
    "repeated": "Remove the line",
    "torn": "It does not count: repeat the run",
    "newer": "It does not count here: update lovt-bench and build again",
}

_NAMED = 20
"""Lines of a file that are named."""


@dataclass(frozen=True)
class RecordFile:
    """The records of one submission and task."""

    path: str
    """Below the results folder, with `/`."""
    sha256: str
    """Digest of its bytes, or of the lines that count (`releases.committed`)."""
    records: tuple[RunRecord, ...]
    bad: tuple[str, ...] = ()
    """Sentences on whole lines that are no records, each with file and line."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """By key, the digest of a record's line."""


@dataclass(frozen=True)
class RecordSet:
    """Everything read from a results folder."""

    files: tuple[RecordFile, ...] = ()
    """Sorted by path."""
    notes: tuple[str, ...] = ()
    """What was left out, in sentences; `RecordFile.bad` is among them."""

    @property
    def records(self) -> list[RunRecord]:
        """All records."""
        return [record for file in self.files for record in file.records]


def read_records(results: Path) -> RecordSet:
    """Return all run records below `results`; none if the folder does not exist.

    Links are not followed. What does not belong to the layout, cannot be read or is no record is left out with a note.

    Raises:
        OSError: The folder itself cannot be read.
    """
    notes: list[str] = []
    found = [_read_file(path, relative, notes) for path, relative in _record_paths(results, notes)]
    return RecordSet(tuple(file for file in found if file), tuple(notes))


def _record_paths(results: Path, notes: list[str]) -> Iterator[tuple[Path, str]]:
    if not results.is_dir():
        return
    for track in _entries(results, "", notes, want_folder=True):
        if track.name not in get_args(Track):
            notes.append(f"{_shown(track.name)}: not a track ({', '.join(get_args(Track))}), left out.")
            continue
        for submission in _entries(track, track.name, notes, want_folder=True):
            below = f"{track.name}/{submission.name}"
            if not is_name(submission.name):
                notes.append(f"{_shown(below)}: not the name of a backbone, left out.")
                continue
            for path in _entries(submission, below, notes, want_folder=False):
                if path.suffix != ".jsonl" or not is_name(path.stem):
                    notes.append(f"{_shown(f'{below}/{path.name}')}: not a file of run records, left out.")
                    continue
                yield path, f"{below}/{path.name}"


def _entries(folder: Path, below: str, notes: list[str], *, want_folder: bool) -> Iterator[Path]:
    """Yield the folders (or plain files) in a folder by name; hidden ones are passed over, others noted."""
    try:
        paths = sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))
    except OSError as error:
        if not below:
            raise
        notes.append(f"{_shown(below)}: cannot be read ({error.strerror}), left out.")
        return
    for path in paths:
        if path.name.startswith("."):
            continue
        shown = _shown(f"{below}/{path.name}" if below else path.name)
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            notes.append(f"{shown}: cannot be read ({error.strerror}), left out.")
            continue
        if stat.S_ISDIR(mode) if want_folder else stat.S_ISREG(mode):
            yield path
            continue
        if path.name in (ANALYSIS, PREDICTIONS) and stat.S_ISDIR(mode):
            continue
        kind = (
            "a link, not followed" if stat.S_ISLNK(mode) else f"not a {'folder' if want_folder else 'file'}"
        )
        notes.append(f"{shown}: {kind}, left out.")


def _read_file(path: Path, relative: str, notes: list[str]) -> RecordFile | None:
    try:
        found = read_record_file(path)
    except OSError as error:
        notes.append(f"{relative}: cannot be read ({error.strerror}), left out.")
        return None
    except RecordFileError as error:
        notes.append(f"{str(error).replace(str(path), relative)}; left out.")
        return None
    sentences = [
        f"{relative}, line {item.line}: {item.text}. {_REMEDIES[item.kind]}." for item in found.complaints
    ]
    bad = [text for text, item in zip(sentences, found.complaints, strict=True) if item.kind == "bad"]
    notes += _first(sentences, relative)
    return RecordFile(
        relative, found.sha256, tuple(found.records.values()), tuple(_first(bad, relative)), found.digests
    )


def _first(sentences: list[str], relative: str) -> list[str]:
    """Return the first sentences, and how many more there are: a file may hold a million bad lines."""
    more = len(sentences) - _NAMED
    rest = [f"{relative}: {more:,} more lines do not count."] if more > 0 else []
    return [*sentences[:_NAMED], *rest]


def _shown(text: str) -> str:
    """Return a hostile name in a form that a terminal and a page can show."""
    return ascii(text[:100])
