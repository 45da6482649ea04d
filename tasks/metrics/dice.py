"""Segmentation metrics (evaluation.md section 11.1): micro over all pixels of a split.

Scores are a function of the counts of each image alone, in any order and on any machine to the bit: sums of counts are
exact, and those of fractions are rounded once (`math.fsum`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import fsum

import torch
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.tasks.blocks import image_blocks
from lovt_bench.tasks.heads.linear import upsample
from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.predictions import MaskPredictions
from lovt_bench.tasks.scores import segmentation_scores

METRIC = Metric(names=("<class>_dice", "avg_dice"), target="masks", order=10)


@cache
def logit_threshold(threshold: float) -> float:
    """Return the least float32 logit whose float32 probability reaches `threshold`.

    Comparing logits saves a pass over every pixel and decides exactly as comparing probabilities does.
    """
    low, high = torch.tensor(-100.0), torch.tensor(100.0)
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return float(high)
        if torch.sigmoid(middle) >= torch.tensor(threshold, dtype=torch.float32):
            high = middle
        else:
            low = middle


def image_counts(
    logits: Tensor, target: Tensor, threshold: float = 0.5, masks: list[Tensor] | None = None
) -> Tensor:
    """Return true positives, false positives and false negatives of every image and class. No host sync.

    Args:
        logits: (B, C, H, W), or (K, B, C, H, W) of K configurations; any floating type.
        target: 0/1 of any type, of the same shape; with K configurations axis 0 may be 1 or missing.
        threshold: Probability from which a pixel counts as foreground, inclusive.
        masks: Takes the predicted masks, packed (`pack`), a tensor (b, C, bytes) for each few images.

    Returns:
        (B, C, 3) or (K, B, C, 3) int64 on the logits' device.
    """
    return _counts(logits, target, threshold, lambda block, mask: block, masks)


def upsampled_image_counts(
    maps: Tensor, target: Tensor, threshold: float = 0.5, masks: list[Tensor] | None = None
) -> Tensor:
    """Return `image_counts(upsample(maps), target)` for coarse maps (B, C, h, w) or (K, B, C, h, w)."""
    return _counts(
        maps, target, threshold, lambda block, mask: upsample(block.float(), *mask.shape[-2:]), masks
    )


def _counts(
    logits: Tensor,
    target: Tensor,
    threshold: float,
    raise_to: Callable[[Tensor, Tensor], Tensor],
    packed: list[Tensor] | None,
) -> Tensor:
    if logits.ndim == 5:
        masks = target if target.ndim == 5 else target[None]
        rows = [
            _counts(one, masks[k if len(masks) > 1 else 0], threshold, raise_to, packed)
            for k, one in enumerate(logits)
        ]
        return torch.stack(rows)
    if logits.ndim != 4 or target.shape[:2] != logits.shape[:2]:
        raise ValueError(f"logits {tuple(logits.shape)} and target {tuple(target.shape)} do not fit")
    least = logit_threshold(threshold)
    blocks = []
    for images in image_blocks(logits):
        mask = target[images]
        predicted = (raise_to(logits[images], mask).float() >= least).float().flatten(2)
        wanted = mask.float().flatten(2)
        # Sums of zeros and ones are exact in float32 up to 2^24 pixels.
        overlap, found, all_wanted = (predicted * wanted).sum(-1), predicted.sum(-1), wanted.sum(-1)
        blocks.append(torch.stack([overlap, found - overlap, all_wanted - overlap], dim=-1))
        if packed is not None:
            packed.append(pack(predicted))
    return torch.cat(blocks).long()


def pack(masks: Tensor) -> Tensor:
    """Return masks (..., pixels) of float32 0 and 1 as uint8 (..., bytes), eight pixels each, first pixel highest."""
    bits = F.pad(masks, (0, -masks.shape[-1] % 8)).unflatten(-1, (-1, 8))
    # Exact in any floating type that autocast may choose: no sum exceeds 255.
    return (bits @ torch.tensor([2.0**bit for bit in range(7, -1, -1)], device=masks.device)).to(torch.uint8)


def dice_from_counts(counts: Tensor) -> Tensor:
    """Return float64 Dice (...) from counts (..., 3): 2 TP / (2 TP + FP + FN), 0 where all are 0."""
    return overlap_scores(counts)["dice"]


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    return torch.where(denominator > 0, numerator / denominator.clamp_min(1), torch.zeros_like(numerator))


def overlap_scores(counts: Tensor) -> dict[str, Tensor]:
    """Return float64 `dice`, `precision` and `recall` (...) of counts (..., 3)."""
    tp, fp, fn = counts.double().unbind(-1)
    return {
        "dice": _ratio(2 * tp, 2 * tp + fp + fn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
    }


class SegmentationMetrics:
    """Counts of the images of a split so far: `update` takes a batch, `compute` gives named fractions in [0, 1].

    Args:
        classes: Names of the channels.
        threshold: Probability from which a pixel counts as foreground, inclusive.
        keep_masks: Keep the predicted masks, too.
    """

    def __init__(self, classes: Sequence[str], threshold: float = 0.5, keep_masks: bool = False) -> None:
        self.classes = list(classes)
        self.threshold = threshold
        self.masks: list[Tensor] | None = [] if keep_masks else None
        """Packed, for `image_counts` to fill."""
        self._counts: list[Tensor] = []
        self._side = 0

    def update(self, output: Tensor, target: Tensor) -> None:
        """Count a batch of logits (B, C, S, S) against masks of the same shape. No host sync."""
        self.add(image_counts(output.detach(), target, self.threshold, self.masks), target.shape[-1])

    def add(self, counts: Tensor, side: int) -> None:
        """Add the counts (B, C, 3) of a batch of masks of a side, as `image_counts` gives them. No host sync."""
        self._counts.append(counts)
        self._side = side

    def compute(self) -> dict[str, float]:
        """Return `tasks.scores.segmentation_scores` of all images.

        Raises:
            ValueError: Nothing was counted.
        """
        return segmentation_scores(self._all_counts(), self.classes)

    def predictions(self) -> MaskPredictions:
        """Return what the scores follow from. Raises ValueError if nothing was counted."""
        masks = None if self.masks is None else torch.cat(self.masks).cpu()
        return MaskPredictions(self._all_counts(), masks, self._side)

    def _all_counts(self) -> Tensor:
        if not self._counts:
            raise ValueError("no batch was given to `update`")
        return torch.cat(self._counts).cpu()


def compute(counts: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Return `<class>_dice` of every class, and `avg_dice`, from counts (N, C, 3) int64 of every image."""
    dice: list[float] = overlap_scores(counts.sum(0))["dice"].tolist()
    single = {f"{name}_dice": dice[index] for index, name in enumerate(classes)}
    return single | {"avg_dice": fsum(dice) / len(classes)}
