"""Tables and folders are found however deep somebody's archive put them; where they are not, the message helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.phantom import PHANTOM_FILE
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import find_folder, find_folders, find_tables, holds, is_phantom


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return path


@pytest.mark.parametrize("place", [".", "rsna", "a/b", "a/b/c/d"])
@pytest.mark.parametrize(
    "name", ["labels.csv", "LABELS.CSV", "labels.csv.gz", "labels.csv.zip", "labels_v2.csv"]
)
def test_a_table_is_found_in_any_spelling_and_depth(tmp_path: Path, place: str, name: str) -> None:
    path = put(tmp_path / place / name)
    put(tmp_path / "__MACOSX" / "labels.csv")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert find_tables(tmp_path, ["labels.csv", "labels_v2.csv"]) == [path]


def test_the_usual_name_and_the_shallowest_folder_win(tmp_path: Path) -> None:
    deep = put(tmp_path / "a" / "labels.csv")
    for name in ("labels.csv.gz", "labels_v2.csv"):
        put(tmp_path / "a" / name)
    assert find_tables(tmp_path, ["labels.csv", "labels_v2.csv"]) == [deep]
    top = put(tmp_path / "labels_v2.csv")
    assert find_tables(tmp_path, ["labels.csv", "labels_v2.csv"]) == [top]


def test_a_folder_counts_only_with_all_its_tables(tmp_path: Path) -> None:
    put(tmp_path / "train.csv")
    wanted = [put(tmp_path / "input" / name) for name in ("train.csv", "dev.csv")]
    assert find_tables(tmp_path, ["train.csv"], ["dev.csv"]) == wanted


def test_two_places_are_a_question(tmp_path: Path) -> None:
    put(tmp_path / "a" / "labels.csv")
    put(tmp_path / "b" / "labels.csv")
    with pytest.raises(
        DataError, match=r"more than once, .*a/labels.csv and .*b/labels.csv; --raw names one"
    ):
        find_tables(tmp_path, ["labels.csv"])


def test_a_missing_table_says_what_lies_there_instead(tmp_path: Path) -> None:
    put(tmp_path / "a" / "boxes.csv")
    for name in ("Label_2017.csv", "readme.pdf", ".DS_Store"):
        put(tmp_path / "a" / name)
    (tmp_path / "a" / "labels.csv").mkdir()
    with pytest.raises(DataError) as caught:
        find_tables(tmp_path, ["boxes.csv"], ["Labels_2017.csv", "Labels_v2020.csv"])
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'a' / 'Labels_2017.csv'}: file is missing; check --raw.")
    assert "nor Labels_v2020.csv" in message
    assert "It holds Label_2017.csv, " in message
    assert "labels.csv/" in message
    assert "DS_Store" not in message


def test_folders_of_the_shallowest_level_are_found_by_pattern(tmp_path: Path) -> None:
    for name in ("Images_001/images", "images_002/images", "other", ".images"):
        (tmp_path / "nih" / name).mkdir(parents=True)
    found = find_folders(tmp_path, "images", "images_*")
    assert [folder.name for folder in found] == ["Images_001", "images_002"]
    assert find_folder(tmp_path, "OTHER") == tmp_path / "nih" / "other"
    (tmp_path / "again" / "other").mkdir(parents=True)
    with pytest.raises(DataError, match="both fit"):
        find_folder(tmp_path, "other")


@pytest.mark.parametrize("marked", ["raw", "raw/a", "raw/a/b", "."])
def test_what_the_phantom_wrote_is_known_from_above_and_below(tmp_path: Path, marked: str) -> None:
    files = [put(tmp_path / "raw" / "x.png"), put(tmp_path / "raw" / "a" / "b" / "x.png")]
    put(tmp_path / "raw" / "other" / PHANTOM_FILE)
    assert not is_phantom(tmp_path / "raw", files)
    put(tmp_path / marked / PHANTOM_FILE)
    assert is_phantom(tmp_path / "raw", files)


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    for number in range(30):
        put(tmp_path / f"{number:02d}.png")
    assert holds(tmp_path).endswith("07.png and 22 more.")
    assert holds(tmp_path, ["29.png"]).startswith("It holds 29.png, ")
    assert holds(tmp_path / "absent") == "It is empty."
