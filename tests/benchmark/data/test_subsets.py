"""Subsets: published sizes, and halves to even."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.split_files import read_split_file
from lovt_bench.benchmark.data.subsets import subset_rows


@pytest.mark.parametrize(
    ("n", "fraction", "rows"),
    [(16010, 0.01, 160), (16010, 0.1, 1601), (5337, 0.1, 534), (5, 0.1, 0), (15, 0.1, 2)],
)
def test_first_rows_by_the_rule(n: int, fraction: float, rows: int) -> None:
    assert subset_rows(n, fraction) == rows


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_fraction_outside_0_1_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        subset_rows(10, fraction)


def test_one_percent_of_rsna_is_the_published_subset(shared: Path) -> None:
    ids = read_split_file(shared / "splits" / "rsna" / "train.csv").ids
    subset = ids[: subset_rows(len(ids), 0.01)]
    digest = hashlib.sha256("\n".join(subset).encode()).hexdigest()
    assert digest == "6b8ed36b3d88f30de168cdb3e3a78938ac305f9235903ab71a406db5956a3f35"
