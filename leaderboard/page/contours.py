"""Masks of example predictions as outlines: sharp at any size, and dashes tell two apart without colour."""

from __future__ import annotations

import base64
import binascii
import io

from leaderboard.errors import LeaderboardError

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
    from skimage.measure import approximate_polygon, find_contours

    try:
        with Image.open(io.BytesIO(png_bytes(mask)), formats=["PNG"]) as image:
            if max(image.size) > _SIDE_LIMIT:
                raise LeaderboardError(f"an example mask is larger than {_SIDE_LIMIT} pixels")
            pixels = np.asarray(image.convert("L")) > 0
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise LeaderboardError("an example mask cannot be read; evaluate again to write it anew") from error
    # A frame of background closes the outlines of regions at the edge.
    contours = find_contours(np.pad(pixels, 1).astype(np.uint8), 0.5)
    return "".join(_path(approximate_polygon(contour - 0.5, tolerance=0.6)) for contour in contours)


def _path(points) -> str:  # type: ignore[no-untyped-def]
    if len(points) < 4:
        return ""
    # find_contours gives (row, column) at pixel centres.
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for y, x in points[:-1]) + "Z"
