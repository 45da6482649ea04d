"""The published splits are recognised by their digests, and nothing else is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data.official import is_official, published
from lovt_bench.benchmark.data.split_files import read_split_files

NAMES = ["covid-rural", "nih-cxr", "object-cxr", "rsna", "siim"]


def published_ids(shared: Path, name: str) -> dict[SplitName, tuple[str, ...]]:
    return {split: file.ids for split, file in read_split_files(shared / "splits" / name).items()}


@pytest.mark.parametrize("name", NAMES)
def test_published_files_are_recognised(shared: Path, name: str) -> None:
    files = read_split_files(shared / "splits" / name)
    assert is_official(name, {split: file.ids for split, file in files.items()})
    for split, file in files.items():
        known = published()[name].splits[split]
        assert len(file.ids) == known.images
        if known.boxes is not None:
            assert file.boxes is not None
            assert sum(map(len, file.boxes)) == known.boxes
            assert sum(len(boxes) > 0 for boxes in file.boxes) == known.images_with_boxes
            _, *rows = (shared / "splits" / name / f"{split}.csv").read_text(encoding="utf-8").splitlines()
            assert hashlib.sha256("\n".join(rows).encode()).hexdigest() == known.sha256_rows


@pytest.mark.parametrize("change", ["swap two rows", "drop the last", "exchange splits", "other dataset"])
def test_changed_splits_are_not_official(shared: Path, change: str) -> None:
    ids, name = published_ids(shared, "covid-rural"), "covid-rural"
    if change == "swap two rows":
        ids["train"] = (ids["train"][1], ids["train"][0], *ids["train"][2:])
    elif change == "drop the last":
        ids["test"] = ids["test"][:-1]
    elif change == "exchange splits":
        ids["test"], ids["validation"] = ids["validation"], ids["test"]
    else:
        name = "siim"
    assert not is_official(name, ids)


def test_unknown_dataset_has_no_official_splits() -> None:
    assert not is_official("toy", {"train": ["a"], "validation": ["b"], "test": ["c"]})
