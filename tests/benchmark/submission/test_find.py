"""One way from what is given to a folder, for all commands: who goes first, what collides, what is near."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import submissions
from lovt_bench.benchmark.cli.evaluation_names import check_name
from lovt_bench.benchmark.submission.find import beside_text, find_submission, locate
from lovt_bench.benchmark.submission.read import SubmissionError, package_name, submissions_root
from lovt_bench.benchmark.submission.scaffold import new_container


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The folders that are looked into, in their order, each made; the caller stands in the last."""
    found = {name: tmp_path / name for name in ("environment", "workspace/submissions", "here")}
    for folder in found.values():
        folder.mkdir(parents=True)
    monkeypatch.setenv("LOVT_BENCH_SUBMISSIONS", str(found["environment"]))
    monkeypatch.chdir(found["here"])
    return found


def test_the_first_place_that_has_a_name_counts_and_the_others_are_said(
    places: dict[str, Path], tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    for place in reversed(places.values()):
        folder = new_container("mine", place)
        found = find_submission("mine", workspace)
        assert (found.folder, found.own, found.module) == (folder, False, None)
    assert found.beside == (places["workspace/submissions"] / "mine", places["here"] / "mine")
    assert beside_text("mine", found.folder, found.beside).endswith(f"mine and {places['here']}/mine")
    assert find_submission("./mine", workspace).folder == places["here"] / "mine"
    assert find_submission("./mine", workspace).beside == ()


def test_no_folder_takes_the_name_of_this_repository_s(places: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(submissions_root() / "lovt", places["here"] / "lovt")
    with pytest.raises(
        SubmissionError, match=r"two submissions are called lovt: .*submissions/lovt and .*here/lovt"
    ):
        locate("lovt", tmp_path)
    with pytest.raises(SubmissionError, match="takes the name 'lovt' of a method of this repository"):
        find_submission("./lovt", tmp_path)
    assert find_submission(str(submissions_root() / "lovt"), tmp_path).own


def test_the_same_folder_counts_wherever_one_stands(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for root in (places["environment"], tmp_path / "submissions"):
        new_container("mine", root)
    elsewhere = locate("mine", tmp_path)
    monkeypatch.chdir(places["environment"])
    assert locate("mine", tmp_path) == elsewhere
    assert elsewhere[0] == (places["environment"] / "mine").resolve()


def test_who_stands_in_submissions_sees_each_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(submissions_root())
    monkeypatch.setenv("LOVT_BENCH_SUBMISSIONS", ".")
    found = find_submission("byol", tmp_path)
    assert (found.own, found.beside, found.module) == (True, (), "submissions.byol.pretrain")


def test_a_name_that_there_is_not_gets_the_nearest_and_what_lies_here(
    places: dict[str, Path], tmp_path: Path
) -> None:
    new_container("denoising", places["environment"])
    with pytest.raises(
        SubmissionError, match=r"no submission 'denoisng' \(did you mean denoising\?\); there: "
    ):
        locate("denoisng", tmp_path)
    Path("empty").mkdir()
    with pytest.raises(SubmissionError, match=r"the folder \./empty here holds no submission\.yaml"):
        locate("empty", tmp_path)


def test_evaluate_says_what_makes_the_backbone(places: dict[str, Path], tmp_path: Path) -> None:
    new_container("mine", places["here"])
    with pytest.raises(
        ValueError, match=r"no backbone 'mine'.* `lovt-bench pretrain mine` makes its backbone"
    ):
        check_name("mine", tmp_path)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `submissions/` of its own, empty."""
    root = tmp_path / "submissions"
    root.mkdir()
    monkeypatch.setattr(submissions, "__path__", [str(root)])
    return root


def test_a_new_folder_of_the_repository_is_found_with_its_module(repository: Path, tmp_path: Path) -> None:
    new_container("mine", repository)
    found = find_submission("mine", tmp_path)
    assert (found.own, found.module) == (True, "submissions.mine.pretrain")
    (repository / "mine" / "pretrain.py").unlink()
    assert find_submission("mine", tmp_path).module is None
    with pytest.raises(SubmissionError, match="a-b can be none; take a_b"):
        new_container("a-b", repository)


@pytest.mark.parametrize(
    ("name", "package"), [("a-b.c", "a_b_c"), ("3d", "_3d"), ("class", "_class"), ("ok", "ok")]
)
def test_every_name_has_a_package(name: str, package: str) -> None:
    assert package_name(name) == package
