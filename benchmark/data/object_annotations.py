"""Object-CXR annotation strings, their boxes and masks (datasets.md section 5).

`type numbers…` per object, objects joined by `;`: 0 rectangle and 1 ellipse `x1 y1 x2 y2`, 2 polygon `x1
y1 x2 y2 …`. Three defects of the published preparation are entries of the protocol: exchanged box sides,
transposed polygon masks, and no mask for a shape with a negative corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.polygon import fill_polygon

Kind = Literal["rectangle", "ellipse", "polygon"]
KINDS: tuple[Kind, ...] = ("rectangle", "ellipse", "polygon")


@dataclass(frozen=True)
class ForeignObject:
    """One annotated object: two corners, or the vertices of a polygon, as (x, y) in pixels."""

    kind: Kind
    points: tuple[tuple[int, int], ...]

    def bounds(self) -> tuple[int, int, int, int]:
        """Return x1, y1, x2, y2 of the corners or of all vertices."""
        if self.kind != "polygon":
            (x1, y1), (x2, y2) = self.points
            return x1, y1, x2, y2
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def parse_annotation(text: str) -> tuple[ForeignObject, ...]:
    """Return the objects of an annotation string; an empty one has none.

    Raises:
        ValueError: Says which object is not as expected.
    """
    objects = []
    for number, part in enumerate(filter(None, (part.strip() for part in text.split(";"))), start=1):
        try:
            kind, *coordinates = (int(field) for field in part.split())
        except ValueError:
            raise ValueError(f"object {number}: integers expected, found {part[:40]!r}") from None
        if kind not in (0, 1, 2):
            raise ValueError(f"object {number}: type 0, 1 or 2 expected, found {kind}")
        if kind < 2 and len(coordinates) != 4:
            raise ValueError(f"object {number}: 4 coordinates expected, found {len(coordinates)}")
        if kind == 2 and (len(coordinates) % 2 or len(coordinates) < 6):
            raise ValueError(
                f"object {number}: at least 3 points x y expected, found {len(coordinates)} numbers"
            )
        points = tuple(zip(coordinates[::2], coordinates[1::2], strict=True))
        objects.append(ForeignObject(KINDS[kind], points))
    return tuple(objects)


def true_boxes(objects: Sequence[ForeignObject]) -> np.ndarray:
    """Return the bounding boxes as x, y, w, h: int64 (n, 4)."""
    bounds = np.array([one.bounds() for one in objects], dtype=np.int64).reshape(-1, 4)
    return np.concatenate([bounds[:, :2], bounds[:, 2:] - bounds[:, :2]], axis=1)


def stored_boxes(boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
    """Return true boxes as the protocol stores them: x, y, h, w where the sides are exchanged."""
    return boxes[:, [0, 1, 3, 2]] if protocol.object_cxr_boxes == "exchanged" else boxes


def object_mask(
    objects: Sequence[ForeignObject], height: int, width: int, protocol: DataProtocol
) -> np.ndarray:
    """Return the union of all objects, uint8 0/1 (height, width)."""
    mask = np.zeros((height, width), dtype=np.uint8)
    for one in objects:
        if one.kind == "polygon":
            transposed = protocol.object_cxr_polygon_masks == "transposed"
            fill_polygon(mask, [(y, x) if transposed else (x, y) for x, y in one.points])
            continue
        x1, y1, x2, y2 = one.bounds()
        if one.kind == "ellipse" and protocol.object_cxr_ellipse_masks == "ellipse":
            canvas = Image.new("1", (width, height))
            ImageDraw.Draw(canvas).ellipse((x1, y1, max(x2 - 1, x1), max(y2 - 1, y1)), fill=1)
            mask |= np.asarray(canvas, dtype=np.uint8)
            continue
        if protocol.object_cxr_negative_corners == "clipped":
            x1, y1 = max(x1, 0), max(y1, 0)
        # A negative corner counts from the far side, as an array slice does: in practice nothing is left.
        mask[y1:y2, x1:x2] = 1
    return mask
