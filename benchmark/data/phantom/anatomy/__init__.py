"""A healthy chest in front view, as attenuation: bone and tissue add, air takes away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.body import draw_breasts, draw_gas, draw_outline
from lovt_bench.benchmark.data.phantom.anatomy.bones import draw_bones
from lovt_bench.benchmark.data.phantom.anatomy.heart import draw_heart
from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES, LungShape, Side, air, lateral, lung_shape
from lovt_bench.benchmark.data.phantom.anatomy.vessels import draw_vessels
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.patient import Patient


@dataclass(frozen=True)
class Anatomy:
    """One chest on one canvas. Planes are (H, W) float32, the grid as in `lungs.lateral`."""

    canvas: Canvas
    patient: Patient
    x: Array
    y: Array
    shapes: dict[Side, LungShape]
    lungs: dict[Side, Array]
    """Air of each lung in [0, 1]; less where the heart lies in front."""
    still: Array
    """Attenuation of all that does not lie in the lung."""
    vessels: Array
    """Attenuation of vessels and hila in the lungs."""
    heart: Array
    """Mask of the heart (bool)."""


def build_anatomy(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> Anatomy:
    """Build the chest of one patient; `rng` draws the vessels and the bowel gas."""
    x, y = lateral(canvas, patient)
    shapes = {side: lung_shape(patient, side) for side in SIDES}
    heart, mask = draw_heart(canvas, patient)
    beside = 1 - np.float32(0.78) * heart
    lungs = {side: air(shapes[side], x, y) * beside for side in SIDES}
    both = lungs["right"] + lungs["left"]
    still = draw_outline(canvas, patient, x, y)
    still -= np.float32(0.60) * both
    still += np.float32(0.08) * heart + draw_bones(canvas, patient) * (still > 0.02)
    still -= np.float32(0.16) * draw_gas(canvas, patient, rng)
    breasts = draw_breasts(canvas, patient)
    if breasts is not None:
        still += np.float32(0.12) * breasts
    vessels = draw_vessels(canvas, patient, rng) * np.minimum(both * np.float32(1.3), 1)
    return Anatomy(canvas, patient, x, y, shapes, lungs, still, vessels, mask)
