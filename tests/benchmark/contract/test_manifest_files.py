"""`corpus.json` and `dataset.json` come from elsewhere: each has one reader, and every room says what it says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lovt_bench.benchmark.contract.dataset import LeftOut
from lovt_bench.benchmark.contract.manifest_files import CORPUS, DATASET, DATASET_LIMIT
from lovt_bench.benchmark.contract.model_file import JSON_LIMIT
from lovt_bench.benchmark.data import format as store_format
from lovt_bench.benchmark.data.corpus import format as corpus_format
from lovt_bench.benchmark.data.errors import DamagedStoreError, DataError
from lovt_bench.benchmark.runtime.inputs import read_corpus
from lovt_bench.benchmark.submission.read import SubmissionError
from lovt_bench.leaderboard.workspace_sources import current
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.tasks.registry import load_tasks
from tests.benchmark.data.small_store import write_store

ROOMS = [(corpus_format.read_manifest, DataError), (read_corpus, SubmissionError), (Corpus, PretrainingError)]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(DATASET_LIMIT + 1)


def other(path: Path) -> None:
    path.write_text('{"name": "x"}', encoding="utf-8")


@pytest.mark.parametrize(("read", "error"), ROOMS, ids=["data", "runtime", "submissions"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (pipe, "corpus.json is no plain file"),
        (endless, f"corpus.json is larger than {JSON_LIMIT} bytes"),
        (other, "display_name: Field required"),
        (
            lambda path: None,
            r"expected corpus\.json there \(did you mean mimic\?\). Corpora beside it: mimic\.",
        ),
    ],
    ids=["pipe", "endless", "other", "none"],
)
def test_all_rooms_say_the_same_of_a_wrong_corpus_and_how_to_make_one(
    read: Callable[[Path], Any],
    error: type[Exception],
    spoil: Callable[[Path], None],
    said: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "mimic").mkdir()
    (tmp_path / "mimic" / CORPUS).touch()
    root = tmp_path / "mimik"
    root.mkdir()
    spoil(root / CORPUS)
    with pytest.raises(error, match=f"{said}.*lovt-bench corpus prepare mimic-cxr --raw DIR"):
        read(root)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(pipe, "no plain file"), (endless, "larger than"), (other, "Field required")],
    ids=["pipe", "endless", "other"],
)
def test_a_store_with_a_wrong_manifest_is_damaged(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    spoil(tmp_path / DATASET)
    with pytest.raises(DamagedStoreError, match=f"dataset.json .*{said}"):
        store_format.read_manifest(tmp_path)


def test_a_store_may_have_left_out_more_images_than_a_page_holds(tmp_path: Path) -> None:
    """For the board, too, which calls rows stale by what it reads."""
    write_store(tmp_path / "data" / "rsna", images=np.zeros((4, 8, 8), np.uint8))
    manifest = store_format.read_manifest(tmp_path / "data" / "rsna")
    left_out = [
        LeftOut(id=f"{index:064}", split="train", reason="cannot be decoded") for index in range(12_000)
    ]
    long = manifest.model_copy(update={"left_out": left_out}).sealed()
    path = tmp_path / "data" / "rsna" / DATASET
    path.write_text(long.to_json(), encoding="utf-8")
    assert path.stat().st_size > JSON_LIMIT
    assert store_format.read_manifest(path.parent) == long
    assert current(tmp_path, [], load_tasks()).datasets["rsna"].sha256 == long.identity()
