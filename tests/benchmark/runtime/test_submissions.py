"""Every submission of the repository loads; a wrong one says what is wrong."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from benchmark.runtime.submissions import (
    SubmissionError,
    find_submission,
    read_submission,
    submission_names,
    submissions_root,
)

ALL = submission_names(submissions_root())


@pytest.mark.parametrize("name", ALL)
def test_every_submission_is_valid_and_its_module_exists(name: str) -> None:
    submission = read_submission(submissions_root(), name)
    assert submission.module is None or importlib.util.find_spec(submission.module) is not None


def test_the_rows_that_need_no_training_are_there() -> None:
    found = {name: read_submission(submissions_root(), name) for name in ("random", "imagenet")}
    assert {name: s.display_name for name, s in found.items()} == {"random": "Random", "imagenet": "ImageNet"}
    assert {name: s.supervision for name, s in found.items()} == {"random": "none", "imagenet": "general"}


def test_weights_from_elsewhere_are_not_trained(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "submission.yaml").write_text(
        "name: mine\ndisplay_name: X\nsupervision: self\n"
        f"weights: {{file: a.pth, sha256: {'a' * 64}, bytes: 5, architecture: resnet50}}\n"
    )
    with pytest.raises(
        SubmissionError, match=r"nothing is trained: `lovt-bench submit mine --weights a\.pth`"
    ):
        find_submission(str(tmp_path / "mine"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: mine\n", "mine/submission.yaml: display_name: Field required; supervision: Field required"),
        ("name: other\ndisplay_name: X\nsupervision: self\n", "names 'other'"),
        (
            "name: mine\ndisplay_name: X\nsupervision: self\nmodule: os.system\n",
            "module: String should match",
        ),
        ("!!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
    ],
)
def test_wrong_files_are_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "submission.yaml").write_text(text)
    with pytest.raises(SubmissionError, match=message):
        read_submission(tmp_path, "mine")
