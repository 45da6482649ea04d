"""ChestX-Det: boxes as corners, outlines as masks, the makers' test part as test."""

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

FRAME = Frame.padded(40, 52, 224, "short")
NODULE = 10
"""Place of Nodule among the classes."""


def edited(raw: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    table = raw / "ChestX_Det_train.json"
    entries = json.loads(table.read_text())
    change(entries)
    table.write_text(json.dumps(entries))


def test_a_box_is_its_corners_and_a_mask_its_outline(tmp_path: Path) -> None:
    raw = raws.chestx_det(tmp_path / "raw")
    triangle = [[10, 8], [26, 8], [10, 20]]
    edited(raw, lambda entries: entries[0].update(polygons=[triangle]))
    store = world.store("chestx-det", raw, tmp_path)
    row = world.rows("100", store)
    np.testing.assert_allclose(
        store.boxes(row), fit_boxes(np.array([[10, 8, 16, 12]], float), FRAME), rtol=1e-6
    )
    assert store.box_classes(row).tolist() == [NODULE]
    assert store.manifest.classes[NODULE] == "Nodule"
    masks = store.masks([row])[0]
    assert np.flatnonzero(masks.any(axis=(1, 2))).tolist() == [NODULE]
    assert masks[NODULE].mean() == pytest.approx(16 * 12 / 2 / 52**2, rel=0.05)
    assert not store.masks([world.rows("101", store)]).any()


def test_the_test_part_is_test_and_validation_is_of_the_training_part(tmp_path: Path) -> None:
    store = world.store("chestx-det", raws.chestx_det(tmp_path / "raw"), tmp_path)
    assert store.ids(store.rows("test")) == ["200", "201", "202"]
    assert (len(store.rows("train")), len(store.rows("validation"))) == (8, 2)
    assert store.manifest.split_level == "image"
    assert store.manifest.image_counts is not None
    assert (store.manifest.image_counts.found, store.manifest.image_counts.used) == (13, 13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"syms": ["Nodul"]}, "ChestX_Det_train.json [0]: syms[0] is 'Nodul'; expected one of Atelectasis, "),
        ({"syms": []}, "[0]: 0 syms, 1 boxes and 1 polygons; expected as many of each"),
        ({"boxes": [[10, 8, 9, 20]]}, "[0]: boxes[0]: box sides must be positive, found width -1"),
        ({"polygons": [[[1, 1], [9, 9]]]}, "[0]: polygons[0] has 2 points; expected 3 or more"),
        (
            {"polygons": [[[1, 1], [9, 9], [900, 9]]]},
            "object 0: x = 900 lies far outside the image of 52 x 40",
        ),
        (
            {"boxes": [[10, 8, 9]]},
            "not as ChestX-Det writes it: 0.boxes.0.3: Field required; expected a list of",
        ),
        ({"file_name": "999.png"}, "[0]: image 999.png is missing in"),
        ({"file_name": "../x.png"}, "[0]: image '../x.png'; expected a path within the raw folder"),
        ({"file_name": "102.png"}, "duplicate ID, first in ChestX_Det_train.json [0], again in"),
    ],
)
def test_bad_entries_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    raw = raws.chestx_det(tmp_path / "raw")
    edited(raw, lambda entries: entries[0].update(change))
    with pytest.raises(DataError) as caught:
        world.run("chestx-det", raw, tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "chestx-det").exists()


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    raw = raws.chestx_det(tmp_path / "raw")
    (raw / "ChestX_Det_test.json").write_text("[{")
    with pytest.raises(
        DataError, match=r"ChestX_Det_test\.json: not as ChestX-Det writes it: file: Invalid JSON"
    ):
        world.run("chestx-det", raw, tmp_path)
