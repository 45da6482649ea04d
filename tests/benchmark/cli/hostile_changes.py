"""What somebody would try in a pull request: changes of a clone whose branch `mine` brings a good submission."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lovt_bench.benchmark.contract.run_record import RunRecord
from tests.benchmark.cli.submitted import BOXES, MASKS

RESULTS = Path("leaderboard/results/phantom/lovt-2022")
Try = tuple[Callable[[Path], None], str]
"""What is changed, and what the refusal says."""


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, text: str = "A change") -> str:
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


def edit(path: Path, phase: str, **changes: Any) -> None:
    """Change the first record of a phase; fields that are dictionaries are updated."""
    records = [RunRecord.model_validate_json(line) for line in path.read_text().splitlines()]
    chosen = min(
        (one for one in records if one.run.phase == phase),
        key=lambda one: (one.run.learning_rate, one.run.seed),
    )
    said = {
        name: {**getattr(chosen, name), **change} if isinstance(change, dict) else change
        for name, change in changes.items()
    }
    changed = [one.model_copy(update=said) if one is chosen else one for one in records]
    path.write_text("".join(one.to_json(indent=None) for one in changed))


def edited(name: str, task: str, phase: str, **changes: Any) -> Callable[[Path], None]:
    return lambda clone: edit(clone / RESULTS / name / f"{task}.jsonl", phase, **changes)


def no_record(clone: Path) -> None:
    with (clone / RESULTS / "mine" / f"{MASKS}.jsonl").open("a") as stream:
        stream.write("<script>alert(1)</script>\n")


def renamed(name: str, display_name: str) -> Callable[[Path], None]:
    def change(clone: Path) -> None:
        git(clone, "mv", "submissions/mine", f"submissions/{name}")
        git(clone, "rm", "--quiet", "-r", str(RESULTS / "mine"))
        restate(clone / "submissions" / name, name=name, display_name=display_name)

    return change


def retitled(display_name: str) -> Callable[[Path], None]:
    return lambda clone: restate(clone / "submissions" / "mine", display_name=display_name)


def restate(folder: Path, **fields: str) -> None:
    path = folder / "submission.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | fields))


def file(path: str, content: bytes = b"x\n") -> Callable[[Path], None]:
    def change(clone: Path) -> None:
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_bytes(content)

    return change


def link(clone: Path) -> None:
    (clone / "submissions/mine/README.md").symlink_to("/etc/passwd")


def submodule(clone: Path) -> None:
    head = git(clone, "rev-parse", "HEAD")
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{head},submissions/mine/other")


def linked_folder(clone: Path) -> None:
    (clone / "submissions/new").symlink_to("/etc")


def submodule_folder(clone: Path) -> None:
    head = git(clone, "rev-parse", "HEAD")
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{head},submissions/new")


def removed(clone: Path) -> None:
    (clone / RESULTS / "there" / f"{MASKS}.jsonl").unlink()


def foreign_boxes(clone: Path) -> None:
    path = next((clone / RESULTS / "mine" / "predictions" / BOXES).iterdir())
    path.with_name(f"{'0' * 64}.parquet").write_bytes(path.read_bytes())


def swapped_boxes(clone: Path) -> None:
    """The boxes of one run under the digest of another."""
    first, second = sorted((clone / RESULTS / "mine" / "predictions" / BOXES).iterdir())
    second.write_bytes(first.read_bytes())


BY_PATH: dict[str, Try] = {
    "records of another row": (
        edited("there", MASKS, "final", test={"opacity_dice": 0.01}),
        "records of another row than mine",
    ),
    "records of another row removed": (removed, "records of another row than mine"),
    "a name that reads like another": (renamed("l0vt", "Mine"), "l0vt reads like lovt, which is there"),
    "a name of what is always there": (renamed("random-x", "Mine"), "means a backbone that is always there"),
    "a path outside": (file("benchmark/cli/main.py"), "is no part of a submission"),
    "what methods share": (file("submissions/common/x.py"), "is not of the submission mine"),
    "a workflow": (file(".github/workflows/x.yml"), "is a workflow"),
    "a released version": (
        file("leaderboard/versions/1.0.0/leaderboard.json", b"[]"),
        "belongs to a release",
    ),
    "a giant file": (file("submissions/mine/x.txt", b"x" * (17 << 20)), "has 17 MiB, at most 16"),
    "weights by another name": (file("submissions/mine/notes.txt", b"\0\1\2"), "is no text"),
    "what git reads": (file("submissions/mine/.gitattributes"), "is no part of a submission"),
    "terminal sequences in a path": (file("submissions/mine/\x1b[2Jx"), "is no part of a submission"),
    "a link": (link, "is a link"),
    "a submodule": (submodule, "is another repository"),
    "records of own data": (
        file("leaderboard/results/own/lovt-2022/mine/covid_linear.jsonl"),
        "own data are their owner's",
    ),
    "records of an own task": (
        file(f"{RESULTS}/mine/hospital_linear.jsonl"),
        "hospital_linear, which is no task of this repository",
    ),
}
"""Refused before anything else of them is read."""

ALONE: dict[str, Try] = {
    "a workflow": (file(".github/workflows/x.yml"), "is a workflow"),
    "a list of versions": (file("leaderboard/versions/versions.json"), "belongs to a release"),
    "a folder that is a link": (linked_folder, "error: submissions/new: is no part of a submission"),
    "a folder that is a submodule": (submodule_folder, "error: submissions/new: is no part of a submission"),
    "what git reads": (file("submissions/lovt/.gitattributes"), "is no part of a submission"),
    "an odd name of a file": (file("submissions/lovt/evil file.py"), "is no part of a submission"),
}
"""Refused, too, where they come without a submission."""

BY_CONTENT: dict[str, Try] = {
    "a score that does not follow from counts": (
        edited("mine", MASKS, "final", test={"opacity_dice": 0.99}),
        "error: scores: covid_linear, seed 12345: Its counts give",
    ),
    "the keeper's name": (
        edited("mine", BOXES, "final", measured_by="the-keeper"),
        "error: measured_by: records name the-keeper as who measured them",
    ),
    "another learning rate than tuning chose": (
        edited("mine", MASKS, "tune", validation={"opacity_dice": 0.9}),
        "error: run records: phantom: covid_linear: Final runs have the learning rate",
    ),
    "a line that is no record": (no_record, f"error: {RESULTS}/mine/covid_linear.jsonl: not a run record"),
    "a title that reads like another": (
        retitled("L0VT"),
        "error: display_name: the display name 'L0VT' reads like",
    ),
    "weights": (file("submissions/mine/a.safetensors", b"x"), "error: files: weights: a.safetensors"),
    "boxes of another run": (swapped_boxes, ".parquet: is not the file that its record names"),
    "boxes of no record": (
        foreign_boxes,
        f"{'0' * 64}.parquet: is part of no release, and no record names it",
    ),
}
"""Each with its reason, all in one change."""
