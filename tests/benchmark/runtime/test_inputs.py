"""A pre-training is done again when, and only when, something it depends on has changed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lovt_bench.benchmark.runtime.inputs import (
    PretrainInputs,
    check_corpus,
    differences,
    folder_digest,
    method_digest,
    read_corpus,
)
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.submissions.tiny_corpus import write_corpus

INPUTS = PretrainInputs(
    method="m",
    method_sha256="0" * 64,
    seed=1,
    variant="100",
    fraction=1.0,
    profile="paper",
    settings={"a": "1", "b": "2"},
    corpus_sha256="1" * 64,
)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "n"},
        {"method_sha256": "2" * 64},
        {"seed": 2},
        {"variant": "30"},
        {"fraction": 0.3},
        {"profile": "demo"},
        {"settings": {"a": "1"}},
        {"corpus_sha256": None},
        {"initial_sha256": "2" * 64},
    ],
)
def test_every_input_counts(change: dict) -> None:
    assert replace(INPUTS, **change).digest() != INPUTS.digest()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"method": "n"}, "method was m, is n"),
        ({"method_sha256": "2" * 64}, "code was 000000000000, is 222222222222"),
        ({"method_sha256": "0" * 64 + " in mine:2"}, "image was not given, is mine:2"),
        ({"seed": 2}, "seed was 1, is 2"),
        ({"variant": None}, "variant was 100, is not given"),
        ({"fraction": 0.3}, "fraction was 1.0, is 0.3"),
        ({"fraction": 0.9999999999}, "fraction was 1.0, is 0.9999999999"),
        ({"profile": "demo"}, "profile was paper, is demo"),
        ({"settings": {"a": "1", "b": "3"}}, "setting b was 2, is 3"),
        ({"settings": {"a": "1"}}, "setting b was 2, is not given"),
        ({"corpus_sha256": None}, "corpus was 111111111111, is not given"),
    ],
)
def test_what_differs_is_named_with_both_values(change: dict, named: str) -> None:
    assert differences(INPUTS, replace(INPUTS, **change)) == [named]
    assert differences(INPUTS, replace(INPUTS)) == []


def test_all_that_differs_is_named() -> None:
    other = replace(INPUTS, seed=2, settings={"c": "\x1b[2J"})
    assert differences(INPUTS, other) == [
        "seed was 1, is 2",
        "setting a was 1, is not given",
        "setting b was 2, is not given",
        "setting c was not given, is empty",
    ]


def test_order_of_settings_does_not_count() -> None:
    assert replace(INPUTS, settings={"b": "2", "a": "1"}).digest() == INPUTS.digest()


def test_corpus_is_known_by_its_content(tmp_path: Path) -> None:
    one, same, other = (
        write_corpus(tmp_path / place / "c", train=3, seed=seed)
        for place, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert read_corpus(one).identity() == read_corpus(same).identity()
    assert read_corpus(one).identity() != read_corpus(other).identity()


def test_missing_and_wrong_corpora_are_explained(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match=r"expected corpus\.json there"):
        read_corpus(tmp_path)
    (tmp_path / "corpus.json").write_text("{}")
    with pytest.raises(SubmissionError, match="name: Field required"):
        read_corpus(tmp_path)


def test_method_is_known_by_its_code_and_the_shared_code_not_by_its_page(tmp_path: Path) -> None:
    for folder in ("m", "other", "common"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "code.py").write_text("x = 1")
    before = method_digest(tmp_path, "m")
    (tmp_path / "m" / "README.md").write_text("words")
    (tmp_path / "other" / "code.py").write_text("x = 2")
    (tmp_path / "m" / "__pycache__").mkdir()
    (tmp_path / "m" / "__pycache__" / "code.pyc").write_text("x")
    assert method_digest(tmp_path, "m") == before
    (tmp_path / "m" / "Dockerfile").write_text("FROM scratch")
    assert (recipe := method_digest(tmp_path, "m")) != before, "an image is built from it"
    (tmp_path / "common" / "code.py").write_text("x = 2")
    changed = method_digest(tmp_path, "m")
    (tmp_path / "m" / "submission.yaml").write_text("name: m")
    assert len({before, recipe, changed, method_digest(tmp_path, "m")}) == 4


def test_a_corpus_that_was_changed_is_not_trained_on(tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "c", train=3)
    check_corpus(root, read_corpus(root))
    with (root / "pixels.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    with pytest.raises(
        SubmissionError, match=r"damaged: pixels.npy: content differs.*corpus prepare … --force"
    ):
        check_corpus(root, read_corpus(root))


def test_a_stranger_s_folder_is_read_within_bounds(tmp_path: Path) -> None:
    """Names need not be UTF-8, pipes are not waited for, and a file without end is named before it is read."""
    (tmp_path / "a.py").write_text("1")
    before = folder_digest(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert folder_digest(tmp_path) == before, "no image is built from it"
    (tmp_path / os.fsdecode(b"\xff.py")).write_text("2")
    (tmp_path / "link").symlink_to(os.fsdecode(b"\xfe"))
    assert folder_digest(tmp_path) != before
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(SubmissionError, match="or 16 GiB; expected a recipe and code"):
        folder_digest(tmp_path)
