"""The wheel works from any folder, beside packages of others that are called as our folders are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

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
def built(tmp_path_factory) -> Path:
    """The wheel, by the command of `make wheel`."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    """The folder of packages that the wheel was unpacked into."""
    with zipfile.ZipFile(built) as archive:
        archive.extractall(built.parent / "site")
    return built.parent / "site"


@pytest.fixture(scope="module")
def fresh(built) -> Path:
    """The command of a new environment that pip installed the wheel into; it borrows the libraries of this one."""
    folder = built.parent / "fresh"
    venv.create(folder, with_pip=False)
    python, libraries = folder / "bin/python", sysconfig.get_paths()["purelib"]
    quiet = ("--no-deps", "--no-index", "--no-compile", "--quiet", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *quiet, str(built)]
    subprocess.run(command, check=True, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return folder / "bin/lovt-bench"


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


@pytest.mark.slow
def test_the_installed_command_works_among_them_where_no_repository_is(fresh, foreign, tmp_path):
    """With the submissions' files, the published rows and where data sets come from."""
    environment = {**os.environ, "PYTHONPATH": str(foreign)}

    def say(*arguments: str) -> str:
        command = [str(fresh), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return f"{done.returncode}: {done.stdout}{done.stderr}"

    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert say("--version") == f"0: lovt-bench {version}\n"
    assert say("--help").startswith("0: Usage: lovt-bench")
    assert "lovt-18-without-siim" in say("tasks", "suites")
    assert "covid_unet_frozen" in say("tasks", "list")
    assert "nihcc" in say("data", "where", "nih-cxr")
    assert say("pretrain", "random").startswith("1: Error: random needs no pre-training; evaluate it")
    assert "6 of 6 checks ok" in say("submission", "check", "simclr")
    assert "no corpus 'mimic-cxr'" in say("pretrain", "simclr", "--runtime", "process")
    assert say("leaderboard", "build").startswith("0: ")
    assert (tmp_path / "leaderboard/versions/dev/index.html").is_file()
    assert "LoVT" in say("leaderboard", "show")


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


def test_the_citation_names_this_version(built):
    said = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert built.name == f"lovt_bench-{said['version']}-py3-none-any.whl"
    assert (said["cff-version"], said["license"], said["title"]) == ("1.2.0", "MIT", "lovt-bench")
    published = (REPOSITORY / "leaderboard/published/README.md").read_text(encoding="utf-8")
    assert said["references"][0]["title"] in published
