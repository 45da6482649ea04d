"""The skeleton in front view: ribs, clavicles, scapulae, humeri and spine, each with a brighter rim."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES, LungShape, Side, lung_shape, sign_of
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, Layer, curve
from lovt_bench.benchmark.data.phantom.patient import Patient

CLAVICLE = 0.025
"""Thickness of a clavicle, a fraction of the scale."""
TIP = 0.405
"""Distance of the shoulder's tip from the midline."""


def _place(patient: Patient, sign: int, d: Array, y: Array) -> Array:
    return np.stack([patient.centre(y) + sign * d, y], axis=1)


def _rimmed(layer: Layer, points: Array, width: float, body: float, rim: float) -> None:
    layer.line(points, width, rim)
    layer.line(points, 0.62 * width, body)


def _ribs(canvas: Canvas, patient: Patient) -> Array:
    back, front = canvas.layer(), canvas.layer()
    t = np.linspace(0, 1, 15)
    for side in SIDES:
        shape, sign = lung_shape(patient, side), sign_of(side)
        step = (shape.dome - shape.apex) / 8.6
        for number in range(11):
            start = shape.apex - 0.012 + step * number
            fall = 0.035 + 0.009 * number
            end = _wall(shape, start + fall)
            d = 0.028 + (end - 0.028) * np.sin(t * np.pi / 2)
            y = start - 0.018 * np.sin(np.pi * t**0.8) + fall * t**2.2
            _rimmed(back, _place(patient, sign, d, y), 0.021, 0.62, 0.95)
            if number < 7:
                slope = 0.075 + 0.016 * number
                d = end - (end - 0.125) * (1 - np.cos(t * np.pi / 2)) ** 0.9
                y = start + fall + slope * np.sin(t * np.pi / 2) ** 1.3
                _rimmed(front, _place(patient, sign, d, y), 0.023, 0.5, 0.75)
    return 0.115 * back.array(blur=0.002) + 0.075 * front.array(blur=0.003)


def _wall(shape: LungShape, y: float) -> float:
    return float(shape.outer(np.array([y]))[0]) + 0.008


def clavicle(patient: Patient, side: Side) -> Array:
    """Return the middle line of a clavicle (n, 2) in fractions of the picture; it is `CLAVICLE` thick."""
    sign, top, head = sign_of(side), patient.shoulder, patient.apex + 0.085
    middle = patient.centre(np.array([0.2]))[0]
    places = [(0.032 + sign * patient.turn, head), (0.12, head - 0.030), (0.22, head - 0.052)]
    places += [(0.31, top + 0.055), (TIP, top + 0.045)]
    return curve(np.array([(middle + sign * d, y) for d, y in places]), 6)


def _shoulders(canvas: Canvas, patient: Patient) -> Array:
    layer, flat = canvas.layer(), canvas.layer()
    for side in SIDES:
        sign = sign_of(side)
        top = patient.shoulder
        middle = patient.centre(np.array([0.2]))[0]

        def at(points: list[tuple[float, float]], sign: int = sign, middle: float = middle) -> Array:
            return np.array([(middle + sign * d, y) for d, y in points])

        blade = [(0.33, top + 0.10), (0.27, top + 0.19), (0.30, top + 0.33), (0.335, top + 0.44)]
        blade += [(0.365, top + 0.38), (0.385, top + 0.24), (0.40, top + 0.14)]
        flat.polygon(curve(at(blade), 6, closed=True), 0.5)
        layer.line(curve(at([(0.27, top + 0.19), (0.30, top + 0.33), (0.335, top + 0.44)])), 0.006, 0.45)
        layer.line(curve(at([(0.335, top + 0.44), (0.375, top + 0.3), (0.395, top + 0.15)])), 0.010, 0.6)
        layer.line(
            curve(at([(0.30, top + 0.15), (0.36, top + 0.085), (TIP + 0.01, top + 0.055)])), 0.020, 0.5
        )
        bone = at([(0.455, top + 0.135), (0.478, top + 0.22), (0.488, top + 0.40), (0.50, top + 0.75)])
        _rimmed(layer, curve(bone, 4), 0.046, 0.55, 0.95)
        angles = np.linspace(0, 2 * np.pi, 24)
        ball = at([(0.45 + 0.042 * np.cos(a), top + 0.13 + 0.046 * np.sin(a)) for a in angles])
        layer.polygon(ball, 0.75)
        _rimmed(layer, clavicle(patient, side), CLAVICLE, 0.75, 1.0)
    return 0.20 * layer.array(blur=0.0022) + 0.07 * flat.array(blur=0.005)


def _spine(canvas: Canvas, patient: Patient) -> Array:
    layer = canvas.layer()
    ys = np.linspace(-0.05, 1.05, 40)
    half = 0.031 + 0.010 * np.clip(ys, 0, 1)
    left, right = patient.centre(ys) - half, patient.centre(ys) + half
    layer.polygon(np.vstack([np.stack([left, ys], 1), np.stack([right, ys], 1)[::-1]]), 0.33)
    y = -0.03
    while y < 1.05:
        pitch = 0.047 + 0.016 * max(0.0, y)
        half_here = 0.029 + 0.009 * max(0.0, y)
        centre = float(patient.centre(np.array([y]))[0])
        plate = np.array([(centre - half_here, y), (centre, y + 0.003), (centre + half_here, y)])
        layer.line(plate, 0.006, 0.9)
        layer.line(plate + np.array([0, 0.010]), 0.005, 0.73)
        for sign in (-1, 1):
            pedicle = centre + sign * 0.6 * half_here
            layer.line(np.array([(pedicle, y + 0.4 * pitch), (pedicle, y + 0.62 * pitch)]), 0.011, 0.8)
        process = centre - 0.3 * patient.turn
        layer.line(np.array([(process, y + 0.55 * pitch), (process, y + 0.85 * pitch)]), 0.010, 0.87)
        y += pitch
    return 0.165 * layer.array(blur=0.0024)


def draw_bones(canvas: Canvas, patient: Patient) -> Array:
    """Return what the bones add to the attenuation (H, W) float32. Below the diaphragm the ribs fade."""
    y = (np.arange(canvas.height, dtype=np.float32) / canvas.height)[:, None]
    fade = 1 - np.float32(0.75) * np.clip((y - np.float32(patient.dome)) * 20, 0, 1)
    return _ribs(canvas, patient) * fade + _shoulders(canvas, patient) + _spine(canvas, patient)
