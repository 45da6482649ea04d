"""Within the leaderboard imports run one way: statistics, board, show, releases; each may use those before it.

What reads a workspace stands above all of them, other single modules below."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import imports_of
from tests.test_rooms import ROOT, module_of

ORDER = ("statistics", "board", "show", "releases")
ABOVE = {"change_review", "run_plans", "submission_view", "workspace_sources"}
FILES = sorted((ROOT / "leaderboard").rglob("*.py"))


def height(module: str) -> int:
    """Return the place of a module's room."""
    part = [*module.split("."), ""][1]
    if part in ABOVE:
        return len(ORDER)
    return ORDER.index(part) if part in ORDER else -1


@pytest.mark.parametrize("room", ORDER)
def test_no_room_imports_a_later_one(room: str) -> None:
    files = [path for path in FILES if path.relative_to(ROOT).parts[1] == room]
    assert files
    assert not [f"{module_of(path)} imports {name}" for path in files for name in upward(path)]


def test_what_stands_below_the_rooms_imports_none_of_them() -> None:
    below = [path for path in FILES if height(module_of(path)) < 0]
    assert not [f"{module_of(path)} imports {name}" for path in below for name in upward(path)]


def upward(path: Path) -> list[str]:
    module = module_of(path)
    found = imports_of(path.read_text(encoding="utf-8"), module, is_package=path.name == "__init__.py")
    names = {item.name for item in found if item.name.startswith("leaderboard.")}
    return sorted(name for name in names if height(name) > height(module))
