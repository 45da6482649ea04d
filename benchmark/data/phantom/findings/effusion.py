"""Pleural fluid: fills the costophrenic angle and climbs along the chest wall (meniscus)."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.anatomy.lungs import sign_of
from lovt_bench.benchmark.data.phantom.canvas import ramp
from lovt_bench.benchmark.data.phantom.findings.base import Drawn, Kind, Place


def _effusion(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    shape = anatomy.shapes[place.side]
    d = anatomy.x * np.float32(sign_of(place.side))
    level = shape.dome + 0.035 - 0.16 * place.severity
    climb = rng.uniform(0.05, 0.09)
    near = np.clip((d - np.float32(0.10)) * np.float32(1 / (shape.half_width - 0.10)), 0, 1)
    top = np.float32(level) - np.float32(climb) * near**3
    lung = np.minimum(anatomy.lungs[place.side] * np.float32(3), 1)
    fluid = ramp((anatomy.y - top) * np.float32(1 / 0.03) + np.float32(0.5)) * lung
    add = fluid * (np.float32(0.03) + np.float32(0.52) * anatomy.lungs[place.side])
    return Drawn(place, add, fluid > 0.4, 1 - fluid)


KINDS = (Kind("effusion", _effusion, zones=("lower",)),)
