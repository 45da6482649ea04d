"""Round lesions: a nodule is under 3 cm, a mass over 3 cm."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.canvas import FIELD_CM, ramp
from lovt_bench.benchmark.data.phantom.findings.base import (
    Drawn,
    Kind,
    Place,
    centre_of,
    lung_weight,
    radius_grid,
    texture,
)


def _lesion(
    anatomy: Anatomy, place: Place, rng: np.random.Generator, diameter_cm: float, ragged: float
) -> Drawn:
    reach = diameter_cm / FIELD_CM / 2
    stretch = rng.uniform(0.9, 1.12)
    radius = radius_grid(
        anatomy, centre_of(anatomy, place, (0.3, 0.8)), (reach * stretch, reach / stretch), rng.uniform(0, 3)
    )
    radius += np.float32(ragged) * texture(anatomy, rng, 0.35 * reach + 0.008)
    edge = 0.18
    ball = ramp((np.float32(1 + edge) - radius) * np.float32(1 / (2 * edge)))
    # A ball is thicker in its middle.
    body = ball * (np.float32(0.72) + np.float32(0.28) * np.sqrt(np.clip(1 - radius * radius, 0, 1)))
    weight = lung_weight(anatomy, place.side)
    strength = np.float32(rng.uniform(0.30, 0.42))
    return Drawn(place, strength * body * weight, (ball * weight) > 0.3, size_cm=round(diameter_cm, 1))


def _mass(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    return _lesion(anatomy, place, rng, 3.4 + 3.0 * place.severity, rng.uniform(0.02, 0.06))


def _nodule(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    return _lesion(anatomy, place, rng, 1.3 + 1.5 * place.severity, rng.uniform(0.0, 0.05))


KINDS = (Kind("mass", _mass), Kind("nodule", _nodule))
