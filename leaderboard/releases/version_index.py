"""`versions.json` and `versions.js`: the list of releases, outside their folders, so that an old page finds new ones.

The list is made of the folders. It also remembers the digest of each release's SHA256SUMS: a release that was
rewritten together with its sums no longer fits it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.release import BuildRecord, Changes, VersionEntry, VersionIndex
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.leaderboard.board.notices import since_withdrawn
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.line_ends import source_bytes
from lovt_bench.leaderboard.releases.changes import summary
from lovt_bench.leaderboard.releases.version import (
    BUILD,
    file_problems,
    read_files,
    read_part,
    read_version,
    releases,
    sums_sha256,
)
from lovt_bench.leaderboard.show.rendering import SUMS

INDEX = "versions.json"
SCRIPT = "versions.js"
CHANGES = "changes.json"

VARIABLE = "LOVT_BENCH_VERSIONS"
"""What `versions.js` sets on `window`: a list of `VersionEntry`, newest first."""


def read_index(out: Path) -> VersionIndex:
    """Return the list as it was written; empty if there is none. Raises LeaderboardError if it is broken."""
    try:
        return VersionIndex.model_validate_json((out / INDEX).read_bytes())
    except FileNotFoundError:
        return VersionIndex()
    except ValidationError as error:
        raise LeaderboardError(
            f"{out / INDEX} is broken; bring it back from the repository's history"
        ) from error


def check_listed(out: Path) -> None:
    """Raise LeaderboardError if a release that was listed is gone."""
    for entry in read_index(out).versions:
        if not (out / entry.version / SUMS).is_file():
            raise LeaderboardError(
                f"release {entry.version} is listed in {INDEX} but is not there; "
                f"bring it back from the repository's history"
            )


def checked_releases(out: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield each released version, newest first, with its files, each read once and held against all digests of it.

    Raises:
        LeaderboardError: One was touched, is gone, or breaks the chain.
    """
    check_listed(out)
    for version in releases(out):
        try:
            files = read_files(out / version)
            problems = {**file_problems(files), **chain_problems(out, version)}
        except LeaderboardError as error:
            files, problems = {}, {"": str(error)}
        if problems:
            raise LeaderboardError(
                f"release {version} was touched: {next(iter(problems.values()))}. A released version never changes: "
                f"bring it back from the repository's history"
            )
        yield version, files


def check_releases(out: Path) -> None:
    """Raise LeaderboardError if any released version was touched, is gone, or breaks the chain."""
    for _ in checked_releases(out):
        pass


def chain_problems(out: Path, version: str) -> dict[str, str]:
    """Return what is wrong with a release's SHA256SUMS by the list of versions and by the release after it."""
    try:
        found = sums_sha256(out, version)
    except OSError:
        return {}
    problem = {SUMS: f"{SUMS} was rewritten"}
    listed = {entry.version: entry.sums_sha256 for entry in read_index(out).versions}
    if listed.get(version, found) != found:
        return problem
    for later in releases(out):
        release = read_part(out, later, BUILD, BuildRecord).release
        if release and release.previous == version and release.previous_sums_sha256 != found:
            return problem
    return {}


def write_index(out: Path) -> VersionIndex:
    """Write the list of the releases that are there; the caller holds the lock and has checked them."""
    index = index_of(out)
    for name, text in list_files(index).items():
        if not is_list(out / name, text):
            write_text(out / name, text)
    return index


def index_of(out: Path) -> VersionIndex:
    """Return the list of the releases that are there, made anew. Raises LeaderboardError if a folder is broken."""
    names = releases(out)
    entries = [describe_release(out, version) for version in names]
    notices = read_version(out, names[0]).notices if names else []
    if not any(item.state == "withdrawn" for item in notices):
        return VersionIndex(versions=entries)
    return VersionIndex(
        versions=[
            entry.model_copy(update={"notices": since_withdrawn(read_version(out, entry.version), notices)})
            for entry in entries
        ]
    )


def list_files(index: VersionIndex) -> dict[str, str]:
    """Return the files that hold a list, by name."""
    return {INDEX: index.to_json(), SCRIPT: script(index)}


def is_list(path: Path, text: str) -> bool:
    """Return whether a plain file with that text lies there, whatever its line ends."""
    return is_plain(path) and source_bytes(path) == text.encode()


def script(index: VersionIndex) -> str:
    """Return `versions.js`: a page opened from disk may load a script, but no JSON."""
    # Templates and plots come with it and load slowly; reading the list need not wait for them.
    from lovt_bench.leaderboard.show.page.script import as_script

    return as_script(f"window.{VARIABLE}", index.model_dump(mode="json")["versions"]).decode()


def describe_release(out: Path, version: str) -> VersionEntry:
    """Return how the list names a release. Raises LeaderboardError if its folder is broken."""
    release = read_part(out, version, BUILD, BuildRecord).release
    if release is None:
        raise LeaderboardError(f"{out / version} is no release: {BUILD} does not say when it was released")
    changes = read_part(out, version, CHANGES, Changes)
    return VersionEntry(
        version=version,
        date=release.date,
        bump=release.bump,
        previous=release.previous,
        note=release.note,
        summary=summary(changes),
        sums_sha256=sums_sha256(out, version),
    )
