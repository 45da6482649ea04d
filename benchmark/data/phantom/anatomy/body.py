"""Soft tissue and gas: the body's outline, breasts, bowel gas, airway."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, Layer, curve, ramp
from lovt_bench.benchmark.data.phantom.patient import Patient


def _slab(d: Array, half: Array, edge: float) -> Array:
    """Return the chord through a rounded slab of half width `half` (H, 1)."""
    inside = np.clip((half.astype(np.float32) - d) * np.float32(1 / edge), 0, 1)
    return inside * (2 - inside)


def draw_outline(canvas: Canvas, patient: Patient, x: Array, y: Array) -> Array:
    """Return the thickness of soft tissue (H, W) float32, about 1 in the middle of the trunk and 0 in air."""
    d = np.abs(x)
    top = patient.shoulder
    neck = 0.105 + 0.02 * ramp((y - 0.02) / 0.1) + 0.33 * ramp((y - (top - 0.055)) / 0.16) ** 1.4
    torso = patient.half_width + patient.wall + 0.02 * ramp((y - 0.6) / 0.4)
    armpit = top + 0.30
    shoulders = 0.66 * _slab(d, np.maximum(neck, 0.04) + 0.12 * ramp((y - top) / 0.12), 0.09)
    # Below the armpit a wedge of air opens between the arm and the trunk.
    below = np.clip(y - armpit, 0, None)
    gap = (torso - 0.10 + 0.14 * ramp(below / 0.14) + patient.abduction * below).astype(np.float32)
    shoulders *= np.where(below > 0, ramp((d - gap) * np.float32(1 / 0.05)), np.float32(1))
    trunk = (0.78 + 0.22 * ramp((y - 0.05) / 0.3)) * _slab(d, np.minimum(neck + 0.02, torso), 0.10)
    return np.maximum(trunk, shoulders).astype(np.float32)


def draw_breasts(canvas: Canvas, patient: Patient) -> Array | None:
    """Return the breast shadows (H, W) float32, sharp below and fading upwards, or None."""
    if not patient.breasts:
        return None
    layer = canvas.layer()
    size = 0.10 + 0.055 * patient.breasts
    low = patient.dome + 0.02 + 0.05 * patient.breasts
    for sign in (-1, 1):
        middle = float(patient.centre(np.array([low]))[0]) + sign * (0.20 + 0.02 * patient.breasts)
        points = [
            (-1.05, -1.2),
            (-1.0, -0.5),
            (-0.75, -0.12),
            (0, 0.08),
            (0.75, -0.1),
            (1.02, -0.5),
            (1.0, -1.2),
        ]
        shape = [(middle + size * a, low + size * b * 1.1) for a, b in points]
        layer.polygon(curve(np.array(shape), 10, closed=True))
    shadow = layer.array(blur=0.006)
    y = (np.arange(canvas.height, dtype=np.float32) / canvas.height)[:, None]
    return shadow * ramp((y - (low - 1.5 * size)) / (1.2 * size)).astype(np.float32)


def draw_gas(canvas: Canvas, patient: Patient, rng: np.random.Generator) -> Array:
    """Return gas outside the lungs (H, W) float32: the airway, the stomach's bubble, loops of colon."""
    layer = canvas.layer()
    _airway(layer, patient)
    dome = patient.dome + patient.left_drop
    if patient.bubble:
        x, y = patient.middle + rng.uniform(0.13, 0.21), dome + rng.uniform(0.055, 0.085)
        angles = np.linspace(0, 2 * np.pi, 30)
        a, b = rng.uniform(0.035, 0.065), rng.uniform(0.018, 0.034)
        layer.polygon(np.stack([x + a * np.cos(angles), y + b * np.sin(angles)], 1), rng.uniform(0.6, 1))
    for _ in range(int(rng.integers(0, 3))):
        x, y = patient.middle + rng.uniform(0.0, 0.28), dome + rng.uniform(0.14, 0.3)
        angles = np.linspace(0, 2 * np.pi, 20)
        a, b = rng.uniform(0.015, 0.04), rng.uniform(0.012, 0.03)
        layer.polygon(np.stack([x + a * np.cos(angles), y + b * np.sin(angles)], 1), rng.uniform(0.3, 0.7))
    return layer.array(blur=0.006)


def _airway(layer: Layer, patient: Patient) -> None:
    """Draw the trachea and the main bronchi."""
    carina = patient.apex + 0.40 * (patient.dome - patient.apex)
    middle = float(patient.centre(np.array([0.2]))[0]) + 0.6 * patient.turn - 0.004
    layer.line(np.array([(middle + 0.004, -0.05), (middle, 0.15), (middle - 0.002, carina)]), 0.036, 0.81)
    layer.line(np.array([(middle, carina - 0.005), (middle - 0.055, carina + 0.055)]), 0.022, 0.65)
    layer.line(np.array([(middle, carina - 0.005), (middle + 0.065, carina + 0.048)]), 0.020, 0.57)
