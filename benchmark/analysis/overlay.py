"""What is marked on an image, and what was predicted: drawn with pillow, for people to look at.

Ground truth is a solid light blue line, a prediction orange: a mask is shaded, a box dashed. The two hues are told
apart with any colour vision (Okabe and Ito).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

SIDE = 224
"""Pixels of a picture, and the frame of boxes."""

TRUTH, FOUND = (86, 180, 233), (230, 159, 0)
_SHADE = 0.35
_DASH = 6


@dataclass(frozen=True)
class Marks:
    """What is drawn on an image."""

    mask: np.ndarray | None = None
    """(S, S) bool of any side."""
    boxes: Sequence[Sequence[float]] = field(default=())
    """x, y, width, height in the frame of 224 pixels."""


def picture(image: np.ndarray, truth: Marks, found: Marks | None = None) -> Image.Image:
    """Return an image with its ground truth, and with a prediction where there is one.

    Args:
        image: (S, S) uint8.
        truth: Ground truth.
        found: What was predicted.
    """
    drawn = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("RGB")
    if found is not None and found.mask is not None:
        drawn = _shaded(drawn, _sized(found.mask), FOUND)
    if truth.mask is not None:
        drawn = _painted(drawn, _edge(_sized(truth.mask)), TRUTH)
    if found is not None and found.mask is not None:
        drawn = _painted(drawn, _edge(_sized(found.mask)), FOUND)
    draw = ImageDraw.Draw(drawn)
    for box in truth.boxes:
        draw.rectangle(_corners(box), outline=TRUTH, width=2)
    for box in found.boxes if found is not None else ():
        _dashed(draw, _corners(box), FOUND)
    return drawn


def png(drawn: Image.Image) -> str:
    """Return a picture as PNG, base64; equal pictures give equal text."""
    file = io.BytesIO()
    drawn.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _sized(mask: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(mask.astype(bool)).resize((SIDE, SIDE), Image.Resampling.NEAREST))


def _edge(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask within two of its border."""
    inner = np.pad(mask, 2)
    kept = mask.copy()
    for down in range(5):
        for right in range(5):
            kept &= inner[down : down + SIDE, right : right + SIDE]
    return mask & ~kept


def _painted(image: Image.Image, where: np.ndarray, colour: tuple[int, int, int]) -> Image.Image:
    pixels = np.array(image)
    pixels[where] = colour
    return Image.fromarray(pixels)


def _shaded(image: Image.Image, where: np.ndarray, colour: tuple[int, int, int]) -> Image.Image:
    pixels = np.array(image, dtype=np.float64)
    pixels[where] = (1 - _SHADE) * pixels[where] + _SHADE * np.array(colour)
    return Image.fromarray(pixels.round().astype(np.uint8))


def _corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    low, high = (max(0.0, x), max(0.0, y)), (min(SIDE - 1.0, x + width), min(SIDE - 1.0, y + height))
    return low[0], low[1], max(low[0], high[0]), max(low[1], high[1])


def _dashed(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], colour: tuple[int, int, int]
) -> None:
    left, top, right, bottom = box
    for start in np.arange(left, right, 2 * _DASH):
        for y in (top, bottom):
            draw.line([(start, y), (min(start + _DASH, right), y)], fill=colour, width=2)
    for start in np.arange(top, bottom, 2 * _DASH):
        for x in (left, right):
            draw.line([(x, start), (x, min(start + _DASH, bottom))], fill=colour, width=2)
