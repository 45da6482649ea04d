"""SIIM: union of run-length annotations, lossless JPEG, the header with a blank, 1024 x 1024 only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.phantom.layouts.siim import relative_runs
from tests.benchmark.data import raws, world


def test_mask_is_the_union_and_pixels_are_equalised(tmp_path: Path) -> None:
    raw = raws.siim(tmp_path / "raw")
    first, second = np.zeros((2, 1024, 1024), dtype=np.uint8)
    first[100:300, 500:600] = 1
    second[250:400, 550:700] = 1
    lines = [
        "ImageId, EncodedPixels",
        f"i0, {relative_runs(first == 1)}",
        *(f"i{n}, -1" for n in range(1, 5)),
    ]
    raws.write_lines(raw / "train-rle.csv", [*lines, f"i0, {relative_runs(second == 1)}"])
    store = world.store("siim", raw, tmp_path)
    row = world.rows("i0", store)
    expected = np.asarray(Image.fromarray(first | second).resize((224, 224), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(store.masks([row])[0, 0], expected)
    assert store.masks([world.rows("i1", store)]).sum() == 0
    assert store.manifest.pixel_statistics.mean == pytest.approx(0.5, abs=0.02)
    assert store.manifest.pixel_statistics.std == pytest.approx(0.2887, abs=0.02)
    assert not store.manifest.has_boxes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("overflow", "i1.dcm (train-rle.csv row 3): pair 1: run begins at pixel 9999999"),
        ("odd", "i1.dcm (train-rle.csv row 3): run-length string must hold pairs"),
        ("small", "i1.dcm (train-rle.csv row 3): image of 1024 x 1024 pixels expected, found (40, 52)"),
        ("twice", "train-rle.csv row 3: duplicate ID, two files"),
        ("gone", "i1.dcm (train-rle.csv row 3): file is missing"),
    ],
)
def test_bad_images_are_named(tmp_path: Path, change: str, message: str) -> None:
    raw = raws.siim(tmp_path / "raw")
    file, labels = raw / "dicom-images-train" / "study1" / "series" / "i1.dcm", raw / "train-rle.csv"
    if change in ("overflow", "odd"):
        text = "9999999 5" if change == "overflow" else "1 2 3"
        labels.write_text(labels.read_text().replace("i1, -1", f"i1, {text}"))
    elif change == "small":
        raws.write_dicom(file, raws.grey())
    elif change == "twice":
        raws.write_dicom(raw / "dicom-images-train" / "study2" / "series" / "i1.dcm", raws.grey())
    else:
        file.unlink()
    with pytest.raises(DataError) as caught:
        world.run("siim", raw, tmp_path)
    assert message in str(caught.value)
