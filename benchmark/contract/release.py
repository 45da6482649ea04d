"""Beside a leaderboard version: `build.json` says what it was made with, `changes.json` what changed since the last,
`inputs/records.json` which committed run records it rests on.

Versions are semantic. Major: protocol, profile, tasks or data changed, numbers are not comparable. Minor: entries
changed. Patch: the same entries, shown or described otherwise.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, StringConstraints

from lovt_bench.benchmark.contract.base import Model, Name, Sha256, is_empty

Bump = Literal["major", "minor", "patch"]


class Release(Model):
    """What a release adds to a build."""

    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    """UTC."""
    bump: Bump
    previous: Name | None = None
    """The release before; None for the first."""
    previous_sums_sha256: Sha256 | None = None
    """Digest of its SHA256SUMS: releases form a chain."""
    note: str = Field(default="", max_length=2000)
    """As typed: escape before show."""


class BuildRecord(Model):
    """`build.json`: equal code, tools and inputs give equal bytes."""

    schema_version: Literal[1] = 1
    version: Name
    code_sha256: Sha256
    """Digest of the sources that build and render: `leaderboard/`, `benchmark/contract/` and the code of `tasks/`."""
    tools: dict[str, str]
    """Versions of Python and of the libraries that compute and render."""
    release: Release | None = None
    """None for `dev`."""


_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_BACKBONE = rf"^(public|phantom|own)/{_NAME}/{_NAME}"
"""Track, protocol and backbone: a folder of committed records, and never one above."""
RecordPath = Annotated[str, StringConstraints(pattern=rf"{_BACKBONE}/{_NAME}\.jsonl$")]
PredictionPath = Annotated[
    str, StringConstraints(pattern=rf"{_BACKBONE}/predictions/{_NAME}/[0-9a-f]{{64}}\.parquet$")
]


class RecordList(Model):
    """`inputs/records.json` of a release; paths are below `leaderboard/results`."""

    schema_version: Literal[1] = 1
    records: dict[RecordPath, dict[Sha256, Sha256]] = {}
    """By file, the digests of the lines that the release rests on by key of the run."""
    predictions: dict[PredictionPath, Sha256] = {}
    """Digests of the predictions that are committed with them."""


class RowChange(Model):
    """A row that came or went."""

    table: Name
    row: Name
    display_name: str


class CellChange(Model):
    """A cell that came, went or changed; values in percent as pages show them."""

    table: Name
    row: Name
    task: str
    old: str | None = None
    new: str | None = None


class RankChange(Model):
    """A row whose mean rank moved, by its own numbers or by those of others."""

    table: Name
    row: Name
    old: PositiveFloat | None = None
    new: PositiveFloat | None = None


class DigestChange(Model):
    """Something that numbers rest on is another one now."""

    what: str
    old: str
    new: str


class Changes(Model):
    """`changes.json`."""

    schema_version: Literal[1] = 1
    version: Name
    previous: Name | None
    bump: Bump | None
    """The least step that the changes ask for; None where nothing changed."""
    reasons: list[str] = []
    """Why it is not less, in sentences."""
    note: str = ""
    tables_added: list[Name] = []
    tables_removed: list[Name] = []
    rows_added: list[RowChange] = []
    rows_removed: list[RowChange] = []
    cells: list[CellChange] = []
    ranks: list[RankChange] = []
    digests: list[DigestChange] = []
    facts: list[str] = []
    """Which fields of tables and rows changed beside their numbers, in sentences."""
    notices: list[str] = Field(default=[], exclude_if=is_empty)
    """What the keeper withdrew or marked as disputed since, in sentences."""


class VersionEntry(Model):
    """One release in `versions.json`."""

    version: Name
    date: str
    bump: Bump
    previous: Name | None = None
    note: str = ""
    summary: str
    """What changed, in a sentence."""
    notices: list[str] = Field(default=[], exclude_if=is_empty)
    """What it shows though the newest release leaves it out, in sentences."""
    sums_sha256: Sha256
    """Digest of its SHA256SUMS."""


class VersionIndex(Model):
    """`versions.json`, newest first; `versions.js` holds the same for pages opened from disk."""

    schema_version: Literal[1] = 1
    versions: list[VersionEntry] = []
