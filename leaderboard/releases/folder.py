"""What may lie in a folder of versions: releases, the lists of them, the inputs that they rest on, and `dev`.

A page loads the list beside its folder, and a folder that is published whole would publish what anybody put into it.
So the lists are made anew and compared, and what is none of these is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.contract.plain_file import is_plain, is_there
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.leftovers import is_temporary
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.store import INPUTS, place
from lovt_bench.leaderboard.releases.version import DEVELOPMENT, LOCK, number, read_version, releases
from lovt_bench.leaderboard.releases.version_index import INDEX, SCRIPT, index_of, is_list, list_files
from lovt_bench.leaderboard.show.rendering import SUMS


def folder_problems(out: Path) -> dict[str, str]:
    """Return what is wrong beside the files of the releases, in sentences, by path below the folder of versions."""
    return {**_lists(out), **dict(_strangers(out)), **_inputs(out)}


def named_inputs(out: Path) -> set[str]:
    """Return the digests of all inputs that releases name. Raises LeaderboardError if a release was touched."""
    return {file.sha256 for version in releases(out) for file in read_version(out, version).inputs}


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
    """Yield what is neither release, list, folder of inputs, `dev`, nor something that a writer holds."""
    for path in sorted(out.iterdir()) if out.is_dir() else []:
        name = path.name
        if name in (INDEX, SCRIPT, DEVELOPMENT) or is_temporary(name) or name == LOCK:
            continue
        shown = clean_text(name, 80)
        if path.is_symlink():
            yield shown, f"{shown} is a link; remove it"
        elif number(name) and path.is_dir():
            if not is_plain(path / SUMS):
                yield shown, f"{shown} is no release: it has no {SUMS}; bring it back, or remove the folder"
        elif name != INPUTS or not path.is_dir():
            yield shown, f"{shown} is no part of a release or of the lists; remove it"


def _inputs(out: Path) -> dict[str, str]:
    """Return the inputs that no release rests on; none where that is not known, for a release was touched."""
    folder = out / INPUTS
    try:
        known = {place(sha256) for sha256 in named_inputs(out)}
    except LeaderboardError:
        return {}
    found = sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
    names = [f"{INPUTS}/{path.name}" for path in found if not is_temporary(path.name)]
    shown = [clean_text(name, 120) for name in names if name not in known]
    return {name: f"{name} is an input of no release; remove it" for name in shown}
