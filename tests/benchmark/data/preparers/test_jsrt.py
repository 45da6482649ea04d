"""JSRT: bare big-endian values that count from white, SCR's masks of half the size, its folds as parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.errors import BadImageError, DataError
from lovt_bench.benchmark.data.preparers.jsrt import decode
from tests.benchmark.data import raws, world


def test_values_count_from_white_and_four_pixels_become_one() -> None:
    values = np.full((4, 4), 4095, dtype=np.uint16)
    values[:2, 2:] = [[0, 1000], [500, 500]]
    values[2:, :2] = 2000
    content = b"".join(int(value).to_bytes(2, "big") for value in values.ravel())
    # Means from white: 0, 3595, 2095, 0; of these the greatest is white.
    assert decode(content).tolist() == [[0, 255], [round(255 * 2095 / 3595), 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0" * 30, "30 bytes; expected a square of 16-bit values"),
        (b"\0" * 18, "18 bytes; expected a square"),
        (b"", "0 bytes; expected a square"),
        (b"\xff\x0f" * 4, "a value of 65295; expected at most 4095: 12 bits, big-endian"),
    ],
)
def test_other_files_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(BadImageError) as caught:
        decode(content)
    assert message in str(caught.value)


def test_masks_of_both_sides_are_one_class_and_folds_are_parts(tmp_path: Path) -> None:
    store = world.store("jsrt", raws.jsrt(tmp_path / "raw"), tmp_path)
    assert store.manifest.classes == ["lungs", "heart", "clavicles"]
    assert sorted(store.ids(store.rows("test"))) == [
        "JPCLN002",
        "JPCLN004",
        "JPCLN006",
        "JPCLN008",
        "JPCLN010",
    ]
    assert (len(store.rows("train")), len(store.rows("validation"))) == (4, 1)
    row = world.rows("JPCLN001", store)
    shares = store.masks([row])[0].mean(axis=(1, 2))
    np.testing.assert_allclose(shares, [2 / 16, 1 / 16, 2 / 16], rtol=0.05)
    assert tuple(store.index[["height", "width"]].iloc[row]) == (32, 32)


def remove_heart(raw: Path) -> None:
    (raw / "scratch/fold1/masks/heart/JPCLN003.gif").unlink()


def other_size(raw: Path) -> None:
    Image.new("L", (64, 64)).save(raw / "scratch/fold1/masks/heart/JPCLN003.gif")


def in_both(raw: Path) -> None:
    mask = raw / "scratch/fold1/masks/heart/JPCLN003.gif"
    (raw / "scratch/fold2/masks/heart/JPCLN003.gif").write_bytes(mask.read_bytes())


def without_masks(raw: Path) -> None:
    (raw / "All247images/JPCNN001.IMG").write_bytes((raw / "All247images/JPCLN001.IMG").read_bytes())


def without_image(raw: Path) -> None:
    (raw / "All247images/JPCLN003.IMG").unlink()


def heart_without_image(raw: Path) -> None:
    masks = raw / "scratch/fold1/masks/heart"
    (masks / "JPCNN009.gif").write_bytes((masks / "JPCLN003.gif").read_bytes())


def without_fold(raw: Path) -> None:
    (raw / "scratch/fold1").rename(raw / "scratch/first")


def without_images(raw: Path) -> None:
    for path in (raw / "All247images").iterdir():
        path.unlink()


def without_folder(raw: Path) -> None:
    (raw / "scratch/fold2/masks/heart").rename(raw / "scratch/fold2/masks/hart")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove_heart, "heart/JPCLN003.gif (JPCLN003.IMG): file is missing"),
        (
            other_size,
            "mask heart/JPCLN003.gif has 64 x 64 pixels; expected 32 x 32, half of the image's sides",
        ),
        (in_both, "JPCLN003.IMG: its masks are in fold1 and fold2; expected one of fold1 and fold2"),
        (without_masks, "JPCNN001.IMG: its masks are in no fold; expected one of fold1 and fold2"),
        (without_image, "1 masks without an image, such as JPCLN003.gif; expected JPCLN003.IMG in"),
        (
            heart_without_image,
            "masks/heart: 1 masks without an image, such as JPCNN009.gif; expected JPCNN009",
        ),
        (without_fold, "Check --raw; docs/extended.md shows the layout"),
        (without_images, "Check --raw; docs/extended.md shows the layout"),
        (without_folder, "expected one folder 'heart' there or below, found 0. It holds masks/."),
    ],
)
def test_what_does_not_belong_together_is_named(
    tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    raw = raws.jsrt(tmp_path / "raw")
    change(raw)
    with pytest.raises(DataError) as caught:
        world.run("jsrt", raw, tmp_path)
    assert message in str(caught.value)
    assert not (tmp_path / "jsrt").exists()
