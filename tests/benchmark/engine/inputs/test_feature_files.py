"""A feature file that is not what was meant to be written is thrown away with a word, once, and made again."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.made_with import ForwardSpeed
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.engine.inputs.feature_files import FeatureFiles
from tests.benchmark.disk.room import room_for
from tests.benchmark.engine.world import TinyBackbone, tiny_store

CPU = torch.device("cpu")
NAME = "train-stride32.npy"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("world"), "rsna")


@pytest.fixture
def cache(store, tmp_path):
    cache = FeatureCache(tmp_path, "a" * 64, None, store, 64, half=True)
    extract(cache)
    return cache


def extract(cache: FeatureCache) -> None:
    torch.manual_seed(0)
    backbone = TinyBackbone().eval()
    wanted: dict[SplitName, int] = {"train": 4, "test": 3}
    for split, rows in wanted.items():
        if missing := cache.missing(split, rows, [16, 32]):
            cache.extract(backbone, split, rows, missing, CPU)


def test_a_file_tells_how_fast_its_forward_was_and_one_made_anew_tells_its_own(tmp_path):
    files = FeatureFiles(tmp_path / "kept", {"seed": 1})
    files.make_folder()
    slow, fast = (ForwardSpeed(images_per_second=speed, device_name="A card", threads=1) for speed in (2, 3))
    files.put({"a.npy": "a" * 64, "b.npy": "b" * 64}, lambda: None, speed=slow)
    files.put({"a.npy": "c" * 64}, lambda: None, speed=fast)
    assert files.speeds(["a.npy", "b.npy", "c.npy"]) == [fast, slow]
    files.put({"b.npy": "b" * 64}, lambda: None)
    assert files.speeds(["a.npy", "b.npy"]) == [fast]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def rewrite(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    return lambda path: np.save(path, change(np.load(path)))


def folder(path: Path) -> None:
    path.unlink()
    (path / "below").mkdir(parents=True)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")


DAMAGE = {
    "one byte": flip,
    "zeros": rewrite(np.zeros_like),
    "not a number": rewrite(lambda array: np.full_like(array, np.nan)),
    "another shape": rewrite(lambda array: array[:, :5]),
    "another precision": rewrite(lambda array: array.astype(np.float32)),
    "cut off": lambda path: os.truncate(path, path.stat().st_size - 1),
    "header alone": lambda path: os.truncate(path, 128),
    "empty": lambda path: os.truncate(path, 0),
    "a folder": folder,
    "a link to nothing": dangling,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_thrown_away_and_made_again(cache, caplog, damage):
    path, whole = cache.folder / NAME, (cache.folder / NAME).read_bytes()
    damage(path)
    assert cache.missing("train", 4, [16, 32]) == [32]
    assert cache.missing("train", 4, [16, 32]) == [32]
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert str(path) in caplog.text
    extract(cache)
    assert path.read_bytes() == whole
    assert cache.missing("train", 4, [16, 32]) == []


def test_a_change_is_found_although_the_file_was_found_to_be_whole_before(cache, monkeypatch):
    monkeypatch.setattr("lovt_bench.benchmark.disk.intact._SETTLED", 0)
    assert cache.missing("train", 4, [32]) == []
    assert "inode" in (cache.folder / "verified.json").read_text()
    before = (cache.folder / NAME).stat()
    flip(cache.folder / NAME)
    os.utime(cache.folder / NAME, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.missing("train", 4, [32]) == [32]


def other_identity(path: Path) -> None:
    said = json.loads(path.read_text())
    path.write_text(json.dumps(said | {"identity": said["identity"] | {"side": 65}}))


def earlier_version(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text())["identity"]))


MANIFEST_DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "torn": lambda path: os.truncate(path, 40),
    "a folder": folder,
    "of other features": other_identity,
    "of an earlier version": earlier_version,
}


@pytest.mark.parametrize("damage", MANIFEST_DAMAGE.values(), ids=MANIFEST_DAMAGE)
def test_files_that_nothing_vouches_for_are_made_again_with_one_warning(cache, caplog, damage):
    damage(cache.folder / "features.json")
    for split in ("train", "test"):
        assert cache.missing(split, 3, [16, 32]) == [16, 32]
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    extract(cache)
    for split in ("train", "test"):
        assert cache.missing(split, 3, [16, 32]) == []


def test_a_file_that_the_manifest_does_not_name_is_not_used(cache):
    shutil.copy(cache.folder / NAME, cache.folder / "validation-stride32.npy")
    assert cache.missing("validation", 3, [32]) == [32]


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_that_is_none_is_no_obstacle(cache, empty):
    shutil.rmtree(cache.folder)
    if empty:
        cache.folder.mkdir()
    else:
        cache.folder.write_text("in the way")
    assert cache.missing("train", 4, [16, 32]) == [16, 32]
    extract(cache)
    assert cache.missing("train", 4, [16, 32]) == []


def test_a_disk_that_takes_a_part_leaves_no_file(cache):
    size = (cache.folder / NAME).stat().st_size
    backbone = TinyBackbone().eval()
    with room_for(size + 10), pytest.raises(OSError, match="too large") as caught:
        cache.extract(backbone, "train", 10, [32], CPU)
    assert NAME in str(caught.value.filename)
    assert cache.missing("train", 4, [32]) == []
    assert not list(cache.folder.glob(".*"))


def test_whoever_looks_while_files_are_put_in_place_waits(tmp_path, caplog):
    """Between the new file and its new digest the two do not agree, which is no damage."""
    files = FeatureFiles(tmp_path / "cache", {"of": "this"})
    files.make_folder()
    path = tmp_path / "cache" / "a.npy"
    looked: list[int] = []
    reader = threading.Thread(target=lambda: looked.append(files.rows("a.npy")))

    def place() -> None:
        np.save(path, np.zeros(3))
        reader.start()
        reader.join(0.2)

    np.save(tmp_path / "same.npy", np.zeros(3))
    files.put({"a.npy": file_sha256(tmp_path / "same.npy")}, place)
    reader.join()
    assert looked == [3]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_the_library_that_computed_a_file_is_kept_beside_it_and_a_file_of_before_has_none(cache):
    assert cache.libraries(["train", "test"], [16, 32]) == {f"torch {torch.__version__}"}
    manifest = cache.folder / "features.json"
    known = json.loads(manifest.read_text())
    del known["libraries"]["train-stride32.npy"]
    manifest.write_text(json.dumps(known))
    assert cache.libraries(["train"], [32]) == set()
    assert not cache.missing("train", 4, [16, 32])
