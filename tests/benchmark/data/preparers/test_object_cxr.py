"""Object-CXR: dev is test, exchanged boxes by default and correct ones by an entry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes
from tests.benchmark.data import raws, world

FRAME = Frame.padded(60, 50, 224, "short")


def test_dev_images_are_the_test_split_in_file_order(tmp_path: Path) -> None:
    store = world.store("object-cxr", raws.object_cxr(tmp_path / "raw"), tmp_path)
    assert store.ids(store.rows("test")) == ["00010", "00011", "00012"]
    assert len(store.rows("validation")) == 2
    assert len(store.rows("train")) == 8


@pytest.mark.parametrize(("entry", "box"), [("exchanged", [10, 30, 8, 20]), ("correct", [10, 30, 20, 8])])
def test_box_sides_follow_the_entry(tmp_path: Path, entry: str, box: list[float]) -> None:
    raw = raws.object_cxr(tmp_path / "raw")
    store = world.store("object-cxr", raw, tmp_path, world.changed(object_cxr_boxes=entry))
    row = world.rows("00002", store)
    np.testing.assert_allclose(store.boxes(row), fit_boxes(np.array([box]), FRAME))
    rows, columns = np.nonzero(store.masks([row])[0, 0])
    assert np.ptp(columns) > np.ptp(rows)  # the mask keeps the true orientation under both entries


def test_image_path_is_accepted_as_column(tmp_path: Path) -> None:
    raw = raws.object_cxr(tmp_path / "raw")
    table = raw / "input" / "train.csv"
    table.write_text(table.read_text().replace("image_name", "image_path"))
    assert len(world.store("object-cxr", raw, tmp_path)) == 13


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("00002.jpg,0 10 30", "00002.jpg,0 200 30", "train.csv row 3: box sides must be positive"),
        ("0 10 30 30 38", "0 110 30 130 38", "lies wholly outside the image of 50 x 60 pixels"),
        ("00001.jpg", "00002.jpg", "duplicate ID, first in train.csv row 2, again in train.csv row 3"),
        ("00001.jpg", "../../x.jpg", "train.csv row 2: image name '../../x.jpg' cannot be a file name"),
        ("00001.jpg,", "00001.jpg,7 1 1 2 2", "train.csv row 2: object 1: type 0, 1 or 2 expected, found 7"),
        ("00001.jpg", "77777.jpg", "77777.jpg (train.csv row 2): file is missing"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    raw = raws.object_cxr(tmp_path / "raw")
    table = raw / "input" / "train.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        world.run("object-cxr", raw, tmp_path)
    assert message in str(caught.value)
