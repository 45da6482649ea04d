"""Collapsed lung: plates (bright bands near the base) or a wedge of lost volume at the base."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.canvas import Array, ramp
from lovt_bench.benchmark.data.phantom.findings.base import (
    Drawn,
    Kind,
    Place,
    centre_of,
    lung_weight,
    radius_grid,
    texture,
)

PLATE = 0.55
"""Up to this severity plates are drawn, beyond it a wedge."""


def _plates(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Array:
    x, y = centre_of(anatomy, place, (0.35, 0.6))
    total = np.zeros_like(anatomy.still)
    for number in range(int(rng.integers(1, 4))):
        centre = (x + rng.uniform(-0.02, 0.02), y - 0.028 * number)
        radii = (rng.uniform(0.06, 0.10), rng.uniform(0.007, 0.011))
        radius = radius_grid(anatomy, centre, radii, rng.uniform(-0.28, 0.28))
        total = np.maximum(total, ramp((np.float32(1.3) - radius) * np.float32(1 / 0.7)))
    return total


def _wedge(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Array:
    x, y = centre_of(anatomy, place, (0.3, 0.5))
    sign = -1 if place.side == "right" else 1
    across = (anatomy.x - np.float32(x)) * np.float32(sign)
    down = anatomy.y - np.float32(y + 0.02)
    slope = np.float32(rng.uniform(0.5, 0.9))
    border = ramp((down - slope * across + np.float32(0.02)) * np.float32(1 / 0.012))
    size = np.float32(0.10 + 0.05 * place.severity)
    return border * ramp((size * np.float32(1.2) - np.hypot(across, down)) * np.float32(1 / 0.04))


def _atelectasis(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    plates = place.severity < PLATE
    band = (_plates if plates else _wedge)(anatomy, place, rng) * lung_weight(anatomy, place.side)
    strength = np.float32(rng.uniform(0.24, 0.34))
    add = strength * band * (1 + np.float32(0.12) * texture(anatomy, rng, 0.02))
    return Drawn(place, add, band > 0.3)


KINDS = (Kind("atelectasis", _atelectasis, zones=("lower",)),)
