"""Where generated things lie."""

from __future__ import annotations

import os
from pathlib import Path


def workspace_root(given: Path | None = None) -> Path:
    """Return the workspace: the given folder, else `LOVT_BENCH_WORKSPACE`, else `workspace` here."""
    return given or Path(os.environ.get("LOVT_BENCH_WORKSPACE") or "workspace")
