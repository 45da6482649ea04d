"""Where Python finds `lovt_bench`: what a new process needs in front of its path."""

from __future__ import annotations

from pathlib import Path

import lovt_bench


def import_root() -> Path:
    """Return the folder that holds `lovt_bench`: the repository, or where a wheel was installed."""
    file = Path(lovt_bench.__file__).resolve()
    return file.parents[1] if file.name == "__init__.py" else file.parent
