"""Published tables: a YAML that describes the numbers, a CSV that holds them. Percent becomes fractions."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, PositiveInt, ValidationError

from lovt_bench.benchmark.contract.base import Model, Name
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.submission import Supervision
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.line_ends import source_bytes
from lovt_bench.tasks.messages import explain

FOLDER = Path(__file__).resolve().parents[1] / "published"
HEADER = ["method", "corpus_percent", "task", "mean", "interval95"]


class ClaimQuestion(Model):
    """A count to recompute: on how many tasks is the method best, some methods left out?"""

    method: str
    without: list[str] = []


class ReplicationRule(Model):
    """How the published values are replicated, fixed before anything is measured."""

    rows: list[Name] = ["random", "imagenet"]
    """Rows that anybody can make."""
    slack: float = Field(default=0.02, ge=0, le=1)
    """Beyond the published interval, as a fraction: runs that share a seed state intervals that are too narrow."""


class PublishedInfo(Model):
    """`<name>.yaml`."""

    name: Name
    title: str
    statement: str
    citation: str
    url: str
    protocol: str
    profile: str
    runs: PositiveInt
    supervision: dict[str, Supervision]
    pretraining_data: dict[str, list[str]] = {}
    """By method, in the words of the vocabulary; a method without is unknown."""
    architecture: str | None = None
    """Architecture of all rows."""
    claims: list[ClaimQuestion] = []
    replication: ReplicationRule = ReplicationRule()


class PublishedCell(Model):
    """One line of the CSV, as fractions."""

    method: str = Field(min_length=1)
    fraction: float | None = Field(gt=0, le=1)
    task: str
    mean: float = Field(ge=0, le=1)
    interval95: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class PublishedTable:
    """One published table."""

    info: PublishedInfo
    cells: tuple[PublishedCell, ...]
    """In file order."""
    sha256: str
    """Digest of the CSV."""


def load_published(folder: Path = FOLDER) -> tuple[PublishedTable, ...]:
    """Return all published tables by name.

    Raises:
        LeaderboardError: A file is missing or breaks its schema; the message names file and line.
    """
    return tuple(_load(path) for path in sorted(folder.glob("*.yaml")))


def _load(path: Path) -> PublishedTable:
    try:
        info = PublishedInfo.model_validate(read_yaml(path))
    except StrictYamlError as error:
        raise LeaderboardError(str(error)) from error
    except ValidationError as error:
        raise LeaderboardError(explain(path, error, PublishedInfo)) from error
    numbers = path.with_suffix(".csv")
    try:
        content = source_bytes(numbers)
    except FileNotFoundError as error:
        raise LeaderboardError(
            f"{path}: expected its numbers in {numbers.name} beside it, found none"
        ) from error
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))
    if not rows or rows[0] != HEADER:
        raise LeaderboardError(f"{numbers}, line 1: expected the columns {','.join(HEADER)}")
    cells = tuple(_cell(row, numbers, number) for number, row in enumerate(rows[1:], start=2))
    if len({(cell.method, cell.fraction, cell.task) for cell in cells}) != len(cells):
        raise LeaderboardError(f"{numbers}: a method, fraction and task occur twice")
    unknown = {cell.method for cell in cells} - set(info.supervision)
    if unknown:
        raise LeaderboardError(f"{path}: supervision of {', '.join(sorted(unknown))} is missing")
    return PublishedTable(info, cells, hashlib.sha256(content).hexdigest())


def _cell(row: list[str], path: Path, number: int) -> PublishedCell:
    try:
        method, percent, task, mean, interval = row
        return PublishedCell(
            method=method,
            fraction=_fraction(percent) if percent else None,
            task=task,
            mean=_fraction(mean),
            interval95=_fraction(interval),
        )
    except ValueError as error:
        raise LeaderboardError(
            f"{path}, line {number}: expected {','.join(HEADER)}, found {row}: {error}"
        ) from error


def _fraction(percent: str) -> float:
    """Return printed percent as the nearest fraction: 2.4 gives 0.024 and not 0.024000000000000004."""
    return round(float(percent) / 100, 6)
