"""The one place where pixels are drawn: X-rays, and what lies over them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIDE = 256
"""Pixels of a drawn image."""


def xray(image: np.ndarray) -> Image.Image:
    """Return an image uint8 (S, S) to draw on."""
    return Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("RGB")


def blocks(colours: np.ndarray) -> Image.Image:
    """Return a map of colours uint8 (h, w, 3) with one block for each position."""
    return Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def png(image: Image.Image) -> bytes:
    """Return an image as PNG; the same pixels give the same bytes."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
