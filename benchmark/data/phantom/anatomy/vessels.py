"""Vascular markings: trees that spread from the hila, thinner and paler towards the chest wall."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES, LungShape, lung_shape, sign_of
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, Layer
from lovt_bench.benchmark.data.phantom.patient import Patient

WIDTHS = (0.0115, 0.0075, 0.0052, 0.0036)
"""Diameter of each generation in fractions of the scale."""
LENGTHS = (0.06, 0.065, 0.065, 0.06)
"""Length of each generation."""


def hilum(shape: LungShape) -> tuple[float, float]:
    """Return (d, y) of the hilum; the left one is a little higher."""
    down = 0.49 if shape.side == "right" else 0.455
    return 0.082, shape.apex + down * (shape.dome - shape.apex)


def _grow(layer: Layer, rng: np.random.Generator, patient: Patient, shape: LungShape) -> None:
    """Draw one tree, all branches of a generation at a time."""
    roots = 9
    start = np.tile(hilum(shape), (roots, 1))
    angle = np.linspace(-1.45, 1.4, roots) + rng.normal(0, 0.12, roots)
    sign = sign_of(shape.side)
    for width, length in zip(WIDTHS, LENGTHS, strict=True):
        size = length * rng.uniform(0.7, 1.3, len(start))
        bend = rng.normal(0, 0.16, len(start))
        middle = start + 0.5 * size[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        turned = angle + bend
        end = middle + 0.5 * size[:, None] * np.stack([np.cos(turned), np.sin(turned)], 1)
        track = np.stack([start, middle, end], 1)
        track[..., 0] = patient.centre(track[..., 1]) + sign * track[..., 0]
        level = 0.35 + 0.65 * width / WIDTHS[0]
        for points in track:
            layer.line(points, width, level)
        spread = rng.uniform(0.18, 0.5, len(start))
        start = np.repeat(end, 2, axis=0)
        angle = np.stack([turned - spread, turned + 0.8 * spread], 1).reshape(-1)
        keep = rng.random(len(start)) < 0.86
        start, angle = start[keep], angle[keep]


def draw_vessels(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> Array:
    """Return what vessels and hila add to the attenuation (H, W) float32, not yet cut to the lungs."""
    tree, root = canvas.layer(), canvas.layer()
    for side in SIDES:
        shape = lung_shape(patient, side)
        _grow(tree, rng, patient, shape)
        d, y = hilum(shape)
        x = float(patient.centre(np.array([y]))[0]) + sign_of(side) * (d - 0.01) + 0.5 * patient.turn
        knots = rng.normal(0, 1, (7, 2)) * (0.011, 0.026) + (x, y)
        for knot in knots:
            root.line(np.array([knot, knot + rng.normal(0, 0.012, 2)]), 0.022, 0.55)
    return 0.115 * tree.array(blur=0.002) + 0.15 * root.array(blur=0.009)
