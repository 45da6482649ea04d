"""What a version is built from: gathered from a workspace, or read back from a release and the committed records.

Both ways end in the same readers, so a version that is rebuilt goes through what it was built by. Whatever does
not come from a file (descriptions, digests of what is here, notes on a folder) is one JSON document, an input too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, Sha256, is_empty
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts
from lovt_bench.benchmark.contract.leaderboard import InputFile, Leaderboard, OverImages
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.release import RecordList
from lovt_bench.benchmark.contract.suite import Suite
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import Contradiction
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.lineage import Relation
from lovt_bench.leaderboard.board.published import FOLDER as PUBLISHED
from lovt_bench.leaderboard.board.published import PublishedTable, load_published
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.board.stale import Current
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.line_ends import source_bytes
from lovt_bench.leaderboard.releases.committed import read_back
from lovt_bench.leaderboard.releases.version import INPUTS, parse, put_files
from lovt_bench.leaderboard.show.examples import read_examples
from lovt_bench.leaderboard.show.rendering import Examples, digest

FROZEN = "frozen.json"
RECORDS = f"{INPUTS}/records.json"


class ExpectedRuns(Model):
    """How many final runs make a cell complete under one protocol and profile."""

    protocol_sha256: Sha256
    profile_sha256: Sha256
    runs: PositiveInt


class Frozen(Model):
    """`inputs/frozen.json`: everything a build depends on that is not a file of its own."""

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
    over_images: dict[Sha256, OverImages] = Field(default={}, exclude_if=is_empty)
    """By `RunSet.keys_sha256`; absent where nobody asked for them, as in older documents."""
    embeddings: dict[Name, list[EmbeddingFacts]] = Field(default={}, exclude_if=is_empty)
    """By name of the backbone; the reports themselves stay in the workspace."""


@dataclass(frozen=True)
class Sources:
    """Everything that a version is a function of."""

    records: RecordSet
    """In the files that a release commits them to."""
    published: tuple[PublishedTable, ...]
    examples: Examples
    frozen: Frozen
    files: Mapping[str, bytes]
    """Inputs beside run records by path: the document of `frozen`, published tables, examples."""
    results: Path
    """Where the lines of the records are read."""
    predictions: Mapping[str, str] = field(default_factory=dict)
    """Digests of committed predictions by path; a release fills it in."""

    def board(self, version: str) -> Leaderboard:
        """Return the version of that name."""
        frozen = self.frozen
        return build(
            RecordSet(self.records.files, tuple(frozen.notes)),
            self.published,
            frozen.tasks,
            frozen.descriptions,
            self.expected_runs,
            version,
            current=frozen.current,
            lineage=frozen.lineage,
            further_inputs=[
                InputFile(path=path, sha256=digest(content), records=0)
                for path, content in self.files.items()
                if not path.endswith(".csv")  # named with the number of their values
            ],
            contradictions=frozen.contradictions,
            keeper=frozen.keeper,
            suites=frozen.suites,
            notices=frozen.notices,
            over_images=frozen.over_images,
            embeddings=frozen.embeddings,
        )

    @property
    def expected_runs(self) -> dict[tuple[str, str], int]:
        """The number of final runs by digests of protocol and profile."""
        return {(item.protocol_sha256, item.profile_sha256): item.runs for item in self.frozen.expected_runs}

    def with_over_images(self, found: Mapping[str, OverImages]) -> Sources:
        """Return the same with intervals over images."""
        frozen = self.frozen.model_copy(update={"over_images": dict(sorted(found.items()))})
        return replace(self, frozen=frozen, files={**self.files, FROZEN: frozen.to_json().encode()})

    def input_files(self) -> dict[str, bytes]:
        """Return the files of a release that it is rebuilt from, and the list of its records."""
        listed = RecordList(
            records={file.path: dict(file.digests) for file in self.records.files},
            predictions=dict(self.predictions),
        )
        return {
            **{f"{INPUTS}/{path}": content for path, content in self.files.items()},
            RECORDS: listed.to_json().encode(),
        }


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
        records: What counts, in the files that a release commits it to (`as_committed`).
        results: Folder of run records.
        folder: Where `examples/` lies: the workspace.
        frozen: What is not a file.
        published_folder: Published tables.
        document: The bytes that `frozen` was read from, if any; an old one may hold fewer fields than its model now.

    Raises:
        LeaderboardError: A published table is broken.
    """
    examples, example_files = read_examples(folder / "examples", records.records)
    published = load_published(published_folder)
    files = {FROZEN: frozen.to_json().encode() if document is None else document}
    for path, table in zip(sorted(published_folder.glob("*.yaml")), published, strict=True):
        if path.stem != table.info.name:
            raise LeaderboardError(
                f"published/{path.name}: name is {table.info.name!r}, expected {path.stem!r}"
            )
        for part in (path, path.with_suffix(".csv")):
            files[f"published/{part.name}"] = source_bytes(part)
    files |= {f"examples/{path}": content for path, content in example_files.items()}
    return Sources(records, published, examples, frozen, files, results)


def read_sources(files: Mapping[str, bytes], committed: Path, scratch: Path) -> Sources:
    """Return the sources that a release was built from.

    Args:
        files: Its files, held against their sums.
        committed: The folder of records.
        scratch: An empty folder for its inputs.

    Raises:
        LostRecordsError: Records are missing, changed or out of place.
        LeaderboardError: The inputs are not what a version is built from.
    """
    listed = parse(files, RECORDS, RecordList)
    frozen = parse(files, f"{INPUTS}/{FROZEN}", Frozen)
    records = read_back(listed, committed)
    put_files(scratch, {name: content for name, content in files.items() if name.startswith(f"{INPUTS}/")})
    inputs = scratch / INPUTS
    document = files[f"{INPUTS}/{FROZEN}"]
    sources = gather(records, committed, inputs, frozen, inputs / "published", document)
    return replace(sources, predictions=listed.predictions)
