"""The hash of an image: 1024 signs of its cosine transform (imagehash's `phash`), the 256 of lowest frequency first."""

from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image

from lovt_bench.benchmark.contract.audit import AuditHash
from lovt_bench.benchmark.data.audit.canonical import SIDE, canonical, trimmed

ALGORITHM = 1
"""Raise when the same pixels would give another hash."""

HASH_SIDE, LOW_SIDE = 32, 16
HASH_BYTES, LOW_BYTES = HASH_SIDE**2 // 8, LOW_SIDE**2 // 8

LOW = AuditHash(name="phash_low", bits=LOW_SIDE**2, threshold=64)
"""Names candidates: cheap, and forgiving to crops."""

FULL = AuditHash(name="phash", bits=HASH_SIDE**2, threshold=288)
"""Confirms them: what two patients share lies in the low frequencies (docs/audit.md has the measured rates)."""

FRAMES: tuple[tuple[float, float, float, float], ...] = (
    (0, 0, 0, 0),
    (0.025, 0.025, 0.025, 0.025),
    (0.05, 0.05, 0.05, 0.05),
    (0.04, 0, 0, 0),
    (0, 0.04, 0, 0),
    (0, 0, 0.04, 0),
    (0, 0, 0, 0.04),
    (0.04, 0, 0.04, 0),
    (0.04, 0, 0, 0.04),
    (0, 0.04, 0.04, 0),
    (0, 0.04, 0, 0.04),
)
"""Shares cut off at top, bottom, left and right of an evaluation image, so that cropped copies of it are found."""


def image_hash(pixels: np.ndarray) -> bytes:
    """Return the hash of an image (H, W) of any range, 128 bytes; empty for an image without structure."""
    image = trimmed(pixels)
    return b"" if image is None else _hash(image)


def frame_hashes(pixels: np.ndarray) -> np.ndarray:
    """Return the hashes of an evaluation image in all frames, uint8 (11, 128); all zero where it has no structure."""
    image = trimmed(pixels)
    if image is None:
        return np.zeros((len(FRAMES), HASH_BYTES), dtype=np.uint8)
    return np.stack([np.frombuffer(_hash(_cut(image, frame)), dtype=np.uint8) for frame in FRAMES])


def _cut(image: np.ndarray, frame: tuple[float, float, float, float]) -> np.ndarray:
    height, width = image.shape
    top, bottom, left, right = frame
    return image[
        int(top * height) : height - int(bottom * height), int(left * width) : width - int(right * width)
    ]


def _hash(image: np.ndarray) -> bytes:
    square = Image.fromarray(canonical(image))
    bits = imagehash.phash(square, hash_size=HASH_SIDE, highfreq_factor=SIDE // HASH_SIDE).hash
    low = np.zeros_like(bits)
    low[:LOW_SIDE, :LOW_SIDE] = True
    return np.packbits(np.concatenate([bits[low], bits[~low]])).tobytes()
