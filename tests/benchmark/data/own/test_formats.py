"""The same rectangles in each format come to the same store."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.own.formats import format_names
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes, fit_mask
from tests.benchmark.data.own import folders

FRAME = Frame.padded(folders.HEIGHT, folders.WIDTH, 224, "short")


def test_every_format_is_compared() -> None:
    assert set(folders.FORMATS) == set(format_names())


@pytest.mark.parametrize("form", folders.FORMATS)
def test_boxes_and_masks_are_those_of_the_rectangles(tmp_path: Path, form: str) -> None:
    store = folders.store(folders.FORMATS[form](tmp_path / "raw"), form, tmp_path)
    assert store.manifest.classes == list(folders.CLASSES)
    assert (store.manifest.track, store.manifest.has_boxes) == ("own", form != "masks")
    assert store.manifest.masks_from == ("annotations" if form == "masks" else "boxes")
    assert sorted(store.ids(range(len(store)))) == folders.NAMES, "negatives stay"
    for row, name in enumerate(store.ids(range(len(store)))):
        for index, kind in enumerate(folders.CLASSES):
            expected = fit_mask(folders.mask_of(name, kind), FRAME)
            np.testing.assert_array_equal(store.masks([row])[0, index], expected)
        if form != "masks":
            found = folders.RECTANGLES.get(name, [])
            boxes = np.array([box for _, box in found], dtype=np.float64).reshape(-1, 4)
            np.testing.assert_allclose(store.boxes(row), fit_boxes(boxes, FRAME), atol=1e-4)
            kinds = [folders.CLASSES.index(kind) for kind, _ in found]
            assert store.box_classes(row).tolist() == kinds


def test_what_was_found_is_counted(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    Image.new("L", (9, 9)).save(raw / "logo.png")
    counts = folders.store(raw, "coco", tmp_path).manifest.image_counts
    assert counts is not None
    assert (counts.found, counts.used) == (11, 10)
    assert counts.left_out[0].examples == ["logo.png"]
    assert "classes without an object, left out: 1 (unused)." in counts.remarks
    assert "images without an object, kept as negatives: 2." in counts.remarks


def test_crowds_fill_the_mask_and_give_no_box(tmp_path: Path) -> None:
    raw, content = folders.coco(tmp_path / "raw"), folders.coco_content()
    runs = {"size": [folders.HEIGHT, folders.WIDTH], "counts": [0, folders.HEIGHT, folders.HEIGHT * 63]}
    content["annotations"] += [
        {"image_id": 163, "category_id": 3, "iscrowd": 1, "segmentation": runs, "bbox": [0, 0, 1, 48]}
    ]
    (raw / "annotations.json").write_text(json.dumps(content))
    store = folders.store(raw, "coco", tmp_path)
    row = store.ids(range(len(store))).index("case09")
    column = np.zeros((folders.HEIGHT, folders.WIDTH), np.uint8)
    column[:, 0] = 1
    np.testing.assert_array_equal(store.masks([row])[0, 0], fit_mask(column, FRAME))
    assert len(store.boxes(row)) == 0
    assert store.manifest.masks_from == "annotations"


def test_run_lengths_without_a_bbox_give_one(tmp_path: Path) -> None:
    raw, content = folders.coco(tmp_path / "raw"), folders.coco_content()
    plain = {"image_id": 163, "category_id": 3}
    runs = {"size": [folders.HEIGHT, folders.WIDTH], "counts": [48 * 4 + 5, 10, 38, 10, 48 * 64 - 255]}
    content["annotations"] += [
        plain | {"segmentation": runs},
        plain | {"segmentation": [[]], "bbox": [1, 2, 3, 4]},
    ]
    (raw / "annotations.json").write_text("\ufeff" + json.dumps(content), encoding="utf-8")
    store = folders.store(raw, "coco", tmp_path)
    boxes = np.array([[4, 5, 2, 10], [1, 2, 3, 4]], np.float64)
    row = store.ids(range(len(store))).index("case09")
    np.testing.assert_allclose(store.boxes(row), fit_boxes(boxes, FRAME), atol=1e-4)


def test_equal_names_of_categories_are_said_and_ids_keep_their_zeros(tmp_path: Path) -> None:
    raw, content = folders.coco(tmp_path / "raw"), folders.coco_content()
    content["categories"].append({"id": 91, "name": "opacity"})
    content["images"][8]["id"], content["images"][9]["id"] = "007", "7"
    (raw / "annotations.json").write_text(json.dumps(content))
    counts = folders.store(raw, "coco", tmp_path).manifest.image_counts
    assert counts is not None
    assert "categories with the name of another, taken as one class: 1." in counts.remarks


def test_empty_masks_are_negatives_and_empty_classes_are_said(tmp_path: Path) -> None:
    raw = folders.masks(tmp_path / "raw")
    (raw / "masks/mass").mkdir()
    for name in folders.NAMES:
        Image.new("L", (folders.WIDTH, folders.HEIGHT)).save(raw / f"masks/mass/{name}.png")
    counts = folders.store(raw, "masks", tmp_path).manifest.image_counts
    assert counts is not None
    assert counts.remarks == [
        "images without an object, kept as negatives: 2.",
        "classes without a pixel in any mask, each 0 in a mean over classes: 1 (mass).",
    ]


def test_values_of_one_mask_file_are_the_lines_of_classes_txt(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    folders.images(raw)
    (raw / "masks").mkdir()
    (raw / "classes.txt").write_text("heart\nlungs\n")
    values = np.zeros((folders.HEIGHT, folders.WIDTH), np.uint8)
    values[:10], values[20:30] = 1, 2
    for name in folders.NAMES[:9]:
        Image.fromarray(values).save(raw / "masks" / f"{name}.png")
    store = folders.store(raw, "masks", tmp_path)
    assert store.manifest.classes == ["heart", "lungs"]
    row = store.ids(range(len(store))).index("case00")
    for index in (0, 1):
        np.testing.assert_array_equal(
            store.masks([row])[0, index], fit_mask((values == index + 1).astype(np.uint8), FRAME)
        )


def test_outlines_of_yolo_are_masks_and_boxes(tmp_path: Path) -> None:
    raw = folders.yolo(tmp_path / "raw")
    (raw / "labels/case00.txt").write_text("1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n")
    store = folders.store(raw, "yolo", tmp_path)
    row = store.ids(range(len(store))).index("case00")
    np.testing.assert_allclose(store.boxes(row), fit_boxes(np.array([[16, 12, 32, 24]]), FRAME), atol=1e-4)
    expected = np.zeros((folders.HEIGHT, folders.WIDTH), np.uint8)
    expected[12:36, 16:48] = 1
    np.testing.assert_array_equal(store.masks([row])[0, 1], fit_mask(expected, FRAME))


def test_names_that_cannot_be_ids_get_one_of_their_own(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    (raw / "images/case00.png").rename(raw / "images/Müller 1.png")
    content = folders.coco_content()
    content["images"][0]["file_name"] = "Müller 1.png"
    (raw / "annotations.json").write_text(json.dumps(content))
    names = folders.store(raw, "coco", tmp_path).ids(range(10))
    (odd,) = set(names) - set(folders.NAMES)
    assert odd.startswith("M_ller_1-")
