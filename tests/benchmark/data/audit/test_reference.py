"""Hashes of the evaluation images are of the images as they are, whether made now or kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.audit.reference import from_store
from lovt_bench.benchmark.data.errors import DataError
from tests.benchmark.data.small_store import write_store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (3, 224, 224), dtype=np.uint8)
    return write_store(tmp_path / "rsna", images=images).root


def hashes(root: Path) -> tuple[np.ndarray, int]:
    """Return the hashes, and how many images were read for them."""
    seen = [0]
    found = from_store(root, root.parent / "audits", 1, lambda done, total: seen.append(done))
    return found.hashes, seen[-1]


@pytest.mark.parametrize("damage", ["bit", "cut", "empty"])
def test_kept_hashes_that_were_changed_are_made_again(root: Path, damage: str, caplog) -> None:
    first, count = hashes(root)
    assert count == 3
    kept, count = hashes(root)
    assert count == 0
    np.testing.assert_array_equal(kept, first)
    (path,) = (root.parent / "audits").iterdir()
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(bytes({"bit": content, "cut": content[:-1], "empty": bytearray()}[damage]))
    again, count = hashes(root)
    assert count == 3
    np.testing.assert_array_equal(again, first)
    assert f"{path} is damaged" in caplog.text


def test_a_changed_store_is_not_hashed(root: Path) -> None:
    images = np.load(root / "images.npy")
    images[1] = 0
    np.save(root / "images.npy", images)
    with pytest.raises(DataError, match=r"images.npy: content differs"):
        hashes(root)
