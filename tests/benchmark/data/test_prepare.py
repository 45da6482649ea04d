"""Preparation: split files, bad images, resuming, and nothing half-written."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lovt_bench.benchmark.data.seal
from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.data.verify import verify_store
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data import raws, world


def write_splits(folder: Path, train: list[str], validation: list[str], test: list[str]) -> Path:
    for split, ids in {"train": train, "validation": validation, "test": test}.items():
        raws.write_lines(folder / f"{split}.csv", ["ID", *ids])
    return folder


def test_split_files_give_ids_and_order(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    splits = write_splits(tmp_path / "splits", ["p7", "p0", "p3"], ["p9"], ["p2", "p1"])
    store = world.store("rsna", raw, tmp_path, splits_dir=splits)
    assert store.ids(range(6)) == ["p7", "p0", "p3", "p9", "p2", "p1"]
    assert (store.manifest.splits, store.manifest.split_seed) == ("given", None)
    assert any("not the published ones" in note for note in store.manifest.notes)


def test_ids_without_image_are_counted_and_named(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    splits = write_splits(tmp_path / "splits", ["p1", *(f"x{n}" for n in range(14))], ["p9"], ["p2"])
    with pytest.raises(DataError, match="14 of 17 images cannot be used") as caught:
        world.run("rsna", raw, tmp_path, splits_dir=splits)
    assert "train.csv row 2: ID x0 is not among the raw files" in str(caught.value)
    assert "… and 4 more" in str(caught.value)
    assert "--skip-bad" in str(caught.value)


def test_boxes_of_a_split_file_must_be_the_raw_ones(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    splits = write_splits(tmp_path / "splits", ["p1", "p2"], ["p9"], ["p4"])
    lines = ["ID,boxes,classes", "p0,2.0;3.0;10.0;12.0|20.0;8.0;16.0;9.0,1|1", "p2,,"]
    raws.write_lines(splits / "train.csv", lines)
    assert len(world.store("rsna", raw, tmp_path / "a", splits_dir=splits).boxes(0)) == 2
    raws.write_lines(splits / "train.csv", [lines[0], lines[1].replace("12.0", "12.5"), lines[2]])
    with pytest.raises(DataError, match=r"train.csv row 1: 2 boxes differ"):
        world.run("rsna", raw, tmp_path / "b", splits_dir=splits)


def test_published_object_cxr_boxes_are_exchanged_whatever_the_protocol_stores(tmp_path: Path) -> None:
    raw = raws.object_cxr(tmp_path / "raw")
    splits = write_splits(tmp_path / "splits", ["00002"], ["00001"], ["00010"])
    raws.write_lines(splits / "train.csv", ["ID,boxes,classes", "00002,10;30;8;20,1"])
    protocol = world.changed(object_cxr_boxes="correct")
    store = world.store("object-cxr", raw, tmp_path, protocol, splits_dir=splits)
    assert store.boxes(0)[0, 2] > store.boxes(0)[0, 3]


def break_image(raw: Path, name: str) -> None:
    (raw / "stage_2_train_images" / f"{name}.dcm").write_bytes(b"broken")


def test_a_corrupt_image_stops_and_leaves_no_store(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    break_image(raw, "p4")
    with pytest.raises(DataError, match=r"p4.dcm \(stage_2_train_labels.csv row 6\): not a readable DICOM"):
        world.run("rsna", raw, tmp_path)
    assert not (tmp_path / "rsna").exists()


def test_skip_bad_leaves_images_out_and_lists_them_with_their_split(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    whole = world.store("rsna", raw, tmp_path / "whole")
    break_image(raw, "p4")
    (raw / "stage_2_train_images" / "p6.dcm").unlink()
    store = world.store("rsna", raw, tmp_path, skip_bad=True)
    split = dict(zip(whole.index["id"], whole.index["split"], strict=True))
    assert {(one.id, one.split) for one in store.manifest.left_out} == {(p, split[p]) for p in ("p4", "p6")}
    assert str(tmp_path) not in store.manifest.to_json()
    kept = [name for name in whole.ids(range(10)) if name not in ("p4", "p6")]
    assert store.ids(range(8)) == kept
    for name in kept:
        mine, theirs = world.rows(name, store), world.rows(name, whole)
        np.testing.assert_array_equal(store.images[mine], whole.images[theirs])
        np.testing.assert_array_equal(store.masks([mine]), whole.masks([theirs]))
        np.testing.assert_array_equal(store.boxes(mine), whole.boxes(theirs))


def test_a_store_with_images_left_out_does_not_satisfy_a_call_without_skip_bad(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    break_image(raw, "p4")
    world.run("rsna", raw, tmp_path, skip_bad=True)
    assert world.run("rsna", raw, tmp_path, skip_bad=True).found
    with pytest.raises(DataError):
        world.run("rsna", raw, tmp_path)
    assert len(ImageStore.open(tmp_path / "rsna")) == 9  # the old store is untouched


def test_official_splits_with_images_left_out_are_not_official(shared: Path, tmp_path: Path) -> None:
    splits = shared / "splits" / "covid-rural"
    raw, names = tmp_path / "raw", []
    for split in ("train", "validation", "test"):
        names += (splits / f"{split}.csv").read_text().split()[1:]
    for number, name in enumerate(names):
        raws.write_image(raw / "jpgs" / f"{name}.jpg", raws.grey(8, 8, seed=number))
        raws.write_image(raw / "pngs_masks" / f"{name}.png", np.zeros((8, 8), dtype=np.uint8))
    assert world.run("covid-rural", raw, tmp_path, splits_dir=splits).manifest.splits == "official"
    (raw / "pngs_masks" / f"{names[5]}.png").unlink()
    left = world.run("covid-rural", raw, tmp_path, splits_dir=splits, skip_bad=True).manifest
    assert left.splits == "given"
    assert [one.id for one in left.left_out] == [names[5]]
    assert any("not official" in note for note in left.notes)


def test_a_split_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 images leave nothing for validation, test"):
        world.run("rsna", raws.rsna(tmp_path / "raw", patients=2), tmp_path)
    raw = raws.rsna(tmp_path / "raw2", patients=10)
    splits = write_splits(tmp_path / "splits", ["p1", "p2"], ["p9"], ["gone"])
    with pytest.raises(DataError, match="no usable image is left in test"):
        world.run("rsna", raw, tmp_path, splits_dir=splits, skip_bad=True)


def test_second_call_finds_the_store_and_a_changed_source_does_not(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    assert not world.run("rsna", raw, tmp_path).found
    assert world.run("rsna", raw, tmp_path).found
    assert not world.run("rsna", raw, tmp_path, force=True).found
    assert not world.run("rsna", raw, tmp_path, world.changed(odd_padding="exact")).found
    raws.write_dicom(raw / "stage_2_train_images" / "p1.dcm", raws.grey(seed=99))
    assert not world.run("rsna", raw, tmp_path).found
    (tmp_path / "rsna" / "images.npy").unlink()
    assert not world.run("rsna", raw, tmp_path).found


def test_a_preparation_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw", patients=20)
    whole = world.run("rsna", raw, tmp_path / "whole").manifest

    def stop(done: int, total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.run("rsna", raw, tmp_path, on_progress=stop)
    assert not (tmp_path / "rsna").exists()
    journal = tmp_path / ".partial-rsna" / "journal.jsonl"
    journal.write_text(journal.read_text() + '{"row": 9, "checks')  # a torn last line
    seen: list[tuple[int, int]] = []
    resumed = world.run("rsna", raw, tmp_path, on_progress=lambda *counts: seen.append(counts)).manifest
    assert seen == [(8, 20), (16, 20), (20, 20)]
    assert resumed.identity() == whole.identity()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["raw", "rsna", "whole"]


def test_rows_whose_pixels_were_lost_are_done_again(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw", patients=20)
    whole = world.run("rsna", raw, tmp_path / "whole").manifest
    break_image(raw, "p0")
    with pytest.raises(DataError):
        world.run("rsna", raw, tmp_path, force=True)
    raws.rsna(raw, patients=20)
    images = np.load(tmp_path / ".partial-rsna" / "images.npy", mmap_mode="r+")
    images[:] = 0
    images.flush()
    assert world.run("rsna", raw, tmp_path).manifest.files["images.npy"] == whole.files["images.npy"]


def test_two_preparations_of_one_store_do_not_mix(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    with (tmp_path / ".lock-rsna").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="another process"):
            world.run("rsna", raw, tmp_path)


def at_the_end(change: Callable[[], object]) -> Callable[[int, int], None]:
    """Return a progress callback that changes something when all images are done, before the store is sealed."""

    def on_progress(done: int, total: int) -> None:
        if done == total:
            change()

    return on_progress


@pytest.mark.parametrize("name", ["images.npy", "masks.npy"])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_disk_that_gives_back_something_else_makes_no_store(
    tmp_path: Path, name: str, skip_bad: bool
) -> None:
    raw = raws.rsna(tmp_path / "raw")
    if skip_bad:
        break_image(raw, "p4")
    whole = world.run("rsna", raw, tmp_path / "whole", skip_bad=skip_bad).manifest

    def strip() -> None:
        rows = np.load(tmp_path / ".partial-rsna" / name, mmap_mode="r+")
        rows[9] ^= 0xFF
        rows.flush()

    with pytest.raises(DataError, match="row 9 is not on disk as it was written"):
        world.run("rsna", raw, tmp_path, skip_bad=skip_bad, on_progress=at_the_end(strip))
    assert not (tmp_path / "rsna").exists()
    seen: list[tuple[int, int]] = []
    again = world.run(
        "rsna", raw, tmp_path, skip_bad=skip_bad, on_progress=lambda *counts: seen.append(counts)
    ).manifest
    assert again.identity() == whole.identity()
    assert seen[0] == (9 - skip_bad, 10)  # that row alone is done again, and the broken image looked at


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "boxes.npz", "index.parquet"])
def test_digests_are_of_what_was_meant_to_be_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk makes of a file once it is written is found, not taken for the truth."""
    place = benchmark.data.seal.DatasetManifest

    def changed_first(**fields: Any) -> DatasetManifest:
        (path,) = tmp_path.glob(f".tmp-*/new/{name}")
        with path.open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"x")
        return place(**fields)

    monkeypatch.setattr("lovt_bench.benchmark.data.seal.DatasetManifest", changed_first)
    root = world.run("rsna", raws.rsna(tmp_path / "raw"), tmp_path).root
    assert verify_store(root, load_protocol()).problems == (f"{name}: content differs from its digest",)


def test_a_call_that_ends_while_the_store_is_sealed_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images that are left out are taken out of a copy: the rows that are done stay where the journal says."""
    raw = raws.rsna(tmp_path / "raw")
    break_image(raw, "p4")
    whole = world.run("rsna", raw, tmp_path / "whole", skip_bad=True).manifest

    def stop(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("lovt_bench.benchmark.data.prepare.seal", stop)
        with pytest.raises(KeyboardInterrupt):
            world.run("rsna", raw, tmp_path, skip_bad=True)
    seen: list[tuple[int, int]] = []
    again = world.run("rsna", raw, tmp_path, skip_bad=True, on_progress=lambda *counts: seen.append(counts))
    assert again.manifest.identity() == whole.identity()
    assert seen[0] == (9, 10)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["raw", "rsna", "whole"]


@pytest.mark.parametrize("damage", ["no images", "empty images", "short images"])
def test_work_that_cannot_be_gone_on_with_begins_anew(tmp_path: Path, damage: str) -> None:
    raw = raws.rsna(tmp_path / "raw")
    break_image(raw, "p9")
    with pytest.raises(DataError):
        world.run("rsna", raw, tmp_path)
    raws.rsna(raw)
    images = tmp_path / ".partial-rsna" / "images.npy"
    if damage == "no images":
        images.unlink()
    elif damage == "empty images":
        images.write_bytes(b"")
    else:
        np.save(images, np.load(images)[:3])
    assert len(ImageStore.open(world.run("rsna", raw, tmp_path).root)) == 10


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "boxes.npz", "index.parquet", "dataset.json"])
def test_a_store_that_was_damaged_is_prepared_again(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    raw = raws.rsna(tmp_path / "raw")
    identity = world.run("rsna", raw, tmp_path).manifest.identity()
    with (tmp_path / "rsna" / name).open("r+b") as file:
        file.write(b"\x00")
    again = world.run("rsna", raw, tmp_path)
    assert not again.found
    assert again.manifest.identity() == identity
    assert f"damaged: {name}" in caplog.text


def test_stores_of_two_protocols_lie_side_by_side(tmp_path: Path) -> None:
    raw, other = raws.rsna(tmp_path / "raw"), world.changed(odd_padding="exact")
    first = world.run("rsna", raw, tmp_path)
    second = world.run("rsna", raw, tmp_path, other)
    assert (first.root.name, second.root.name) == ("rsna", f"rsna@{other.data.digest()[:12]}")
    assert first.manifest.name == second.manifest.name == "rsna"
    assert world.run("rsna", raw, tmp_path).found
    assert world.run("rsna", raw, tmp_path, other).found
    assert first.manifest.identity() != second.manifest.identity()


def test_a_store_of_another_protocol_is_moved_not_replaced(tmp_path: Path) -> None:
    """Earlier versions had one place a dataset."""
    raw, other = raws.rsna(tmp_path / "raw"), world.changed(odd_padding="exact")
    made = world.run("rsna", raw, tmp_path, other)
    made.root.rename(tmp_path / "rsna")
    assert not world.run("rsna", raw, tmp_path).found
    assert ImageStore.open(made.root).manifest.identity() == made.manifest.identity()
    assert world.run("rsna", raw, tmp_path, other).found


@pytest.mark.slow
def test_processes_give_the_same_store_as_one(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw", patients=230)
    one = world.run("rsna", raw, tmp_path / "one").manifest
    seen: list[tuple[int, int]] = []
    two = world.run(
        "rsna", raw, tmp_path / "two", workers=2, on_progress=lambda *counts: seen.append(counts)
    ).manifest
    assert one.identity() == two.identity()
    assert seen[0] == (0, 230)
    assert seen[-1] == (230, 230)
    break_image(raw, "p200")
    with pytest.raises(DataError, match=r"p200.dcm"):
        world.run("rsna", raw, tmp_path / "two", workers=2)


def test_statistics_are_of_the_training_images_at_their_raw_size(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    store = world.store("rsna", raw, tmp_path)
    train = [int(name[1:]) for name in store.ids(store.rows("train"))]
    pixels = np.stack([raws.grey(seed=number) for number in train]) / 255.0
    assert store.manifest.pixel_statistics.mean == pytest.approx(pixels.mean(), abs=1e-9)
    assert store.manifest.pixel_statistics.std == pytest.approx(pixels.std(), abs=1e-9)
    recorded = json.loads((store.root / "dataset.json").read_text())
    assert recorded["split_summaries"]["train"]["images"] == 6
