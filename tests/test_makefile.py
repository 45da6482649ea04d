"""What users give to `make` reaches lovt-bench as it was given, also in a clone whose path has blanks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
STUB = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ.get("LOVT_BENCH_WORKSPACE")]))
"""
ODD = [
    "my weights ü.pth",
    "it's.pth",
    'a "b".pth',
    "a$b $(c) ${d}.pth",
    "a`b`;c&d|e.pth",
    "a\\b*?[x] #1,(2).pth",
]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


@pytest.fixture
def clone(tmp_path):
    """A clone that is set up, with a `lovt-bench` that says what it was called with."""
    folder = tmp_path / "my clone's ü"
    commands = folder / ".venv" / "bin"
    commands.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(REPOSITORY / name, folder / name)
    for name in ("lovt-bench", "python"):
        (commands / name).write_text(STUB)
        (commands / name).chmod(0o755)
    (folder / ".venv" / ".installed").touch()
    return folder


def make(clone, *arguments, **environment):
    usual = {key: value for key, value in os.environ.items() if not key.startswith(("LOVT_BENCH", "MAKE"))}
    run = subprocess.run(
        ["make", "--silent", *arguments], cwd=clone, env=usual | environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def calls(output):
    return [json.loads(line) for line in output.splitlines() if line.startswith("[[")]


@pytest.mark.parametrize("path", ODD)
def test_a_path_is_one_argument(clone, path):
    output = make(clone, "submit", f"NAME={path}", f"WEIGHTS={path}", f"CLAIMED={path}", "DATA=a b")
    words = ["submit", path, "--weights", path, "--pretraining-data", "a", "--pretraining-data", "b"]
    assert calls(output) == [[[*words, "--claimed", path], "workspace"]]
    assert calls(make(clone, "pretrain", f"METHOD={path}", f"CORPUS={path}")) == [
        [["pretrain", path, "--profile", "paper", "--corpus", path], "workspace"]
    ]
    assert calls(make(clone, "parity", f"DIR={path}")) == [[["-m", "tests.parity", path], "workspace"]]
    assert calls(make(clone, "parity")) == [[["-m", "tests.parity"], "workspace"]]
    assert calls(make(clone, "screenshots", f"OUT={path}"))[0][0][-1] == path


@pytest.mark.parametrize("path", ODD)
@pytest.mark.parametrize("name", ["LOVT_BENCH_WORKSPACE", "WORKSPACE"])
def test_a_workspace_is_used_as_it_is_called(clone, name, path):
    for output in (
        make(clone, "evaluate", "BACKBONE=random", f"{name}={path}"),
        make(clone, "evaluate", "SUBMISSION=random", **{name: path}),
    ):
        assert calls(output) == [[["evaluate", "random", "--profile", "paper"], path]]
    demo = calls(make(clone, "demo", f"{name}={path}"))
    assert ["data", "prepare", "rsna", "--raw", f"{path}/phantom/rsna"] in [words for words, _ in demo]
    assert {workspace for _, workspace in demo} == {path}


def test_what_make_prints_can_be_given_to_a_shell(clone):
    script = make(clone, "--dry-run", "submit", "NAME=mine", f"WEIGHTS={ODD[3]}")
    run = subprocess.run(
        ["bash"], input=script.splitlines()[-1], cwd=clone, capture_output=True, text=True, check=True
    )
    assert calls(run.stdout)[0][0] == ["submit", "mine", "--weights", ODD[3]]


@pytest.mark.parametrize("path", ODD)
def test_clean_removes_the_workspace_and_nothing_else(clone, path):
    (clone / path / "data").mkdir(parents=True)
    for word in path.split():
        (clone / word).mkdir(exist_ok=True)
    beside = {entry.name for entry in clone.iterdir()} - {path}
    make(clone, "clean", f"WORKSPACE={path}")
    assert {entry.name for entry in clone.iterdir()} == beside


@pytest.mark.parametrize("target", ["evaluate", "submit", "pretrain"])
def test_a_target_without_its_name_says_how_it_is_called(clone, target):
    run = subprocess.run(["make", target], cwd=clone, capture_output=True, text=True)
    assert run.returncode == 2
    assert f"usage: make {target} " in run.stdout
    assert "[[" not in run.stdout


def test_the_verbs_are_listed_and_the_installation_is_tried_in_a_folder_with_blanks(clone):
    listed = make(clone, "help")
    assert all(f"make {verb} " in listed for verb in ("setup", "demo", "submit", "evaluate"))
    (clone / ".venv" / ".installed").unlink()
    python = clone / ODD[0] / "python3"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    output = make(clone, "setup", f"PYTHON={python}")
    assert ["-m", "pip", "install", "--quiet", "--editable", ".[dev]"] in [
        words for words, _ in calls(output)
    ]
    assert (clone / ".venv" / ".installed").is_file()


ENGINE = """#!/bin/sh
case "$1" in build) ;; *) exit 0 ;; esac
echo "$@"
case "$*" in *submissions/bad*) seq 9; echo "no such file: it's \\$gone" >&2; exit 1 ;; esac
"""


def test_docker_builds_every_method_in_its_folder_and_says_at_the_end_what_failed(clone):
    engine = clone / "programs" / "docker"
    engine.parent.mkdir()
    engine.write_text(ENGINE.replace('echo "$@"', f'echo "$@" >>"{clone}/calls"'))
    engine.chmod(0o755)
    for name in ("docker/harness", "submissions/a", "submissions/bad", "submissions/z"):
        (clone / name).mkdir(parents=True)
        (clone / name / "Dockerfile").touch()
    usual = {key: value for key, value in os.environ.items() if not key.startswith(("LOVT_BENCH", "MAKE"))}
    path = {**usual, "PATH": f"{engine.parent}:{os.environ['PATH']}"}
    run = subprocess.run(["make", "docker"], cwd=clone, env=path, capture_output=True, text=True)
    assert run.returncode == 2, run.stderr
    calls = [call.split() for call in (clone / "calls").read_text().splitlines()]
    built = {call[call.index("-t") + 1]: call[-1] for call in calls}
    contexts = {f"lovt-bench-{name}": f"submissions/{name}" for name in ("a", "bad", "z")}
    assert built == {"lovt-bench-base": ".", "lovt-bench-harness": ".", **contexts}
    end = run.stdout.partition("lovt-bench-bad: not built\n")[2]
    assert end.splitlines() == [f"    {line}" for line in (6, 7, 8, 9, "no such file: it's $gone")]
    (clone / "submissions/bad/Dockerfile").unlink()
    assert "Next: make pretrain" in make(clone, "docker", PATH=path["PATH"])
