"""Records that lie in `leaderboard/results` and wait for a release: a pull request brought them, no release names them.

They count for nothing until the keeper takes them over into a workspace (`lovt-bench results restore`) and releases.
Whatever else no release names is a stranger there.
"""

from __future__ import annotations

import glob
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from pathlib import Path, PurePosixPath

from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.record_file import RecordLines, parse_records
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.leftovers import is_temporary
from lovt_bench.leaderboard.board.records import RecordFile, RecordSet
from lovt_bench.leaderboard.releases.committed import (
    FOLDER,
    Named,
    committed_path,
    joined,
    lines_of,
    predicted,
    read_committed,
)
from lovt_bench.leaderboard.releases.predictions import why_not
from lovt_bench.leaderboard.show.rendering import digest

_PLACE = "*/*/*/*.jsonl"


def strangers(folder: Path, named: Named) -> Iterator[tuple[str, str]]:
    """Yield what in the folder of records no release names and no record is: path, and what is wrong in a sentence."""
    if folder.is_symlink():
        yield FOLDER, f"{FOLDER} is a link; put the folder itself there"
        return
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        relative = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        shown = clean_text(f"{FOLDER}/{relative}", 300)
        if stat.S_ISDIR(mode) or is_temporary(path.name):
            continue
        if not stat.S_ISREG(mode):
            yield shown, f"{shown} is a link or a special file; remove it"
        elif relative in named.predictions:
            if digest(read_committed(folder, relative)) != named.predictions[relative]:
                yield shown, f"{shown} was changed; bring it back from the repository's history"
        elif path.match(_PLACE) and relative.count("/") == 3:
            added = lines_of(read_committed(folder, relative)).keys() - named.lines.get(relative, frozenset())
            if problems := line_problems(folder, relative, added):
                yield (
                    shown,
                    f"{shown} has {len(problems)} line(s) of no release that are no records; remove them",
                )
        elif problem := prediction_problem(folder, relative):
            yield shown, f"{shown} {problem}; remove it"


def line_problems(folder: Path, path: str, lines: Collection[str]) -> list[str]:
    """Return what keeps lines of a committed file from being records that wait for a release, one text a line.

    Args:
        folder: The folder of records.
        path: `<track>/<protocol>/<backbone>/<task>.jsonl` in it.
        lines: Digests of the lines that are looked at.
    """
    found = lines_of(read_committed(folder, path))
    read = _parsed([line for sha256, line in found.items() if sha256 in lines], path)
    elsewhere = [place for place in map(committed_path, read.records.values()) if place != path]
    return [item.text for item in read.complaints] + [
        f"the record belongs into {place}" for place in elsewhere
    ]


def prediction_problem(folder: Path, path: str) -> str | None:
    """Return why a file cannot be the predictions of a committed record, None where it is."""
    parts = PurePosixPath(path).parts
    if len(parts) != 6:
        return "is part of no release"
    beside = "/".join((*parts[:3], f"{parts[4]}.jsonl"))
    lines = lines_of(read_committed(folder, beside)).values() if is_plain(folder / beside) else ()
    # Of lines of equal keys, a run that was repeated, each names its own.
    runs = tuple(run for line in lines for run in _parsed([line], beside).records.values())
    named = {place: file for place, _, file in predicted(RecordSet((RecordFile(beside, "", runs),)))}
    if path not in named:
        return "is part of no release, and no record names it"
    return why_not(read_committed(folder, path), named[path])


def _parsed(lines: Sequence[bytes], path: str) -> RecordLines:
    """Return what lines of a committed file say."""
    track, _, backbone, task = path.split("/")
    return parse_records(joined(lines), f"{track}/{backbone}/{task}")


def committed_records(folder: Path, pattern: str = _PLACE) -> RecordSet:
    """Return the records that are committed, the last of equal keys; what is no record is passed over.

    Args:
        folder: The folder of records.
        pattern: Files below it that are read.

    Raises:
        LeaderboardError: A file is a link, or cannot be read.
    """
    files = []
    for place in sorted(folder.glob(pattern)):
        path = place.relative_to(folder).as_posix()
        read = _parsed([*lines_of(read_committed(folder, path)).values()][::-1], path)
        records = tuple(
            record for record in reversed(read.records.values()) if committed_path(record) == path
        )
        files.append(RecordFile(path, read.sha256, records, digests=read.digests))
    return RecordSet(tuple(files))


def lines_by_run(
    folder: Path, names: Collection[str] | None = None, named: Mapping[str, Set[str]] | None = None
) -> dict[str, dict[str, bytes]]:
    """Return the lines of committed records, as a workspace has them.

    Args:
        folder: The folder of records.
        names: Backbones; None for all.
        named: Digests of the lines that releases name, by path: any other line that says who measured it is passed
            over, since a stranger can write the keeper's name. None to pass over none.

    Returns:
        By `<track>/<backbone>/<task>.jsonl` the lines by key of the run.

    Raises:
        LeaderboardError: A committed file is a link, or cannot be read.
    """
    found: dict[str, dict[str, bytes]] = {}
    patterns = (
        [_PLACE]
        if names is None
        else [f"*/*/{glob.escape(name)}/*.jsonl" for name in names if "/" not in name]
    )
    for file in (file for pattern in patterns for file in committed_records(folder, pattern).files):
        track, _, backbone, task = file.path.split("/")
        lines = lines_of(read_committed(folder, file.path))
        kept = found.setdefault(f"{track}/{backbone}/{task}", {})
        released = None if named is None else named.get(file.path, frozenset())
        for record in file.records:
            line = file.digests[record.key]
            if released is None or record.measured_by is None or line in released:
                kept[record.key] = lines[line]
    return found
