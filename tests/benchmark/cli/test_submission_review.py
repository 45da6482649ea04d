"""A pull request of a submission: packed in one clone, reviewed in another by the workflow's own lines.

Nothing of it is checked out or run. Good ones pass, and what somebody would try is refused.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.results import results
from lovt_bench.benchmark.cli.submission import submission
from lovt_bench.leaderboard.releases.folder import folder_problems
from tests.benchmark.cli.hostile_changes import (
    ALONE,
    BY_CONTENT,
    BY_PATH,
    RESULTS,
    commit,
    edit,
    file,
    git,
    retitled,
    submodule,
    submodule_folder,
)
from tests.benchmark.cli.submitted import BOXES, submitted
from tests.benchmark.engine.world import tiny_store
from tests.conftest import REPOSITORY

WORKFLOW = REPOSITORY / ".github" / "workflows" / "submissions.yml"


def pack(name: str, workspace: Path, into: Path) -> Result:
    return CliRunner().invoke(submission, ["pack", name, "--workspace", str(workspace), "--into", str(into)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose branch `main` holds a row, and whose branch `mine` brings another, packed by the command."""
    root = tmp_path_factory.mktemp("made")
    store = tiny_store(root / "workspace", "rsna")
    for name, display in (("there", "There"), ("mine", "My Method")):
        submitted(root / "workspace", name, display, store)
    clone = root / "clone"
    own = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "submissions/lovt", clone / "submissions/lovt", ignore=own)
    (clone / "leaderboard/versions").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch", "main", str(clone))
    found = pack("there", root / "workspace", clone)
    assert found.exit_code == 0, found.output
    commit(clone)
    git(clone, "switch", "--quiet", "--create", "mine")
    found = pack("mine", root / "workspace", clone)
    assert found.exit_code == 0, found.output
    commit(clone)
    return root


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Path:
    """A clone on the branch `mine`, to be changed."""
    shutil.copytree(made / "clone", tmp_path / "clone", symlinks=True)
    return tmp_path / "clone"


def review(clone: Path, monkeypatch: pytest.MonkeyPatch, *words: str, workspace: str = "none") -> Result:
    monkeypatch.chdir(clone)
    monkeypatch.delenv("LOVT_BENCH_KEEPER", raising=False)
    return CliRunner().invoke(submission, ["review", *words, "--workspace", workspace])


def test_a_packed_submission_holds_declaration_records_and_boxes_and_neither_weights_nor_masks(
    made: Path,
) -> None:
    listed = git(made / "clone", "diff", "--name-only", "main", "mine").splitlines()
    assert {Path(path).suffix for path in listed} == {".yaml", ".jsonl", ".parquet"}
    assert sum(path.endswith(".parquet") for path in listed) == 4  # two runs of masks, two of boxes
    assert all(path.startswith(("submissions/mine/", f"{RESULTS}/mine/")) for path in listed)
    import pyarrow.parquet as pq

    for path in listed:
        if path.endswith(".parquet"):
            assert "mask" not in pq.read_schema(made / "clone" / path).names
    # They wait for a release, and are no strangers in the folder of versions.
    assert not any("results" in path for path in folder_problems(made / "clone" / "leaderboard" / "versions"))


def test_nothing_is_packed_where_the_check_finds_an_error(clone: Path, tmp_path: Path) -> None:
    submitted(tmp_path / "workspace", "other", "L0VT")
    found = pack("other", tmp_path / "workspace", clone)
    assert found.exit_code == 1
    assert "reads like 'LoVT'" in found.output
    assert git(clone, "status", "--porcelain") == ""
    assert "is no clone of lovt-bench" in pack("other", tmp_path / "workspace", tmp_path).output


