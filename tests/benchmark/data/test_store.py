"""A store gives back what was written, in split order, and refuses what does not fit."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.errors import DamagedStoreError
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.digest import file_sha256
from tests.benchmark.data.small_store import write_store

SPLITS: list[SplitName] = ["test", "train", "train", "validation"]


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        "images": rng.integers(0, 256, (4, 224, 224), dtype=np.uint8),
        "masks": rng.integers(0, 2, (4, 2, 224, 224), dtype=np.uint8),
    }


def test_rows_come_back_train_validation_test_in_given_order(tmp_path: Path, arrays) -> None:
    boxes = [np.full((n, 4), n + 0.5) for n in (1, 0, 2, 3)]
    names = ["t", "a", "b", "v"]
    write_store(tmp_path / "rsna", ids=names, split_of=SPLITS, boxes=boxes, **arrays)
    store = ImageStore.open(tmp_path / "rsna")
    order = [1, 2, 3, 0]
    assert store.ids(range(4)) == ["a", "b", "v", "t"]
    assert store.rows("train").tolist() == [0, 1]
    assert store.rows("test").dtype == np.int64
    np.testing.assert_array_equal(store.images, arrays["images"][order])
    np.testing.assert_array_equal(store.masks([3, 0]), arrays["masks"][[0, 1]])
    np.testing.assert_array_equal(store.boxes(1), boxes[2])
    assert store.boxes(0).shape == (0, 4)
    assert isinstance(store.images, np.memmap)
    assert store.manifest.split_summaries["train"].boxes == 2


def test_manifest_names_every_file_by_its_digest(tmp_path: Path, arrays) -> None:
    store = write_store(tmp_path / "toy", **arrays)
    for name, digest in store.manifest.files.items():
        assert hashlib.sha256((tmp_path / "toy" / name).read_bytes()).hexdigest() == digest
    assert set(store.manifest.files) == {"images.npy", "masks.npy", "index.parquet"}


def test_identity_is_of_content_not_of_time(tmp_path: Path, arrays) -> None:
    first = write_store(tmp_path / "a", name="toy", **arrays).manifest
    again = write_store(tmp_path / "b", name="toy", **arrays).manifest
    arrays["images"][0, 0, 0] ^= 1
    other = write_store(tmp_path / "c", name="toy", **arrays).manifest
    later = first.model_copy(update={"created": "2030-01-01T00:00:00+00:00", "sources_sha256": "1" * 64})
    assert first.identity() == again.identity() == later.identity()
    assert first.identity() != other.identity()


def test_masks_of_a_dataset_without_masks_are_an_error(tmp_path: Path, arrays) -> None:
    store = write_store(tmp_path / "toy", images=arrays["images"])
    with pytest.raises(ValueError, match="has no masks"):
        store.masks([0])
    with pytest.raises(ValueError, match="has no boxes"):
        store.boxes(0)


def test_missing_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="lovt-bench data prepare rsna --raw"):
        ImageStore.open(tmp_path / "rsna")


def test_failed_write_leaves_the_old_store_and_nothing_else(tmp_path: Path, arrays) -> None:
    write_store(tmp_path / "toy", **arrays)
    before = (tmp_path / "toy" / "dataset.json").read_bytes()
    with pytest.raises(ValueError, match="track"):
        write_store(tmp_path / "toy", track="nonsense", **arrays)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]
    assert (tmp_path / "toy" / "dataset.json").read_bytes() == before


@pytest.mark.parametrize(
    "change", [{"images": np.zeros((4, 224, 224))}, {"masks": np.zeros((3, 1, 224, 224))}, {"ids": ["a"]}]
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays, change) -> None:
    with pytest.raises(ValueError, match="found"):
        write_store(tmp_path / "toy", **{**arrays, **change})


def test_store_whose_files_disagree_is_not_opened(tmp_path: Path, arrays) -> None:
    write_store(tmp_path / "toy", **arrays)
    np.save(tmp_path / "toy" / "images.npy", arrays["images"][:3])
    with pytest.raises(ValueError, match=r"images.npy: uint8 \(4, 224, 224\) expected, found"):
        ImageStore.open(tmp_path / "toy")


def change_index(root: Path, **columns: Any) -> None:
    index = pd.read_parquet(root / "index.parquet")
    index.assign(**columns).to_parquet(root / "index.parquet", index=False)


def mend_digests(root: Path) -> None:
    """Write the digests of the files as they are into the manifest, as somebody who means it would."""
    manifest = fmt.read_manifest(root)
    files = {name: file_sha256(root / name) for name in manifest.files}
    (root / "dataset.json").write_text(manifest.model_copy(update={"files": files}).sealed().to_json())


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize(
    "columns",
    [
        {"split": ["test", "test", "validation", "train"]},
        {"split": ["train", "train", "test", "test"]},
        {"id": ["b", "a", "v", "t"]},
        {"id": ["a", "b", "t", "v"]},
        {"id": ["a", "b", "v", "w"]},
        {"order": [1, 0, 0, 0]},
        {"height": ["x", "y", "z", "w"]},
    ],
    ids=["train and test exchanged", "one more in test", "order", "ids", "another id", "count", "text"],
)
def test_a_changed_index_is_refused_whatever_else_was_changed_with_it(
    tmp_path: Path, arrays, columns: dict[str, list[object]], mended: bool
) -> None:
    root = tmp_path / "rsna"
    write_store(root, ids=["t", "a", "b", "v"], split_of=SPLITS, **arrays)
    change_index(root, **columns)
    if mended:
        mend_digests(root)
    with pytest.raises(DamagedStoreError, match="lovt-bench data prepare rsna --raw DIR --force"):
        ImageStore.open(root)


@pytest.mark.parametrize("name", ["index.parquet", "boxes.npz"])
@pytest.mark.parametrize("damage", ["byte", "empty", "missing", "folder"])
def test_a_damaged_index_or_boxes_are_refused_in_a_sentence(
    tmp_path: Path, arrays, name: str, damage: str
) -> None:
    write_store(tmp_path / "toy", boxes=[np.ones((1, 4))] * 4, **arrays)
    path = tmp_path / "toy" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content if damage == "byte" else b"")
    if damage in ("missing", "folder"):
        path.unlink()
    if damage == "folder":
        path.mkdir()
    with pytest.raises(DamagedStoreError, match=f"damaged: {name}.*data verify toy"):
        ImageStore.open(tmp_path / "toy")


@pytest.mark.parametrize("content", [b"", b"\xff", b"x" * 200])
def test_images_that_cannot_be_mapped_are_refused_in_a_sentence(
    tmp_path: Path, arrays, content: bytes
) -> None:
    write_store(tmp_path / "toy", **arrays)
    (tmp_path / "toy" / "images.npy").write_bytes(content)
    with pytest.raises(DamagedStoreError, match=r"images.npy cannot be read"):
        ImageStore.open(tmp_path / "toy")


@pytest.mark.parametrize("content", ["", "{}", "\ufffe", '{"name": "toy"'])
def test_an_unreadable_manifest_is_refused_in_a_sentence(tmp_path: Path, arrays, content: str) -> None:
    write_store(tmp_path / "toy", **arrays)
    (tmp_path / "toy" / "dataset.json").write_text(content)
    with pytest.raises(DamagedStoreError, match=r"dataset.json cannot be read"):
        ImageStore.open(tmp_path / "toy")


@pytest.mark.parametrize(
    ("old", "new"),
    [('"phantom"', '"public"'), ('"mean": 0.', '"mean": 0.1'), ('"created": "2', '"created": "1')],
)
def test_an_edited_manifest_is_refused_in_a_sentence(tmp_path: Path, arrays, old: str, new: str) -> None:
    path = tmp_path / "toy" / "dataset.json"
    write_store(path.parent, **arrays | {"track": "phantom"})
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DamagedStoreError, match=r"dataset.json was edited: its content differs from its"):
        ImageStore.open(path.parent)


def test_a_manifest_from_before_it_had_a_digest_is_taken(tmp_path: Path, arrays) -> None:
    manifest = write_store(tmp_path / "toy", **arrays).manifest
    older = manifest.model_copy(update={"content_sha256": None})
    (tmp_path / "toy" / "dataset.json").write_text(older.to_json().replace(',\n  "content_sha256": null', ""))
    assert ImageStore.open(tmp_path / "toy").manifest == older
    assert older.identity() == manifest.identity()


def test_a_manifest_that_names_other_files_is_refused(tmp_path: Path, arrays) -> None:
    manifest = write_store(tmp_path / "toy", **arrays).manifest
    files = manifest.files | {"../other": "0" * 64}
    (tmp_path / "toy" / "dataset.json").write_text(
        manifest.model_copy(update={"files": files}).sealed().to_json()
    )
    with pytest.raises(DamagedStoreError, match=r"names other files than it should: \.\./other"):
        ImageStore.open(tmp_path / "toy")


def test_equal_boxes_have_equal_bytes_whatever_python_writes_them() -> None:
    """Before 3.11.4 (Debian 12) Python wrote version 20 and the sizes themselves into the headers of members."""
    boxes = [np.array([[1, 2, 3, 4.0]]), np.zeros((0, 4))]
    written = fmt.boxes_content(boxes, [np.array([1]), np.zeros(0, np.int64)])
    assert hashlib.sha256(written).hexdigest() == (
        "b15cc8c00babc2a0b54023998821b01165a6cea1fb935f13ea5e6eac8c349a40"
    )
    older = bytearray(written)
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        for member in archive.infolist():
            local = member.header_offset
            older[local + 4] = 20
            older[local + 18 : local + 26] = struct.pack("<II", member.compress_size, member.file_size)
            central = written.index(member.filename.encode(), archive.start_dir) - 46
            older[central + 4] = older[central + 6] = 20
    assert bytes(older) != written
    assert fmt.as_newer_pythons_write(bytes(older)) == written
    np.testing.assert_array_equal(np.load(io.BytesIO(older))["boxes"], np.load(io.BytesIO(written))["boxes"])
