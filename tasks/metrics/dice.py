"""Segmentation metrics (evaluation.md section 11.1): micro over all pixels of a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from tasks.blocks import image_blocks
from tasks.heads.linear import upsample


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


def image_counts(logits: Tensor, target: Tensor, threshold: float = 0.5) -> Tensor:
    """Return true positives, false positives and false negatives of every image and class. No host sync.

    Args:
        logits: (B, C, H, W), or (K, B, C, H, W) of K configurations; any floating type.
        target: 0/1 of any type, of the same shape; with K configurations axis 0 may be 1 or missing.
        threshold: probability from which a pixel counts as foreground, inclusive.

    Returns:
        (B, C, 3) or (K, B, C, 3) int64 on the logits' device.
    """
    return _counts(logits, target, threshold, lambda block, mask: block)


def upsampled_image_counts(maps: Tensor, target: Tensor, threshold: float = 0.5) -> Tensor:
    """Return `image_counts(upsample(maps), target)` for coarse maps (B, C, h, w) or (K, B, C, h, w)."""
    return _counts(maps, target, threshold, lambda block, mask: upsample(block.float(), *mask.shape[-2:]))


def _counts(
    logits: Tensor, target: Tensor, threshold: float, raise_to: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    if logits.ndim == 5:
        masks = target if target.ndim == 5 else target[None]
        rows = [
            _counts(one, masks[k if len(masks) > 1 else 0], threshold, raise_to)
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
    return torch.cat(blocks).long()


def dice_counts(
    logits: Tensor, target: Tensor, threshold: float = 0.5, configurations: bool = False
) -> Tensor:
    """Return (C, 3) int64 TP, FP, FN of a batch, (K, C, 3) with K configurations on axis 0. No host sync.

    Args:
        logits: (B, C, H, W), or (K, B, C, H, W) with `configurations`.
        target: as in `image_counts`.
        threshold: as in `image_counts`.
        configurations: whether axis 0 indexes independent configurations.
    """
    if logits.ndim != 4 + configurations:
        raise ValueError(f"expected {4 + configurations} axes, found logits of shape {tuple(logits.shape)}")
    return image_counts(logits, target, threshold).sum(-3)


def dice_from_counts(counts: Tensor) -> Tensor:
    """Return float64 Dice (...) from counts (..., 3): 2 TP / (2 TP + FP + FN), 0 where all are 0."""
    return _scores(counts)["dice"]


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    return torch.where(denominator > 0, numerator / denominator.clamp_min(1), torch.zeros_like(numerator))


def _scores(counts: Tensor) -> dict[str, Tensor]:
    tp, fp, fn = counts.double().unbind(-1)
    return {
        "dice": _ratio(2 * tp, 2 * tp + fp + fn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
    }


class SegmentationMetrics:
    """Counts of a split so far: `update` takes a batch, `compute` gives named fractions in [0, 1]."""

    def __init__(self, classes: Sequence[str], threshold: float = 0.5) -> None:
        self.classes = list(classes)
        self.threshold = threshold
        self._counts: Tensor | int = 0
        self._image_dice: Tensor | int = 0
        self._images: Tensor | int = 0

    def update(self, output: Tensor, target: Tensor) -> None:
        """Count a batch of logits (B, C, H, W) against masks of the same shape. No host sync."""
        self.add(image_counts(output.detach(), target, self.threshold))

    def add(self, counts: Tensor) -> None:
        """Add the counts (B, C, 3) of a batch, as `image_counts` gives them. No host sync."""
        with_foreground = counts[..., 0] + counts[..., 2] > 0
        self._counts = self._counts + counts.sum(0)
        self._image_dice = self._image_dice + (dice_from_counts(counts) * with_foreground).sum(0)
        self._images = self._images + with_foreground.sum(0)

    def compute(self) -> dict[str, float]:
        """Return `<class>_dice` of every class, `avg_dice`, and the extras that are logged and not reported.

        `<class>_pos_dice`, the mean Dice of single images with foreground, is absent where no image has any.

        Raises:
            ValueError: nothing was counted.
        """
        if (
            isinstance(self._counts, int)
            or isinstance(self._image_dice, int)
            or isinstance(self._images, int)
        ):
            raise ValueError("no batch was given to `update`")
        scores = {name: values.tolist() for name, values in _scores(self._counts).items()}
        result = {f"{name}_dice": scores["dice"][index] for index, name in enumerate(self.classes)}
        result["avg_dice"] = sum(scores["dice"]) / len(self.classes)
        images, image_dice = self._images.tolist(), self._image_dice.tolist()
        for index, name in enumerate(self.classes):
            if images[index]:
                result[f"{name}_pos_dice"] = image_dice[index] / images[index]
            # Published quirk: the library's IoU leaves false positives out, so it equals recall.
            result[f"{name}_IoU"] = scores["recall"][index]
            result[f"{name}_precision"] = scores["precision"][index]
            result[f"{name}_recall"] = scores["recall"][index]
        return result
