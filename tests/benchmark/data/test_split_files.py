"""Split files: IDs as strings, boxes, and files that are not split files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.split_files import parse_boxes, read_split_file, read_split_files
from tests.benchmark.data.raws import write_lines

NUMBER = st.floats(-1e4, 1e4)
SIDE = st.floats(1e-3, 1e4)


@given(st.lists(st.tuples(NUMBER, NUMBER, SIDE, SIDE), max_size=6))
def test_boxes_there_and_back(boxes: list[tuple[float, ...]]) -> None:
    text = "|".join(";".join(map(str, box)) for box in boxes)
    np.testing.assert_array_equal(parse_boxes(text), np.array(boxes).reshape(-1, 4))


def test_leading_zeros_stay(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.csv", ["ID,boxes,classes", "05677,1;2;3;4|5;6;7;8,1|1", "00001,,"])
    file = read_split_file(tmp_path / "a.csv")
    assert file.ids == ("05677", "00001")
    assert file.boxes is not None
    assert [len(boxes) for boxes in file.boxes] == [2, 0]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (["ID", "../x"], r"train.csv: row 1: ID '../x'"),
        (["ID", "a", "b", "a"], r"train.csv: row 3: duplicate ID a, first in train.csv"),
        (["ID,boxes,classes", "a,1;2;nan;4,1"], r"train.csv: row 1: box needs finite numbers"),
        (["ID,boxes,classes", "a,1;2;3,1"], r"train.csv: row 1: box needs four numbers"),
        (["name", "a"], r"train.csv: unknown column 'name'"),
        (["ID", "c"], r"validation.csv: row 1: duplicate ID c, first in train.csv"),
    ],
)
def test_malformed_files_are_named_with_row(tmp_path: Path, train: list[str], message: str) -> None:
    for split, lines in {"train": train, "validation": ["ID", "c"], "test": ["ID", "d"]}.items():
        write_lines(tmp_path / f"{split}.csv", lines)
    with pytest.raises(DataError, match=message):
        read_split_files(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.csv", ["ID", "a"])
    with pytest.raises(
        DataError, match=r"validation.csv: file is missing; --splits names .* It holds train.csv."
    ):
        read_split_files(tmp_path)
