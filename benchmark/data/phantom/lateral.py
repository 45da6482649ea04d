"""A plain lateral view, so that a study can have one; no finding is drawn in it."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, curve
from lovt_bench.benchmark.data.phantom.patient import draw_patient
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.render import develop, draw_exposure


def draw_lateral(
    canvas: Canvas, seed: int, patient_key: tuple[str | int, ...], key: tuple[str | int, ...]
) -> Array:
    """Return a lateral picture (H, W) uint8; the patient looks to the left of the picture."""
    patient = draw_patient(stream(seed, *patient_key, "patient"), "PA")
    body, lung, heart, bone = (canvas.layer() for _ in range(4))
    body.polygon(
        curve(
            np.array(
                [
                    (0.36, -0.1),
                    (0.34, 0.06),
                    (0.20, 0.22),
                    (0.13, 0.5),
                    (0.16, 0.8),
                    (0.14, 1.1),
                    (0.90, 1.1),
                    (0.90, 0.7),
                    (0.88, 0.35),
                    (0.78, 0.12),
                    (0.62, 0.04),
                    (0.60, -0.1),
                ]
            ),
            closed=True,
        )
    )
    low = patient.dome
    lung.polygon(
        curve(
            np.array(
                [
                    (0.50, 0.12),
                    (0.33, 0.24),
                    (0.23, 0.5),
                    (0.22, low - 0.06),
                    (0.36, low - 0.10),
                    (0.55, low - 0.04),
                    (0.76, low + 0.12),
                    (0.80, low - 0.05),
                    (0.81, 0.45),
                    (0.74, 0.22),
                ]
            ),
            closed=True,
        )
    )
    heart.polygon(
        curve(
            np.array(
                [
                    (0.42, 0.40),
                    (0.30, 0.50),
                    (0.25, low - 0.10),
                    (0.33, low + 0.01),
                    (0.52, low),
                    (0.58, 0.55),
                ]
            ),
            closed=True,
        )
    )
    y = np.linspace(0.05, 0.98, 17)
    x = 0.74 + 0.07 * np.sin(np.pi * y)
    for at in np.stack([x, y], 1):
        bone.polygon(at + np.array([(-0.036, -0.019), (0.036, -0.023), (0.036, 0.019), (-0.036, 0.023)]), 0.8)
    bone.line(curve(np.array([(0.30, 0.20), (0.21, 0.36), (0.18, 0.55)])), 0.016, 0.7)
    for start in np.linspace(0.2, low, 9):
        rib = np.array([(0.80, start), (0.62, start + 0.02), (0.42, start + 0.10), (0.26, start + 0.17)])
        bone.line(curve(rib), 0.014, 0.35)
    plane = body.array(blur=0.02) - np.float32(0.58) * lung.array(blur=0.012)
    plane += np.float32(0.26) * heart.array(blur=0.02) + np.float32(0.16) * bone.array(blur=0.003)
    rng = stream(seed, *key, "exposure")
    return develop(plane, draw_exposure(rng, patient), rng)
