"""A picture plane of height x width pixels, and the few ways in which things are put on it.

Anatomy is given in fractions: (0, 0) is the upper left corner, (1, 1) the lower right one. Sizes that
must stay round (nodules, coins) are fractions of `scale`, the geometric mean of the two sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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

    @property
    def scale(self) -> float:
        """Geometric mean of the sides in pixels."""
        return float(np.sqrt(self.height * self.width))

    def pixels(self, points: Array) -> list[tuple[float, float]]:
        """Turn points (n, 2) of fractions (x, y) into pixel coordinates as Pillow wants them."""
        scaled = np.asarray(points, dtype=np.float64) * (self.width, self.height)
        return [(float(x), float(y)) for x, y in scaled]

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

    def polygons(self, shapes: Iterable[Array], level: float = 1.0) -> None:
        """Fill several polygons."""
        for shape in shapes:
            self.polygon(shape, level)

    def array(self, blur: float = 0.0) -> Array:
        """Return the layer as float32 (H, W) in [0, 1], blurred by `blur` x scale."""
        return soften(self.image, blur * self.canvas.scale)


def soften(image: Image.Image, sigma: float) -> Array:
    """Return an 8-bit image as float32 in [0, 1], blurred by about `sigma` pixels in the cheapest way."""
    if sigma < 2.5:
        plane = np.asarray(image, dtype=np.float32) * np.float32(1 / 255)
        for _ in range(round(2 * sigma * sigma)):  # one binomial pass has a variance of 1/2
            plane = _binomial(_binomial(plane).T).T
        return np.ascontiguousarray(plane)
    factor = 4 if sigma >= 5 else 2
    small = image.reduce(factor).filter(ImageFilter.GaussianBlur(sigma / factor))
    return np.asarray(small.resize(image.size, Image.Resampling.BILINEAR), dtype=np.float32) * np.float32(
        1 / 255
    )


def _binomial(plane: Array) -> Array:
    """Return the plane averaged with weights 1, 2, 1 along the rows' axis."""
    out = plane.copy()
    out[1:-1] = plane[2:] + plane[:-2]
    out[1:-1] *= np.float32(0.25)
    out[1:-1] += np.float32(0.5) * plane[1:-1]
    return out


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
