"""Pixel-to-propagation consistency, the loss of PixPro (pretraining.md section 7).

Two views of an image give maps of h x w places. Each place of one view, after propagation, shall point the
same way as the places of the other view's target map that lie close to it in the image.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from lovt_bench.submissions.common.augment.cutout import Cutout


def place_coordinates(cutout: Cutout, image: tuple[int, int], places: tuple[int, int]) -> Tensor:
    """Return where the places of a view's map lie in the image.

    A place stands at the centre of its part of the cut-out. Units: pixels, times the map's side over the
    image's diagonal, so a square image is h / sqrt(2) high.

    Args:
        cutout: Cutout of the view.
        image: Height and width of the image in pixels.
        places: h, w of the map.

    Returns:
        (h * w, 2) float32: y, x, row by row of the map.
    """
    diagonal = math.hypot(*image)
    rows = _centres(cutout.top, cutout.bottom, places[0]) / diagonal * places[0]
    columns = _centres(cutout.left, cutout.right, places[1]) / diagonal * places[1]
    if cutout.flipped:
        columns = columns.flip(0)
    return torch.cartesian_prod(rows, columns)


def positive_pairs(first: Tensor, second: Tensor, threshold: float = 0.7) -> Tensor:
    """Return which places of two views lie closer than `threshold`.

    Args:
        first: (..., N, 2) coordinates of the first view's places.
        second: (..., M, 2) of the second's.
        threshold: Distance in the coordinates' units.

    Returns:
        (..., N, M) bool.
    """
    # The difference is shifted by 1e-6 before the norm, as the published code's library does.
    return functional.pairwise_distance(first[..., :, None, :], second[..., None, :, :]) < threshold


def pixel_consistency(
    propagated: tuple[Tensor, Tensor], targets: tuple[Tensor, Tensor], positives: Tensor
) -> Tensor:
    """Return minus the mean cosine of positive pairs, averaged over both directions; 0 where there is no pair.

    The mean is taken over the pairs of an image, then over the images of the batch.

    Args:
        propagated: Two (B, d, h, w) floating, online maps after propagation. Used as float32 or better.
        targets: Two (B, d, h, w), target maps in the same order of views; no gradient.
        positives: (N, N) bool for the whole batch or (B, N, N), N = h * w: place of view 1, place of view 2.

    Raises:
        ValueError: Shapes do not fit each other.
    """
    places = propagated[0].shape[-2] * propagated[0].shape[-1]
    if positives.shape[-2:] != (places, places) or any(
        other.shape != propagated[0].shape for other in (*propagated, *targets)
    ):
        raise ValueError(
            f"expected four maps of one shape and pairs ({places}, {places}), found maps "
            f"{[tuple(part.shape) for part in (*propagated, *targets)]}, pairs {tuple(positives.shape)}"
        )
    with torch.autocast(positives.device.type, enabled=False):
        forth = _mean_cosine(propagated[0], targets[1], positives)
        back = _mean_cosine(propagated[1], targets[0], positives.mT)
    return -(forth + back) / 2


def _mean_cosine(online: Tensor, target: Tensor, positives: Tensor) -> Tensor:
    wide = torch.promote_types(online.dtype, torch.float32)
    first = functional.normalize(online.flatten(2).to(wide), dim=1)
    second = functional.normalize(target.detach().flatten(2).to(wide), dim=1)
    cosine = torch.einsum("bdn,bdm->bnm", first, second)
    mask = positives.to(wide).expand_as(cosine)
    return ((cosine * mask).sum((1, 2)) / mask.sum((1, 2)).clamp_min(1)).mean()


def _centres(start: int, stop: int, places: int) -> Tensor:
    """Return pixel coordinates (places,); a cut-out with fewer pixels than places ends at its outer pixels."""
    line = torch.arange(start, stop, dtype=torch.float32)[None, None]
    return functional.interpolate(line, size=places, mode="linear")[0, 0]
