"""VinDr-CXR: what two of three readers agree on in training, the consensus as it is in test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes
from tests.benchmark.data import raws, world

FRAME = Frame.padded(40, 52, 224, "short")
NODULE = 8
"""Place of Nodule/Mass among the classes."""


def edited(raw: Path, old: str, new: str, part: str = "train") -> None:
    table = raw / "annotations" / f"annotations_{part}.csv"
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new, 1))


def test_boxes_of_training_are_agreed_ones_and_those_of_test_as_they_are(tmp_path: Path) -> None:
    raw = raws.vindr_cxr(tmp_path / "raw")
    edited(raw, "train0,R8,No finding,,,,", "train0,R8,ILD,1,1,9,9")
    store = world.store("vindr-cxr", raw, tmp_path)
    assert store.manifest.classes[NODULE] == "Nodule_Mass"
    for name, box in (("train0", [11, 8, 16, 12]), ("test0", [10, 8, 16, 12])):
        row = world.rows(name, store)
        np.testing.assert_allclose(store.boxes(row), fit_boxes(np.array([box], float), FRAME), rtol=1e-6)
        assert store.box_classes(row).tolist() == [NODULE]
        assert np.flatnonzero(store.masks([row])[0].any(axis=(1, 2))).tolist() == [NODULE]
    assert len(store.boxes(world.rows("train1", store))) == 0
    assert store.manifest.notes[0] == (
        "Training boxes: those that 2 or more readers agree on (IoU 0.4 or more), their mean; 11 drawn boxes came to 5."
    )


def test_the_test_part_is_test_and_validation_is_of_the_training_part(tmp_path: Path) -> None:
    store = world.store("vindr-cxr", raws.vindr_cxr(tmp_path / "raw"), tmp_path)
    assert store.ids(store.rows("test")) == ["test0", "test1", "test2"]
    assert (len(store.rows("train")), len(store.rows("validation"))) == (8, 2)


def test_rare_findings_are_counted_and_left_out(tmp_path: Path) -> None:
    raw = raws.vindr_cxr(tmp_path / "raw")
    edited(raw, "test1,No finding,,,,", "test1,Edema,1,1,9,9", "test")
    store = world.store("vindr-cxr", raw, tmp_path)
    assert len(store.boxes(world.rows("test1", store))) == 0
    assert store.manifest.image_counts is not None
    assert store.manifest.image_counts.remarks == ["boxes of 8 rare findings, left out: 1."]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "train0,R9,Nodule/Mass",
            "train0,R9,Nodul",
            "annotations_train.csv row 1: class_name 'Nodul'; expected No",
        ),
        (
            "10,8,26,20",
            "10,8,9,20",
            "annotations_train.csv row 1: box sides must be positive, found width -1",
        ),
        ("10,8,26,20", ",,,", "annotations_train.csv row 1: box needs four numbers left, top, right, bottom"),
        ("10,8,26,20", "10,8,inf,20", "annotations_train.csv row 1: box needs finite numbers"),
        ("10,8,26,20\n", "110,8,126,20\n", "x = 111 lies far outside the image of 52 x 40 pixels"),
        ("train1,", "test1,", "annotations_test.csv row 2: image test1 is already in annotations_train.csv"),
        ("train1,", "../x,", "annotations_train.csv row 4: image_id '../x' cannot be a file name"),
        ("train1,", "absent,", "train/absent.dicom (annotations_train.csv row 4): file is missing"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    raw = raws.vindr_cxr(tmp_path / "raw")
    if "far outside" in message:
        edited(raw, "12.0,8.0,28.0,20.0", "112,8,128,20")
    edited(raw, old, new)
    with pytest.raises(DataError) as caught:
        world.run("vindr-cxr", raw, tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "vindr-cxr").exists()


def test_more_boxes_than_any_image_has_are_refused(tmp_path: Path) -> None:
    raw = raws.vindr_cxr(tmp_path / "raw")
    row = "train0,R9,ILD,1,1,9,9\n"
    edited(raw, "train0,R8,No finding,,,,\n", row * 201)
    with pytest.raises(DataError, match=r"annotations_train.csv row 1: 20[0-9] boxes; at most 200 are read"):
        world.run("vindr-cxr", raw, tmp_path)


def test_without_test_labels_it_says_which_file_is_missing(tmp_path: Path) -> None:
    """The copy of the Kaggle challenge has none."""
    raw = raws.vindr_cxr(tmp_path / "raw")
    (raw / "annotations" / "annotations_test.csv").unlink()
    with pytest.raises(
        DataError, match=r"annotations_test.csv: file is missing.* docs/extended.md shows the layout"
    ):
        world.run("vindr-cxr", raw, tmp_path)
