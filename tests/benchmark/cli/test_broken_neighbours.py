"""Nothing that is broken of one submission stops a command about another: it is named and left out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.plain_file import holders
from lovt_bench.leaderboard.releases.version import read_version
from tests.conftest import REPOSITORY
from tests.leaderboard.records import runs, write

DECLARED = "name: {name}\ndisplay_name: Row {name}\nsupervision: self\n"

Spoil = Callable[[Path], object]


def _as_a_link(path: Path) -> None:
    secret = path.parent.parent / "secret"
    secret.write_text("password: : :")
    path.symlink_to(secret)


def _closed(path: Path, closed: Path) -> None:
    path.write_text("{}")
    closed.chmod(0)


SPOILT: dict[str, tuple[Spoil, str]] = {
    "text": (lambda path: path.write_text("name: ["), "not plain YAML|Invalid JSON"),
    "bytes": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "not UTF-8|Invalid JSON"),
    "large": (lambda path: path.write_text("#" * (2 << 20)), "larger than"),
    "pipe": (os.mkfifo, "no plain file"),
    "link": (_as_a_link, "is a link"),
    "dangling": (lambda path: path.symlink_to("nowhere"), "is a link"),
    "loop": (lambda path: path.symlink_to(path.name), "is a link"),
    "folder": (lambda path: path.mkdir(), "no plain file"),
    "unreadable": (lambda path: _closed(path, path), "Permission denied"),
    "closed": (lambda path: _closed(path, path.parent), "Permission denied"),
}
"""How a file comes to be broken, and what is said of it."""


def declare(workspace: Path, name: str) -> None:
    folder = workspace / "submissions" / name
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(DECLARED.format(name=name))


def world(workspace: Path) -> Path:
    """Return a workspace with results of two submissions that are well, and of nobody else."""
    declare(workspace, "good")
    for name, value in (("good", 0.3), ("random", 0.1)):
        write(workspace / "results", runs(name, "covid_linear", [value, value + 0.1]))
    return workspace


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    workspace = world(tmp_path / "broken")
    for how, (spoil, _) in SPOILT.items():
        folder = workspace / "submissions" / f"yaml-{how}"
        folder.mkdir()
        spoil(folder / "submission.yaml")
        declare(workspace, f"files-{how}")
        place = workspace / "backbones" / f"files-{how}"
        place.mkdir(parents=True)
        if how != "closed":
            spoil(place / "audit.json")
        spoil(place / "backbone.json")
    odd = workspace / "submissions" / "Odd Name"
    odd.mkdir()
    (odd / "submission.yaml").write_text(DECLARED.format(name="odd"))
    (workspace / "submissions" / "round").symlink_to("round")
    for number, name in enumerate(holders(workspace / "submissions", "submission.yaml")):
        if name.startswith("files-"):
            write(workspace / "results", runs(name, "covid_linear", [0.2, 0.2 + number / 1000]))
    return workspace


def answers(workspace: Path) -> dict[str, tuple[int, str]]:
    """Return what each command says to somebody who may not read everything."""
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    if bound and (not shutil.which(bound[0]) or subprocess.run([*bound, "true"], check=False).returncode):
        pytest.skip("root cannot give up its rights here")
    done = subprocess.run(
        [*bound, sys.executable, "-m", "tests.benchmark.cli.broken_neighbours", str(workspace)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: dict[str, tuple[int, str]] = json.loads(done.stdout)
    return found


def call(group: str, command: str, workspace: Path, *options: object) -> str:
    """Return the output of a command in this process, which may read everything where it is root's."""
    result = CliRunner().invoke(main, [group, command, "--workspace", str(workspace), *map(str, options)])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_is_broken_is_named_and_stops_nobody(broken: Path, tmp_path: Path) -> None:
    found = answers(broken)
    assert {name: code for name, (code, _) in found.items() if code} == {"check": 1, "evaluate": 1}
    assert "run records: phantom" not in found["check"][1]
    assert "not prepared: covid-rural" in found["evaluate"][1], (
        "the backbone was found, only the images are missing"
    )
    board = read_version(broken / "versions")
    backbones = call("backbone", "list", broken)
    notes = [note for table in board.tables for note in table.notes] + board.notes
    for how, (_, said) in SPOILT.items():
        for place in (
            f"submissions/yaml-{how}/submission.yaml",
            f"backbones/files-{how}/backbone.json",
            f"backbones/files-{how}/audit.json",
        ):
            about = [note for note in notes if place in note]
            assert about, place
            assert any(part in about[0] for part in said.split("|")), about
            assert about[0].endswith("It is left out.")
            assert str(broken) not in about[0]
        assert f"yaml-{how}" in found["list"][1].partition("left out")[2]
        assert re.search(rf"^files-{how} .*broken: ", backbones, re.MULTILINE)
    assert any("submissions/Odd Name: a submission's folder is called" in note for note in notes)
    assert "password" not in "".join([*notes, *(output for _, output in found.values())])
    # The rows that are well read as in a workspace where nothing is broken.
    alone = world(tmp_path / "alone")
    call("leaderboard", "build", alone, "--out", alone / "versions")
    here, there = (_texts(read_version(place / "versions")) for place in (broken, alone))
    assert {name: here[name] for name in there} == there
    assert set(here) - set(there) == {f"files-{how}" for how in SPOILT}


def _texts(board: Leaderboard) -> dict[str, tuple[object, ...]]:
    rows = [row for table in board.tables if table.kind == "runs" for row in table.rows]
    return {
        row.id: (row.display_name, row.supervision, row.evidence, [cell.summary for cell in row.cells])
        for row in rows
    }
