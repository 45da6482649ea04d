"""Every file of a version from its model: relative path to bytes, equal for equal models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from lovt_bench.benchmark.contract.example import ExampleSet
from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.replication import report
from lovt_bench.leaderboard.show.as_csv import as_csv
from lovt_bench.leaderboard.show.as_json import as_json, json_schema
from lovt_bench.leaderboard.show.as_latex import as_latex
from lovt_bench.leaderboard.show.as_markdown import as_markdown

SOURCE = "leaderboard.json"
SUMS = "SHA256SUMS"
REPLICATION = "replication.md"

Examples = Mapping[str, Sequence[ExampleSet]]
"""By submission, in the order of tasks' ids."""

FORMATS: Mapping[str, Callable[[Leaderboard], str]] = {
    SOURCE: as_json,
    "leaderboard.schema.json": json_schema,
    "leaderboard.csv": as_csv,
    "leaderboard.md": as_markdown,
    "leaderboard.tex": as_latex,
}
"""The formats of one file each, and what renders it."""


def render(leaderboard: Leaderboard, examples: Examples | None = None) -> dict[str, bytes]:
    """Return the files of a version without their sums.

    Args:
        leaderboard: The version.
        examples: Example predictions for the page; no number depends on them.

    Raises:
        LeaderboardError: An example holds something that is no image.
    """
    # Templates and plots load slowly; reading a version need not wait for them.
    from lovt_bench.leaderboard.show.page import render_page

    texts = {name: text(leaderboard).encode() for name, text in FORMATS.items()}
    if leaderboard.replications:
        texts[REPLICATION] = report(leaderboard.replications).encode()
    return {**render_page(leaderboard, examples or {}), **texts}


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files and their SHA256SUMS, as `sha256sum -c` reads it."""
    lines = [f"{digest(content)}  {name}\n" for name, content in sorted(files.items())]
    return {**files, SUMS: "".join(lines).encode()}


def read_sums(content: bytes) -> dict[str, str]:
    """Return what a SHA256SUMS lists, digest by file; nothing of it is checked."""
    return {line[66:]: line[:64] for line in content.decode(errors="replace").splitlines()}


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()
