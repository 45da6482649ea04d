"""Every submission of the repository loads; a wrong one says what is wrong."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.submission.find import find_submission
from lovt_bench.benchmark.submission.read import (
    SubmissionError,
    read_folder,
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
        find_submission(str(tmp_path / "mine"), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: mine\n", "mine/submission.yaml: display_name: Field required; supervision: Field required"),
        ("name: other\ndisplay_name: X\nsupervision: self\n", "names 'other'"),
        (
            "name: mine\ndisplay_name: X\nsupervision: self\npaper: https://me:secret@example.org/\n",
            "an address holds a user name or password",
        ),
        (
            "name: mine\ndisplay_name: X\nsupervision: self\nmodule: os.system\n",
            "module: String should match",
        ),
        (
            "name: mine\ndisplay_name: X\nsupervision: self\n" + "".join(f"x{k}: 1\n" for k in range(9)),
            "x4: there is no such field; known: .*; and 4 more",
        ),
        ("!!python/object/apply:os.getcwd []\n", "mine/submission.yaml, line 1: .* tags are not read"),
        (
            "name: mine\nvariants: {a: {settings: {since: 2020-01-01}}}\n",
            "line 2: .* is a date to YAML: quote it",
        ),
    ],
)
def test_wrong_files_are_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "submission.yaml").write_text(text)
    with pytest.raises(SubmissionError, match=message):
        read_submission(tmp_path, "mine")


def test_names_of_fields_cannot_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "submission.yaml").write_text('"\\e[2Jgone\\u202e": 1\n')
    with pytest.raises(SubmissionError) as caught:
        read_folder(tmp_path)
    assert "gone: there is no such field" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_pipe_is_not_waited_for_and_a_link_not_followed(tmp_path: Path) -> None:
    """A link in somebody's folder would quote lines of a private file in the message about it."""
    private = tmp_path / "private"
    private.write_text("password: : :\n")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "submission.yaml").symlink_to(private)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "submission.yaml")
    for name in ("link", "pipe"):
        with pytest.raises(
            SubmissionError, match=r"is a link; put the file itself there|is no plain file"
        ) as caught:
            read_folder(tmp_path / name)
        assert "password" not in str(caught.value)
