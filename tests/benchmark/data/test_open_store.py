"""Which store an evaluation takes: its protocol's, and only as it was made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DamagedStoreError, DataError
from lovt_bench.benchmark.data.folders import PUBLISHED, dataset_of, folder_for, give_way, store_folders
from lovt_bench.benchmark.data.open_store import find_store, open_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data import world
from tests.benchmark.data.small_store import write_store

LOVT = load_protocol().data
OTHER = world.changed(odd_padding="exact").data


def write(root: Path, protocol=LOVT, name: str = "rsna", **options) -> ImageStore:
    rng = np.random.default_rng(0)
    return write_store(
        root,
        name=name,
        images=rng.integers(0, 256, (4, 8, 8), dtype=np.uint8),
        masks=rng.integers(0, 2, (4, 1, 8, 8), dtype=np.uint8),
        data_protocol_sha256=protocol.digest(),
        **options,
    )


def test_stores_of_the_published_protocol_bear_the_name_of_their_dataset(tmp_path: Path) -> None:
    assert LOVT.digest() == PUBLISHED
    assert folder_for(tmp_path, "rsna", LOVT) == tmp_path / "rsna"
    other = folder_for(tmp_path, "rsna", OTHER)
    assert other == tmp_path / f"rsna@{OTHER.digest()[:12]}"
    assert dataset_of(other) == "rsna"


def test_each_protocol_finds_its_own_store(tmp_path: Path) -> None:
    assert find_store(tmp_path, "rsna", LOVT) is None
    mine = write(tmp_path / "rsna").root
    assert find_store(tmp_path, "rsna", OTHER) is None
    theirs = write(folder_for(tmp_path, "rsna", OTHER), OTHER).root
    assert (find_store(tmp_path, "rsna", LOVT), find_store(tmp_path, "rsna", OTHER)) == (mine, theirs)
    assert store_folders(tmp_path) == store_folders(tmp_path, "rsna") == [mine, theirs]
    assert store_folders(tmp_path, "rsn") == []


def test_a_store_in_the_place_of_another_is_taken_for_what_it_is(tmp_path: Path) -> None:
    """Earlier versions had one place a dataset; a copy may have any name."""
    write(tmp_path / "rsna", OTHER)
    assert find_store(tmp_path, "rsna", LOVT) is None
    assert find_store(tmp_path, "rsna", OTHER) == tmp_path / "rsna"
    write(tmp_path / "siim", name="covid-rural")
    assert find_store(tmp_path, "siim", LOVT) is None


def test_it_gives_way_to_the_store_that_belongs_there(tmp_path: Path) -> None:
    identity = write(tmp_path / "rsna", OTHER).manifest.identity()
    give_way(tmp_path / "rsna", "rsna", LOVT.digest())
    (moved,) = tmp_path.iterdir()
    assert moved == folder_for(tmp_path, "rsna", OTHER)
    assert open_store(moved).manifest.identity() == identity
    give_way(moved, "rsna", OTHER.digest())
    assert moved.is_dir()
    write(tmp_path / "rsna", OTHER)
    with pytest.raises(DataError, match="both prepared by protocol lovt-2022"):
        give_way(tmp_path / "rsna", "rsna", LOVT.digest())


@pytest.mark.parametrize("name", ["images.npy", "masks.npy"])
def test_one_changed_pixel_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    root = write(tmp_path / "rsna").root
    open_store(root)
    with (root / name).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x55")
    with pytest.raises(
        DamagedStoreError, match=rf"{name}: content differs.*data prepare rsna --raw DIR --force"
    ):
        open_store(root)


def test_a_damaged_manifest_where_the_store_belongs_is_no_missing_store(tmp_path: Path) -> None:
    write(tmp_path / "rsna")
    (tmp_path / "rsna" / "dataset.json").write_text("{}")
    with pytest.raises(DamagedStoreError):
        find_store(tmp_path, "rsna", LOVT)
    assert find_store(tmp_path, "rsna", OTHER) is None


def test_a_store_that_was_just_being_replaced_is_put_back(tmp_path: Path) -> None:
    """A process that is killed between the two renames leaves the old store under a hidden name."""
    write(tmp_path / "rsna")
    scratch = tmp_path / ".tmp-rsna-01234567"
    scratch.mkdir()
    (scratch / "target").write_text("rsna")
    (tmp_path / "rsna").rename(scratch / "old")
    assert find_store(tmp_path, "rsna", LOVT) == tmp_path / "rsna"
    assert [path.name for path in tmp_path.iterdir()] == ["rsna"]
