"""One image from its bytes to what the store keeps: grey, 8 bit, reduced; statistics of the original size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from lovt_bench.benchmark.data.displayed import displayed_dicom, displayed_picture, is_dicom
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.images import decode_grey

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class StoredImage:
    """One image as it is stored.

    Attributes:
        pixels: uint8 (h, w), C order.
        mean: Mean of value / 255 at the original size.
        variance: Population variance, likewise.
        truncated: Whether the file ends early.
    """

    pixels: np.ndarray
    source_height: int
    source_width: int
    mean: float
    variance: float
    truncated: bool


def decode(content: bytes, *, displayed: bool = False) -> tuple[np.ndarray, bool]:
    """Return (grey uint8 (H, W), whether the file ends early). A JPEG may end early: its rest is one flat grey.

    Equals Pillow's `LOAD_TRUNCATED_IMAGES`, without its global switch.

    Args:
        displayed: DICOM and deep images too, as a viewer displays them; else an 8-bit image as it is stored.

    Raises:
        BadImageError: Nothing can be read.
    """
    decoder = displayed_picture if displayed else decode_grey
    if displayed and is_dicom(content):
        return displayed_dicom(content), False
    try:
        return decoder(content), False
    except BadImageError:
        if not content.startswith(JPEG_START):
            raise
        # With an end marker the decoder finishes with what came so far.
        return decoder(content + JPEG_END), True


def reduced(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return an image (H, W) whose shorter side is at most `side`: ratio kept, antialiased bilinear, never enlarged."""
    height, width = pixels.shape
    shorter = min(height, width)
    if shorter <= side:
        return np.ascontiguousarray(pixels)
    size = (round(width * side / shorter), round(height * side / shorter))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def statistics(pixels: np.ndarray) -> tuple[float, float]:
    """Return mean and population variance of value / 255 of uint8 pixels, from their histogram."""
    counts = np.bincount(pixels.ravel(), minlength=256).astype(np.float64)
    values = np.arange(256) / 255
    mean = float(counts @ values / counts.sum())
    return mean, float(counts @ (values - mean) ** 2 / counts.sum())


def stored_image(content: bytes, side: int, *, displayed: bool = False) -> StoredImage:
    """Decode, measure and reduce one image; `displayed` as for `decode`.

    Raises:
        BadImageError: The image cannot be read.
    """
    pixels, truncated = decode(content, displayed=displayed)
    mean, variance = statistics(pixels)
    height, width = pixels.shape
    return StoredImage(reduced(pixels, side), height, width, mean, variance, truncated)
