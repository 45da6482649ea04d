"""The wheel works from any folder, beside packages of others that are called as our folders are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGES = ("benchmark", "tasks", "submissions", "leaderboard")
MODULES = ("benchmark.contract", "tasks.registry", "submissions.common.settings", "leaderboard.board.build")
LOADED = f"""
import importlib, json, sys
for name in {MODULES}: importlib.import_module("lovt_bench." + name)
print(json.dumps([module.__file__ for name, module in sys.modules.items()
    if name.split(".")[0] in {("lovt_bench", *PACKAGES)} and name != "lovt_bench"]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The folder of packages that the wheel was installed into."""
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(built / "site")
    return built / "site"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Path:
    """Packages of all our names that end the process that imports them, and the module that used to be taken."""
    folder = tmp_path_factory.mktemp("foreign")
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"raise SystemExit('foreign {name}')\n")
    (folder / "tasks/registry.py").write_text("raise SystemExit('foreign tasks.registry')\n")
    return folder


def call(paths: list[Path], *arguments: str, cwd: Path) -> str:
    """Run Python with the libraries of this environment, but without its editable install of the repository."""
    libraries = [sysconfig.get_paths()["purelib"]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), *libraries])}
    command = [sys.executable, "-S", *arguments]  # -S: no .pth files
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("order", ["foreign first", "foreign last"])
def test_packages_of_the_same_names_are_not_ours(wheel, foreign, tmp_path, order):
    paths = [foreign, wheel] if order == "foreign first" else [wheel, foreign]
    files = json.loads(call(paths, "-c", LOADED, cwd=tmp_path))
    assert len(files) > 30
    assert all(Path(file).is_relative_to(wheel) for file in files)


def test_the_command_runs_among_them(wheel, foreign, tmp_path):
    command = ("-m", "lovt_bench.benchmark.cli.main")
    assert "covid_unet_frozen" in call([foreign, wheel], *command, "tasks", "list", cwd=tmp_path)
    call([foreign, wheel], *command, "leaderboard", "build", cwd=tmp_path)
    assert "LoVT" in call([foreign, wheel], *command, "leaderboard", "show", cwd=tmp_path)


def test_new_processes_find_the_wheel_again(wheel, foreign, tmp_path):
    code = (
        "from lovt_bench.benchmark.import_root import import_root, python_path\n"
        "print(import_root()); print(python_path({'PYTHONPATH': '/x'}).split(':')[0])"
    )
    assert call([foreign, wheel], "-c", code, cwd=tmp_path).split() == [str(wheel)] * 2


def test_it_holds_every_file_that_the_code_reads(wheel):
    """What git has beside the code is there, too: recipes of methods, templates, tables."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    released = ("leaderboard/results/", "leaderboard/versions/")
    names = {name for name in tracked.stdout.split("\0") if name and not name.startswith(released)}
    assert not {name for name in names if not (wheel / "lovt_bench" / name).is_file()}
