"""Line ends are line feeds in every clone, and nothing that is computed depends on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

TEXT = {".py", ".yaml", ".csv", ".js", ".css", ".j2", ".json", ".svg", ".md", ".html"}
ROOMS = ("benchmark", "leaderboard", "submissions", "tasks")
PROGRAM = """
import json
from lovt_bench.tasks.profile import load_profile, profile_names
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.lineage import lineage
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.show.rendering import FORMATS, digest
from lovt_bench.leaderboard.show.page.assets import own_files
from lovt_bench.leaderboard.show.page.html import index_html
from lovt_bench.leaderboard.releases.tools import code_sha256
from lovt_bench.tasks.protocol import load_protocol, protocol_names
from lovt_bench.tasks.registry import load_tasks

tasks = load_tasks()
board = build(RecordSet(), load_published(), tasks)
print(json.dumps({
    "code": code_sha256(),
    "protocols": [load_protocol(name).digest() for name in protocol_names()],
    "profiles": [load_profile(name).digest() for name in profile_names()],
    "tasks": [task.digest() for task in tasks],
    "lineage": [line.digest() for line in lineage()],
    "files": {name: digest(text(board).encode()) for name, text in FORMATS.items()},
    "page": [digest(index_html(board)), *map(digest, own_files().values())],
}))
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_a_clone_that_converts_line_ends_does_not(tmp_path: Path) -> None:
    """The attributes of this repository, in one of its own with settings as on Windows."""
    files = {
        "run.sh": b"#!/bin/sh\nexit 0\n",
        "Dockerfile": b"FROM x\n",
        "tasks/a.yaml": b"a: 1\n",
        "picture.png": b"\x89PNG\r\n\x1a\n\x00\n",
        "backbone.safetensors": b"\n\r\n\n",
        "tests/parity/golden/a.npz": b"PK\x03\x04\n\r\n\n",
        "tests/parity/golden/manifest.json": b'{\n"a.npz": {}\n}\n',
        "leaderboard/versions/1.0.0/leaderboard.csv": b"a\r\nb\n",
        "leaderboard/results/public/x/a.jsonl": b"{}\r\n{}\n",
    }
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    for name, content in files.items():
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_bytes(content)
    (origin / ".gitattributes").write_bytes((REPOSITORY / ".gitattributes").read_bytes())
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "x")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", str(origin), str(clone))
    assert {name: (clone / name).read_bytes() for name in files} == files
    assert git(clone, "status", "--short") == ""


def test_what_is_computed_does_not_depend_on_line_ends(tmp_path: Path) -> None:
    """An archive, or a clone without its attributes, may bring all sources with other line ends."""
    for room in ROOMS:
        for path in (REPOSITORY / room).rglob("*"):
            if path.suffix in TEXT and "versions" not in path.parts and path.is_file():
                copy = tmp_path / path.relative_to(REPOSITORY)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    # Without it the name leads to what is installed, which is the repository itself.
    (tmp_path / "lovt_bench.py").write_bytes((REPOSITORY / "lovt_bench.py").read_bytes())
    here, there = (
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
        )
        for root in (REPOSITORY, tmp_path)
    )
    assert json.loads(there.communicate()[0]) == json.loads(here.communicate()[0])
