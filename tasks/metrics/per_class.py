"""What is logged of each class beside its Dice, and not reported (evaluation.md section 11.1)."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from torch import Tensor

from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.metrics.dice import dice_from_counts, overlap_scores

METRIC = Metric(
    names=("<class>_pos_dice", "<class>_IoU", "<class>_precision", "<class>_recall"), target="masks", order=20
)


def compute(counts: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Return the extras of every class from counts (N, C, 3) int64 of every image.

    `<class>_pos_dice`, the mean Dice of single images with foreground, is absent where no image has any.
    """
    scores = {name: values.tolist() for name, values in overlap_scores(counts.sum(0)).items()}
    image_dice, with_foreground = dice_from_counts(counts), counts[..., 0] + counts[..., 2] > 0
    result: dict[str, float] = {}
    for index, name in enumerate(classes):
        positive = image_dice[:, index][with_foreground[:, index]].tolist()
        if positive:
            result[f"{name}_pos_dice"] = fsum(positive) / len(positive)
        # Published quirk: the library's IoU leaves false positives out, so it equals recall.
        result[f"{name}_IoU"] = scores["recall"][index]
        result[f"{name}_precision"] = scores["precision"][index]
        result[f"{name}_recall"] = scores["recall"][index]
    return result
