"""Heart, great vessels and mediastinum: one silhouette with the borders a reader names."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, curve
from lovt_bench.benchmark.data.phantom.patient import Patient

RIGHT_SHARE = 0.34
"""Share of the heart's width that lies to the patient's right of the midline."""


def outline(patient: Patient) -> Array:
    """Return the cardiomediastinal silhouette (n, 2) in fractions of the picture."""
    width = 2 * patient.half_width * patient.heart_ratio
    right, left, knob = RIGHT_SHARE * width, (1 - RIGHT_SHARE) * width, 0.052 + 0.018 * patient.knob
    # (lateral distance, depth): depth 0 is the apex of the lungs, 1 the dome of the diaphragm.
    border = [
        *(
            (-0.040, -0.30),
            (-0.042, 0.05),
            (-0.046, 0.2),
            (-0.050, 0.34),
            (-0.054, 0.45),
            (-0.72 * right, 0.56),
        ),
        *((-0.96 * right, 0.68), (-right, 0.8), (-0.93 * right, 0.93), (-0.75 * right, 1.04)),
        *((-0.2 * right, 1.12), (0.5 * left, 1.12), (0.86 * left, 1.07), (0.985 * left, 0.985)),
        *((left, 0.91), (0.93 * left, 0.81), (0.76 * left, 0.69), (0.55 * left, 0.575), (0.086, 0.485)),
        *((0.072, 0.425), (0.062, 0.385), (0.96 * knob, 0.335), (knob, 0.285), (0.84 * knob, 0.225)),
        *((0.047, 0.15), (0.042, 0.05), (0.040, -0.30)),
    ]
    points = np.array(border)
    y = patient.apex + points[:, 1] * (patient.dome - patient.apex)
    x = patient.centre(y) + patient.turn + points[:, 0]
    return curve(np.stack([x, y], axis=1), samples=8, closed=True)


def draw_heart(canvas: Canvas, patient: Patient) -> tuple[Array, Array]:
    """Return the thickness (H, W) float32 and the mask of the heart below the great vessels (bool)."""
    layer = canvas.layer()
    layer.polygon(outline(patient))
    sharp = np.asarray(layer.image) > 127
    thickness = 0.6 * layer.array(blur=0.0045) + 0.4 * layer.array(blur=0.03)
    top = patient.apex + 0.47 * (patient.dome - patient.apex)
    mask = sharp.copy()
    mask[: round(top * canvas.height)] = False
    mask[round((patient.dome + 0.055) * canvas.height) :] = False
    return thickness, mask
