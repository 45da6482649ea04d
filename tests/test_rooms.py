"""Who may import whom (CONTRIBUTING.md), read from the source with `ast`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "benchmark.disk": set(),
    "benchmark.contract": set(),
    "benchmark.backbone": {"benchmark.contract"},
    "benchmark.data": {"benchmark.contract"},
    "tasks": {"benchmark.contract"},
    "benchmark.submission": {"benchmark.contract", "benchmark.backbone", "submissions"},
    "leaderboard": {"benchmark.contract", "benchmark.submission", "tasks"},
    "benchmark.executor": set(),
    "benchmark.engine": {
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.executor",
        "tasks",
    },
    "submissions": {"benchmark.contract", "benchmark.backbone"},
    "benchmark.runtime": {
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.submission",
        "submissions",
    },
    "benchmark.cli": {
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.engine",
        "benchmark.executor",
        "benchmark.runtime",
        "benchmark.submission",
        "tasks",
        "leaderboard",
    },
}
EVERYWHERE = {"benchmark.disk"}
"""Below all rooms but the methods: those run in containers of their own."""
FILES = sorted(
    path
    for room in ("benchmark", "tasks", "leaderboard", "submissions")
    for path in (ROOT / room).rglob("*.py")
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str | None:
    return next((room for room in ROOMS if module == room or module.startswith(f"{room}.")), None)


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_runs_upward(path: Path) -> None:
    room = room_of(module_of(path))
    if room is None:
        return
    allowed = ROOMS[room] | {room} | (EVERYWHERE if room != "submissions" else set())
    for name in imports_of(path):
        target = room_of(name)
        assert target is None or target in allowed, f"{module_of(path)} ({room}) imports {name} ({target})"


@pytest.mark.parametrize("room", ["benchmark.contract", "leaderboard"])
def test_rooms_that_must_start_fast_import_no_torch(room: str) -> None:
    for path in FILES:
        if room_of(module_of(path)) == room:
            heavy = {name.split(".")[0] for name in imports_of(path)} & {"torch", "torchvision", "lightning"}
            assert not heavy, f"{module_of(path)} imports {heavy}"


@pytest.mark.parametrize("base", ["base", "base-cuda"])
def test_base_images_hold_all_that_methods_import(base: str) -> None:
    recipe = (ROOT / "docker" / base / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        ROOT / name for name in re.findall(r"^COPY ((?:benchmark|submissions)/\S+)", recipe, re.MULTILINE)
    ]
    modules = {module_of(path): path for path in FILES}
    waiting = [name for name in modules if name.startswith("submissions.")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [found for found in imports_of(modules[name]) if found in modules]
    for path in (modules[name] for name in seen if not name.startswith("submissions.")):
        there = any(path.is_relative_to(source) or path.match(str(source)) for source in copied)
        assert there, f"{path.relative_to(ROOT)} is imported by methods, docker/{base} does not copy it"


def test_docker_is_no_package() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists(), "it would hide the Docker SDK"
