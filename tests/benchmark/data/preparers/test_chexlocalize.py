"""CheXlocalize: run lengths by image and finding, patients apart, images that no file names as negatives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DataError
from tests.benchmark.data import raws, world

EFFUSION = 7
"""Place of Pleural Effusion among the classes."""


def edited(raw: Path, change: dict[str, Any], key: str = "patient1_study1_view1_frontal") -> None:
    table = raw / "CheXlocalize" / "gt_segmentations_val.json"
    content = json.loads(table.read_text())
    table.write_text(json.dumps(content | {key: content.get(key, {}) | change}))


def test_run_lengths_are_masks_and_patients_stay_together(tmp_path: Path) -> None:
    store = world.store("chexlocalize", raws.chexlocalize(tmp_path / "raw"), tmp_path)
    assert store.manifest.classes[EFFUSION] == "Pleural_Effusion"
    assert not store.manifest.has_boxes
    masks = store.masks([world.rows("patient1_study1_view1_frontal", store)])[0]
    assert np.flatnonzero(masks.any(axis=(1, 2))).tolist() == [EFFUSION]
    assert masks[EFFUSION].mean() == pytest.approx(10 * 20 / 52**2, rel=0.05)
    assert not store.masks([world.rows("patient2_study1_view1_frontal", store)]).any()
    assert sorted(store.ids(store.rows("test"))) == [f"patient{n}_study1_view1_frontal" for n in (11, 12, 13)]
    assert store.manifest.split_level == "patient"
    split_of = dict(zip(store.index["id"], store.index["split"], strict=True))
    assert split_of["patient1_study1_view1_frontal"] == split_of["patient1_study1_view2_lateral"]
    view_of = dict(zip(store.index["id"], store.index["view"], strict=True))
    assert view_of["patient1_study1_view2_lateral"] == "lateral"


def test_an_empty_mask_may_be_of_another_size(tmp_path: Path) -> None:
    """The files have `ifdl3` for it, 2021 x 2021 zeros, whatever the size of the image."""
    raw = raws.chexlocalize(tmp_path / "raw")
    edited(raw, {"Edema": {"size": [40, 52], "counts": "ifdl3"}})
    store = world.store("chexlocalize", raw, tmp_path)
    masks = store.masks([world.rows("patient1_study1_view1_frontal", store)])[0]
    assert np.flatnonzero(masks.any(axis=(1, 2))).tolist() == [EFFUSION]


LISTED = "gt_segmentations_val.json 'patient1_study1_view1_frontal'"


@pytest.mark.parametrize(
    ("finding", "runs", "message"),
    [
        (
            "Oedema",
            {"size": [40, 52], "counts": [5, 3, 2072]},
            f"{LISTED}: 'Oedema'; expected one of Airspace",
        ),
        (
            "Edema",
            {"size": [52, 40], "counts": [5, 3, 2072]},
            "Edema: run lengths of 40 x 52 pixels, the image",
        ),
        ("Edema", {"size": [40, 52], "counts": [5, 3]}, f"{LISTED} Edema: run lengths cannot be read"),
        ("Edema", {"size": [40], "counts": "x"}, "writes it: patient1_study1_view1_frontal.Edema.size"),
    ],
)
def test_bad_masks_are_named(tmp_path: Path, finding: str, runs: dict[str, Any], message: str) -> None:
    raw = raws.chexlocalize(tmp_path / "raw")
    edited(raw, {finding: runs})
    with pytest.raises(DataError) as caught:
        world.run("chexlocalize", raw, tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "chexlocalize").exists()


def test_a_listed_image_without_a_file_is_named(tmp_path: Path) -> None:
    raw = raws.chexlocalize(tmp_path / "raw")
    edited(raw, {"Edema": {"size": [40, 52], "counts": [5, 3, 2072]}}, "patient99_study1_view1_frontal")
    with pytest.raises(
        DataError, match=r"image is missing; expected …/val/patient99/study1/view1_frontal\.jpg in"
    ):
        world.run("chexlocalize", raw, tmp_path)


def test_a_second_copy_of_the_images_is_refused(tmp_path: Path) -> None:
    raw = raws.chexlocalize(tmp_path / "raw")
    shutil.copytree(raw / "CheXpert" / "val", raw / "CheXpert-small" / "valid")
    with pytest.raises(DataError) as caught:
        world.run("chexlocalize", raw, tmp_path)
    for part in ("CheXpert/val", "CheXpert-small/valid"):
        assert f"{part}/patient1/study1/view1_frontal.jpg" in str(caught.value)
    assert not (tmp_path / "chexlocalize").exists()
