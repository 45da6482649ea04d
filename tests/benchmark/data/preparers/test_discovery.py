"""Every preparer is found by its file name and keeps the common promises."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.official import published
from lovt_bench.benchmark.data.preparers import dataset, names
from lovt_bench.tasks.registry import load_tasks
from tests.benchmark.data import raws, world
from tests.benchmark.data.raws import MAKERS


def test_the_five_datasets_are_known() -> None:
    assert set(names()) >= {"covid-rural", "nih-cxr", "object-cxr", "rsna", "siim"} == set(published())


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        DataError, match="unknown dataset 'mnist'; known: chestx-det, chexlocalize, covid-rural, jsrt"
    ):
        dataset("mnist")


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_same_raw_files_give_the_same_store(tmp_path: Path, name: str) -> None:
    raw = MAKERS[name](tmp_path / "raw")
    first = world.run(name, raw, tmp_path / "a").manifest
    second = world.run(name, raw, tmp_path / "b").manifest
    assert first.identity() == second.identity()
    assert (first.name, first.track, first.splits, first.split_seed) == (name, "public", "seeded", 12345)
    assert dataset(name).name == name


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_another_split_seed_gives_another_split_of_the_same_images(tmp_path: Path, name: str) -> None:
    raw = MAKERS[name](tmp_path / "raw")
    first = world.store(name, raw, tmp_path / "a")
    other = world.store(name, raw, tmp_path / "b", world.changed(split_seed=7))
    assert sorted(first.index["id"]) == sorted(other.index["id"])
    assert first.index["id"].tolist() != other.index["id"].tolist()


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_path_of_this_machine_is_in_the_store(tmp_path: Path, name: str) -> None:
    raw = MAKERS[name](tmp_path / "raw")
    store = world.store(name, raw, tmp_path)
    assert str(tmp_path) not in (store.root / "dataset.json").read_text()
    assert not store.index["source"].str.startswith("/").any()
    assert all((raw / source).is_file() for source in store.index["source"])


@pytest.mark.parametrize("name", ["chestx-det", "chexlocalize", "tbx11k"])
def test_packed_annotations_are_to_be_unpacked(tmp_path: Path, name: str) -> None:
    raw = MAKERS[name](tmp_path / "raw")
    for path in sorted(raw.rglob("*.json")):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    with pytest.raises(DataError, match=r"\.json\.gz: expected a plain file, .*; unpack it there"):
        world.run(name, raw, tmp_path)


def test_phantom_json_makes_a_phantom_track(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    (raw / "phantom.json").write_text("{}")
    assert world.run("rsna", raw, tmp_path).manifest.track == "phantom"


def test_class_lists_are_those_of_the_tasks() -> None:
    for task in load_tasks():
        assert tuple(task.classes) == dataset(task.dataset).classes, task.id
