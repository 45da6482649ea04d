"""What a build was made with: digest of the code, versions of Python and of the libraries that render."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

import lovt_bench.benchmark.contract
import lovt_bench.tasks.head
from lovt_bench.leaderboard.line_ends import source_bytes

LIBRARIES = ("jinja2", "numpy", "pandas", "pillow", "pydantic", "scipy", "tabulate", "vl-convert-python")

_NO_CODE = frozenset({"versions", "schemas", "withdrawn.yaml"})

_SOURCES = frozenset({".py", ".js", ".css", ".html", ".j2", ".json", ".svg", ".md", ".yaml"})


def tools() -> dict[str, str]:
    """Return the versions of Python and of each library that is installed."""
    return {
        "python": platform.python_version(),
        **{name: version for name in LIBRARIES if (version := _version(name))},
    }


@cache
def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def code_sha256() -> str:
    """Return one digest of the sources that build and render.

    Published tables and withdrawals are inputs, not code. What heads and metrics say of themselves stands in tables.
    """
    board = Path(__file__).resolve().parents[1]
    contract = Path(benchmark.contract.__file__ or "").resolve().parent
    measured = Path(tasks.head.__file__ or "").resolve().parent
    total = hashlib.sha256()
    for name, root in (("leaderboard", board), ("contract", contract), ("tasks", measured)):
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if relative.parts[0] in _NO_CODE or path.suffix not in _SOURCES or not path.is_file():
                continue
            if (name != "tasks" and relative.parts[0] != "published") or path.suffix == ".py":
                content = hashlib.sha256(source_bytes(path)).hexdigest()
                total.update(f"{content}  {name}/{relative.as_posix()}\n".encode())
    return total.hexdigest()
