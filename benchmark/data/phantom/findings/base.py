"""What a finding is: a request, and what was drawn with the mask that a reader would outline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.anatomy.lungs import Side
from lovt_bench.benchmark.data.phantom.canvas import FIELD_CM, Array, ramp, resize
from lovt_bench.benchmark.data.phantom.patient import Patient

Zone = Literal["upper", "mid", "lower"]
ZONES: tuple[Zone, ...] = ("upper", "mid", "lower")

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the canvas; x and y are the upper left corner."""

FAINT = 0.3
"""The outline runs where a finding has this share of its greatest effect."""


@dataclass(frozen=True)
class Request:
    """A finding to draw; None leaves the choice to the stream."""

    kind: str
    side: Side | None = None
    zone: Zone | None = None
    severity: float | None = None
    """0 slight to 1 severe."""


@dataclass(frozen=True)
class Place:
    """A request with every choice made; equal for all pictures of one study."""

    kind: str
    side: Side
    zone: Zone
    severity: float
    across: float
    """0 medial to 1 lateral."""


@dataclass(frozen=True)
class Drawn:
    """A finding on the canvas."""

    place: Place
    add: Array
    """What it adds to the attenuation (H, W) float32."""
    mask: Array
    """Where a reader would outline it (H, W) bool."""
    vessels: Array | None = None
    """Factor on the vessels (H, W) float32."""
    size_cm: float | None = None
    """Diameter or thickness, where a reader would give one."""

    @property
    def box(self) -> Box | None:
        """Bounding box of the mask."""
        return box_of(self.mask)


@dataclass(frozen=True)
class Kind:
    """How one kind of finding is drawn; each module of this folder holds one or more in `KINDS`."""

    name: str
    draw: Callable[[Anatomy, Place, np.random.Generator], Drawn]
    zones: tuple[Zone, ...] = ZONES
    change: Callable[[Patient, Place], Patient] | None = None
    """What it does to the patient before the picture is built."""


def settle(request: Request, zones: tuple[Zone, ...], rng: np.random.Generator) -> Place:
    """Make the choices that a request leaves open. The stream advances equally whatever is given."""
    left, zone, severity, across = (
        rng.random() < 0.5,
        int(rng.integers(len(zones))),
        rng.random(),
        rng.random(),
    )
    return Place(
        request.kind,
        request.side or ("left" if left else "right"),
        request.zone or zones[zone],
        float(severity) if request.severity is None else request.severity,
        float(across),
    )


def box_of(mask: Array) -> Box | None:
    """Return the bounding box of a mask, or None if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return float(left), float(top), float(columns[-1] + 1 - left), float(rows[-1] + 1 - top)


def outline(effect: Array, share: float = FAINT) -> Array:
    """Return where |effect| exceeds a share of its maximum."""
    size = np.abs(effect)
    return size > share * max(float(size.max()), 1e-6)


DEPTH: dict[Zone, tuple[float, float]] = {"upper": (0.20, 0.36), "mid": (0.46, 0.62), "lower": (0.72, 0.90)}
"""Range of depths of each zone: 0 apex, 1 dome of the diaphragm."""


def centre_of(
    anatomy: Anatomy, place: Place, across: tuple[float, float] = (0.25, 0.75)
) -> tuple[float, float]:
    """Return the (x - midline, y) of a place in the lung, clear of the heart in the left lower zone."""
    low, high = DEPTH[place.zone]
    down = low + (high - low) * (0.5 + 0.5 * np.sin(40 * place.across))
    low, high = across
    if place.side == "left" and place.zone == "lower":
        low = max(low, min(0.62, high))
    d, y = anatomy.shapes[place.side].point(low + (high - low) * place.across, down)
    return (-d if place.side == "right" else d), y


def radius_grid(
    anatomy: Anatomy, centre: tuple[float, float], radii: tuple[float, float], turn: float
) -> Array:
    """Return the elliptical radius (H, W), 1 on the ellipse with radii in fractions of the scale."""
    canvas = anatomy.canvas
    across = (anatomy.x - np.float32(centre[0])) * np.float32(canvas.width / canvas.scale)
    down = (anatomy.y - np.float32(centre[1])) * np.float32(canvas.height / canvas.scale)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u = (across * cos + down * sin) * np.float32(1 / radii[0])
    v = (down * cos - across * sin) * np.float32(1 / radii[1])
    return np.sqrt(u * u + v * v)


def texture(anatomy: Anatomy, rng: np.random.Generator, cell: float) -> Array:
    """Return smooth noise on a half-size grid, brought to the canvas: findings need no finer grain."""
    canvas = anatomy.canvas
    rows, columns = (
        max(3, round(canvas.height / (cell * canvas.scale))),
        max(3, round(canvas.width / (cell * canvas.scale))),
    )
    return resize(rng.standard_normal((rows, columns), dtype=np.float32), canvas.height, canvas.width)


def lung_weight(anatomy: Anatomy, side: Side) -> Array:
    """Return 1 in the lung, falling to 0 at its borders and behind the heart (H, W) float32."""
    return ramp(anatomy.lungs[side] * np.float32(1.9) - np.float32(0.3))


def centimetres(fraction: float) -> float:
    """Return centimetres of a fraction of the scale."""
    return round(fraction * FIELD_CM, 1)
