"""Non-maximum suppression of many groups at once, on any device: the same kept boxes on each, to the bit.

torchvision's takes a group at a time, and on a CPU it is the faster one. On a GPU its kernel may fuse products and
sums and compares in float32, so that a pair at the threshold can fall on the other side than on a CPU; its batched
form moves the groups apart by an offset, which rounds the boxes. Here each operation is rounded by itself.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ROWS = 128
"""Boxes of each group that are decided at once."""
_PAIRS = {"cpu": 2**19, "cuda": 2**25}
"""Pairs of boxes that are compared at once: on a CPU what its cache holds, on a GPU what keeps it busy (128 MiB)."""
_LINKS = 8
"""Length of a chain, each box suppressing the next, up to which a first attempt is right."""


def unsuppressed(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: Tensor) -> Tensor:
    """Return the rows that no better row of their group suppresses, by group, then by falling score.

    Args:
        boxes: (n, 4) float32 x1, y1, x2, y2. One that is not a number neither suppresses nor is suppressed.
        scores: (n,) float32. Equal scores rank in the given order.
        groups: (n,) int64, not negative.
        threshold: float32 scalar: an intersection over union from which a worse box is suppressed, inclusive.
    """
    if len(boxes) == 0:
        return torch.zeros(0, dtype=torch.int64, device=boxes.device)
    order = torch.argsort(scores, descending=True, stable=True)
    order = order[torch.argsort(groups[order], stable=True)]
    _, group, sizes = torch.unique_consecutive(groups[order], return_inverse=True, return_counts=True)
    place = torch.arange(len(order), device=boxes.device) - (sizes.cumsum(0) - sizes)[group]
    longest = int(sizes.max())
    padded = boxes.new_full((len(sizes), longest, 4), torch.nan)
    padded[group, place] = boxes[order]
    together = max(_PAIRS[boxes.device.type] // (min(_ROWS, longest) * longest), 1)
    kept = torch.cat([_kept(part, threshold) for part in padded.split(together)])
    return order[kept[group, place]]


def _kept(boxes: Tensor, threshold: Tensor) -> Tensor:
    """Return (G, M) bool for (G, M, 4) boxes, best first."""
    links = _LINKS
    while True:
        kept, settled = _attempt(boxes, threshold, links)
        if settled:  # the only wait for a GPU
            return kept
        links *= 8


def _attempt(boxes: Tensor, threshold: Tensor, links: int) -> tuple[Tensor, Tensor]:
    """Return which boxes are kept, and whether that is right: no chain within a block was longer than `links`."""
    alive = torch.ones(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    settled = torch.ones((), dtype=torch.bool, device=boxes.device)
    for start in range(0, boxes.shape[1], _ROWS):
        end = min(start + _ROWS, boxes.shape[1])
        over = _overlap(boxes[:, start:end], boxes[:, start:], threshold)
        within = over[:, :, : end - start].triu(1)
        begun = kept = alive[:, start:end]
        for _ in range(min(links, end - start)):
            before, kept = kept, begun & ~(within & kept[:, :, None]).any(1)
        if links < end - start:
            settled &= (before == kept).all()
        alive[:, start:end] = kept
        alive[:, end:] &= ~(over[:, :, end - start :] & kept[:, :, None]).any(1)
    return alive, settled


def _overlap(one: Tensor, other: Tensor, threshold: Tensor) -> Tensor:
    """Return (G, R, M) bool: whether the IoU of (G, R, 4) and (G, M, 4) boxes reaches the threshold."""
    low = [torch.maximum(one[..., side, None], other[..., None, :, side]) for side in (0, 1)]
    high = [torch.minimum(one[..., side, None], other[..., None, :, side]) for side in (2, 3)]
    width, height = (end.sub_(begin).clamp_(min=0) for begin, end in zip(low, high, strict=True))
    common = width.mul_(height)
    union = (_area(one)[..., None] + _area(other)[..., None, :]).sub_(common)
    return common.div_(union) >= threshold


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
