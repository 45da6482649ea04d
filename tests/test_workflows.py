"""What runs for a stranger's pull request: least powers, and only submissions of the change."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
CHANGED = REPOSITORY / ".ci" / "changed-submissions"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_least_powers_and_pinned_actions(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    said = yaml.safe_load(text)
    assert said["permissions"] == {"contents": "read"}
    # Only a tag of the keeper's starts what knows a secret.
    assert "secrets" not in text or said[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` as true
    assert "pull_request_target" not in text
    for job in said["jobs"].values():
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/x@v1"))
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            assert "${{" not in step.get("run", ""), "a text of a change would be read by the shell"


def test_the_harness_is_that_of_the_branch_before_anything_of_the_change_is_run() -> None:
    text = (REPOSITORY / ".github" / "workflows" / "submissions.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["rehearse"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    assert runs[0] == 'git checkout --quiet --detach "$BASE"'
    assert "--runtime docker" in runs[-1]


@pytest.fixture
def change(tmp_path: Path) -> Path:
    """A repository with one commit, a folder of submissions in it."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    for name in ("same", "edited", "removed", "common"):
        write(tmp_path, name)
    commit(tmp_path)
    git(tmp_path, "tag", "base")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "A change")


def write(folder: Path, name: str, text: str = "name: x\n") -> None:
    (folder / "submissions" / name).mkdir(parents=True, exist_ok=True)
    (folder / "submissions" / name / "submission.yaml").write_text(text)


def changed(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHANGED, "base", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)


def test_a_change_names_its_submissions(change: Path) -> None:
    write(change, "edited", "name: y\n")
    write(change, "common", "name: y\n")
    write(change, "new-one")
    (change / "submissions" / "no-submission").mkdir()
    (change / "submissions" / "no-submission" / "x.py").touch()
    (change / "submissions" / "file").touch()
    git(change, "rm", "--quiet", "-r", "submissions/removed")
    commit(change)
    assert changed(change).stdout.split() == ["edited", "new-one"]


@pytest.mark.parametrize("name", ["a;touch x", "$(touch x)", "-x", "a\nlovt", "A", "."])
def test_what_is_no_name_stops_it(change: Path, name: str) -> None:
    write(change, name if name != "." else "\u00e9")
    commit(change)
    found = changed(change)
    assert (found.returncode, found.stdout) == (1, "")
    assert "no name of a submission: " in found.stderr


def test_the_workflow_ends_where_a_name_is_refused(change: Path) -> None:
    write(change, "a;touch x")
    commit(change)
    steps = yaml.safe_load((WORKFLOWS[0].parent / "submissions.yml").read_text(encoding="utf-8"))
    (step,) = [
        one for one in steps["jobs"]["rehearse"]["steps"] if "changed-submissions" in one.get("run", "")
    ]
    told = {**os.environ, "BASE": "base", "HEAD": "HEAD", "RUNNER_TEMP": str(change)}
    script = step["run"].replace(".ci/changed-submissions", str(CHANGED))
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=change, env=told, capture_output=True, check=False
    )
    assert done.returncode == 1


PUSH = REPOSITORY / ".ci" / "push-images"
ENGINE = """#!/bin/sh
echo "$@" >> "$SAID"
case $1 in
  images) printf '%s\\n' test-harness test-base test-harness test-os test-suspect-12 ;;
  inspect)
    image=${4%:*}
    printf '%s@sha256:old\\n%s@sha256:%s\\n\\n' "elsewhere/x" "${image#default/}" "${image##*-}" ;;
  push) test "$3" != "$REFUSED" ;;
esac
"""
"""What a docker client answers, for a machine without a registry."""


def push(tmp_path: Path, *arguments: str, refused: str = "") -> tuple[int, str, list[str]]:
    (tmp_path / "docker").write_text(ENGINE)
    (tmp_path / "docker").chmod(0o755)
    said = tmp_path / "said"
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SAID": str(said), "REFUSED": refused}
    done = subprocess.run(
        [str(PUSH), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, said.read_text().splitlines() if said.exists() else []


def test_images_are_pushed_by_tag_and_told_by_digest(tmp_path: Path) -> None:
    code, told, said = push(tmp_path, "host/owner/", "0.1.0", "test")
    assert code == 0
    assert told.splitlines() == [
        "host/owner/test-base@sha256:base 0.1.0",
        "host/owner/test-harness@sha256:harness 0.1.0",
    ]
    assert [line for line in said if line.startswith("push")] == [
        "push --quiet host/owner/test-base:0.1.0",
        "push --quiet host/owner/test-harness:0.1.0",
    ]


def test_an_engine_names_digests_without_the_host_that_it_takes_by_default(tmp_path: Path) -> None:
    assert push(tmp_path, "default/owner", "1", "test")[1].startswith("owner/test-base@sha256:base 1\n")


def test_the_jobs_own_token_goes_to_no_registry() -> None:
    text = (REPOSITORY / ".github" / "workflows" / "images.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "permissions" not in yaml.safe_load(text)["jobs"]["push"]
    assert "github.token" not in text
    assert "GITHUB_TOKEN" not in text


def test_a_push_that_fails_ends_the_script(tmp_path: Path) -> None:
    code, told, _ = push(tmp_path, "host/owner", "0.1.0", "test", refused="host/owner/test-base:0.1.0")
    assert code != 0
    assert told == ""
    assert push(tmp_path, "", "0.1.0")[0] == 2


def test_a_tag_that_is_not_the_packages_version_is_not_built() -> None:
    text = (REPOSITORY / ".github" / "workflows" / "images.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["push"]["steps"]
    check = next(step["run"] for step in steps if step.get("name", "").startswith("The tag"))
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for tag, base, expected in (
        (f"v{version}", "base", version),
        (f"v{version}", "base-cuda", f"{version}-cuda"),
    ):
        assert _run(check, tag, base) == (0, f"TAG={expected}\n")
    assert _run(check, "v9.9.9", "base")[0] == 1


def _run(step: str, tag: str, base: str) -> tuple[int, str]:
    environment = {**os.environ, "GITHUB_REF_NAME": tag, "BASE": base, "GITHUB_ENV": "/dev/stdout"}
    command = ["bash", "-e", "-o", "pipefail", "-c", step]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout
