"""Which raw files a split needs, and what is said of a download that is not complete."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.needed import count, files_of, lacking, official_counts
from lovt_bench.benchmark.data.sources import described, source_of
from tests.benchmark.data import raws, world
from tests.benchmark.data.test_prepare import write_splits


def ids(**by_split: list[str]) -> dict[SplitName, list[str]]:
    return {split: by_split.get(split, []) for split in SPLIT_NAMES}


def test_tables_and_each_kind_are_counted_by_split(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    for name in ("p1", "p2", "p9"):
        (raw / "stage_2_train_images" / f"{name}.dcm").unlink()
    splits = write_splits(tmp_path / "splits", ["p0", "p1", "p2"], ["p9"], ["p4"])
    with pytest.raises(DataError) as caught:
        world.run("rsna", raw, tmp_path, splits_dir=splits)
    lines = str(caught.value).splitlines()
    assert lines[:6] == [
        f"{raw} is not complete. What the splits need of rsna:",
        "  1 of 1 stage_2_train_labels.csv",
        "  2 of 5 stage_2_train_images/ID.dcm: 3 missing (2 of train, 1 of validation; ID = p1, p2, p9, …)",
        "To fetch:",
        "  the folder stage_2_train_images of the competition's data",
        "`lovt-bench data where rsna` says where, and under which terms.",
    ]
    assert lines[6] == "3 of 5 images cannot be used:"


def test_a_missing_table_does_not_hide_missing_images(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    (raw / "stage_2_train_labels.csv").unlink()
    with pytest.raises(DataError) as caught:
        world.run("rsna", raw, tmp_path)
    assert "0 of 1 stage_2_train_labels.csv: 1 missing" in str(caught.value)
    assert "10 of 26684 stage_2_train_images/ID.dcm: 26674 missing" in str(caught.value)
    splits = write_splits(tmp_path / "splits", ["p0", "x"], ["p9"], ["p4"])
    with pytest.raises(DataError, match=r"3 of 4 stage_2_train_images/ID.dcm: 1 missing \(1 of train"):
        world.run("rsna", raw, tmp_path, splits_dir=splits)


def touch(folder: Path, ending: str, *numbers: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number:05}{ending}").touch()


def test_without_ids_images_of_another_part_do_not_count(tmp_path: Path) -> None:
    """Object-CXR's two parts have one ending; SIIM's test part has that of its training part."""
    touch(tmp_path / "object/input/train", ".jpg", *range(12))
    said = lacking("object-cxr", tmp_path / "object", None)
    assert "12 of 8000 input/train/ID.jpg" in said
    assert "0 of 1000 input/dev/ID.jpg" in said
    assert "  dev.zip of the mirror, unpacked" in said
    touch(tmp_path / "siim/dicom-images-train/a/b", ".dcm", 1, 2)
    touch(tmp_path / "siim/dicom-images-test/a/b", ".dcm", 3, 4, 5)
    assert "2 of 12047 dicom-images-train" in lacking("siim", tmp_path / "siim", None)


def test_without_ids_images_without_their_folders_count_where_no_other_kind_has_their_ending(
    tmp_path: Path,
) -> None:
    touch(tmp_path, ".dcm", 1, 2)
    assert "2 of 26684 stage_2_train_images" in lacking("rsna", tmp_path, None)


def test_without_ids_enough_images_of_many_are_not_said_to_be_the_needed_ones(tmp_path: Path) -> None:
    touch(tmp_path / "images_001/images", ".png", *range(981))
    said = lacking("nih-cxr", tmp_path, None)
    assert "  981 images_*/images/ID.png: --splits tells which 980 of all 112120 are needed" in said
    assert "980 of 980" not in said


@pytest.mark.parametrize("name", described())
def test_kinds_of_one_ending_differ_in_their_folder(name: str) -> None:
    kinds = [(Path(file.file).suffix, file.folder) for file in source_of(name).needs if file.each]
    assert len(set(kinds)) == len(kinds)


def test_masks_are_a_kind_of_their_own(tmp_path: Path) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    names = sorted(path.stem for path in raw.rglob("*.jpg"))
    mask = next(raw.rglob(f"{names[0]}.png"))
    mask.unlink()
    kinds = count(source_of("covid-rural"), raw, ids(train=names))
    assert [(kind.there, kind.needed) for kind in kinds] == [
        (len(names), len(names)),
        (len(names) - 1, len(names)),
    ]
    assert kinds[1].examples == (names[0],)


def test_files_count_wherever_they_lie_and_in_either_case(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("deep/er/a.DCM", "b.dcm", "Stage_2_train_labels.csv.gz"):
        (tmp_path / name).touch()
    assert lacking("rsna", tmp_path, ids(train=["a", "b"])) == ""


def test_nothing_is_said_of_phantoms_and_of_datasets_that_nobody_described(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").touch()
    assert lacking("rsna", tmp_path, None)
    assert lacking("squares", tmp_path, None) == ""
    (tmp_path / "phantom.json").write_text("{}")
    assert lacking("rsna", tmp_path, None) == ""


@pytest.mark.parametrize("name", described())
def test_the_needed_files_are_what_its_preparer_finds(name: str, tmp_path: Path) -> None:
    """A tiny raw folder that can be prepared lacks nothing; without its images it lacks them all."""
    raw = getattr(raws, name.replace("-", "_"))(tmp_path / "raw")
    store = world.store(name, raw, tmp_path)
    wanted = {split: store.ids(store.rows(split)) for split in SPLIT_NAMES}
    assert lacking(name, raw, wanted) == ""
    for folder in [path for path in raw.rglob("*") if path.is_dir() and path.parent == raw]:
        shutil.rmtree(folder)
    assert "missing" in lacking(name, raw, wanted)


def test_the_list_has_each_file_once_and_the_published_number_of_them() -> None:
    source = source_of("object-cxr")
    listed = files_of(source, ids(train=["00001"], validation=["00002"], test=["08001"]))
    assert listed[2:] == ["input/train/00001.jpg", "input/train/00002.jpg", "input/dev/08001.jpg"]
    assert official_counts(source) == {"train": 6400, "validation": 1600, "test": 1000}
