"""NIH: the odd headers, RGBA files, any of the twelve folders, a mask per class, the *No Finding* draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.preparers.nih_cxr import CLASSES
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes
from tests.benchmark.data import raws, world


def test_boxes_and_masks_per_class(tmp_path: Path) -> None:
    store = world.store("nih-cxr", raws.nih_cxr(tmp_path / "raw"), tmp_path)
    row = world.rows("00000000_000", store)
    boxes = np.array([[4.5, 6.25, 12.0, 10.5], [30, 20, 8, 8]])
    np.testing.assert_allclose(store.boxes(row), fit_boxes(boxes, Frame.padded(40, 52, 224, "short")))
    assert store.box_classes(row).tolist() == [CLASSES.index("Mass"), CLASSES.index("Nodule")]
    filled = store.masks([row])[0].any(axis=(1, 2))
    assert np.flatnonzero(filled).tolist() == [CLASSES.index("Mass"), CLASSES.index("Nodule")]


def test_rgba_file_equals_its_grey_channel(tmp_path: Path) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    colour = world.store("nih-cxr", raw, tmp_path / "a")
    raws.write_image(raw / "images" / "images_02" / "images" / "00000001_000.png", raws.grey(seed=1))
    plain = world.store("nih-cxr", raw, tmp_path / "b")
    row = world.rows("00000001_000", plain)
    np.testing.assert_array_equal(plain.images[row], colour.images[row])


def test_no_finding_images_come_from_the_test_list(tmp_path: Path) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    listed = [f"{number:08d}_000" for number in (11, 13, 15, 16, 18)]
    raws.write_lines(raw / "test_list.txt", [f"{name}.png" for name in [*listed, "00000003_000"]])
    store = world.store("nih-cxr", raw, tmp_path)
    drawn = {name for name in store.ids(range(len(store))) if int(name[:8]) >= 10}
    assert drawn == set(listed)
    assert not any("test_list" in note for note in store.manifest.notes)


def test_without_a_test_list_all_rows_count_and_the_store_says_so(tmp_path: Path) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    (raw / "images" / "images_12" / "images" / "00000011_000.png").unlink()
    store = world.store("nih-cxr", raw, tmp_path)
    assert len(store) == 10 + 9
    assert any("No test_list.txt" in note for note in store.manifest.notes)


def test_draw_is_limited_and_groups_are_split_apart(tmp_path: Path) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    store = world.store("nih-cxr", raw, tmp_path, world.changed(nih_no_finding_images=5))
    annotated = store.index["id"].str[:8].astype(int) < 10
    counts = store.index.assign(annotated=annotated).groupby(["split", "annotated"]).size()
    assert counts["test", True] == counts["validation", True] == 2
    assert counts["test", False] == counts["validation", False] == 1
    assert counts["train", True] == 6
    assert counts["train", False] == 3
    first = store.index["id"][store.rows("train")].str[:8].astype(int) < 10
    assert first.is_monotonic_decreasing  # annotated images first


def test_joint_groups_keep_patients_apart(tmp_path: Path) -> None:
    """Separate groups may tear a patient with an annotated and a *No Finding* image, a joint split never."""
    raw = raws.nih_cxr(tmp_path / "raw")
    entries = raw / "Data_Entry_2017_v2020.csv"
    lines = entries.read_text().splitlines()
    for number in range(10):
        name = f"{number:08d}_001.png"
        raws.write_image(raw / "images" / "images_03" / "images" / name, raws.grey(seed=number))
        lines.append(f"{name},No Finding,1,{number},50,M,PA,52,40,0.1,0.1")
    raws.write_lines(entries, lines)

    def torn(entry: str) -> int:
        store = world.store("nih-cxr", raw, tmp_path / entry, world.changed(nih_split_groups=entry))
        return int((store.index.groupby(store.index["id"].str[:8])["split"].nunique() > 1).sum())

    assert torn("joint") == 0
    assert torn("separate") > 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "00000002_000.png,Mass",
            "00000002_000.png,Infiltration",
            "BBox_List_2017.csv row 4: finding must be",
        ),
        (
            "00000002_000.png",
            "../00000002_000.png",
            "row 4: image index '../00000002_000.png' must be a file",
        ),
        ("00000002_000.png", "90000002_000.png", "90000002_000.png is in none of the folders"),
        ("Finding Label", "Label", "BBox_List_2017.csv: unknown column 'Label'"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    table = raw / "BBox_List_2017.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        world.run("nih-cxr", raw, tmp_path)
    assert message in str(caught.value)


def test_an_image_in_two_folders_is_a_duplicate(tmp_path: Path) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    raws.write_image(raw / "images" / "images_07" / "images" / "00000000_000.png", raws.grey())
    with pytest.raises(DataError, match="duplicate ID, two files"):
        world.run("nih-cxr", raw, tmp_path)
