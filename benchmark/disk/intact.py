"""Whether files are what their digests say. A file is read once, and again as soon as it changed in any way.

`verified.json` beside the files remembers which were read: digest, size, times of change and inode of each. The time of
change of an inode (ctime) moves with every write, rename or copy and cannot be set. What decays on the disk itself is
seen by `trust=False` alone.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger

VERIFIED = "verified.json"

_SETTLED = 2 * 10**9
"""Nanoseconds after which a further change of a file shows in its time of change on every file system."""
_LONG = 2 << 30
"""Bytes that take more than a second to read."""

State = dict[str, Any]


def damage(folder: Path, files: Mapping[str, str], *, trust: bool = True) -> dict[str, str]:
    """Return what is wrong with files of a folder, by name; nothing if all are as their SHA-256 says.

    Args:
        folder: Where they are.
        files: SHA-256 by name.
        trust: Do not read again what was read before and did not change since.

    Raises:
        OSError: A file cannot be read.
    """
    known = _remembered(folder)
    problems: dict[str, str] = {}
    seen: dict[str, State] = {}
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            problems[name] = "is no file" if os.path.lexists(path) else "is missing"
            continue
        before, now = _state(path, digest), time.time_ns()
        if trust and known.get(name) == before:
            seen[name] = before
            continue
        if before["size"] > _LONG:
            logger.info("%s: checking %.1f GB against their digest", path, before["size"] / 1e9)
        if file_sha256(path) != digest:
            problems[name] = "content differs from its digest"
        elif _state(path, digest) == before and now - before["ctime_ns"] > _SETTLED:
            seen[name] = before
    if any(known.get(name) != state for name, state in seen.items()) or problems.keys() & known.keys():
        _remember(folder, {name: known[name] for name in known.keys() - problems.keys()} | seen)
    return problems


def listed(problems: Mapping[str, str]) -> str:
    """Return what `damage` found as the middle of a sentence."""
    return "; ".join(f"{name}: {problem}" for name, problem in problems.items())


def _state(path: Path, digest: str) -> State:
    found = path.stat()
    return {
        "sha256": digest,
        "size": found.st_size,
        "mtime_ns": found.st_mtime_ns,
        "ctime_ns": found.st_ctime_ns,
        "inode": found.st_ino,
    }


def _remembered(folder: Path) -> dict[str, State]:
    path = folder / VERIFIED
    try:
        known = json.loads(path.read_bytes()) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(folder: Path, known: Mapping[str, State]) -> None:
    try:
        write_text(folder / VERIFIED, json.dumps(dict(sorted(known.items())), indent=2) + "\n")
    except OSError as error:  # somebody else's folder, or a full disk: the files are read again next time
        logger.debug("not remembered as verified: %s", error)
