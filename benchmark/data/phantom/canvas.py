"""A picture plane of height x width pixels, and the few ways in which things are put on it.

Anatomy is given in fractions: (0, 0) is the upper left corner, (1, 1) the lower right one. Sizes that
must stay round (nodules, coins) are fractions of `scale`, the geometric mean of the two sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Array = np.ndarray[Any, Any]

FIELD_CM = 40.0
"""What one `scale` of the plane stands for in centimetres: about the width of a 35 x 43 cm cassette."""


@dataclass(frozen=True)
class Canvas:
    """Size of the plane in pixels."""

    height: int
    width: int

    @cached_property
    def scale(self) -> float:
        """Geometric mean of the sides in pixels."""
        return math.sqrt(self.height * self.width)

    @cached_property
    def _sides(self) -> Array:
        return np.array([self.width, self.height], dtype=np.float64)

    def pixels(self, points: Array) -> list[float]:
        """Turn points (n, 2) of fractions (x, y) into pixel coordinates x, y, x, y… as Pillow wants them."""
        flat: list[float] = (points * self._sides).ravel().tolist()
        return flat

    def layer(self) -> Layer:
        """Return an empty layer to draw on."""
        image = Image.new("L", (self.width, self.height))
        return Layer(self, image, ImageDraw.Draw(image))


@dataclass(frozen=True)
class Layer:
    """An 8-bit drawing that becomes a float layer."""

    canvas: Canvas
    image: Image.Image
    draw: ImageDraw.ImageDraw

    def line(self, points: Array, width: float, level: float) -> None:
        """Draw a polyline of fractions; `width` in fractions of the scale, `level` in [0, 1]."""
        pixels = width * self.canvas.scale
        # A line thinner than a pixel is drawn one pixel wide and paler instead.
        value = round(255 * level * min(1.0, pixels))
        self.draw.line(self.canvas.pixels(points), fill=value, width=max(1, round(pixels)))

    def polygon(self, points: Array, level: float = 1.0) -> None:
        """Fill a polygon of fractions."""
        self.draw.polygon(self.canvas.pixels(points), fill=round(255 * level))

    def array(self, blur: float = 0.0) -> Array:
        """Return the layer as float32 (H, W) in [0, 1], blurred by `blur` x scale."""
        return soften(self.image, blur * self.canvas.scale)


def soften(image: Image.Image, sigma: float) -> Array:
    """Return an 8-bit image as float32 in [0, 1], blurred by about `sigma` pixels in the cheapest way."""
    factor = 1 if sigma < 2 else 2 if sigma < 5 else 4
    if sigma:
        # A box of radius r has a variance of ((2r + 1)² - 1) / 12.
        radius = float(np.sqrt(12 * (sigma / factor) ** 2 + 1) - 1) / 2
        small = image.reduce(factor) if factor > 1 else image
        image = small.filter(ImageFilter.BoxBlur(radius)).resize(image.size, Image.Resampling.BILINEAR)
    return np.asarray(image) * np.float32(1 / 255)


def resize(values: Array, height: int, width: int) -> Array:
    """Resize a float32 plane by bicubic interpolation."""
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def ramp(values: Array) -> Array:
    """Return the smooth step 0 to 1 over values 0 to 1."""
    clipped = np.clip(values, 0, 1)
    return clipped * clipped * (3 - 2 * clipped)


def curve(points: Array, samples: int = 24, closed: bool = False) -> Array:
    """Return a Catmull-Rom curve through `points` (n, 2) with `samples` points a piece."""
    points = np.asarray(points, dtype=np.float64)
    if closed:
        padded = np.vstack([points[-1], points, points[:2]])
    else:
        padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    before, start, end, after = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, samples, endpoint=False)[None, :, None]
    pieces = start + 0.5 * t * (
        end
        - before
        + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    flat = pieces.reshape(-1, 2)
    return flat if closed else np.vstack([flat, points[-1]])
