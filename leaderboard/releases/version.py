"""A version on disk, `<versions>/<version>/`: it appears whole, and a released one never changes.

Nothing is removed but files that a build wrote: a folder that holds anything else is refused.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.plain_file import is_plain, is_there
from lovt_bench.benchmark.contract.release import BuildRecord, Release
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.line_ends import as_written, source_bytes
from lovt_bench.leaderboard.releases.tools import code_sha256, tools
from lovt_bench.leaderboard.show.rendering import SOURCE, SUMS, Examples, digest, read_sums, render, with_sums

DEVELOPMENT = "dev"
"""The one version that a build may replace; git ignores it."""

BUILD = "build.json"

INPUTS = "inputs"
"""Folder within a release: what it is rebuilt from, beside the run records."""

LOCK = ".lock"

_RELEASE = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")

Number = tuple[int, int, int]

_Read = TypeVar("_Read", bound=Model)


def version_files(
    leaderboard: Leaderboard, examples: Examples | None = None, release: Release | None = None
) -> dict[str, bytes]:
    """Return every file of a version but its changes and sums."""
    record = BuildRecord(
        version=leaderboard.version, code_sha256=code_sha256(), tools=tools(), release=release
    )
    return {**render(leaderboard, examples), BUILD: record.to_json().encode()}


def put(version: str, out: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files of a version and their sums, and return its folder; the caller holds the lock.

    Equal bytes written again change nothing.

    Raises:
        LeaderboardError: The version is released and differs, or its folder holds files that no build wrote.
    """
    target = out / version
    whole = with_sums(files)
    if target.is_symlink() or target.exists():
        _check_replaceable(target)
        if read_files(target) == whole:
            return target
        if version != DEVELOPMENT:
            raise LeaderboardError(
                f"{target} is released and the build differs from it; a released version never changes"
            )
    with new_folder(target) as fresh:
        put_files(fresh, whole)
    return target


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path below a folder that nobody reads yet."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read_version(out: Path, version: str = DEVELOPMENT) -> Leaderboard:
    """Return a version from disk. Raises LeaderboardError as `read_untouched` does."""
    return parse(read_untouched(out, version), SOURCE, Leaderboard)


def read_untouched(out: Path, version: str) -> dict[str, bytes]:
    """Return the files of a version, held against its sums.

    Raises:
        LeaderboardError: There is none, or a file of it is not the one that was written.
    """
    folder = out / check_version(version)
    if not is_there(folder / SOURCE):
        found = sorted(entry.parent.name for entry in out.glob(f"*/{SOURCE}"))
        raise LeaderboardError(
            f"no version {version!r} in {out}{meant(version, found)} (found: {', '.join(found) or 'none'}); "
            "`lovt-bench leaderboard build` writes one"
        )
    files = read_files(folder)
    if touched := file_problems(files):
        remedy = "build again" if version == DEVELOPMENT else "bring it back from the repository's history"
        raise LeaderboardError(
            f"{folder} was changed after the build ({next(iter(touched.values()))}); {remedy}"
        )
    return files


def read_listed(out: Path, version: str, name: str) -> dict[str, bytes]:
    """Return one file of a release by its name, held against the release's sums.

    Raises:
        LeaderboardError: It, or the file of sums, is not there or not the one that was written.
    """
    folder = out / version
    if not all(is_plain(folder / part) for part in (SUMS, name)):
        raise LeaderboardError(f"{folder} was changed after the build ({name} or {SUMS} is missing)")
    expected = read_sums(source_bytes(folder / SUMS)).get(name, "")
    content = as_written((folder / name).read_bytes(), expected)
    if digest(content) != expected:
        raise LeaderboardError(f"{folder} was changed after the build ({name} does not match {SUMS})")
    return {name: content}


def parse(files: Mapping[str, bytes], name: str, model: type[_Read]) -> _Read:
    """Return what a JSON file of a version says. Raises LeaderboardError."""
    try:
        return model.model_validate_json(files[name])
    except (KeyError, ValidationError) as error:
        raise LeaderboardError(f"{name} is missing or broken, or of another version of lovt-bench") from error


