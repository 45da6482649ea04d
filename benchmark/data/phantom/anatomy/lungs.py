"""The two lungs: how much air a ray meets at each pixel, from a closed form of the borders.

`air` is 1 where the lung is thickest and 0 outside. The same shape with other numbers is a lung that has
fallen together (pneumothorax).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, ramp
from lovt_bench.benchmark.data.phantom.patient import Patient

Side = Literal["right", "left"]
SIDES: tuple[Side, Side] = ("right", "left")
"""Sides of the patient; the right lung is on the left of the picture."""

APEX_OFFSET = 0.135
"""Distance of the lung's tip from the midline."""


@dataclass(frozen=True)
class LungShape:
    """Borders of one lung in fractions of the picture; lateral distances `d` count from the midline."""

    side: Side
    apex: float
    dome: float
    half_width: float
    sulcus: float
    medial: float
    """Distance of the medial border from the midline."""
    apex_offset: float = APEX_OFFSET

    @property
    def base(self) -> float:
        """Height of the costophrenic angle."""
        return self.dome + self.sulcus

    def outer(self, y: Array) -> Array:
        """Return the lateral border at heights `y`."""
        depth = np.clip((y - self.apex) / (self.base - self.apex), 0, 1)
        reach = (1 - (1 - depth) ** 2.5) ** 0.52
        return self.apex_offset + (self.half_width - self.apex_offset) * reach

    def inner(self, y: Array) -> Array:
        """Return the medial border at heights `y`."""
        depth = np.clip((y - self.apex) / (self.base - self.apex), 0, 1)
        return self.medial + (self.apex_offset - self.medial) * np.exp(-((depth / 0.075) ** 0.8))

    def bottom(self, d: Array) -> Array:
        """Return the height of the diaphragm at lateral distances `d`."""
        crest = 0.47 * self.half_width
        lateral = np.clip((d - crest) / (self.half_width - crest), 0, None)
        medial = np.clip((crest - d) / crest, 0, None)
        return (
            self.dome
            + self.sulcus * lateral * lateral * (0.8 + 0.2 * lateral)
            + 0.35 * self.sulcus * medial**2
        )

    def moved(self, **changes: float) -> LungShape:
        """Return the shape with some numbers changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def point(self, across: float, down: float) -> tuple[float, float]:
        """Return (d, y) of a place: `across` 0 medial to 1 lateral, `down` 0 apex to 1 diaphragm."""
        y = self.apex + down * (self.dome - self.apex)
        rows = np.array([y])
        inner, outer = float(self.inner(rows)[0]), float(self.outer(rows)[0])
        return inner + across * (outer - inner), y


def lung_shape(patient: Patient, side: Side) -> LungShape:
    """Return the borders of one healthy lung."""
    sign = sign_of(side)
    return LungShape(
        side=side,
        apex=patient.apex,
        dome=patient.dome + (patient.left_drop if side == "left" else 0),
        half_width=patient.half_width + 0.6 * sign * patient.turn,
        sulcus=patient.sulcus,
        medial=0.042,
    )


def sign_of(side: Side) -> int:
    """Return the direction of the patient's side in the picture: right -1, left +1."""
    return -1 if side == "right" else 1


def lateral(canvas: Canvas, patient: Patient) -> tuple[Array, Array]:
    """Return x - midline (H, W) and y (H, 1), float32, at pixel centres."""
    y = ((np.arange(canvas.height, dtype=np.float32) + 0.5) / canvas.height)[:, None]
    x = ((np.arange(canvas.width, dtype=np.float32) + 0.5) / canvas.width)[None, :]
    return (x - patient.centre(y)).astype(np.float32), y


def air(shape: LungShape, x: Array, y: Array) -> Array:
    """Return the air that a ray meets (H, W) float32 in [0, 1]; `x` counts from the midline."""
    d = x * np.float32(sign_of(shape.side))
    outside = np.clip((shape.outer(y).astype(np.float32) - d) * np.float32(1 / 0.15), 0, 1)
    thick = np.sqrt(outside * (2 - outside))
    thick *= ramp((d - shape.inner(y).astype(np.float32)) * np.float32(1 / 0.03))
    thick *= ramp((shape.bottom(d) - y) * np.float32(1 / 0.014) + np.float32(0.5))
    return thick
