"""Metrics of weighted images, so that a test set can be resampled without scoring it anew. No torch.

What a metric needs of each image is kept once (`Counted`, `Ranked`, `Centred`); a weight says how often an image
counts. Where all weights are 1, the value is that of `tasks/metrics/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RECALL_LEVELS = np.arange(0, 1.01, 0.01)
"""Of `tasks.metrics.mean_average_precision`; COCO's are the same but for rounding."""


AT_ONCE = 2**21
"""Weights of detections that are held at once: an untrained head finds a hundred boxes in every image."""


class Weighted(Protocol):
    """What one run found on N images."""

    @property
    def images(self) -> int:
        """N."""
        ...

    @property
    def lesions(self) -> NDArray[np.bool_]:
        """(N, C) images that hold something of a class to find."""
        ...

    def of_classes(self, kept: Sequence[int]) -> Weighted:
        """Return the same of these of the C classes alone."""
        ...

    def values(self, weights: Floats) -> Floats:
        """Return (K,) values of the metric for weights (K, N); NaN where it is undefined."""
        ...


@dataclass(frozen=True)
class Counted:
    """Dice of masks, pooled over all pixels or as the mean over images with foreground."""

    counts: NDArray[np.int64]
    """(N, C, 3) true positives, false positives, false negatives."""
    pooled: bool = True

    @property
    def images(self) -> int:
        return len(self.counts)

    @property
    def lesions(self) -> NDArray[np.bool_]:
        return self.counts[..., 0] + self.counts[..., 2] > 0

    def of_classes(self, kept: Sequence[int]) -> Counted:
        return replace(self, counts=self.counts[:, kept])

    def values(self, weights: Floats) -> Floats:
        twice = 2.0 * self.counts[..., 0]
        whole = twice + self.counts[..., 1] + self.counts[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.pooled:
                above, below = weights @ twice, weights @ whole
                return np.where(below > 0, above / below, 0.0).mean(axis=1)
            known = self.lesions.astype(np.float64)
            dice = np.where(known > 0, twice / np.maximum(whole, 1), 0.0)
            return ((weights @ dice) / (weights @ known)).mean(axis=1)


@dataclass(frozen=True)
class RankedClass:
    """Detections of one class, best score first."""

    image: Ints
    """(D,)."""
    hits: NDArray[np.bool_]
    """(T, D) true positives at each IoU threshold."""
    boxes: Ints
    """(N,) boxes of the class in each image."""


@dataclass(frozen=True)
class Ranked:
    """Mean average precision over classes and IoU thresholds."""

    classes: Sequence[RankedClass]
    empty: Literal["zero", "left out"] = "zero"
    """What a class without a box counts: 0 as in the published code, nothing as in COCO's."""

    @property
    def images(self) -> int:
        return len(self.classes[0].boxes)

    @property
    def lesions(self) -> NDArray[np.bool_]:
        return np.stack([item.boxes for item in self.classes], axis=1) > 0

    def of_classes(self, kept: Sequence[int]) -> Ranked:
        return replace(self, classes=[self.classes[index] for index in kept])

    def values(self, weights: Floats) -> Floats:
        parts = np.stack([self._class(item, weights) for item in self.classes], axis=1)
        if self.empty == "zero":
            return np.nan_to_num(parts).mean(axis=1)
        known = np.isfinite(parts).sum(axis=1)
        return np.nansum(parts, axis=1) / np.maximum(known, 1)

    @staticmethod
    def _class(item: RankedClass, weights: Floats) -> Floats:
        boxes = weights @ item.boxes
        lines = max(1, AT_ONCE // max(len(item.image), 1))
        parts = [
            _precision(item, weights[start : start + lines], boxes[start : start + lines])
            for start in range(0, len(weights), lines)
        ]
        return np.where(boxes > 0, np.concatenate(parts), np.nan)


def _precision(item: RankedClass, weights: Floats, boxes: Floats) -> Floats:
    """Return (K,) the mean over IoU thresholds of the precision, which means nothing where there is no box."""
    of_image = weights[:, item.image]
    ranks = np.cumsum(of_image, axis=1)
    result = np.zeros(len(weights))
    for hits in item.hits:
        columns = np.flatnonzero(hits)
        positives = np.cumsum(of_image[:, columns], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.nan_to_num(positives / ranks[:, columns])
        # A hit of weight 0 is none; its precision is at most that of the hit before it.
        highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        padded = np.concatenate([highest, np.zeros((len(weights), 1))], axis=1)
        for line in range(len(weights)):
            recall = positives[line] / max(boxes[line], 1e-300)
            result[line] += padded[line, np.searchsorted(recall, RECALL_LEVELS)].mean()
    return result / len(item.hits)


@dataclass(frozen=True)
class Centred:
    """fROC: mean sensitivity at given false positives per image; all classes are one."""

    image: Ints
    """(D,) best score first."""
    inside: NDArray[np.bool_]
    """(D,) whether the centre of a detection lies in a box."""
    found: Ints
    """(D,) boxes that no detection before has found."""
    boxes: Ints
    """(N,)."""
    points: Sequence[float]
    fill_last: bool = True
    """Points that are not reached count as the last one that is (published), or as all detections."""
    one_point_each: bool = True
    """A detection gives one point at most (published)."""

    @property
    def images(self) -> int:
        return len(self.boxes)

    @property
    def lesions(self) -> NDArray[np.bool_]:
        return self.boxes[:, None] > 0

    def of_classes(self, kept: Sequence[int]) -> Centred:
        return self

    def values(self, weights: Floats) -> Floats:
        return np.array([self._one(line) for line in weights])

    def _one(self, weights: Floats) -> float:
        total = float(weights @ self.boxes)
        if total == 0:
            return 1.0
        each = weights[self.image]
        kept = each > 0
        each, inside, found = each[kept], self.inside[kept], self.found[kept]
        false_positives = np.cumsum(each * ~inside) / weights.sum()
        hits = np.cumsum(each * found)
        recorded: list[float] = []
        earliest = 0
        for point in self.points:
            position = max(int(np.searchsorted(false_positives, point)), earliest)
            if position >= len(each):
                break
            recorded.append(float(hits[position]) / total)
            if self.one_point_each:
                earliest = position + 1
        final = float(hits[-1]) / total if len(hits) else 0.0
        fill = recorded[-1] if recorded and self.fill_last else final
        recorded += [fill] * (len(self.points) - len(recorded))
        return float(np.mean(recorded))
