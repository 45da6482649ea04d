"""What a folder lacks where it lies: sources of its recipe, what a process needs, what a pull request brings."""

from __future__ import annotations

from pathlib import Path

import pytest

import submissions
from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.runtime.base_images import bases_of, missing_text
from lovt_bench.benchmark.submission.check import check_submission
from lovt_bench.benchmark.submission.read import read_folder
from lovt_bench.benchmark.submission.scaffold import new_container


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "submissions"
    root.mkdir()
    monkeypatch.setattr(submissions, "__path__", [str(root)])
    return root


def texts(found: list[Finding], level: str) -> list[str]:
    return [f"{one.subject}: {one.message}" for one in found if one.level == level]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("COPY submissions/mine /x/", "there is no submissions/mine in this folder"),
        ("COPY *.py *.txt /x/", "there is no *.txt in this folder"),
        ('COPY ["absent file.py", "/x/"]', "there is no absent file.py in this folder"),
        ("ADD absent.py /x/", "there is no absent.py in this folder"),
        ("COPY ../common /x/", "../common leads out of the build context"),
        ("COPY data/v?cab.txt /x/", ".dockerignore leaves data/v?cab.txt out"),
        ("COPY pretrain.py /x/", None),
        ("COPY /pretrain.py ./submission.yaml /x/", None),
        ("COPY . /x/", None),
        ("COPY pre*.p[^x] /x/", None),
        ("COPY data /x/", None),
        ("COPY loop/*/*/*/*/*/*/* /x/", "there is no loop/*/*/*/*/*/*/* in this folder"),
        ("COPY --from=build absent /x/", None),
        ("COPY $WHAT /x/", None),
    ],
)
def test_what_a_recipe_copies_lies_in_the_folder(tmp_path: Path, line: str, problem: str | None) -> None:
    folder = new_container("mine", tmp_path)
    (folder / "data").mkdir()
    (folder / "data" / "vocab.txt").touch()
    (folder / "data" / "kept.txt").touch()
    (folder / "loop").symlink_to(".")
    (folder / ".dockerignore").write_text("data/v*\n")
    recipe = (folder / "Dockerfile").read_text()
    recipe = recipe.replace("FROM $", "FROM gcc:13 AS build\nFROM $")
    (folder / "Dockerfile").write_text(f"{recipe}{line}\n")
    found = [text for text in texts(check_submission(folder, []), "error") if "Dockerfile" in text]
    assert len(found) == (problem is not None), found
    assert all(problem in text for text in found if problem)


@pytest.mark.parametrize("name", ["123", "true", "1e5", "null", "2020-01-01", "0x1f", "mine"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(tmp_path: Path, name: str) -> None:
    submission = read_folder(new_container(name, tmp_path))
    assert (submission.name, submission.display_name) == (name, name)


def test_a_folder_is_whole_outside_and_inside(tmp_path: Path, repository: Path) -> None:
    for place, word in (
        (tmp_path, "outside of submissions/"),
        (repository, "the process submissions.mine.pretrain"),
    ):
        found = check_submission(new_container("mine", place), [])
        assert texts(found, "error") == []
        assert texts(found, "warning") == ["paper: none is named"]
        assert [text for text in texts(found, "ok") if word in text]


def test_what_fails_in_submissions_alone_is_said_there(tmp_path: Path, repository: Path) -> None:
    folder = new_container("a-b", tmp_path).rename(repository / "a-b")
    assert [text for text in texts(check_submission(folder, []), "warning") if "place" in text] == [
        "place: in submissions/, but runs in its container only: Python cannot import a folder a-b; a_b it could"
    ]
    folder = new_container("mine", repository)
    (folder / "pretrain.py").rename(folder / "train.py")
    assert "its container only: there is no pretrain.py" in str(check_submission(folder, []))


@pytest.mark.parametrize("inside", [True, False])
def test_what_a_pull_request_lacks_or_must_not_bring_is_an_error_in_submissions(
    tmp_path: Path, repository: Path, inside: bool
) -> None:
    folder = new_container("mine", repository if inside else tmp_path)
    (folder / "README.md").unlink()
    declared = folder / "submission.yaml"
    text = declared.read_text()
    declared.write_text(text[: text.index("profiles:")].replace("licence: MIT\n", ""))
    for name in ("best.CKPT", "w.safetensors", "x.dcm"):
        (folder / name).touch()
    assert texts(check_submission(folder, []), "error" if inside else "warning")[-5 if inside else -6 :] == [
        "README.md: there is none",
        "licence: none is named",
        *([] if inside else ["paper: none is named"]),
        "profiles: no demo: a pull request is rehearsed with it",
        "files: weights: best.CKPT, w.safetensors",
        "files: images or archives: x.dcm",
    ]


def test_a_word_why_there_is_no_paper_is_enough(tmp_path: Path) -> None:
    folder = new_container("mine", tmp_path)
    (folder / "README.md").write_text("# Mine\n\nNo paper: an exercise.\n")
    assert texts(check_submission(folder, []), "warning") == []


@pytest.mark.parametrize(
    ("recipe", "base", "images"),
    [
        ("ARG BASE_IMAGE=lovt-bench-base\nFROM ${BASE_IMAGE}\n", None, ["lovt-bench-base"]),
        ("ARG BASE_IMAGE=lovt-bench-base\nFROM ${BASE_IMAGE}\n", "mine:1", ["mine:1"]),
        (
            "FROM a:1 AS b\nFROM b\nCOPY --from=b / /\nCOPY --from=c:2 / /\nFROM scratch\n",
            None,
            ["a:1", "c:2"],
        ),
        ("FROM $UNKNOWN\n", None, []),
        ("no recipe", None, []),
    ],
)
def test_the_images_of_a_recipe(recipe: str, base: str | None, images: list[str]) -> None:
    assert bases_of(recipe, base) == images


def test_a_missing_base_says_what_makes_it() -> None:
    assert (
        missing_text("lovt-bench-base") == "the engine has no image lovt-bench-base; `make docker` builds it"
    )
    assert "`make docker BASE=base-cuda` builds it" in missing_text("lovt-bench-base-cuda")
    assert "pull it first (`docker pull python:3.11-slim`)" in missing_text("python:3.11-slim")
