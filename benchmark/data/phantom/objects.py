"""Foreign objects on the skin or in the pocket: discs, devices, chains; brighter than bone.

The geometry is that of the Object-CXR annotations: an upright rectangle, an ellipse given by its
bounding box, or a polygon. Objects may reach over the edge of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas, Layer

Shape = Literal["rectangle", "ellipse", "polygon"]


@dataclass(frozen=True)
class ForeignObject:
    """One object."""

    shape: Shape
    points: Array
    """(2, 2) upper left and lower right corner, or (n, 2) vertices; x, y in pixels, may lie outside."""
    add: Array
    """What it adds to the attenuation (H, W) float32."""


def _ring(box: Array, count: int = 40) -> Array:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    centre, half = box.mean(axis=0), (box[1] - box[0]) / 2
    return centre + np.stack([np.cos(angles), np.sin(angles)], 1) * half


def _disc(layer: Layer, rng: np.random.Generator, at: Array, unit: Array) -> Array:
    """A coin, or a button with holes, or a ring."""
    size = rng.uniform(0.024, 0.052)
    box = np.stack([at - size * unit, at + size * unit * rng.uniform(0.85, 1.1, 2)])
    layer.polygon(_ring(box), 0.9)
    look = rng.random()
    if look < 0.4:
        for dx, dy in ((-0.28, -0.28), (0.28, -0.28), (-0.28, 0.28), (0.28, 0.28)):
            hole = at + size * unit * (dx, dy)
            layer.polygon(_ring(np.stack([hole - 0.13 * size * unit, hole + 0.13 * size * unit]), 12), 0.25)
    elif look < 0.65:
        layer.polygon(_ring(np.stack([at - 0.6 * (at - box[0]), at + 0.6 * (box[1] - at)])), 0.15)
    return box


def _device(layer: Layer, rng: np.random.Generator, at: Array, unit: Array) -> Array:
    """A case with something in it, a clip or a hook."""
    half = unit * rng.uniform(0.028, 0.072, 2)
    box = np.stack([at - half, at + half])
    (x1, y1), (x2, y2) = box
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
    layer.polygon(corners, 0.85)
    if rng.random() < 0.6:
        layer.polygon(at + 0.7 * (corners - at), 0.45)
        layer.line(np.stack([at - 0.55 * half, at + 0.55 * half * (1, -1)]), 0.006, 1.0)
    return box


def _chain(layer: Layer, rng: np.random.Generator, at: Array, unit: Array) -> Array:
    """A zipper, a piece of a necklace or a pendant: an irregular polygon."""
    look = rng.random()
    if look < 0.4:  # zipper: a slanting band of teeth
        length, width, slant = rng.uniform(0.08, 0.15), rng.uniform(0.014, 0.024), rng.uniform(-0.02, 0.02)
        steps = np.linspace(-1, 1, 14)
        for step in steps:
            tooth = at + unit * (slant * step, length * step)
            layer.line(np.stack([tooth - unit * (width, 0), tooth + unit * (width, 0)]), 0.006, 0.95)
        ends = at + unit * np.array([(-slant, -length), (slant, length)])
        pad = unit * (width + 0.003, 0.004)
        return np.array([ends[0] - pad, ends[0] + pad * (1, -1), ends[1] + pad, ends[1] + pad * (-1, 1)])
    if look < 0.75:  # necklace: a hanging arc of beads
        reach, sag = rng.uniform(0.06, 0.12), rng.uniform(0.06, 0.12)
        t = np.linspace(-1, 1, 15)
        arc = at + unit * np.stack([reach * t, -sag * t**2], 1)
        layer.line(arc, 0.007, 0.9)
        for bead in arc:
            layer.polygon(_ring(np.stack([bead - 0.006 * unit, bead + 0.006 * unit]), 10), 1.0)
        margin = unit * (0, 0.009)
        side = unit * (0.009, 0)
        return np.vstack([arc[:1] - side, arc + margin, arc[-1:] + side, arc[::-1] - margin])
    count = int(rng.integers(5, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi / count, count) + np.arange(count) * 2 * np.pi / count)
    radii = rng.uniform(0.03, 0.065, count)
    shape = at + unit * np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)
    layer.polygon(shape, 0.85)
    return shape


MAKERS = (("ellipse", _disc), ("rectangle", _device), ("polygon", _chain))


SHARES = (0.4, 0.4, 0.2)
"""How often each shape is drawn; polygons are rare since the published protocol mirrors their masks."""


def draw_objects(
    canvas: Canvas, anatomy: Anatomy, count: int, rng: np.random.Generator
) -> tuple[ForeignObject, ...]:
    """Draw `count` objects over the chest; about one in twelve hangs over the picture's edge.

    Sizes are those of the published boxes: 5 to 20 % of the picture's side.
    """
    unit = np.array([canvas.scale / canvas.width, canvas.scale / canvas.height])
    found = []
    for _ in range(count):
        shape, maker = MAKERS[int(rng.choice(3, p=SHARES))]
        at = np.array([anatomy.patient.middle + rng.uniform(-0.36, 0.36), rng.uniform(0.1, 0.9)])
        if rng.random() < 1 / 12:
            at[int(rng.integers(2))] = rng.choice([0.004, 0.994])
        layer = canvas.layer()
        points = maker(layer, rng, at, unit)
        add = np.float32(rng.uniform(0.55, 0.85)) * layer.array(blur=0.0016)
        found.append(ForeignObject(shape, points * (canvas.width, canvas.height), add))  # type: ignore[arg-type]
    return tuple(found)