def read_part(out: Path, version: str, name: str, model: type[_Read]) -> _Read:
    """Return what one JSON file of a version says. Raises LeaderboardError."""
    path = out / version / name
    try:
        return parse({name: path.read_bytes()} if is_plain(path) else {}, name, model)
    except LeaderboardError as error:
        raise LeaderboardError(f"{out / version}: {error}") from error


def sum_problems(folder: Path) -> dict[str, str]:
    """Return for each file that SHA256SUMS does not vouch for what is wrong with it, by name."""
    try:
        return file_problems(read_files(folder))
    except LeaderboardError as error:
        return {"": str(error)}


def file_problems(found: Mapping[str, bytes]) -> dict[str, str]:
    """Return the same for the files of a version as `read_files` gives them."""
    if SUMS not in found:
        return {SUMS: f"{SUMS} is missing"}
    problems: dict[str, str] = {}
    files = {name: content for name, content in found.items() if name != SUMS}
    listed = read_sums(found[SUMS])
    for name in sorted({*listed, *files}):
        if name not in files:
            problems[name] = f"{name} is missing"
        elif name not in listed:
            problems[name] = f"{name} is not in {SUMS}: no build wrote it"
        elif digest(files[name]) != listed[name]:
            problems[name] = f"{name} does not match {SUMS}"
    return problems


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by relative path, with the line ends that its SHA256SUMS vouches for.

    Raises:
        LeaderboardError: It is a link, or holds a link or a special file.
    """
    if folder.is_symlink():
        raise LeaderboardError(f"{folder.name} is a link")
    files = {name: (folder / name).read_bytes() for name in _names(folder)}
    if SUMS in files:
        files[SUMS] = source_bytes(folder / SUMS)
        listed = read_sums(files[SUMS])
        files |= {name: as_written(files[name], listed[name]) for name in listed if name in files}
    return files


def sums_sha256(out: Path, version: str) -> str:
    """Return the digest of a version's SHA256SUMS as it was written. Raises OSError."""
    return digest(source_bytes(out / version / SUMS))


def releases(out: Path) -> list[str]:
    """Return the names of the released versions in a folder, newest first."""
    names = [path.name for path in out.iterdir() if number(path.name)] if out.is_dir() else []
    return sorted(names, key=lambda name: number(name) or (0, 0, 0), reverse=True)


def number(version: str) -> Number | None:
    """Return the three numbers of a release's name, None for any other name."""
    match = _RELEASE.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def check_version(version: str) -> str:
    """Return the name of a version if it is one. Raises LeaderboardError."""
    if version != DEVELOPMENT and not number(version):
        raise LeaderboardError(f"version {version[:80]!r}: expected dev, or three numbers, for example 1.2.0")
    return version


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder of versions for one writer at a time.

    What a killed writer left behind is cleared, and `dev` put back if that was between the two renames.
    """
    with hold(out / LOCK, wait=True):
        sweep(out)
        yield


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            yield path.relative_to(folder).as_posix()
        elif not stat.S_ISDIR(mode):
            raise LeaderboardError(f"{path.relative_to(folder).as_posix()} is a link or a special file")


def _check_replaceable(target: Path) -> None:
    """Raise LeaderboardError if a folder holds anything that no build wrote; what a build wrote may be edited."""
    try:
        names = set(_names(target)) if target.is_dir() and not target.is_symlink() else set()
    except LeaderboardError:
        names = set()
    listed = read_sums((target / SUMS).read_bytes()) if SUMS in names else {}
    folders = {path for name in names for path in (target / name).parents}
    empty = any(path.is_dir() and path not in folders for path in target.rglob("*"))
    if SOURCE not in listed or names - {*listed, SUMS} or empty:
        raise LeaderboardError(
            f"{target} is there and holds something that no build wrote; choose another --out, or move it away"
        )
