"""The preparers read the phantom as they read the real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest
from lovt_bench.benchmark.data.preparers import names
from lovt_bench.benchmark.data.store import ImageStore
from tests.benchmark.data import world

PREPARED = names()


@pytest.fixture(scope="module")
def stores(phantoms: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageStore]:
    """The store of each phantom."""
    folder = tmp_path_factory.mktemp("stores")
    return {name: world.store(name, phantoms[name], folder) for name in PREPARED}


@pytest.mark.parametrize("name", PREPARED)
def test_the_preparers_read_the_phantom(name: str, stores: dict[str, ImageStore]) -> None:
    store = stores[name]
    assert store.manifest.track == "phantom"
    assert not store.manifest.left_out
    for split in SPLIT_NAMES:
        rows = store.rows(split)
        assert store.masks(rows).any(), "every split has something to find"


BEFORE = {
    "rsna": "cf03ba10fb3f1612baa07b6dbbec1581ab368873ff4a5d9da09debf8f0286b11",
    "siim": "2ebf2eb130f103b3e2bbbc5785d8d499bc308dd6e8fca7915f16d36793ef0efd",
    "covid-rural": "e8d4e62c697947522d90adb7a470cb2f8d61adde765ff0eee8d3e0a08e776df2",
    "object-cxr": "1987a2f0be34579c9db1a0bbc4c055601c053f6e1b7697854c576d693d66b951",
    "nih-cxr": "5adcfd339156c9fb65c90efab667103964e23b8649ac55b2334650016a41467f",
}
"""`identity()` of the stores of these phantoms as the version that knew nobody computed it."""


@pytest.mark.parametrize("name", BEFORE)
def test_what_a_store_knows_of_people_changes_no_digest(name: str, stores: dict[str, ImageStore]) -> None:
    """`stores_before_people/` holds each `dataset.json` as that version wrote it."""
    path = Path(__file__).parent / "stores_before_people" / f"{name}.json"
    before, now = DatasetManifest.model_validate_json(path.read_bytes()), stores[name].manifest
    assert (before.is_intact(), before.split_level, before.identity()) == (True, None, BEFORE[name])
    # Grey values of a phantom may differ in a last bit on another processor; all else is the same everywhere.
    drawn = {
        "pixel_statistics": before.pixel_statistics,
        "files": {**before.files, "index.parquet": "0" * 64},
    }
    assert now.split_level is not None
    assert now.model_copy(update=drawn).identity() == BEFORE[name]


def test_the_phantom_carries_people_where_the_real_files_do(stores: dict[str, ImageStore]) -> None:
    known = {
        name: [column for column in ("sex", "age", "view", "patient") if store.index[column].notna().all()]
        for name, store in stores.items()
    }
    everything = ["sex", "age", "view", "patient"]
    assert known == {
        **dict.fromkeys(("rsna", "siim", "nih-cxr"), everything),
        "covid-rural": ["sex", "age", "patient"],
        "object-cxr": [],
        "vindr-cxr": ["sex", "age", "view"],
        "chestx-det": [],
        "tbx11k": [],
        "chexlocalize": ["patient"],
        "jsrt": [],
    }
    levels = {name: store.manifest.split_level for name, store in stores.items()}
    assert levels == {**dict.fromkeys(PREPARED, "image"), "covid-rural": "patient", "chexlocalize": "patient"}
    assert stores["covid-rural"].index["patient"].nunique() == 25
