"""Maps of positions as pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lovt_bench.benchmark.analysis.overlay import SIDE


def blocks(colours: np.ndarray) -> Image.Image:
    """Return a map of colours uint8 (h, w, 3) with one block for each position."""
    return Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST)
