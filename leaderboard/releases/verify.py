"""Rebuilding a version from its records and comparing byte for byte, offline. It reads only.

Every file that differs is named with its first differing place, and why: the file was touched, a record is missing,
or other code or other libraries render otherwise.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.release import BuildRecord
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.changes import compare
from lovt_bench.leaderboard.releases.differences import first_difference
from lovt_bench.leaderboard.releases.release import PAGE_OF_CHANGES, release_files
from lovt_bench.leaderboard.releases.sources import LostInputsError, Sources, unpack
from lovt_bench.leaderboard.releases.store import INPUTS
from lovt_bench.leaderboard.releases.tools import code_sha256, tools
from lovt_bench.leaderboard.releases.version import (
    BUILD,
    DEVELOPMENT,
    check_version,
    read_files,
    read_version,
    sum_problems,
    version_files,
)
from lovt_bench.leaderboard.releases.version_index import CHANGES, chain_problems, read_build
from lovt_bench.leaderboard.show.rendering import SOURCE, SUMS

Kind = Literal["touched", "before", "record", "inputs", "code", "tools", "differs"]
"""Why something is not as it should be.

- `touched`: a file is not what was written; `before`: the release before it is not.
- `record`: an input is missing or damaged.
- `inputs`: of `dev`, the workspace has moved on.
- `code`, `tools`: the same numbers are shown otherwise, and it was built with others.
- `differs`: the records give other numbers, or other files without a reason.
"""


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it should be."""

    kind: Kind
    name: str
    """File of the version, or path of an input."""
    text: str


@dataclass(frozen=True)
class Verification:
    """What verifying one version found."""

    version: str
    files: int
    """Files compared."""
    inputs: int
    problems: tuple[Problem, ...]

    @property
    def identical(self) -> bool:
        """Every byte is what the records give."""
        return not self.problems

    @property
    def explained(self) -> bool:
        """Nothing was touched and no record is missing; what differs was made by other code or libraries."""
        return all(problem.kind in ("code", "tools") for problem in self.problems)


def verify(out: Path, version: str, workspace: Sources | None = None) -> Verification:
    """Rebuild a version and compare.

    Args:
        out: Folder of versions.
        version: A release, or `dev`.
        workspace: What `dev` is rebuilt from; releases carry their inputs.

    Raises:
        LeaderboardError: There is no such version, or so little is left of it that nothing can be compared.
    """
    folder = out / check_version(version)
    if not (folder / SOURCE).is_file():
        known = (path.parent.name for path in out.glob(f"*/{SOURCE}"))
        raise LeaderboardError(f"no version {version!r} in {out}{meant(version, known)}")
    broken = {**sum_problems(folder), **(chain_problems(out, version) if version != DEVELOPMENT else {})}
    touched = [Problem("touched", name, text) for name, text in broken.items()]
    try:
        files = read_files(folder)
        board = Leaderboard.model_validate_json(files[SOURCE])
        build = read_build(out, version)
    except (LeaderboardError, ValidationError) as error:
        unread = Problem("touched", SOURCE, f"{SOURCE} or {BUILD} cannot be read: {error}")
        return Verification(version, 0, 0, tuple(touched or [unread]))
    with tempfile.TemporaryDirectory(prefix="lovt-bench-verify-") as scratch:
        try:
            sources = workspace or unpack(board.inputs, out, Path(scratch))
            again = sources.board(version)
        except LostInputsError as error:
            lost = [Problem("record", name, text) for name, text in error.complaints.items()]
            return Verification(version, 0, len(board.inputs), (*touched, *lost))
        except LeaderboardError as error:
            text = str(error).replace(scratch, INPUTS)
            failed = Problem("differs", SOURCE, f"it cannot be rebuilt here: {text}")
            return Verification(version, 0, len(board.inputs), (*touched, failed))
        rebuilt, problems = _rebuild(out, build, again, sources)
    problems += _problems(files, rebuilt, broken, build, _other_numbers(board, again))
    if workspace:
        problems = [*_moved(board, again), *problems]
    return Verification(version, len(rebuilt), len(board.inputs), tuple(problems))


