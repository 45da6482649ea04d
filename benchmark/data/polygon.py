"""Fill polygons pixel for pixel as the published masks were filled (OpenCV's `fillPoly`, 8-connected).

The interior is taken scan line by scan line, the outline is drawn on top, so that border pixels belong to the
polygon. An edge that leaves the image is first cut at the image border, in whole pixels, and goes on from
there: the published masks carry this. Written out here because OpenCV would be 150 MB for one function;
the tests hold it to vectors from OpenCV.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Point = tuple[int, int]
"""x (column), y (row)."""

ONE = 1 << 16
"""Slopes are whole multiples of 1 / ONE pixel."""


def fill_polygon(mask: np.ndarray, points: Sequence[Point]) -> None:
    """Set the pixels of a polygon to 1 in place; points outside the mask are allowed.

    Args:
        mask: uint8 (H, W).
        points: Vertices (x, y) in pixels, closed by itself; even-odd rule where it crosses itself.
    """
    height, width = mask.shape
    edges: list[tuple[int, int, int, int]] = []
    for start, end in zip([points[-1], *points[:-1]], points, strict=True):
        cut_start, cut_end, visible = _clip(start, end, width, height)
        if visible:
            _draw_line(mask, cut_start, cut_end)
        if start[1] == end[1]:
            continue
        if cut_start[1] == cut_end[1]:
            cut_start, cut_end = (cut_start[0], start[1]), (cut_end[0], end[1])
        slope = _towards_zero((cut_end[0] - cut_start[0]) * ONE, cut_end[1] - cut_start[1])
        top, cut_top = (start, cut_start) if start[1] < end[1] else (end, cut_end)
        edges.append((top[1], max(start[1], end[1]), cut_top[0] * ONE + (top[1] - cut_top[1]) * slope, slope))
    if not edges:
        return
    for y in range(max(0, min(edge[0] for edge in edges)), min(height, max(edge[1] for edge in edges))):
        crossings = sorted(x + (y - top) * slope for top, bottom, x, slope in edges if top <= y < bottom)
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            first, last = (left + ONE - 1) // ONE, right // ONE
            if last >= 0 and first < width:
                mask[y, max(first, 0) : last + 1] = 1


def _draw_line(mask: np.ndarray, start: Point, end: Point) -> None:
    """Draw an 8-connected line from the left end to the right end; both lie inside."""
    (x0, y0), (x1, y1) = sorted((start, end), key=lambda point: point[0])
    dx, dy = x1 - x0, abs(y1 - y0)
    long, short = max(dx, dy), min(dx, dy)
    along = np.arange(long + 1)
    # One step across for every time that the error term, which starts at `long`, falls below zero.
    across = (2 * short * along + long - 1) // (2 * long) if long else along
    columns, rows = (along, across) if dx >= dy else (across, along)
    mask[y0 + (rows if y1 >= y0 else -rows), x0 + columns] = 1


def _clip(start: Point, end: Point, width: int, height: int) -> tuple[Point, Point, bool]:
    """Cut a line at the image border; returns its ends and whether anything of it is inside."""
    ends, last = [list(start), list(end)], (width - 1, height - 1)

    def side(point: list[int], axis: int) -> int:
        return -1 if point[axis] < 0 else int(point[axis] > last[axis])

    def one_sided() -> bool:
        return any(side(ends[0], axis) == side(ends[1], axis) != 0 for axis in (0, 1))

    for axis in (1, 0):
        if one_sided():
            break
        for this, point in enumerate(ends):
            outside = side(point, axis)
            if outside:
                border = 0 if outside < 0 else last[axis]
                run = [end[1 - axis] for end in ends]
                rise = [end[axis] for end in ends]
                point[1 - axis] += int((border - rise[this]) * (run[1] - run[0]) / (rise[1] - rise[0]))
                point[axis] = border
    visible = all(side(point, axis) == 0 for point in ends for axis in (0, 1))
    return (ends[0][0], ends[0][1]), (ends[1][0], ends[1][1]), visible


def _towards_zero(numerator: int, denominator: int) -> int:
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator >= 0) == (denominator >= 0) else -quotient
