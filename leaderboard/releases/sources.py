"""What a version is built from: gathered from a workspace, or unpacked from the inputs of a release.

Both ways end in the same readers, so a version that is rebuilt goes through what it was built by. Whatever does
not come from a file (descriptions, digests of what is here, notes on a folder) is one JSON document, an input too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import PositiveInt, ValidationError

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.leaderboard import InputFile, Leaderboard
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.suite import Suite
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import Contradiction
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.lineage import Relation
from lovt_bench.leaderboard.board.notices import withdraw
from lovt_bench.leaderboard.board.published import FOLDER as PUBLISHED
from lovt_bench.leaderboard.board.published import PublishedTable, load_published
from lovt_bench.leaderboard.board.records import RecordSet, read_records
from lovt_bench.leaderboard.board.stale import Current
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.line_ends import source_bytes
from lovt_bench.leaderboard.releases.store import fetch, keep
from lovt_bench.leaderboard.show.examples import read_examples
from lovt_bench.leaderboard.show.rendering import Examples, digest

FROZEN = "build/inputs.json"
"""Path of the document among the inputs."""

_PLACES = {"public": "results/public", "phantom": "results/phantom"}
"""Inputs are named as below the results folder; the others lie where they say."""


_PART = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
"""A name and its suffix; never hidden, never `..`."""


class ExpectedRuns(Model):
    """How many final runs make a cell complete under one protocol and profile."""

    protocol_sha256: Sha256
    profile_sha256: Sha256
    runs: PositiveInt


class Frozen(Model):
    """`build/inputs.json`: everything a build depends on that is not a file of its own."""

    schema_version: Literal[1] = 1
    tasks: list[TaskSpec]
    suites: list[Suite] = []
    """The board's own first. Documents from before there were suites have none: all tasks are one suite."""
    descriptions: dict[str, Description] = {}
    expected_runs: list[ExpectedRuns] = []
    current: Current = Current()
    lineage: list[Relation] | None = None
    """Lines on shared images; the descriptions hold what follows from them for submissions."""
    contradictions: list[Contradiction] = []
    """What in the records cannot be true; some of it depends on the day they were read."""
    keeper: Name | None = None
    notices: list[Notice] = []
    """What the keeper withdrew or marked as disputed."""
    notes: list[str] = []
    """What reading the results left out."""


class LostInputsError(LeaderboardError):
    """The store cannot give back inputs of a version."""

    def __init__(self, complaints: Mapping[str, str]) -> None:
        super().__init__("; ".join(complaints.values()))
        self.complaints = complaints
        """By path of the input."""


@dataclass(frozen=True)
class Sources:
    """Everything that a version is a function of, and where its bytes lie."""

    records: RecordSet
    published: tuple[PublishedTable, ...]
    examples: Examples
    frozen: Frozen
    document: bytes
    """`frozen` as it is written; an old one may hold fewer fields than its model has now."""
    further: tuple[InputFile, ...]
    """Inputs beside run records and published numbers."""
    folder: Path
    """Results, examples: where `path_of` finds them."""
    published_folder: Path
    results: Path

    def board(self, version: str) -> Leaderboard:
        """Return the version of that name."""
        frozen = self.frozen
        expected = {(item.protocol_sha256, item.profile_sha256): item.runs for item in frozen.expected_runs}
        return build(
            RecordSet(self.records.files, tuple(frozen.notes)),
            self.published,
            frozen.tasks,
            frozen.descriptions,
            expected,
            version,
            current=frozen.current,
            lineage=frozen.lineage,
            further_inputs=self.further,
            contradictions=frozen.contradictions,
            keeper=frozen.keeper,
            suites=frozen.suites,
            notices=frozen.notices,
        )

    def content(self, file: InputFile) -> bytes:
        """Return the bytes of an input. Raises LeaderboardError if they are no longer those that were read."""
        if file.path == FROZEN:
            return self.document
        top, _, rest = file.path.partition("/")
        if top == "published":
            content = source_bytes(self.published_folder / rest)
        else:
            content = ((self.folder if top == "examples" else self.results) / file.path).read_bytes()
        if digest(content) != file.sha256:
            raise LeaderboardError(
                f"{file.path} changed while it was read; wait for its runs, then try again"
            )
        return content


def gather(
    records: RecordSet,
    results: Path,
    folder: Path,
    frozen: Frozen,
    published_folder: Path = PUBLISHED,
    document: bytes | None = None,
) -> Sources:
    """Return the sources of a build from folders.

    Args:
        records: What `read_records(results)` found.
        results: Folder of run records.
        folder: Where `examples/` lies: the workspace.
        frozen: What is not a file.
        published_folder: Published tables.
        document: The bytes that `frozen` was read from, if any.

    Raises:
        LeaderboardError: A published table is broken.
    """
    records = withdraw(records, frozen.notices)
    examples, example_files = read_examples(folder / "examples", records.records)
    published = load_published(published_folder)
    names = [path.stem for path in sorted(published_folder.glob("*.yaml"))]
    for name, table in zip(names, published, strict=True):
        if name != table.info.name:
            raise LeaderboardError(f"published/{name}.yaml: name is {table.info.name!r}, expected {name!r}")
    descriptions = [
        _input(f"published/{path.name}", source_bytes(path), 0)
        for path in sorted(published_folder.glob("*.yaml"))
    ]
    written = frozen.to_json().encode() if document is None else document
    return Sources(
        records,
        published,
        examples,
        frozen,
        written,
        (_input(FROZEN, written, 0), *descriptions, *example_files),
        folder,
        published_folder,
        results,
    )


def store(sources: Sources, inputs: Iterable[InputFile], versions: Path) -> None:
    """Keep the inputs of a version for good, before the version itself appears."""
    for file in inputs:
        keep(versions, sources.content(file))


def unpack(inputs: Sequence[InputFile], versions: Path, target: Path) -> Sources:
    """Return the sources that the inputs of a release hold, unpacked into a folder.

    Args:
        inputs: `Leaderboard.inputs`; paths are checked, for a version may come from anybody.
        versions: Folder of versions with its store.
        target: An empty folder; it must stay while the sources are used.

    Raises:
        LostInputsError: Inputs are missing, damaged or out of place; it names all of them.
        LeaderboardError: They are no longer what a version is built from.
    """
    complaints: dict[str, str] = {}
    for file in inputs:
        try:
            path = target / _place(file.path)
            content = fetch(versions, file.sha256)
        except LeaderboardError as error:
            complaints[file.path] = str(error)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if complaints:
        raise LostInputsError(complaints)
    try:
        document = (target / FROZEN).read_bytes()
        frozen = Frozen.model_validate_json(document)
    except FileNotFoundError as error:
        raise LeaderboardError(
            f"{FROZEN} is not among the inputs of this version: it was not released by lovt-bench"
        ) from error
    except ValidationError as error:
        raise LeaderboardError(f"{FROZEN}: written by another version of lovt-bench") from error
    (target / "published").mkdir(exist_ok=True)
    results = target / "results"
    return gather(read_records(results), results, target, frozen, target / "published", document)


def _place(path: str) -> PurePosixPath:
    """Return where an input lies below the folder it is unpacked into."""
    parts = path.split("/")
    if len(parts) < 2 or not all(_PART.fullmatch(part) for part in parts):
        raise LeaderboardError(f"input {path[:80]!r}: expected names parted by '/'")
    return PurePosixPath(_PLACES.get(parts[0], parts[0]), *parts[1:])


def _input(path: str, content: bytes, records: int) -> InputFile:
    return InputFile(path=path, sha256=digest(content), records=records)
