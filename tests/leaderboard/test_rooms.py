"""Within the leaderboard imports run one way: statistics, board, show, releases; each may use those before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_rooms import ROOT, imports_of, module_of

ORDER = ("statistics", "board", "show", "releases")
FILES = sorted((ROOT / "leaderboard").rglob("*.py"))


def height(module: str) -> int:
    """Return the place of a module's room; what stands in none is below all."""
    parts = module.split(".")
    return ORDER.index(parts[1]) if len(parts) > 1 and parts[1] in ORDER else -1


@pytest.mark.parametrize("room", ORDER)
def test_no_room_imports_a_later_one(room: str) -> None:
    files = [path for path in FILES if path.relative_to(ROOT).parts[1] == room]
    assert files
    assert not [f"{module_of(path)} imports {name}" for path in files for name in upward(path)]


def test_what_stands_beside_the_rooms_imports_none_of_them() -> None:
    beside = [path for path in FILES if path.relative_to(ROOT).parts[1] not in ORDER]
    assert not [f"{module_of(path)} imports {name}" for path in beside for name in upward(path)]


def upward(path: Path) -> list[str]:
    own = height(module_of(path))
    return sorted(name for name in imports_of(path) if name.startswith("leaderboard.") and height(name) > own)
