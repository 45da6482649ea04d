"""RSNA: grouping by patient, boxes, no equalisation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes, fit_image
from tests.benchmark.data import raws, world


def test_boxes_of_a_patient_are_its_rows_and_pixels_stay_unequalised(tmp_path: Path) -> None:
    store = world.store("rsna", raws.rsna(tmp_path / "raw", syntax="baseline"), tmp_path)
    row, frame = world.rows("p0", store), Frame.padded(40, 52, 224, "short")
    boxes = np.array([[2, 3, 10, 12], [20, 8, 16, 9]], dtype=float)
    np.testing.assert_allclose(store.boxes(row), fit_boxes(boxes, frame))
    assert np.abs(store.images[row].astype(int) - fit_image(raws.grey(seed=0), frame)).max() < 12
    assert store.masks([row]).mean() == pytest.approx((120 + 144) / 52**2, rel=0.03)
    assert store.boxes(world.rows("p1", store)).shape == (0, 4)
    assert store.masks([world.rows("p1", store)]).sum() == 0


def test_target_of_the_first_row_decides(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    labels = raw / "stage_2_train_labels.csv"
    labels.write_text(labels.read_text() + "p1,1.0,1.0,5.0,5.0,1\n")
    store = world.store("rsna", raw, tmp_path)
    assert len(store.boxes(world.rows("p1", store))) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q,60.0,3.0,10.0,12.0,1", "q.dcm (stage_2_train_labels.csv row 12): box x 60, y 3"),
        ("q,nan,3.0,10.0,12.0,1", "stage_2_train_labels.csv row 12: box needs finite numbers"),
        ("q,1,3.0,,12.0,1", "stage_2_train_labels.csv row 12: box needs four numbers"),
        ("q,,,,,yes", "stage_2_train_labels.csv row 12: Target must be 0 or 1, found 'yes'"),
        ("../../q,,,,,0", "stage_2_train_labels.csv row 12: patientId '../../q' cannot be a file name"),
        ("gone,,,,,0", "gone.dcm (stage_2_train_labels.csv row 12): file is missing"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, line: str, message: str) -> None:
    raw = raws.rsna(tmp_path / "raw")
    labels = raw / "stage_2_train_labels.csv"
    labels.write_text(labels.read_text() + line + "\n")
    raws.write_dicom(raw / "stage_2_train_images" / "q.dcm", raws.grey())
    with pytest.raises(DataError, match="1 of 11 images cannot be used") as caught:
        world.run("rsna", raw, tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "rsna").exists()


def test_box_partly_outside_is_kept_whole(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    labels = raw / "stage_2_train_labels.csv"
    labels.write_text(labels.read_text().replace("p0,2.0,3.0,10.0,12.0", "p0,45.0,30.0,20.0,40.0"))
    store = world.store("rsna", raw, tmp_path)
    x, _, w, _ = store.boxes(world.rows("p0", store))[0]
    assert x + w > 224


def test_polarity_and_window_are_ignored_as_published_and_an_entry_changes_that(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    plain = world.store("rsna", raw, tmp_path / "a")
    path = raw / "stage_2_train_images" / "p1.dcm"
    dataset = pydicom.dcmread(path)
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.WindowCenter, dataset.WindowWidth = 128, 256
    dataset.save_as(path)
    published = world.store("rsna", raw, tmp_path / "b")
    np.testing.assert_array_equal(published.images, plain.images)
    displayed = world.store("rsna", raw, tmp_path / "c", world.changed(dicom_values="displayed"))
    row = world.rows("p1", plain)
    frame = Frame.padded(40, 52, 224, "short")
    np.testing.assert_array_equal(displayed.images[row], fit_image(255 - raws.grey(seed=1), frame))
    others = [other for other in range(len(plain)) if other != row]
    np.testing.assert_array_equal(displayed.images[others], plain.images[others])
