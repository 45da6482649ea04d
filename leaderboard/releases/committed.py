"""The run records that releases rest on: `leaderboard/results/<track>/<protocol>/<backbone>/<task>.jsonl`, append only.

A release names each record by its key and the digest of its line. So it does not matter what later releases append, in
which order a merge brings the lines, and which line ends a clone gives them. Git is their history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path, PurePosixPath

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.plain_file import PlainFileError, is_there, read_plain
from lovt_bench.benchmark.contract.prediction_file import PREDICTIONS, PredictionFile
from lovt_bench.benchmark.contract.record_file import FILE_LIMIT, line_sha256, parse_records
from lovt_bench.benchmark.contract.release import RecordList
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.leaderboard.board.records import RecordFile, RecordSet
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.show.rendering import digest

FOLDER = "results"


@dataclass(frozen=True)
class Named:
    """What all releases of a folder name, by path below the folder of records."""

    lines: Mapping[str, Set[str]]
    """Digests of lines of records."""
    predictions: Mapping[str, str]
    """Digests of files."""


class LostRecordsError(LeaderboardError):
    """Records that a release rests on are not there as they were released."""

    def __init__(self, complaints: Mapping[str, str]) -> None:
        super().__init__("; ".join(complaints.values()))
        self.complaints = complaints
        """By path of the file."""


def records_folder(out: Path) -> Path:
    """Return where the records of a folder of versions lie: beside `leaderboard/versions`, within any other."""
    place = out.resolve()
    if (place.parent.name, place.name) != ("leaderboard", "versions"):
        return out / FOLDER
    named = out.name == place.name and not out.is_symlink()
    return (out if named else place).parent / FOLDER


def as_committed(records: RecordSet) -> RecordSet:
    """Return records of a workspace in the files that a release commits them to: one for each protocol."""
    files: dict[str, list[RunRecord]] = {}
    digests: dict[str, dict[str, str]] = {}
    for file in records.files:
        for record in sorted(file.records, key=attrgetter("key")):
            path = committed_path(record)
            files.setdefault(path, []).append(record)
            digests.setdefault(path, {})[record.key] = file.digests[record.key]
    return RecordSet(tuple(_file(path, files[path], digests[path]) for path in sorted(files)), records.notes)


def append(records: RecordSet, results: Path, folder: Path) -> None:
    """Append the records that are not there yet.

    Args:
        records: As `as_committed` gives them.
        results: Where their lines are read: the results of a workspace.
        folder: The folder of records.

    Raises:
        LeaderboardError: A file changed since it was read, or a committed one is a link.
    """
    for file in records.files:
        check_no_link(folder, file.path)
        there = read_committed(folder, file.path) if is_there(folder / file.path) else b""
        known = lines_of(there)
        new = [sha256 for sha256 in file.digests.values() if sha256 not in known]
        if not new:
            continue
        track, _, backbone, task = file.path.split("/")
        try:
            found = lines_of(read_plain(results / track / backbone / task, FILE_LIMIT))
        except (OSError, PlainFileError):
            found = {}
        if not found.keys() >= set(new):
            raise LeaderboardError(
                f"{track}/{backbone}/{task} changed while it was read; wait for its runs, then try again"
            )
        whole = there if there.endswith(b"\n") or not there else there + b"\n"
        write_bytes(folder / file.path, whole + joined(found[sha256] for sha256 in new))


def read_back(listed: RecordList, folder: Path) -> RecordSet:
    """Return the records that a release lists.

    Raises:
        LostRecordsError: Some, or predictions of them, are not there, or not where they belong; it names all files.
    """
    complaints: dict[str, str] = {}
    files = []
    for path, wanted in listed.records.items():
        try:
            files.append(_record_file(path, wanted, lines_of(read_committed(folder, path))))
        except LeaderboardError as error:
            complaints[path] = str(error)
    for path, sha256 in listed.predictions.items():
        try:
            read_predictions(folder, path, sha256)
        except LeaderboardError as error:
            complaints[path] = str(error)
    records = RecordSet(tuple(files))
    if not complaints:
        complaints = _foreign_predictions(listed.predictions, records)
    if complaints:
        raise LostRecordsError(complaints)
    return records


def _foreign_predictions(listed: Mapping[str, str], records: RecordSet) -> dict[str, str]:
    """Return the listed predictions that are not those of a record; boxes are committed as the record names them."""
    whole = {path: file.masks is None for path, _, file in predicted(records)}
    return {
        path: f"{FOLDER}/{path} is not what a record of the release names"
        for path, sha256 in listed.items()
        if path not in whole or (whole[path] and sha256 != PurePosixPath(path).stem)
    }


def predicted(records: RecordSet) -> Iterator[tuple[str, RunRecord, PredictionFile]]:
    """Yield the records that have predictions, with where these lie below the folder of records."""
    for file in records.files:
        folder = f"{file.path.rpartition('/')[0]}/{PREDICTIONS}"
        for record in file.records:
            if predictions := record.predictions:
                yield f"{folder}/{record.run.task}/{predictions.sha256}.parquet", record, predictions


def copy(folder: Path, named: Named, target: Path) -> None:
    """Write what releases name, and nothing else, into a new folder. Raises LeaderboardError if any is lost."""
    for path, sha256 in named.predictions.items():
        write_bytes(target / path, read_predictions(folder, path, sha256))
    for path, wanted in named.lines.items():
        found = lines_of(read_committed(folder, path))
        _check(path, wanted, found)
        write_bytes(target / path, joined(line for sha256, line in found.items() if sha256 in wanted))


def committed_path(record: RunRecord) -> str:
    """Return where a release commits a record, below the folder of records."""
    protocol = _protocol(record.run.protocol, record.run.protocol_sha256)
    return f"{record.track}/{protocol}/{record.submission}/{record.run.task}.jsonl"


@cache
def _protocol(name: str, sha256: str) -> str:
    """Return the folder of a protocol; a record may call it anything."""
    return name if is_name(name) else f"protocol-{sha256[:12]}"


def _file(path: str, records: Iterable[RunRecord], digests: Mapping[str, str]) -> RecordFile:
    """Return a file whose digest is that of its lines, whatever their order: of `<digest of a line>  <key>` by key."""
    listed = "".join(f"{line}  {key}\n" for key, line in sorted(digests.items()))
    return RecordFile(path, digest(listed.encode()), tuple(records), digests=digests)


def _record_file(path: str, wanted: Mapping[str, str], found: Mapping[str, bytes]) -> RecordFile:
    _check(path, wanted.values(), found)
    track, _, backbone, task = path.split("/")
    read = parse_records(joined(found[sha256] for sha256 in wanted.values()), f"{track}/{backbone}/{task}")
    records = tuple(read.records.values())
    for text in [item.text for item in read.complaints] + [
        f"the record belongs into {other}" for other in map(committed_path, records) if other != path
    ]:
        raise LeaderboardError(f"{FOLDER}/{path}: {text}")
    return _file(path, records, read.digests)


def _check(path: str, wanted: Collection[str], found: Mapping[str, bytes]) -> None:
    if lost := sum(sha256 not in found for sha256 in wanted):
        raise LeaderboardError(
            f"{FOLDER}/{path} lacks {lost} of {len(wanted)} record(s) as they were released; bring it back from the "
            "repository's history"
        )


def read_predictions(folder: Path, path: str, sha256: str) -> bytes:
    """Return a committed file of predictions. Raises LeaderboardError if it is lost or was changed."""
    content = read_committed(folder, path)
    if digest(content) != sha256:
        raise LeaderboardError(f"{FOLDER}/{path} was changed; bring it back from the repository's history")
    return content


def read_committed(folder: Path, path: str) -> bytes:
    """Return the content of a file that no link leads to."""
    check_no_link(folder, path)
    try:
        return read_plain(folder / path, FILE_LIMIT)
    except PlainFileError as error:
        raise LeaderboardError(f"{FOLDER}/{path} {error}") from error
    except OSError as error:
        raise LeaderboardError(
            f"{FOLDER}/{path} is missing; bring it back from the repository's history"
        ) from error


def check_no_link(folder: Path, path: str) -> None:
    """Raise LeaderboardError if the folder, or one on the way to a file in it, is a link."""
    parents = [folder, *(folder / part for part in PurePosixPath(path).parents)]
    if link := next((parent for parent in parents if parent.is_symlink()), None):
        raise LeaderboardError(f"{link.name} is a link; put the folder itself there")


def lines_of(content: bytes) -> dict[str, bytes]:
    """Return the lines of a file, without their ends, by digest."""
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    return {line_sha256(line): line for line in lines if line}


def joined(lines: Iterable[bytes]) -> bytes:
    """Return lines as a file has them."""
    return b"".join(line + b"\n" for line in lines)
