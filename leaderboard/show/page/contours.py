"""Masks of example predictions as outlines: sharp at any size, and dashes tell two apart without colour."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING

from lovt_bench.leaderboard.errors import LeaderboardError

if TYPE_CHECKING:
    import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIDE_LIMIT = 512


def png_bytes(text: str) -> bytes:
    """Return the PNG file that base64 text holds. Raises LeaderboardError."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LeaderboardError("an example image is not base64; evaluate again to write it anew") from error
    if not content.startswith(_SIGNATURE):
        raise LeaderboardError("an example image is not a PNG file; evaluate again to write it anew")
    return content


def outline(mask: str) -> str:
    """Return the SVG path around the non-zero pixels of a mask, in its pixels; empty for an empty mask.

    Raises LeaderboardError for what is not a small PNG.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError
    from skimage.measure import find_contours

    try:
        with Image.open(io.BytesIO(png_bytes(mask)), formats=["PNG"]) as image:
            if max(image.size) > _SIDE_LIMIT:
                raise LeaderboardError(f"an example mask is larger than {_SIDE_LIMIT} pixels")
            pixels = np.asarray(image.convert("L")) > 0
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise LeaderboardError("an example mask cannot be read; evaluate again to write it anew") from error
    # A frame of background closes the outlines of regions at the edge.
    contours = find_contours(np.pad(pixels, 1).astype(np.uint8), 0.5)
    return "".join(_path(contour - 1) for contour in contours)


def _path(points: np.ndarray) -> str:
    """Return a closed path through points (row, column), P x 2, without those on a straight line."""
    import numpy as np

    ring = points[:-1]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    corners = ring[np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-9]
    # The centre of pixel 0 is at 0.5 in the coordinates of an SVG image.
    return "M" + "L".join(f"{x + 0.5:g} {y + 0.5:g}" for y, x in corners) + "Z"
