"""Real X-rays in the raw layouts: they prepare, verify, and their targets lie in the chest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.data.errors import DataError
from benchmark.data.verify import verify_store
from tasks.protocol import load_protocol
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
    store = world.store(name, shared / "realdata" / folder, tmp_path)
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


def test_official_files_on_a_few_real_images_need_skip_bad(shared: Path, tmp_path: Path) -> None:
    splits, raw = shared / "splits" / "nih-cxr", shared / "realdata" / "nih-cxr"
    with pytest.raises(DataError, match="images cannot be used"):
        world.run("nih-cxr", raw, tmp_path, splits_dir=splits)
    manifest = world.run("nih-cxr", raw, tmp_path, skip_bad=True, splits_dir=splits).manifest
    assert manifest.splits == "given"
    kept = sum(summary.images for summary in manifest.split_summaries.values())
    assert kept + len(manifest.left_out) == 980
