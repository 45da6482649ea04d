"""Maps of positions as pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lovt_bench.benchmark.analysis.overlay import FOUND, SIDE, Marks, picture

_COVER = 0.75
"""How much of the image the densest block hides."""


def blocks(colours: np.ndarray) -> Image.Image:
    """Return a map of colours uint8 (h, w, 3) with one block for each position."""
    return Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def heated(image: np.ndarray, shares: np.ndarray) -> Image.Image:
    """Return an X-ray with an orange block over each position, the denser the more it has.

    Args:
        image: uint8 (S, S).
        shares: (h, w), not negative; the greatest covers most.
    """
    below = np.array(picture(image, Marks()), dtype=np.float64)
    most = max(float(shares.max()), 1e-12)
    cover = Image.fromarray(np.rint(255 * shares / most).astype(np.uint8)).resize(
        (SIDE, SIDE), Image.Resampling.NEAREST
    )
    alpha = _COVER * np.asarray(cover, dtype=np.float64)[..., None] / 255
    return Image.fromarray(np.rint((1 - alpha) * below + alpha * np.array(FOUND)).astype(np.uint8))
