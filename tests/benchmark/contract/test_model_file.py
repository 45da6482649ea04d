"""The one reader of files that hold a model: what is wrong is said once, in the same words for every file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.model_file import JSON_LIMIT, ModelFileError, checked, read_model
from lovt_bench.benchmark.contract.submission import Submission

YAML = "name: mine\ndisplay_name: Mine\nsupervision: self\n"


def test_the_ending_says_the_format(tmp_path: Path) -> None:
    (tmp_path / "submission.yaml").write_text(YAML)
    found = read_model(tmp_path / "submission.yaml", Submission)
    (tmp_path / "submission.json").write_text(found.to_json())
    assert read_model(tmp_path / "submission.json", Submission) == found


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (
            "a.yaml",
            f"{YAML}nmae: x\n".encode(),
            r"a\.yaml: nmae: there is no such field \(did you mean name\?\)",
        ),
        ("a.yaml", b"- 1\n", r"a\.yaml: expected a mapping of fields, found list"),
        (
            "a.json",
            b'{"name": "mine"}',
            r"a\.json does not follow the contract: display_name: Field required",
        ),
        ("a.json", b"\xff", r"a\.json does not follow the contract: file: Invalid JSON"),
        ("a.json", b" " * (JSON_LIMIT + 1), rf"a\.json is larger than {JSON_LIMIT} bytes"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        read_model(tmp_path / file, Submission)


@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
def test_a_link_is_not_followed_and_a_pipe_not_waited_for(tmp_path: Path, file: str) -> None:
    (tmp_path / "private").write_text("password")
    (tmp_path / file).symlink_to(tmp_path / "private")
    with pytest.raises(ModelFileError, match="is a link") as caught:
        read_model(tmp_path / file, Submission)
    assert "password" not in str(caught.value)
    (tmp_path / file).unlink()
    os.mkfifo(tmp_path / file)
    with pytest.raises(ModelFileError, match="is no plain file"):
        read_model(tmp_path / file, Submission, follow=True)


def test_what_is_missing_is_its_callers_to_say(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path / "none.json"):
        with pytest.raises(FileNotFoundError):
            read_model(path, BackboneManifest)


def test_stated_fields_are_held_to_the_same_words() -> None:
    with pytest.raises(
        ModelFileError, match=r"^the declaration: paper: Input should be a valid URL.*'nowhere'"
    ):
        checked(
            Submission,
            {"name": "a", "display_name": "A", "supervision": "self", "paper": "nowhere"},
            "the declaration:",
        )
