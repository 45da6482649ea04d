"""Support devices: a pacemaker with its lead, a tracheal tube, a central venous line."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.anatomy.lungs import sign_of
from lovt_bench.benchmark.data.phantom.canvas import curve
from lovt_bench.benchmark.data.phantom.findings.base import Drawn, Kind, Place

Device = Literal["pacemaker", "endotracheal tube", "central venous line"]
DEVICES: tuple[Device, ...] = ("pacemaker", "endotracheal tube", "central venous line")


def device_of(place: Place) -> Device:
    """Return which device a place of kind `device` stands for."""
    return DEVICES[min(int(place.across * len(DEVICES)), len(DEVICES) - 1)]


def _device(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    patient, canvas, sign = anatomy.patient, anatomy.canvas, sign_of(place.side)
    layer = canvas.layer()
    middle = patient.middle
    carina = patient.apex + 0.40 * (patient.dome - patient.apex)
    device = device_of(place)
    if device == "pacemaker":
        x, y = middle + sign * 0.27, patient.apex + rng.uniform(0.07, 0.12)
        angles = np.linspace(0, 2 * np.pi, 28)
        rim = np.stack([np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** 0.6, np.sin(angles)], 1)
        layer.polygon((x, y) + rim * (0.042, 0.036), 0.95)
        layer.polygon((x, y) + rim * (0.030, 0.022), 0.7)
        tip = (middle + 0.10, patient.dome - 0.05)
        lead = [(x - sign * 0.03, y - 0.02), (middle + sign * 0.06, patient.apex + 0.10)]
        lead += [(middle - 0.05, carina), (middle - 0.06, carina + 0.2), tip]
        layer.line(curve(np.array(lead)), 0.005, 0.8)
    elif device == "endotracheal tube":
        end = carina - rng.uniform(0.05, 0.10)
        for edge in (-0.007, 0.007):
            layer.line(np.array([(middle + edge, -0.02), (middle + edge, end)]), 0.004, 0.8)
    else:
        start = (middle + sign * 0.20, patient.apex + 0.06)
        line = [start, (middle + sign * 0.10, patient.apex + 0.07), (middle - 0.04, patient.apex + 0.12)]
        line += [(middle - 0.045, carina + 0.06)]
        layer.line(curve(np.array(line)), 0.0055, 0.85)
    add = np.float32(0.45) * layer.array(blur=0.0014)
    return Drawn(place, add, add > 0.08)


KINDS = (Kind("device", _device),)
