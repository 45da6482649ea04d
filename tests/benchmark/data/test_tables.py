"""Label tables are read strictly, and complaints name file, row and what was expected."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.tables import parse_box, read_table, safe_id
from tests.benchmark.data.raws import write_lines


def read(path: Path) -> list:
    return list(read_table(path, ["id", "x"], ["note"], aliases={"name": "id"}))


def test_headers_lose_blanks_and_nameless_columns_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufeffname, x,,\r\n1,2\r\n\r\n3,4,,\r\n".encode())
    assert read(tmp_path / "a.csv") == [(1, {"id": "1", "x": "2"}), (3, {"id": "3", "x": "4"})]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["id,x,colour", "1,2,3"], "unknown column 'colour'; expected: 'id', 'x', 'note'"),
        (["id", "1"], "missing column 'x'"),
        (["id,x,x", "1,2,3"], "repeated column 'x'"),
        (["id,x", "1,2", "3,4,5"], "row 2: 2 fields expected, found 3"),
        ([], "missing column 'id', 'x'"),
    ],
)
def test_another_table_is_an_error_that_names_it(tmp_path: Path, lines: list[str], message: str) -> None:
    write_lines(tmp_path / "labels.csv", lines)
    with pytest.raises(DataError, match=r"labels\.csv") as caught:
        read(tmp_path / "labels.csv")
    assert message in str(caught.value)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"labels.csv: file is missing"):
        read(tmp_path / "labels.csv")
    (tmp_path / "labels.csv").write_bytes(b"id,x\n\xff\xfe,\n")
    with pytest.raises(DataError, match=r"labels.csv: not a CSV file"):
        read(tmp_path / "labels.csv")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "x\n", "a\\b", "x" * 201, "é"])
def test_an_id_is_no_path(name: str) -> None:
    assert not safe_id(name)
    assert safe_id("1.2.276.0_a-B")


@pytest.mark.parametrize(
    "fields",
    [("1", "2", "nan", "4"), ("1", "2", "inf", "4"), ("1", "2", "", "4"), ("1", "2", "0", "4"), ("1",)],
)
def test_a_box_has_four_finite_numbers_and_an_area(fields: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="box"):
        parse_box(fields)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["", ".gz", ".zip"])
def test_compressed_tables_and_other_separators_say_the_same(tmp_path: Path, mark: str, ending: str) -> None:
    lines = ["id,x,note", "nan,001,null", "NA,1e5,", ",,", "None, 2 ,#N/A"]
    content = "\ufeff" + "\r\n".join(line.replace(",", mark) for line in lines)
    path = tmp_path / f"labels.csv{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("__MACOSX/._labels.csv", "x")
            archive.writestr("labels.csv", content)
    else:
        path.write_bytes(gzip.compress(content.encode()) if ending else content.encode())
    table = read_table(path, ["id", "x"], ["note"])
    assert [list(row.values()) for _, row in table] == [
        ["nan", "001", "null"],
        ["NA", "1e5", ""],
        ["None", " 2 ", "#N/A"],
    ]
    assert table.remarks() == [f"{path.name}: empty rows passed over: 1 (row 3)."]


def test_a_comma_in_the_header_separates_whatever_the_values_hold(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.csv", ["id,x", "1,0 1 1 2 2;0 3 3 4 4"])
    assert read(tmp_path / "a.csv") == [(1, {"id": "1", "x": "0 1 1 2 2;0 3 3 4 4"})]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(b"id,x\n1,2\n" * 1000)[:-20]),
        ("a.csv.gz", b"id,x"),
        ("a.csv.zip", b"PK\3\4"),
        ("a.csv", "id,x\n1,2\n".encode("utf-16")),
        ("a.csv", b"id,x\n" + b"1" * 200_000 + b",2"),
    ],
    ids=["cut off", "not gzipped", "not zipped", "UTF-16", "a long field"],
)
def test_damaged_tables_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: (cannot be read|not a CSV file)"):
        read(tmp_path / name)


def test_a_pipe_is_not_opened_and_two_files_in_an_archive_are_a_question(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"a\.csv: file cannot be read: it is a pipe or device"):
        read(tmp_path / "a.csv")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for inner in ("a.csv", "b.csv"):
            archive.writestr(inner, "id,x\n")
    with pytest.raises(DataError, match=r"one file expected in the archive, found 2; unpack it"):
        read(tmp_path / "b.zip")
