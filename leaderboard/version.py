"""A version on disk, `<out>/<version>/`: it appears whole, and a released one never changes.

Nothing is removed but files that a build wrote: a folder that holds anything else is refused.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from benchmark.contract.leaderboard import Leaderboard
from leaderboard.errors import LeaderboardError
from leaderboard.formats.as_csv import as_csv
from leaderboard.formats.as_json import as_json, json_schema
from leaderboard.formats.as_markdown import as_markdown
from leaderboard.text import is_name

DEVELOPMENT = "dev"
"""The one version that a build may replace; git ignores it."""

SOURCE = "leaderboard.json"
SUMS = "SHA256SUMS"

FORMATS: Mapping[str, Callable[[Leaderboard], str]] = {
    SOURCE: as_json,
    "leaderboard.schema.json": json_schema,
    "leaderboard.csv": as_csv,
    "leaderboard.md": as_markdown,
}
"""Every file of a version but the sums, and what renders it."""


def write_version(leaderboard: Leaderboard, out: Path) -> Path:
    """Write a version and return its folder. Writing a version again with equal bytes changes nothing.

    Raises:
        LeaderboardError: the version is released and differs, or its folder holds files that no build wrote.
    """
    target = out / check_version(leaderboard.version)
    files = {name: render(leaderboard) for name, render in FORMATS.items()}
    files[SUMS] = "".join(f"{_digest(text.encode())}  {name}\n" for name, text in sorted(files.items()))
    if target.is_symlink() or target.exists():
        _check_replaceable(target)
        if _content(target) == files:
            return target
        if leaderboard.version != DEVELOPMENT:
            raise LeaderboardError(
                f"{target} is released and the build differs from it; a released version never changes: "
                f"choose another --version"
            )
    out.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=out))
    try:
        fresh, old = temporary / "new", temporary / "old"
        fresh.mkdir()
        for name, text in files.items():
            (fresh / name).write_text(text, encoding="utf-8", newline="\n")
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    finally:
        shutil.rmtree(temporary)
    return target


def read_version(out: Path, version: str = DEVELOPMENT) -> Leaderboard:
    """Return a version from disk.

    Raises:
        LeaderboardError: there is none, or `leaderboard.json` is not the one that the build wrote.
    """
    path = out / check_version(version) / SOURCE
    try:
        content = path.read_bytes()
        sums = path.with_name(SUMS).read_text(encoding="utf-8")
    except OSError as error:
        found = ", ".join(sorted(entry.parent.name for entry in out.glob(f"*/{SOURCE}"))) or "none"
        raise LeaderboardError(
            f"no version {version!r} in {out} (found: {found}); `lovt-bench leaderboard build` writes one"
        ) from error
    if f"{_digest(content)}  {SOURCE}" not in sums.splitlines():
        raise LeaderboardError(
            f"{path} does not match {SUMS} beside it: it was changed after the build; build again"
        )
    try:
        return Leaderboard.model_validate_json(content)
    except ValidationError as error:
        raise LeaderboardError(f"{path}: written by another version of lovt-bench; build again") from error


def check_version(version: str) -> str:
    """Return the name of a version if it can be a folder. Raises LeaderboardError."""
    if not is_name(version):
        raise LeaderboardError(
            f"version {version!r}: expected lower case letters, digits, '.', '_', '-', for example 2026.1"
        )
    return version


def _check_replaceable(target: Path) -> None:
    entries = (
        {}
        if target.is_symlink() or not target.is_dir()
        else {entry.name: entry for entry in target.iterdir()}
    )
    listed: set[str] = set()
    if SUMS in entries and entries[SUMS].is_file():
        lines = entries[SUMS].read_text(encoding="utf-8", errors="replace").splitlines()
        listed = {line[66:] for line in lines}
    if SOURCE not in listed or set(entries) - listed - {SUMS}:
        raise LeaderboardError(
            f"{target} is there and holds something that no build wrote; choose another --out or --version, "
            f"or move it away"
        )


def _content(folder: Path) -> dict[str, str]:
    return {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.is_file()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
