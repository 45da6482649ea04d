"""Nothing vanishes: what lies in the raw folder or is listed is used or left out, with a reason, for every dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.dataset import ImageCounts
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.walk import CLUTTER, FOLDER
from tests.benchmark.data import raws, spoil, world

IMAGES = {
    "rsna": "stage_2_train_images/*.dcm",
    "siim": "dicom-images-train/*/*/*.dcm",
    "covid-rural": "jpgs/*.jpg",
    "object-cxr": "input/train/*.jpg",
    "nih-cxr": "images/*/images/*.png",
    "vindr-cxr": "train/*.dicom",
}
FOLDERS = {
    "rsna": ["stage_2_train_images"],
    "siim": ["dicom-images-train"],
    "covid-rural": ["jpgs"],
    "object-cxr": ["input/train", "input/dev"],
    "nih-cxr": ["images"],
    "vindr-cxr": ["train", "test"],
}
NAMES = sorted(IMAGES)


def made(name: str, raw: Path) -> tuple[Path, list[Path]]:
    """Return a raw folder and its images in a fixed order."""
    if name == "rsna":
        raws.rsna(raw, patients=20)
    else:
        raws.MAKERS[name](raw)
    return raw, sorted(raw.glob(IMAGES[name]))


def counts(name: str, raw: Path, data: Path, **options: Any) -> ImageCounts:
    found = world.run(name, raw, data, **options).manifest.image_counts
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_tidy_folder_is_used_whole(tmp_path: Path, name: str) -> None:
    raw, _ = made(name, tmp_path / "raw")
    lying = sum(spoil.things_below(raw / folder) for folder in FOLDERS[name])
    found = counts(name, raw, tmp_path)
    assert (found.found, found.used, found.left_out, found.remarks) == (lying, lying, [], [])


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_a_messy_folder_has_a_reason(tmp_path: Path, name: str) -> None:
    raw, images = made(name, tmp_path / "raw")
    folder = images[0].parent
    cluttered = spoil.litter(folder)
    (folder / "readme.txt").write_text("x")
    images[0].rename(images[0].with_suffix(images[0].suffix.upper()))
    images[1].rename(folder / images[1].name)
    unlisted = folder / f"COVID-19-AR-9_1-XR{images[0].suffix}"
    unlisted.write_bytes(images[-1].read_bytes())
    (folder / "up").symlink_to(folder)
    found = counts(name, raw, tmp_path)
    reasons = {one.reason: one.images for one in found.left_out}
    assert found.found == sum(spoil.things_below(raw / place) for place in FOLDERS[name])
    assert found.found == found.used + cluttered + 2
    assert reasons.pop(CLUTTER) == cluttered
    assert sum(count for reason, count in reasons.items() if reason.startswith("not an image")) == 1
    assert [one.examples for one in found.left_out if one.reason.startswith(("no ", "neither"))] == [
        [unlisted.relative_to(raw).as_posix()]
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "siim"])
def test_files_that_are_none_are_named_and_counted(tmp_path: Path, name: str) -> None:
    raw, images = made(name, tmp_path / "raw")
    images = images[:7]
    spoil.break_files(images[1:7])
    with pytest.raises(DataError, match="cannot be used"):
        world.run(name, raw, tmp_path)
    found = counts(name, raw, tmp_path, skip_bad=True)
    assert {one.reason: one.images for one in found.left_out} == {"cannot be used (--skip-bad)": 6}
    lying = sum(spoil.things_below(raw / folder) for folder in FOLDERS[name])
    assert found.found == lying + 1  # the folder that is named like an image


@pytest.mark.parametrize("name", NAMES)
def test_two_files_of_one_id_are_a_finding(tmp_path: Path, name: str) -> None:
    raw, images = made(name, tmp_path / "raw")
    again = images[0].parent / "copy" / f"{images[0].stem}{images[0].suffix.upper()}"
    again.parent.mkdir()
    again.write_bytes(images[0].read_bytes())
    with pytest.raises(DataError, match="duplicate ID, two files"):
        world.run(name, raw, tmp_path)
    found = counts(name, raw, tmp_path, skip_bad=True)
    reasons = {one.reason: one.images for one in found.left_out}
    assert reasons == {"cannot be used (--skip-bad)": 1, "a second file of the same ID": 1}


@pytest.mark.parametrize("name", NAMES)
def test_listed_images_without_a_file_count_too(tmp_path: Path, name: str) -> None:
    raw, images = made(name, tmp_path / "raw")
    lying = sum(spoil.things_below(raw / folder) for folder in FOLDERS[name])
    images[0].unlink()
    if name == "covid-rural":
        found = counts(name, raw, tmp_path)
        assert any("a mask without an image" in remark for remark in found.remarks)
        assert (found.found, found.used) == (lying - 1, lying - 1)
        return
    with pytest.raises(DataError, match=r"file is missing|in none of the folders"):
        world.run(name, raw, tmp_path)
    found = counts(name, raw, tmp_path, skip_bad=True)
    assert (found.found, found.used) == (lying, lying - 1)


def test_images_outside_the_split_files_and_the_draw_are_counted(tmp_path: Path) -> None:
    raw, _ = made("nih-cxr", tmp_path / "raw")
    found = counts("nih-cxr", raw, tmp_path / "a", protocol=world.changed(nih_no_finding_images=4))
    assert {one.reason: one.images for one in found.left_out} == {"not drawn by the protocol's rule": 6}
    for split, numbers in (("train", (0, 1, 90)), ("validation", (2,)), ("test", (3,))):
        raws.write_lines(tmp_path / "splits" / f"{split}.csv", ["ID", *(f"{n:08d}_000" for n in numbers)])
    found = counts("nih-cxr", raw, tmp_path / "b", splits_dir=tmp_path / "splits", skip_bad=True)
    reasons = {one.reason: one.images for one in found.left_out}
    assert reasons == {"not in the split files": 16, "cannot be used (--skip-bad)": 1}
    assert (found.found, found.used) == (21, 4)


def test_a_folder_named_like_the_image_in_it_is_no_second_file(tmp_path: Path) -> None:
    """What some programs make of one downloaded file in an archive of its name."""
    raw, images = made("rsna", tmp_path / "raw")
    path = images[0].rename(tmp_path / "x")
    images[0].mkdir()
    path.rename(images[0] / images[0].name)
    found = counts("rsna", raw, tmp_path)
    assert (found.found, found.used) == (21, 20)
    assert [one.reason for one in found.left_out] == [FOLDER]


def test_names_that_are_no_utf8_and_move_cursors_harm_nothing(tmp_path: Path) -> None:
    raw, images = made("rsna", tmp_path / "raw")
    for name in (b"\xff\xfe.dcm", b"a\x1b[31m\n.dcm"):
        target = os.fsdecode(os.fsencode(images[0].parent) + b"/" + name)
        Path(target).write_bytes(images[0].read_bytes())
    found = counts("rsna", raw, tmp_path)
    examples = {one.reason: one.examples for one in found.left_out}
    assert examples["no row in stage_2_train_labels.csv"] == ["stage_2_train_images/a .dcm"]
    assert examples["a path that is not UTF-8"] == ["stage_2_train_images/.dcm"]


def test_counts_do_not_decide_the_identity_of_a_store(tmp_path: Path) -> None:
    raw, images = made("rsna", tmp_path / "raw")
    first = world.run("rsna", raw, tmp_path / "a").manifest
    spoil.litter(images[0].parent)
    second = world.run("rsna", raw, tmp_path / "b").manifest
    assert first.image_counts != second.image_counts
    assert first.identity() == second.identity()


def test_an_empty_row_is_no_image_and_is_named(tmp_path: Path) -> None:
    raw, _ = made("rsna", tmp_path / "raw")
    labels = raw / "stage_2_train_labels.csv"
    labels.write_text(labels.read_text() + ",,,,,\n\n , ,,,,\n")
    found = counts("rsna", raw, tmp_path)
    assert (found.found, found.used) == (20, 20)
    assert found.remarks == ["stage_2_train_labels.csv: empty rows passed over: 3 (row 22, 23, 24)."]


def test_the_command_prints_found_used_and_left_out(tmp_path: Path) -> None:
    raw, images = made("rsna", tmp_path / "raw")
    spoil.litter(images[0].parent)
    arguments = ["data", "prepare", "rsna", "--raw", str(raw), "--workspace", str(tmp_path)]
    output = CliRunner().invoke(main, arguments).output
    assert "raw images: 28 found, 20 used, 8 left out" in output
    assert "8: hidden, or left by the system (.DS_Store, ._*, Thumbs.db) (stage_2_train_images/" in output
