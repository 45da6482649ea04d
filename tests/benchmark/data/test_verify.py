"""Verification finds what was changed behind the manifest's back, and what the manifest claims wrongly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, PixelStatistics, SplitName
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.verify import verify_store
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data import raws, world
from tests.benchmark.data.small_store import write_store

PROTOCOL = load_protocol()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return world.run("rsna", raws.rsna(tmp_path / "raw"), tmp_path).root


def problems(root: Path, *, mend: bool = False) -> str:
    """Return the problems in lines; `mend` writes the digests of changed files into the manifest first."""
    if mend:
        manifest = fmt.read_manifest(root)
        files = {name: file_sha256(root / name) for name in manifest.files}
        (root / fmt.MANIFEST).write_text(manifest.model_copy(update={"files": files}).sealed().to_json())
    return "\n".join(verify_store(root, PROTOCOL).problems)


def test_a_fresh_store_is_fine_and_says_what_is_special(root: Path) -> None:
    report = verify_store(root, PROTOCOL)
    assert report.problems == ()
    assert any("seed 12345" in remark for remark in report.remarks)


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "boxes.npz", "index.parquet"])
def test_a_changed_or_missing_file_is_found(root: Path, name: str) -> None:
    content = bytearray((root / name).read_bytes())
    content[-1] ^= 1
    (root / name).write_bytes(content)
    assert f"{name}: content differs" in problems(root)
    (root / name).unlink()
    assert f"{name}: is missing" in problems(root)


def test_boxes_without_area_and_wrong_classes_are_found(root: Path) -> None:
    offsets, boxes, classes = fmt.load_boxes(root / "boxes.npz")
    boxes[0, 2] = 0
    boxes[1, 0] = np.nan
    np.savez(root / "boxes.npz", offsets=offsets, boxes=boxes, classes=classes + 1)
    found = problems(root, mend=True)
    assert found.count("has no area") == 2
    assert "class indices must lie in 0…0" in found


def test_index_that_contradicts_itself_is_found(root: Path) -> None:
    index = pd.read_parquet(root / "index.parquet")
    index.loc[1, "id"] = str(index["id"].iloc[0])
    index.loc[2, "order"] = 17
    index.loc[0, "split"] = "test"
    index.to_parquet(root / "index.parquet", index=False)
    found = problems(root, mend=True)
    for expected in ("duplicate ID", "must be train, then validation", "must count from 0", "train says"):
        assert expected in found


def test_wrong_shapes_are_found(root: Path) -> None:
    images = np.load(root / "images.npy")
    np.save(root / "images.npy", images[:, :100].astype(np.float32))
    np.save(root / "masks.npy", np.load(root / "masks.npy")[:, :, :-1])
    found = problems(root, mend=True)
    assert "images.npy: uint8 (10, 224, 224) expected, found float32 (10, 100, 224)" in found
    assert "masks.npy: uint8 (10, 1, 6272) expected" in found


def test_a_flat_image_is_found(root: Path) -> None:
    images = np.load(root / "images.npy")
    images[3] = 0
    np.save(root / "images.npy", images)
    assert "is one flat grey" in problems(root, mend=True)


def test_splits_that_only_claim_to_be_official_are_found(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 224, 224), dtype=np.uint8)
    write_store(tmp_path / "rsna", images=images, splits="official", split_seed=None)
    assert "splits are called official" in problems(tmp_path / "rsna")


def test_official_store_is_compared_with_what_was_published(shared: Path, tmp_path: Path) -> None:
    splits = shared / "splits" / "covid-rural"
    ids: list[str] = []
    split_of: list[SplitName] = []
    for split in SPLIT_NAMES:
        names = (splits / f"{split}.csv").read_text().split()[1:]
        ids += names
        split_of += [split] * len(names)
    images = np.random.default_rng(0).integers(0, 256, (len(ids), 8, 8), dtype=np.uint8)
    published = PixelStatistics(mean=0.5081, std=0.2906)
    for statistics, expected in ((published, 0), (PixelStatistics(mean=0.49, std=0.29), 1)):
        write_store(
            tmp_path / "covid-rural",
            images=images,
            ids=ids,
            split_of=split_of,
            splits="official",
            split_seed=None,
            pixel_statistics=statistics,
            protocol="toy",
        )
        report = verify_store(tmp_path / "covid-rural", PROTOCOL)
        assert len(report.problems) == expected
        assert any("published pixel mean 0.508105" in remark for remark in report.remarks)


def test_a_protocol_that_changed_since_is_found(root: Path) -> None:
    report = verify_store(root, world.changed(odd_padding="exact"))
    assert report.problems == ("dataset.json: protocol lovt-2022 has changed since the store was prepared",)


@pytest.mark.parametrize("content", ["", "{}", '{"name": "x"'])
def test_unreadable_manifest_is_a_problem_not_a_crash(root: Path, content: str) -> None:
    (root / "dataset.json").write_text(content)
    assert len(verify_store(root, PROTOCOL).problems) == 1
