"""From attenuation to an 8-bit picture: scatter, tone curve, noise, markers, collimation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lovt_bench.benchmark.data.phantom.canvas import Array, resize
from lovt_bench.benchmark.data.phantom.patient import Patient

LEVELS = 4096
"""Steps of the tone curve."""
CEILING = 1.6
"""Attenuation over the exposure's span at which the tone curve ends."""


@dataclass(frozen=True)
class Exposure:
    """How one picture was taken and developed."""

    black: float
    """Attenuation that comes out black."""
    span: float
    """Attenuation from black to white."""
    gamma: float
    scatter: float
    noise: float
    """Standard deviation in grey levels at middle grey."""
    collimation: tuple[float, float, float, float]
    """Width of the unexposed border left, top, right, bottom, in fractions."""
    marker: str
    marker_place: tuple[float, float]


def draw_exposure(rng: np.random.Generator, patient: Patient) -> Exposure:
    """Draw exposure and markers of one picture."""
    portable = patient.view == "AP"
    bars = rng.uniform(0, 0.035, 4) * (rng.random(4) < 0.25)
    letter = "L" if rng.random() < 0.75 else "R"
    x = rng.uniform(0.86, 0.93) if letter == "L" else rng.uniform(0.05, 0.10)
    return Exposure(
        black=rng.uniform(0.05, 0.14),
        span=rng.uniform(1.02, 1.22) + (0.06 if portable else 0),
        gamma=rng.uniform(0.85, 1.15),
        scatter=rng.uniform(0.08, 0.20) + (0.10 if portable else 0),
        noise=rng.uniform(1.5, 4.0) + (1.0 if portable else 0),
        collimation=(float(bars[0]), float(bars[1]), float(bars[2]), float(bars[3])),
        marker=letter + (" PORTABLE" if portable and rng.random() < 0.6 else ""),
        marker_place=(float(x), float(rng.uniform(0.05, 0.22))),
    )


def develop(attenuation: Array, exposure: Exposure, rng: np.random.Generator) -> Array:
    """Return the picture (H, W) uint8 of an attenuation plane (H, W) float32."""
    height, width = attenuation.shape
    coarse = np.asarray(
        Image.fromarray(attenuation).resize((max(2, width // 16), max(2, height // 16)), Image.Resampling.BOX)
    )
    veil = resize(coarse, height, width)
    plane = attenuation + np.float32(exposure.scatter) * (veil - attenuation)
    plane = (plane - np.float32(exposure.black)) * np.float32(LEVELS / CEILING / exposure.span)
    grey = tone_curve(exposure.gamma)[np.clip(plane, 0, LEVELS - 1).astype(np.uint16)]
    grain = rng.random(grey.shape, dtype=np.float32)
    grain += rng.random(grey.shape, dtype=np.float32)
    grain -= np.float32(1)  # triangular, with a standard deviation of 0.41
    grey += grain * (grey + np.float32(160)) * np.float32(2.45 * exposure.noise / 400)
    picture = np.clip(grey, 0, 255).astype(np.uint8)
    _collimate(picture, exposure)
    return _mark(picture, exposure)


def tone_curve(gamma: float) -> Array:
    """Return the grey of each level (LEVELS,) float32; a shoulder keeps the abdomen from burning out."""
    plane = np.linspace(0, CEILING, LEVELS)
    return (3 + 255 * 0.93 * 1.17 * np.tanh(1.17 * plane**gamma)).astype(np.float32)


@cache
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _collimate(picture: Array, exposure: Exposure) -> None:
    height, width = picture.shape
    left, top, right, bottom = exposure.collimation
    picture[:, : round(left * width)] = 2
    picture[: round(top * height)] = 2
    picture[:, width - round(right * width) :] = 2
    picture[height - round(bottom * height) :] = 2


def _mark(picture: Array, exposure: Exposure) -> Array:
    image = Image.fromarray(picture)
    height, width = picture.shape
    x, y = exposure.marker_place[0] * width, exposure.marker_place[1] * height
    draw = ImageDraw.Draw(image)
    letter, _, rest = exposure.marker.partition(" ")
    draw.text((x, y), letter, fill=250, font=_font(round(0.05 * height)))
    if rest:
        place = min(x, 0.84 * width)
        draw.text((place, y + 0.055 * height), rest, fill=240, font=_font(round(0.022 * height)))
    return np.array(image)
