"""A copy keeps its hash whatever was done to it; another person's X-ray has another one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn
from scipy.stats import rankdata

from lovt_bench.benchmark.data.audit.canonical import canonical, trimmed
from lovt_bench.benchmark.data.audit.hashes import (
    FRAMES,
    FULL,
    HASH_BYTES,
    LOW,
    LOW_BYTES,
    frame_hashes,
    image_hash,
)
from lovt_bench.benchmark.data.audit.match import Matcher
from tests.benchmark.data.audit import copies


def bits(value: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(value, dtype=np.uint8)).astype(bool)


def test_the_hash_is_the_signs_of_the_cosine_transform_low_frequencies_first() -> None:
    image = trimmed(copies.drawn()[0])
    assert image is not None
    small = np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.BILINEAR))
    ranks = (255 * (rankdata(small).reshape(64, 64) - 1) / 4095).astype(np.uint8)
    np.testing.assert_array_equal(canonical(image), ranks)
    waves = dctn(ranks.astype(float), type=2)[:32, :32]
    above = waves > np.median(waves)
    found = bits(image_hash(copies.drawn()[0]))
    assert len(found) == FULL.bits == 8 * HASH_BYTES
    np.testing.assert_array_equal(found[: LOW.bits], above[:16, :16].ravel())
    assert sorted(found[8 * LOW_BYTES :]) == sorted(np.r_[above[:16, 16:].ravel(), above[16:].ravel()])


@pytest.mark.parametrize("way", copies.WAYS)
def test_a_copy_is_found_and_nearer_to_its_source_than_to_anybody_else(way: str) -> None:
    images = copies.drawn()
    matcher = Matcher(np.stack([frame_hashes(copies.as_store(image)) for image in images]))
    found = matcher([image_hash(copies.WAYS[way](image)) for image in images])
    best = {
        place: min((m for m in found if m.query == place), key=lambda m: m.distance)
        for place in range(len(images))
    }
    assert [best[place].image for place in range(len(images))] == list(range(len(images)))
    assert all(match.inverted == (way == "inverted") for match in best.values())


@pytest.mark.parametrize("change", [np.sqrt, lambda x: 3 * x - 500, lambda x: (x * 16).astype(np.uint16)])
def test_contrast_and_depth_change_nothing_but_rounding(change) -> None:
    image = copies.drawn()[1]
    distance = (bits(image_hash(image)) != bits(image_hash(change(image.astype(np.float64))))).sum()
    assert distance <= 64


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((300, 200), dtype=np.uint8),
        np.full((5, 5), 7.0),
        np.ones((1, 40_000), dtype=np.uint16),
        np.pad(np.ones((2, 2), dtype=np.uint8), 200),
    ],
    ids=["black", "tiny", "a line", "a dot"],
)
def test_an_image_without_structure_has_no_hash_and_matches_nothing(image: np.ndarray) -> None:
    assert image_hash(image) == b""
    hashes = np.stack([frame_hashes(image)])
    assert hashes.shape == (1, len(FRAMES), HASH_BYTES)
    assert not hashes.any()
    assert Matcher(hashes)([image_hash(copies.drawn()[0]), bytes(HASH_BYTES)]) == []
