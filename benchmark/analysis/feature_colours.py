"""Feature maps as colours: the three directions in which positions vary most become red, green and blue."""

from __future__ import annotations

import numpy as np

_CUT = (2.0, 98.0)
"""Percentiles that become 0 and 255: single outliers would leave all others grey."""


def feature_colours(maps: np.ndarray) -> np.ndarray:
    """Return feature maps as images uint8 (n, h, w, 3); like colours are like features, in one image and between them.

    The principal components are those of all positions of all maps together. Their signs are chosen so that the
    channel that weighs most counts positively: the same maps give the same colours. A direction in which nothing
    varies is grey.

    Args:
        maps: (n, D, h, w), finite.
    """
    images, width, height, across = maps.shape
    rows = maps.transpose(0, 2, 3, 1).reshape(-1, width).astype(np.float64)
    centred = rows - rows.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:3]
    heaviest = np.abs(directions).argmax(1)
    directions = directions * np.sign(directions[np.arange(len(directions)), heaviest])[:, None]
    values = centred @ directions.T
    low, high = np.percentile(values, _CUT, axis=0)
    room = high - low
    varies = room > 1e-9 * max(1.0, float(np.abs(rows).max()))
    scaled = np.where(varies, (values - low) / np.where(varies, room, 1.0), 0.5).clip(0, 1)
    colours = np.full((len(rows), 3), 0.5)
    colours[:, : scaled.shape[1]] = scaled
    return np.rint(255 * colours).astype(np.uint8).reshape(images, height, across, 3)