def test_a_good_one_passes_and_its_summary_says_what_it_is(
    clone: Path, made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    found = review(clone, monkeypatch, "--summary", str(summary))
    assert found.exit_code == 0, found.output
    text = summary.read_text()
    for said in (
        "- new submissions/mine",
        "My Method, kind weights, supervision self",
        "ok: scores: 2 final runs follow from their counts",
        "2 final runs have boxes, which cannot be scored without the images",
        "place not there → 1 of 2, mean rank",
        "## Contradictions in run records\n\n- none found",
        "    curl -L -o a.pth -- https://example.org/a.pth",
        "    lovt-bench submit mine --weights a.pth",
        "    lovt-bench submission review HEAD --base main",
    ):
        assert said.replace("_", "&#95;") in text, text
    with_images = review(clone, monkeypatch, workspace=str(made / "workspace"))
    assert with_images.exit_code == 0, with_images.output
    assert "cannot be scored" not in with_images.output


def test_what_brings_no_submission_is_not_reviewed(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(clone, "switch", "--quiet", "main")
    (clone / "README.md").write_text("x\n")
    head = commit(clone)
    found = review(clone, monkeypatch, head, "--base", "main~1")
    assert (found.exit_code, "Nothing was reviewed here" in found.output) == (0, True)


def test_a_change_of_a_method_that_is_there_is_checked_with_all_of_its_files(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(clone, "switch", "--quiet", "main")
    with (clone / "submissions/lovt/README.md").open("a") as stream:
        stream.write("More.\n")
    found = review(clone, monkeypatch, commit(clone), "--base", "main~1")
    assert found.exit_code == 0, found.output
    assert "warning: name: lovt is there already" in found.output
    assert "changes submissions/lovt" in found.output


def refused(clone: Path, monkeypatch: pytest.MonkeyPatch, *, staged: bool = True) -> str:
    """Commit, and return what is said in the refusal; of a summary nothing is markup."""
    if staged:
        git(clone, "add", "--all", "--force")
    git(clone, "commit", "--quiet", "--message", "x")
    found = review(clone, monkeypatch, "--summary", "../summary.md")
    assert found.exit_code == 1, found.output
    text = (clone.parent / "summary.md").read_text()
    assert not {"<", "\x1b"} & set(text)
    return found.output


@pytest.mark.parametrize(("change", "said"), BY_PATH.values(), ids=BY_PATH)
def test_a_path_that_no_submission_has_is_refused_with_the_reason(
    clone: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], said: str
) -> None:
    change(clone)
    output = refused(clone, monkeypatch, staged=change is not submodule)
    assert said in output
    assert "Nothing further was looked at." in output


@pytest.mark.parametrize(("change", "said"), ALONE.values(), ids=ALONE)
def test_what_is_refused_is_so_without_a_submission_beside_it(
    clone: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], said: str
) -> None:
    git(clone, "switch", "--quiet", "main")
    git(clone, "branch", "--quiet", "base")
    change(clone)
    if change is not submodule_folder:
        git(clone, "add", "--all", "--force")
    git(clone, "commit", "--quiet", "--message", "x")
    found = review(clone, monkeypatch, "--base", "base")
    assert (found.exit_code, said in found.output) == (1, True), found.output


def test_forged_records_and_files_are_refused_each_with_its_reason(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for change, _ in BY_CONTENT.values():
        change(clone)
    output = refused(clone, monkeypatch)
    assert [said for _, said in BY_CONTENT.values() if said not in output] == [], output


@pytest.mark.parametrize("part", ["..", "."])
def test_a_path_that_leaves_its_folder_is_not_looked_at(
    clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str
) -> None:
    """`git add` makes no such tree, and `git fetch` takes one; its files were written outside of the scratch folder."""

    def tree(entries: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(clone), "mktree"], input=entries, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    blob = git(clone, "rev-parse", "HEAD:submissions/mine/submission.yaml")
    inner = tree(f"100644 blob {blob}\tescaped.txt\n")
    for _ in range(5):
        inner = tree(f"040000 tree {inner}\t{part}\n")
    mine = tree(f"100644 blob {blob}\tsubmission.yaml\n040000 tree {inner}\t{part}\n")
    submissions = tree(f"040000 tree {mine}\tmine\n")
    kept = [line for line in git(clone, "ls-tree", "main").splitlines() if not line.endswith("\tsubmissions")]
    root = tree("\n".join([*kept, f"040000 tree {submissions}\tsubmissions", ""]))
    head = git(clone, "commit-tree", root, "-p", "main", "-m", "x")
    found = review(clone, monkeypatch, head)
    assert found.exit_code == 1
    assert "is no path that git checks out" in found.output
    assert not list(tmp_path.parent.rglob("escaped.txt"))


def test_markup_in_a_title_is_refused_and_shown_as_it_is(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retitled("<img src=x onerror=alert(1)>")(clone)
    assert "error: submission.yaml: mine/submission.yaml: display_name" in refused(clone, monkeypatch)


def test_final_runs_whose_predictions_are_left_out_are_refused(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only boxes can be too large to be brought; counts never are, whatever the record says."""
    shutil.rmtree(clone / RESULTS / "mine" / "predictions")
    for path in (clone / RESULTS / "mine").glob("*.jsonl"):
        path.write_text(re.sub(r'"bytes":\d+', f'"bytes":{5 << 20}', path.read_text()))
    output = refused(clone, monkeypatch)
    assert "error: scores: 2 final runs have no boxes or counts beside them" in output
    assert "warning: scores: 2 final runs have more boxes than a pull request brings" in output


def test_a_score_that_does_not_follow_from_boxes_is_refused_where_the_images_are(
    clone: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(clone / RESULTS / "mine" / f"{BOXES}.jsonl", "final", test={"mAP": 0.99})
    commit(clone)
    found = review(clone, monkeypatch, workspace=str(made / "workspace"))
    assert found.exit_code == 1, found.output
    assert f"{BOXES}, seed" in found.output
    assert "recorded 0.99" in found.output


def test_a_run_that_is_there_is_not_brought_again_with_other_numbers(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are added alone, and yet the last of equal keys would count; nor does it help to call the track another."""
    git(clone, "switch", "--quiet", "main")
    path = clone / RESULTS / "there" / f"{BOXES}.jsonl"
    before = path.read_text()
    edit(path, "final", test={"mAP": 0.99}, predictions=None)
    (forged,) = set(path.read_text().splitlines()) - set(before.splitlines())
    path.write_text(f"{before}{forged}\n")
    elsewhere = str(path.relative_to(clone)).replace("phantom", "public")
    file(elsewhere, forged.replace('"track":"phantom"', '"track":"public"').encode() + b"\n")(clone)
    commit(clone)
    found = review(clone, monkeypatch, "--base", "main~1")
    assert found.exit_code == 1, found.output
    for place in (str(path.relative_to(clone)), elsewhere):
        assert f"error: {place}: 1 of its added runs are there already" in found.output


@pytest.mark.parametrize("hostile", [False, True])
def test_the_lines_of_the_workflow_review_a_pull_request_by_the_code_of_the_branch(
    clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hostile: bool
) -> None:
    """Each `run:` line in a clone of the branch, the change in `refs/pull/7/head` of where it came from.

    Only `make setup` is another: it makes a `lovt-bench` that notes what it is asked, and that is then done here.
    """
    if hostile:
        file("Makefile", b"setup:\n\ttouch was-run\n")(clone)
        commit(clone)
    head = git(clone, "rev-parse", "HEAD")
    git(clone, "update-ref", "refs/pull/7/head", head)
    git(clone, "switch", "--quiet", "main")
    git(clone, "branch", "--quiet", "-D", "mine")
    runner, tools = tmp_path / "runner", tmp_path / "tools"
    git(tmp_path, "clone", "--quiet", "--branch", "main", str(clone), str(runner))
    tools.mkdir()
    (tools / "make").write_text(
        '#!/bin/sh\nmkdir -p .venv/bin\nprintf "#!/bin/sh\\nprintf \\"%%s\\\\\\\\n\\" \\"\\$@\\" >asked\\n" '
        ">.venv/bin/lovt-bench\nchmod +x .venv/bin/lovt-bench\n"
    )
    (tools / "make").chmod(0o755)
    told = {
        "BASE": git(runner, "rev-parse", "HEAD"),
        "HEAD": head,
        "NUMBER": "7",
        "GITHUB_STEP_SUMMARY": "summary",
    }
    said = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["review"]
    assert said["steps"][0]["with"]["ref"] == said["env"]["BASE"], "of the change nothing is checked out"
    assert told.keys() >= said["env"].keys()
    for step in said["steps"]:
        if "run" in step:
            path = f"{tools}{os.pathsep}{os.environ['PATH']}"
            subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                cwd=runner,
                env={**os.environ, **told, "PATH": path},
                check=True,
            )
    command, *words = (runner / "asked").read_text().splitlines()
    assert (command, words.pop(0)) == ("submission", "review")
    found = review(runner, monkeypatch, *words)
    assert found.exit_code == hostile, found.output
    assert ("refused" if hostile else "new submissions/mine") in (runner / "summary").read_text()
    assert git(runner, "status", "--porcelain", "--untracked-files=no") == ""
    assert not any((runner / path).exists() for path in ("submissions/mine", "was-run"))


def test_the_keepers_name_in_a_record_of_no_release_is_not_restored(clone: Path, tmp_path: Path) -> None:
    """No release names the line, and so the row would be `reproduced` by a name that anybody can write."""
    edit(clone / RESULTS / "mine" / f"{BOXES}.jsonl", "final", measured_by="the-keeper")
    words = ["--from", str(clone / "leaderboard/results"), "--workspace", str(tmp_path)]
    found = CliRunner().invoke(results, ["restore", "mine", *words])
    assert found.exit_code == 0, found.output
    assert "5 run records restored" in found.output
    assert "1 run records say who measured them, and no release names them" in found.output.replace("\n", " ")


def test_records_that_were_merged_come_into_a_workspace(made: Path, tmp_path: Path) -> None:
    words = [
        "restore",
        "mine",
        "--from",
        str(made / "clone/leaderboard/results"),
        "--workspace",
        str(tmp_path),
    ]
    for count in (6, 0):
        found = CliRunner().invoke(results, words)
        assert (found.exit_code, f"{count} run records restored" in found.output) == (0, True), found.output
    own, there = (
        sorted((root / "results/phantom/mine").glob("*.jsonl")) for root in (tmp_path, made / "workspace")
    )
    assert [sorted(path.read_text().splitlines()) for path in own] == [
        sorted(path.read_text().splitlines()) for path in there
    ]
