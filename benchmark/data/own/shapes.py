"""Objects on an image as annotation tools describe them, and the boxes and masks that they come to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.data.box_masks import box_mask
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.samples import Box

FAR = 1.0
"""By how many sides of the image a point may lie outside of it: beyond, it is of another image or in another unit."""

MOST_SHAPES = 10_000
"""Objects of one image."""


class RunLengths(Model):
    """A mask as COCO encodes it: runs of 0 and 1 in turn, column by column, plain or compressed."""

    size: tuple[PositiveInt, PositiveInt]
    """Height and width."""
    counts: list[NonNegativeInt] | str


class Shape(Model):
    """One object; an outline, where there is one, is its mask."""

    index: NonNegativeInt
    """Its class."""
    name: str
    """What messages call it: `annotation 7`."""
    box: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    """x, y, w, h with the top-left corner."""
    polygons: list[list[FiniteFloat]] = []
    """Each x y x y …; their union is the object."""
    runs: RunLengths | None = None
    crowd: bool = False
    """A region of objects that are not told apart: part of the mask, no box."""

    @property
    def has_outline(self) -> bool:
        """Whether more than a box is known."""
        return bool(self.polygons) or self.runs is not None


class Drawing(Model):
    """What is drawn on one image."""

    size: tuple[PositiveInt, PositiveInt] | None = None
    """Height and width of the image that was annotated."""
    relative: bool = False
    """Whether coordinates are shares of the image's width and height."""
    shapes: list[Shape] = Field(default=[], max_length=MOST_SHAPES)

    def boxed(self) -> list[Shape]:
        """Return the objects that give a box."""
        return [shape for shape in self.shapes if not shape.crowd and (shape.box or shape.has_outline)]

    def check_size(self, height: int, width: int) -> None:
        """Raise BadImageError where another image was annotated."""
        if self.size is not None and self.size != (height, width):
            raise BadImageError(
                f"annotated as {self.size[1]} x {self.size[0]} pixels, but the image has {width} x {height}; annotate "
                "the image as it is stored, or mend the sizes"
            )

    def boxes(self, height: int, width: int) -> np.ndarray:
        """Return x, y, w, h of each object that gives a box, in pixels: float64 (n, 4).

        Raises:
            BadImageError: A box lies far outside the image.
        """
        return self._boxes(self.boxed(), height, width)

    def masks(self, height: int, width: int, classes: int) -> list[np.ndarray]:
        """Return for each class the union of its objects: uint8 0/1 (height, width); boxes are filled.

        Raises:
            BadImageError: An outline is of another size, malformed, or far outside the image.
        """
        return [
            self._mask([shape for shape in self.shapes if shape.index == index], height, width)
            for index in range(classes)
        ]

    def _boxes(self, shapes: Sequence[Shape], height: int, width: int) -> np.ndarray:
        across, down = (width, height) if self.relative else (1, 1)
        found = []
        for shape in shapes:
            x, y, w, h = shape.box or self._around(shape, height, width)
            if w <= 0 or h <= 0:
                raise BadImageError(
                    f"{shape.name}: its outline has no area (width {w * across:g}, height {h * down:g}); mend it or "
                    "take it out"
                )
            _check_near(shape, [x, y, x + w, y + h], self.relative, height, width)
            if x * across >= width or y * down >= height or x + w <= 0 or y + h <= 0:
                where = f"x {x:g}, y {y:g}, width {w:g}, height {h:g}"
                raise BadImageError(
                    f"{shape.name}: box {where} lies wholly outside the image of {width} x {height} pixels; mend it or "
                    "take it out"
                )
            found.append((x * across, y * down, w * across, h * down))
        return np.array(found, dtype=np.float64).reshape(-1, 4)

    def _around(self, shape: Shape, height: int, width: int) -> Box:
        if shape.polygons:
            return bounds(shape.polygons)
        rows, columns = np.nonzero(self._outline(shape, height, width))
        if not len(rows):
            raise BadImageError(f"{shape.name}: run lengths mark no pixel, and there is no bbox; take it out")
        left, top = int(columns.min()), int(rows.min())
        return left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top

    def _mask(self, shapes: Sequence[Shape], height: int, width: int) -> np.ndarray:
        boxes = self._boxes([shape for shape in shapes if not shape.has_outline], height, width)
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        inside = np.clip(corners, 0, [width, height, width, height])
        mask = box_mask(np.concatenate([inside[:, :2], inside[:, 2:] - inside[:, :2]], axis=1), height, width)
        for shape in shapes:
            if shape.has_outline:
                mask = mask | self._outline(shape, height, width)
        return mask

    def _outline(self, shape: Shape, height: int, width: int) -> np.ndarray:
        # As COCO's own tools draw it; the library refuses run lengths that do not fit, before it writes them.
        from faster_coco_eval.core.mask import decode, frPyObjects, merge

        if shape.runs is not None:
            if shape.runs.size != (height, width):
                found = f"{shape.runs.size[1]} x {shape.runs.size[0]}"
                raise BadImageError(
                    f"{shape.name}: run lengths of {found} pixels, the image has {width} x {height}"
                )
            encoded = {"size": list(shape.runs.size), "counts": shape.runs.counts}
            try:
                plain = isinstance(shape.runs.counts, str)
                return np.asarray(decode(encoded if plain else frPyObjects(encoded, height, width)))
            except (ValueError, TypeError, RuntimeError, OverflowError) as error:
                raise BadImageError(f"{shape.name}: run lengths cannot be read: {error}") from error
        across, down = (width, height) if self.relative else (1, 1)
        scaled = []
        for polygon in shape.polygons:
            _check_near(shape, polygon, self.relative, height, width)
            scaled.append((np.array(polygon).reshape(-1, 2) * (across, down)).ravel().tolist())
        return np.asarray(decode(merge(frPyObjects(scaled, height, width))))


def bounds(polygons: Sequence[Sequence[float]]) -> Box:
    """Return x, y, w, h around polygons."""
    points = np.concatenate([np.array(polygon).reshape(-1, 2) for polygon in polygons])
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def _check_near(shape: Shape, points: Sequence[float], relative: bool, height: int, width: int) -> None:
    """Refuse points that are of no such image; a rasteriser would take memory for each pixel on the way to them."""
    limits = (1.0, 1.0) if relative else (float(width), float(height))
    for position, value in enumerate(points):
        side = limits[position % 2]
        if not -FAR * side <= value <= (1 + FAR) * side:
            unit = "shares of its sides" if relative else "pixels"
            raise BadImageError(
                f"{shape.name}: {'xy'[position % 2]} = {value:g} lies far outside the image of {width} x {height} "
                f"pixels; expected {unit} of this image"
            )
