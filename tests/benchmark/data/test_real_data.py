"""Real X-rays in the raw layouts: they prepare, verify, and their targets lie in the chest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.verify import verify_store
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data import world

CASES = {
    "rsna": ("rsna", 116, 119),
    "nih-cxr": ("nih-cxr", 26, 25),
    "covid-rural": ("covid-rural-proxy", 21, None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_real_images_become_a_valid_store(shared: Path, tmp_path: Path, name: str) -> None:
    folder, images, boxes = CASES[name]
    raw = shared / "realdata" / folder
    store = world.store(name, with_mapping(raw, tmp_path) if name == "rsna" else raw, tmp_path)
    manifest = store.manifest
    assert (len(store), manifest.splits, manifest.track) == (images, "seeded", "public")
    if boxes is not None:
        assert sum(one.boxes or 0 for one in manifest.split_summaries.values()) == boxes
    assert verify_store(store.root, load_protocol()).problems == ()
    mean, std = manifest.pixel_statistics.mean, manifest.pixel_statistics.std
    assert (abs(mean - 0.5) < 0.04, 0.2 < std < 0.3) == (True, True)
    middle = np.zeros((224, 224), dtype=bool)
    middle[15:215, 10:214] = True
    masks = store.masks(range(len(store)))
    assert masks[..., middle].sum() / masks.sum() > 0.97
    people = store.index[["sex", "age", "view"]].astype(object).where(store.index.notna(), None)
    found = dict(zip(store.ids(range(len(store))), people.itertuples(index=False, name=None), strict=True))
    assert found == {"rsna": of_headers, "nih-cxr": of_entries}.get(name, of_nothing)(raw, list(found))
    patients = store.index.groupby("patient")["id"].agg(set).tolist()
    original = dict(pd.read_csv(raw / "rsna_to_nih.csv").iloc[:, :2].to_numpy()) if name == "rsna" else {}
    number = {image: original.get(image, image)[: 20 if name == "covid-rural" else 8] for image in found}
    assert sorted(map(sorted, patients)) == sorted(
        sorted(image for image in found if number[image] == one) for one in set(number.values())
    )
    assert max(map(len, patients)) > 1 or name == "covid-rural"


def with_mapping(raw: Path, folder: Path) -> Path:
    """Return a folder with the images of `raw` and RSNA's list of what they are in NIH."""
    linked = folder / "linked"
    linked.mkdir()
    for name in ("stage_2_train_images", "stage_2_train_labels.csv"):
        (linked / name).symlink_to(raw / name)
    table = pd.read_csv(raw / "rsna_to_nih.csv")
    entries = [
        {"subset_img_id": image, "img_id": original, "orig_labels": []}
        for image, original, _ in table.itertuples(index=False)
    ]
    (linked / "pneumonia-challenge-dataset-mappings_2018.json").write_text(json.dumps(entries))
    return linked


Facts = dict[str, tuple[str | None, int | None, str | None]]


def of_headers(raw: Path, names: list[str]) -> Facts:
    """Return sex, age and view of RSNA images as pydicom reads them."""
    headers = {name: pydicom.dcmread(raw / "stage_2_train_images" / f"{name}.dcm") for name in names}
    return {name: (one.PatientSex, int(one.PatientAge), one.ViewPosition) for name, one in headers.items()}


def of_entries(raw: Path, names: list[str]) -> Facts:
    """Return sex, age and view of NIH images as pandas reads them."""
    table = pd.read_csv(raw / "Data_Entry_2017_v2020.csv")
    entries = table.set_index("Image Index").to_dict("index")
    rows = {name: entries[f"{name}.png"] for name in names}
    return {
        name: (row["Patient Gender"], int(row["Patient Age"]), row["View Position"])
        for name, row in rows.items()
    }


def of_nothing(raw: Path, names: list[str]) -> Facts:
    """Return that nothing is known."""
    return dict.fromkeys(names, (None, None, None))


def test_official_files_on_a_few_real_images_need_skip_bad(shared: Path, tmp_path: Path) -> None:
    splits, raw = shared / "splits" / "nih-cxr", shared / "realdata" / "nih-cxr"
    with pytest.raises(DataError, match="images cannot be used"):
        world.run("nih-cxr", raw, tmp_path, splits_dir=splits)
    manifest = world.run("nih-cxr", raw, tmp_path, skip_bad=True, splits_dir=splits).manifest
    assert manifest.splits == "given"
    kept = sum(summary.images for summary in manifest.split_summaries.values())
    assert kept + len(manifest.left_out) == 980
