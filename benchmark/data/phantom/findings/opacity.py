"""Opacities: pneumonia (fuzzy), consolidation (dense, cut off by a fissure), infiltrate (patchy)."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.canvas import ramp
from lovt_bench.benchmark.data.phantom.findings.base import (
    Drawn,
    Kind,
    Place,
    centre_of,
    lung_weight,
    outline,
    radius_grid,
    texture,
)


def _pneumonia(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    radii = (0.062 + 0.055 * place.severity, 0.070 + 0.075 * place.severity)
    radius = radius_grid(anatomy, centre_of(anatomy, place), radii, rng.uniform(-0.5, 0.5))
    radius += np.float32(0.22) * texture(anatomy, rng, 0.05)
    cloud = ramp((np.float32(1.35) - radius) * np.float32(1 / 0.8))
    cloud *= lung_weight(anatomy, place.side)
    grain = 1 + np.float32(0.20) * texture(anatomy, rng, 0.015)
    strength = np.float32(0.20 + 0.14 * place.severity)
    return Drawn(place, strength * cloud * grain, outline(cloud), 1 - np.float32(0.5) * cloud)


def _consolidation(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    x, y = centre_of(anatomy, place, (0.4, 0.6))
    radii = (0.12 + 0.05 * place.severity, 0.085 + 0.05 * place.severity)
    radius = radius_grid(anatomy, (x, y), radii, rng.uniform(-0.3, 0.3))
    radius += np.float32(0.10) * texture(anatomy, rng, 0.05)
    cloud = ramp((np.float32(1.2) - radius) * np.float32(1 / 0.35))
    # A lobe ends at its fissure: below an upper lobe, above a lower one.
    slope = rng.uniform(-0.15, 0.15)
    edge = anatomy.y - np.float32(y) - np.float32(slope) * (anatomy.x - np.float32(x))
    way = -1.0 if place.zone == "upper" else 1.0
    cloud *= ramp((np.float32(way) * edge + np.float32(0.4 * radii[1])) * np.float32(1 / 0.012))
    cloud *= lung_weight(anatomy, place.side)
    strength = np.float32(0.30 + 0.12 * place.severity)
    return Drawn(place, strength * cloud, outline(cloud), 1 - np.float32(0.9) * cloud)


def _infiltrate(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    radii = (0.075 + 0.045 * place.severity, 0.10 + 0.06 * place.severity)
    radius = radius_grid(anatomy, centre_of(anatomy, place), radii, rng.uniform(-0.6, 0.6))
    region = ramp((np.float32(1.25) - radius) * np.float32(1 / 0.5)) * lung_weight(anatomy, place.side)
    patches = ramp(np.float32(0.40) + np.float32(0.55) * texture(anatomy, rng, 0.022))
    streaks = np.float32(0.25) * texture(anatomy, rng, 0.008)
    strength = np.float32(0.17 + 0.11 * place.severity)
    return Drawn(place, strength * region * (np.float32(0.3) + patches + streaks), outline(region))


KINDS = (
    Kind("pneumonia", _pneumonia),
    Kind("consolidation", _consolidation),
    Kind("infiltrate", _infiltrate),
)