def version_records(out: Path, version: str) -> list[RunRecord]:
    """Return the run records that a release carries.

    Raises:
        LeaderboardError: There is no such release, or inputs of it are lost.
    """
    with tempfile.TemporaryDirectory(prefix="lovt-bench-verify-") as scratch:
        return unpack(read_version(out, version).inputs, out, Path(scratch)).records.records


def _rebuild(
    out: Path, build: BuildRecord, board: Leaderboard, sources: Sources
) -> tuple[dict[str, bytes], list[Problem]]:
    """Return the files that the sources give; without its changes if the release before it was touched."""
    release = build.release
    if release is None:
        return version_files(board, sources.examples), []
    try:
        old = read_version(out, release.previous) if release.previous else None
    except LeaderboardError as error:
        text = f"its changes cannot be rebuilt, for they are from {release.previous}: {error}"
        return version_files(board, sources.examples, release), [Problem("before", CHANGES, text)]
    return release_files(board, sources, release, old), []


def _other_numbers(found: Leaderboard, again: Leaderboard) -> str | None:
    """Return how the numbers themselves differ, which no other way of showing them explains."""
    changes = compare(again, found)
    if changes.digests or changes.cells or changes.rows_added or changes.rows_removed:
        return f"The records give other numbers: {' '.join(changes.reasons[:3])}"
    return None


def _problems(
    files: Mapping[str, bytes],
    rebuilt: Mapping[str, bytes],
    broken: Mapping[str, str],
    build: BuildRecord,
    other_numbers: str | None,
) -> Iterator[Problem]:
    kind: Kind
    kind, cause = ("differs", other_numbers) if other_numbers else _cause(build)
    derived = set() if CHANGES in rebuilt else {CHANGES, PAGE_OF_CHANGES}
    for name in sorted({*files, *rebuilt, *broken} - {BUILD} - (derived - {*broken})):
        found, expected = files.get(name), rebuilt.get(name)
        differs = found is not None and expected is not None and found != expected
        place = f"; {first_difference(name, found or b'', expected or b'')}" if differs else ""
        if name in broken:
            yield Problem("touched", name, f"{broken[name]}{place}")
        elif differs:
            yield Problem(kind, name, f"{name} rebuilds otherwise{place}. {cause}")
        elif found is None:
            yield Problem(kind, name, f"{name} is not in the version, but the records give it. {cause}")
        elif expected is None and name != SUMS:
            yield Problem(kind, name, f"{name} is in the version, but the records do not give it. {cause}")
    if BUILD in broken:
        yield Problem("touched", BUILD, broken[BUILD])


def _cause(build: BuildRecord) -> tuple[Kind, str]:
    """Return what may explain a difference: how the tools of then and now differ."""
    now = tools()
    others = [
        f"{name} {build.tools.get(name, 'none')} (here {now.get(name, 'none')})"
        for name in sorted({*now, *build.tools})
        if now.get(name) != build.tools.get(name)
    ]
    here = code_sha256()
    if build.code_sha256 != here:
        also = f", and with {', '.join(others)}" if others else ""
        return "code", (
            f"It was built by other code ({build.code_sha256[:8]}, here {here[:8]}){also}: verify it at the commit "
            f"that added it."
        )
    if others:
        return "tools", f"It was built with {', '.join(others)}."
    return (
        "differs",
        "Code and libraries are the same: it was touched together with its sums, or records were.",
    )


def _moved(found: Leaderboard, now: Leaderboard) -> Iterator[Problem]:
    """Yield the inputs of `dev` that the workspace holds otherwise."""
    before = {file.path: file.sha256 for file in found.inputs}
    after = {file.path: file.sha256 for file in now.inputs}
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            word = "is new" if path not in before else "is gone" if path not in after else "changed"
            yield Problem("inputs", path, f"input {path} {word} since the build")
