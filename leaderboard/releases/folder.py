"""What may lie in a folder of versions: releases, the lists of them, and `dev`; beside it, their records.

A page loads the list beside its folder, and a folder that is published whole would publish what anybody put into it.
So the lists are made anew and compared, and what is none of these is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.contract.plain_file import is_plain, is_there
from lovt_bench.benchmark.contract.release import RecordList
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.leftovers import is_temporary
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import Named, records_folder
from lovt_bench.leaderboard.releases.sources import RECORDS
from lovt_bench.leaderboard.releases.version import DEVELOPMENT, LOCK, number, parse, read_listed, releases
from lovt_bench.leaderboard.releases.version_index import INDEX, SCRIPT, index_of, is_list, list_files
from lovt_bench.leaderboard.releases.waiting import strangers
from lovt_bench.leaderboard.show.rendering import SUMS


def folder_problems(out: Path) -> dict[str, str]:
    """Return what is wrong in a folder of versions beside the files of the releases, in sentences, by path."""
    problems = {**_lists(out), **dict(_strangers(out))}
    try:
        known = named_records(out)
    except LeaderboardError:
        return problems  # a release was touched: what belongs to it is not known
    return {**problems, **dict(strangers(records_folder(out), known))}


def named_records(out: Path) -> Named:
    """Return all that releases name in the folder of records. Raises LeaderboardError if a list was touched."""
    lines: dict[str, set[str]] = {}
    predictions: dict[str, str] = {}
    for version in releases(out):
        listed = parse(read_listed(out, version, RECORDS), RECORDS, RecordList)
        for path, runs in listed.records.items():
            lines.setdefault(path, set()).update(runs.values())
        predictions |= listed.predictions
    return Named(lines, predictions)


def _lists(out: Path) -> dict[str, str]:
    try:
        expected = list_files(index_of(out))
    except LeaderboardError as error:
        return {INDEX: f"the list of versions cannot be made anew: {error}"}
    remedy = "`lovt-bench leaderboard build` writes it anew"
    none = not releases(out)
    return {
        name: f"{name} is not the list of the releases that are here; {remedy}"
        for name, text in expected.items()
        if not is_list(out / name, text) and not (none and not is_there(out / name))  # nothing, of nothing
    }


def _strangers(out: Path) -> Iterator[tuple[str, str]]:
    """Yield what is neither release, list, `dev`, nor something that a writer holds."""
    for path in sorted(out.iterdir()) if out.is_dir() else []:
        name = path.name
        if name in (INDEX, SCRIPT, DEVELOPMENT, LOCK) or is_temporary(name) or path == records_folder(out):
            continue
        shown = clean_text(name, 80)
        if path.is_symlink():
            yield shown, f"{shown} is a link; remove it"
        elif number(name) and path.is_dir():
            if not is_plain(path / SUMS):
                yield shown, f"{shown} is no release: it has no {SUMS}; bring it back, or remove the folder"
        else:
            yield shown, f"{shown} is no part of a release or of the lists; remove it"
