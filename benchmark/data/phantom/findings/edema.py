"""Fluid in both lungs: haze around the hila, wider vessels, a fine net towards the base."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES, sign_of
from lovt_bench.benchmark.data.phantom.anatomy.vessels import hilum
from lovt_bench.benchmark.data.phantom.canvas import ramp
from lovt_bench.benchmark.data.phantom.findings.base import (
    Drawn,
    Kind,
    Place,
    lung_weight,
    outline,
    radius_grid,
    texture,
)


def _edema(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    haze = np.zeros_like(anatomy.still)
    warp = np.float32(0.15) * texture(anatomy, rng, 0.06)
    for side in SIDES:
        d, y = hilum(anatomy.shapes[side])
        centre = (sign_of(side) * (d + 0.045), y + 0.06)
        radius = radius_grid(
            anatomy, centre, (0.11 + 0.04 * place.severity, 0.20 + 0.06 * place.severity), 0.0
        )
        haze += ramp((np.float32(1.3) - radius - warp) * np.float32(1 / 0.9)) * lung_weight(anatomy, side)
    net = 1 + np.float32(0.22) * texture(anatomy, rng, 0.012)
    strength = np.float32(0.16 + 0.14 * place.severity)
    return Drawn(place, strength * haze * net, outline(haze), 1 + np.float32(0.6) * haze)


KINDS = (Kind("edema", _edema, zones=("mid",)),)
