"""Air between lung and chest wall: dark, without vessels, bounded by the thin line of the pleura."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.anatomy.lungs import sign_of
from lovt_bench.benchmark.data.phantom.canvas import ramp
from lovt_bench.benchmark.data.phantom.findings.base import Drawn, Kind, Place, centimetres


def _pneumothorax(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    whole = anatomy.shapes[place.side]
    gap = 0.028 + 0.060 * place.severity
    fallen = whole.moved(
        apex=whole.apex + gap * rng.uniform(1.0, 1.9) + 0.012,
        half_width=whole.half_width - gap,
        apex_offset=whole.apex_offset - 0.25 * gap,
        sulcus=whole.sulcus,
    )
    d = anatomy.x * np.float32(sign_of(place.side))
    beyond = d - fallen.outer(anatomy.y).astype(np.float32)
    # The lung stays at the wall below: the crescent closes.
    end = whole.apex + rng.uniform(0.62, 1.0) * (whole.dome - whole.apex)
    beyond -= np.float32(1.2) * np.clip(anatomy.y - np.float32(end - 0.12), 0, None) ** 1.3
    inside = ramp(anatomy.lungs[place.side] * np.float32(6))
    free = ramp(beyond * np.float32(1 / 0.006) + np.float32(0.5)) * inside
    free = np.where(anatomy.y < fallen.apex, inside, free)
    mask = free > 0.5
    line = np.exp(-(((beyond + np.float32(0.003)) * np.float32(1 / 0.0028)) ** 2)) * inside
    line *= (anatomy.y > fallen.apex) & (anatomy.y < end)
    add = np.float32(-0.17) * free + np.float32(0.10) * line
    thickness = centimetres(gap)
    return Drawn(place, add.astype(np.float32), mask, 1 - free, thickness)


KINDS = (Kind("pneumothorax", _pneumothorax, zones=("upper",)),)
