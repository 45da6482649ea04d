"""TBX11K: two COCO files, the makers' validation part as test, images of their test part left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes
from tests.benchmark.data import raws, world


def edited(raw: Path, change: Callable[[dict[str, Any]], object]) -> None:
    table = raw / "annotations" / "json" / "TBX11K_train.json"
    content = json.loads(table.read_text())
    change(content)
    table.write_text(json.dumps(content))


def test_boxes_by_category_and_hidden_images_left_out(tmp_path: Path) -> None:
    raw = raws.tbx11k(tmp_path / "raw")
    store = world.store("tbx11k", raw, tmp_path)
    assert store.manifest.classes == ["ActiveTuberculosis", "ObsoletePulmonaryTuberculosis"]
    frame = Frame.padded(40, 52, 224, "short")
    for name, kind in (("tb0", 0), ("tb2", 1)):
        row = world.rows(name, store)
        np.testing.assert_allclose(
            store.boxes(row), fit_boxes(np.array([[10, 8, 16, 12]], float), frame), rtol=1e-6
        )
        assert store.box_classes(row).tolist() == [kind]
    assert sorted(store.ids(store.rows("test"))) == ["h10", "h11", "tb12"]
    assert (len(store.rows("train")), len(store.rows("validation"))) == (8, 2)
    counts = store.manifest.image_counts
    assert counts is not None
    assert [(one.reason, one.examples) for one in counts.left_out] == [
        ("no image of the annotations", ["imgs/test/test_0.png"])
    ]
    assert counts.found == counts.used + 1 == 14


def test_segmentations_that_repeat_the_boxes_are_not_read(tmp_path: Path) -> None:
    raw = raws.tbx11k(tmp_path / "raw")
    edited(raw, lambda content: content["annotations"][0].update(segmentation=[[10, 8, 11, 8, 11, 9]]))
    store = world.store("tbx11k", raw, tmp_path)
    assert store.masks([world.rows("tb0", store)])[0, 0].mean() == pytest.approx(16 * 12 / 52**2, rel=0.05)


def test_boxes_of_the_uncertain_category_are_counted_and_left_out(tmp_path: Path) -> None:
    raw = raws.tbx11k(tmp_path / "raw")
    edited(raw, lambda content: content["annotations"][0].update(category_id=3))
    store = world.store("tbx11k", raw, tmp_path)
    assert len(store.boxes(world.rows("tb0", store))) == 0
    assert store.manifest.image_counts is not None
    (remark,) = store.manifest.image_counts.remarks
    assert remark == "boxes of neither ActiveTuberculosis nor ObsoletePulmonaryTuberculosis, left out: 1."


def lower_case(content: dict[str, Any]) -> None:
    for category in content["categories"]:
        category["name"] = category["name"].lower()


def all_lower_case(raw: Path) -> None:
    for path in (raw / "annotations" / "json").iterdir():
        content = json.loads(path.read_text())
        lower_case(content)
        path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "change",
    [
        all_lower_case,
        lambda raw: edited(raw, lower_case),
        lambda raw: edited(raw, lambda content: content["categories"].append({"id": 4, "name": "Scar"})),
    ],
)
def test_other_categories_are_refused(tmp_path: Path, change: Callable[[Path], None]) -> None:
    raw = raws.tbx11k(tmp_path / "raw")
    change(raw)
    with pytest.raises(DataError, match=r"expected the categories ActiveTuberculosis, Obsolete.*, found "):
        world.run("tbx11k", raw, tmp_path)
    assert not (tmp_path / "tbx11k").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": 9}, "TBX11K_train.json annotations[0]: no category has the id 9"),
        ({"bbox": [10, 8, 0, 12]}, "annotations[0]: sides of a bbox must be positive, found width 0"),
        ({"image_id": 99}, "annotations[0]: no image has the id 99"),
    ],
)
def test_bad_annotations_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    raw = raws.tbx11k(tmp_path / "raw")
    edited(raw, lambda content: content["annotations"][0].update(change))
    with pytest.raises(DataError) as caught:
        world.run("tbx11k", raw, tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "tbx11k").exists()
