"""The workflow that publishes: its commands exist, and its guard refuses what it says it refuses."""

from __future__ import annotations

import os
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from lovt_bench.benchmark.cli.leaderboard import leaderboard

WORKFLOW = Path(__file__).resolve().parents[3] / ".github" / "workflows" / "leaderboard.yml"


def steps() -> list[dict[str, Any]]:
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def script(name: str) -> str:
    return next(str(step["run"]) for step in steps() if step.get("name") == name)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def run(folder: Path, name: str, before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-c", script(name)],
        cwd=folder, env={**os.environ, "BEFORE": before}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one release, and a `lovt-bench` that says what it is asked."""
    folder = tmp_path / "leaderboard" / "versions" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "SHA256SUMS").write_text("x")
    (folder.parent / "versions.json").write_text("[]")
    tool = tmp_path / ".venv" / "bin" / "lovt-bench"
    tool.parent.mkdir(parents=True)
    tool.write_text('#!/bin/sh\necho "$@"\n[ "$3" != 9.9.9 ]\n')
    tool.chmod(0o755)
    git(tmp_path, "init", "-q")
    return tmp_path


def commit(repository: Path) -> str:
    git(repository, "add", "leaderboard")
    git(repository, "commit", "-q", "-m", "x")
    return git(repository, "rev-parse", "HEAD")


def test_every_command_of_the_workflow_exists() -> None:
    text = "\n".join(str(step.get("run", "")) for step in steps())
    used = re.findall(r"lovt-bench leaderboard (\w+)([^|\n;]*)", text)
    assert {name for name, _ in used} == {"verify", "site"}
    for name, rest in used:
        command = leaderboard.commands[name]
        known = {option for item in command.params if isinstance(item, click.Option) for option in item.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known


def test_a_changed_or_removed_release_is_refused_and_the_list_may_grow(repository: Path) -> None:
    before = commit(repository)
    versions = repository / "leaderboard" / "versions"
    (versions / "versions.json").write_text("[1]")
    (versions / "1.1.0").mkdir()
    (versions / "1.1.0" / "SHA256SUMS").write_text("y")
    grown = commit(repository)
    assert run(repository, "No release was changed or removed", before).returncode == 0
    (versions / "1.0.0" / "SHA256SUMS").write_text("z")
    (versions / "1.1.0" / "SHA256SUMS").unlink()
    commit(repository)
    refused = run(repository, "No release was changed or removed", grown)
    assert refused.returncode == 1
    assert "1.0.0/SHA256SUMS" in refused.stdout
    assert "1.1.0/SHA256SUMS" in refused.stdout


@pytest.mark.parametrize("name", ["1.0.0/evil.html", "inputs/old.gz"])
def test_a_release_gets_no_file_and_an_input_never_changes(repository: Path, name: str) -> None:
    versions = repository / "leaderboard" / "versions"
    (versions / "inputs").mkdir()
    (versions / "inputs" / "old.gz").write_text("x")
    before = commit(repository)
    (versions / "inputs" / "new.gz").write_text("x")
    grown = commit(repository)
    assert run(repository, "No release was changed or removed", before).returncode == 0
    (versions / name).write_text("y")
    commit(repository)
    refused = run(repository, "No release was changed or removed", grown)
    assert refused.returncode == 1
    assert name in refused.stdout


@pytest.mark.parametrize(
    "path",
    [
        "leaderboard/versions/versions.js",
        "leaderboard/versions/1.0.0/assets/x.js",
        "leaderboard/published/lovt-2022.csv",
        "leaderboard/withdrawn.yaml",
        "tasks/heads/unet.py",
        ".gitattributes",
        ".github/workflows/leaderboard.yml",
    ],
)
@pytest.mark.parametrize("event", ["push", "pull_request"])
def test_the_workflow_watches_all_that_is_published(event: str, path: str) -> None:
    # YAML 1.1 takes `on` for true.
    triggers = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))[True]
    assert any(fnmatch(path, pattern) for pattern in triggers[event]["paths"])


def test_new_releases_are_verified_byte_for_byte(repository: Path) -> None:
    before = commit(repository)
    new = repository / "leaderboard" / "versions" / "1.1.0"
    new.mkdir()
    (new / "SHA256SUMS").write_text("y")
    commit(repository)
    name = "Verify the releases that this change adds"
    assert run(repository, name, before).stdout.splitlines() == ["leaderboard verify 1.1.0"]
    first = run(repository, name, "0" * 40).stdout.splitlines()
    assert first == ["leaderboard verify 1.0.0", "leaderboard verify 1.1.0"]
    bad = new.with_name("9.9.9")
    bad.mkdir()
    (bad / "SHA256SUMS").write_text("y")
    commit(repository)
    assert run(repository, name, before).returncode == 1


def test_only_the_publishing_job_may_write() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert {name for name, job in workflow["jobs"].items() if "permissions" in job} == {"publish"}
