"""Where generated things lie, and how they are written: to a temporary name, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def workspace_root(given: Path | None = None) -> Path:
    """Return the workspace: the given folder, else `LOVT_BENCH_WORKSPACE`, else `workspace` here."""
    return given or Path(os.environ.get("LOVT_BENCH_WORKSPACE") or "workspace")


@contextmanager
def atomic_path(target: Path, mode: int = 0o644) -> Iterator[Path]:
    """Yield a temporary path beside `target` that takes its place when the block ends well, and vanishes else.

    Only its owner can read it until then; the target has the permissions `mode`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    path = Path(name)
    try:
        yield path
        path.chmod(mode)
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(target) as path:
        path.write_text(text, encoding="utf-8")
