"""Each addition is exactly one new file or folder: task, head, metric, dataset, protocol, suite, profile, architecture
and method, in a copy of the repository that is else unchanged; listing, evaluation, board and page know them. Task,
head and metric are the examples of docs/tasks.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.tasks.registry import load_tasks
from tests.conftest import REPOSITORY
from tests.tasks.additions.files import ADDED

PACKAGES = ("benchmark", "tasks", "submissions", "leaderboard")
CALLS = """
import json, sys
from click.testing import CliRunner
from lovt_bench.benchmark.cli.main import main
for line in sys.stdin:
    done = CliRunner().invoke(main, json.loads(line))
    print(json.dumps([done.exit_code, done.output + (repr(done.exception) if done.exception else "")]), flush=True)
"""
"""One process for all calls: torch is imported once."""


def draw_squares(raw: Path) -> None:
    """Write 40 images with a bright square each, and their masks."""
    random = np.random.default_rng(0)
    for name in ("images", "masks"):
        (raw / name).mkdir(parents=True)
    for number in range(40):
        image, mask = random.integers(0, 60, (96, 96), np.uint8), np.zeros((96, 96), np.uint8)
        top, left = random.integers(0, 56, 2)
        image[top : top + 40, left : left + 40] += 150
        mask[top : top + 40, left : left + 40] = 1
        Image.fromarray(image).save(raw / "images" / f"{number:02}.png")
        Image.fromarray(mask).save(raw / "masks" / f"{number:02}.png")


class World:
    """A copy of the repository's packages with the additions, and its command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "code"
        leave_out = shutil.ignore_patterns("__pycache__", "versions")
        for package in PACKAGES:
            shutil.copytree(REPOSITORY / package, self.code / package, ignore=leave_out)
        shutil.copy(REPOSITORY / "lovt_bench.py", self.code)
        before = self._files()
        protocol = (self.code / "tasks/protocols/lovt-2022.yaml").read_text("utf-8")
        files = ADDED | {"tasks/protocols/mine.yaml": protocol.replace("name: lovt-2022", "name: mine")}
        for name, content in files.items():
            assert not (self.code / name).exists(), f"{name} is no new file"
            (self.code / name).write_text(content, encoding="utf-8")
        self.environment = os.environ | {
            "PYTHONPATH": str(self.code),
            "LOVT_BENCH_WORKSPACE": str(folder / "workspace"),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", CALLS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=self.environment,
        )
        self.call("submission", "new", "turns", "--into", str(self.code / "submissions"))
        self.added = {
            "/".join(name.split("/")[:2]) if name.startswith("submissions/") else name
            for name in self._files() - before
        }

    def _files(self) -> set[str]:
        return {
            path.relative_to(self.code).as_posix()
            for path in self.code.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    def call(self, *arguments: str) -> str:
        """Run `lovt-bench` and return what it prints."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        code, output = json.loads(self._process.stdout.readline())
        assert code == 0, f"{arguments}: {output}"
        return str(output)

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


def test_nine_additions_are_ten_files_and_folders(world):
    """There are two tasks."""
    assert len(world.added) == 10
    assert "submissions/turns" in world.added


def test_listings_know_them(world):
    assert "squares_thin" in world.call("tasks", "list")
    (line,) = world.call("tasks", "list", "--suite", "mine").splitlines()[2:]
    assert line.split()[:3] == ["41", "squares_thin", "squares"]
    assert re.search(r"^mine +1 +squares$", world.call("tasks", "suites"), re.MULTILINE)
    assert "square_found on test (Found)" in world.call("tasks", "show", "41")
    assert re.search(r"squares +not prepared", world.call("data", "list"))
    assert "turns" in world.call("submission", "list")
    assert "valid; turns" in world.call("submission", "check", "turns")


@pytest.mark.slow
def test_evaluation_board_and_page_know_them(world):
    assert "narrow" in world.call("backbone", "architectures")
    draw_squares(world.folder / "squares")
    world.call("data", "prepare", "squares", "--raw", "squares", "--workers", "1")
    world.call("data", "phantom", "--dataset", "siim", "--images", "20", "--side", "128", "--workers", "1")
    world.call("data", "prepare", "siim", "--raw", "workspace/phantom/siim", "--workers", "1")
    mine = ["--profile", "tiny", "--protocol", "mine", "--device", "cpu"]
    world.call("evaluate", "random-narrow", "--suite", "mine", *mine)
    world.call("evaluate", "random-narrow", "--suite", "mine", "--engine", "reference", *mine)
    world.call("evaluate", "random-narrow", "--tasks", "siim_linear", *mine)

    records = world.folder / "workspace/results/public/random-narrow/squares_thin.jsonl"
    finals = [json.loads(line) for line in records.read_text("utf-8").splitlines()]
    finals = [record for record in finals if record["run"]["phase"] == "final"]
    dice = [record["test"]["square_dice"] for record in finals]
    assert len(dice) == 4
    assert dice[:2] == pytest.approx(dice[2:], abs=0.01)
    assert all(0 < record["test"]["square_found"] <= 1 for record in finals)

    world.call("leaderboard", "build", "--out", "versions")
    board = json.loads((world.folder / "versions/dev/leaderboard.json").read_text("utf-8"))
    tables = {table["id"]: table for table in board["tables"] if table["kind"] == "runs"}
    assert list(tables) == [
        "public-seeded-tiny-mine-mine",
        "phantom-seeded-tiny-mine-further-tasks",
    ]
    table = tables["public-seeded-tiny-mine-mine"]
    assert table["rows"][0]["mean_rank"] == 1
    assert [(column["task"], column["head"]) for column in table["columns"]] == [("squares_thin", "thin")]
    assert table["rows"][0]["cells"][0]["extra"].keys() == {"square_dice"}
    published = next(table for table in board["tables"] if table["kind"] == "published")
    assert published["claims"][0]["text"] == "LoVT best on 10 of 18 tasks"
    for name in ("leaderboard.md", "index.html"):
        text = (world.folder / "versions/dev" / name).read_text("utf-8")
        assert "Thin" in text
        assert "Squares" in text
    assert "Thin" in world.call("leaderboard", "show", "--table", "tiny-mine-mine", "--out", "versions")


def test_nothing_of_it_is_in_the_repository():
    assert "squares_thin" not in {spec.id for spec in load_tasks()}
