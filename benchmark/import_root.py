"""Where Python finds `lovt_bench`: what a new process needs in front of its path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import lovt_bench


def import_root() -> Path:
    """Return the folder that holds `lovt_bench`: the repository, or where a wheel was installed."""
    folder = Path(next(iter(lovt_bench.__path__))).resolve()
    return folder if (folder / "lovt_bench.py").is_file() else folder.parent


def python_path(environment: Mapping[str, str]) -> str:
    """Return the PYTHONPATH of an environment with `import_root` in front."""
    return os.pathsep.join([str(import_root()), *filter(None, [environment.get("PYTHONPATH")])])
