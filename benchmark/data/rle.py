"""Run-length masks of SIIM-ACR: pairs `offset length`, each offset counted from the end of the run before it.

The runs go over the image column by column from 0 (datasets.md section 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def decode_union(texts: Sequence[str], height: int, width: int) -> np.ndarray:
    """Return the union of several annotations of one image, uint8 0/1 (height, width); `-1` is the empty mask.

    A run that begins inside the image and ends beyond it is cut at the end, as the published masks were.

    Raises:
        ValueError: Not pairs of non-negative integers, or a run begins beyond the image.
    """
    flat = np.zeros(width * height, dtype=np.uint8)
    for text in texts:
        _paint(flat, text)
    return flat.reshape(width, height).T


def _paint(flat: np.ndarray, text: str) -> None:
    """Set the runs of one annotation in a mask that lies column by column."""
    text = text.strip()
    if text == "-1":
        return
    try:
        numbers = [int(number) for number in text.split()]
    except ValueError:
        raise ValueError(f"run-length string must hold integers, found {text[:40]!r}") from None
    if not numbers or len(numbers) % 2:
        raise ValueError(
            f"run-length string must hold pairs `offset length` or -1, found {len(numbers)} numbers"
        )
    position = 0
    for pair, (offset, length) in enumerate(zip(numbers[::2], numbers[1::2], strict=True), start=1):
        start = position + offset
        if offset < 0 or length < 1:
            raise ValueError(f"pair {pair}: offset >= 0 and length >= 1 expected, found {offset} {length}")
        if start >= flat.size:
            raise ValueError(f"pair {pair}: run begins at pixel {start}, the image has {flat.size} pixels")
        position = start + length
        flat[start:position] = 1
