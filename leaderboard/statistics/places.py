"""Places on one task: ranks, best and second.

A score is a mean test metric, higher is better. `None` means not measured, `DIVERGED` means measured and failed:
worse than every number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIVERGED = -math.inf
"""Score of a cell with a diverged run."""


def ranks(scores: Sequence[float]) -> list[float]:
    """Return the rank of each score, 1 for the highest; tied scores share the average of their places."""
    return [rank / 2 for rank in doubled_ranks(np.asarray(scores, dtype=np.float64)[None])[0].tolist()]


def doubled_ranks(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return twice the rank of each score within its line, 1 for the highest: average ranks as integers.

    Args:
        scores: Float array (lines, scores); infinities are scores like any other.

    Returns:
        Integer array of the same shape.
    """
    lines, count = scores.shape
    if not count:
        return np.empty((lines, 0), dtype=np.int64)
    order = np.argsort(-scores, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=1)
    places = np.arange(count)
    starts = np.ones((lines, count), dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.ones((lines, count), dtype=bool)
    ends[:, :-1] = starts[:, 1:]
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, count)[:, ::-1], axis=1)[:, ::-1]
    result = np.empty((lines, count), dtype=np.int64)
    np.put_along_axis(result, order, first + last + 2, axis=1)
    return result


def best(scores: Sequence[float | None]) -> list[bool]:
    """Return which scores are best: tables show none as higher and at least one as lower. Tied ones are all best.

    A score without a rival (alone, or all equal) is not best at anything; nor is one that tables show as 0.0 %, or a
    diverged one.
    """
    shown = [None if score is None else _shown(score) for score in scores]
    measured = [score for score in shown if score is not None]
    top = max(measured, default=DIVERGED)
    contested = _is_something(top) and any(score < top for score in measured)
    return [contested and score is not None and score == top for score in shown]


def second(scores: Sequence[float | None]) -> list[bool]:
    """Return which scores are second: shown highest below the best where some are shown lower still; ties count.

    What tables show as 0.0 % is not.
    """
    shown = [None if score is None else _shown(score) for score in scores]
    places = sorted({score for score in shown if score is not None}, reverse=True)
    marked = len(places) > 2 and _is_something(places[1])
    return [marked and score == places[1] for score in shown]


def _shown(score: float) -> float:
    """Return a score in percent as tables show it."""
    return round(100 * float(score), 1) if math.isfinite(score) else score


def _is_something(shown: float) -> bool:
    """Return whether tables show a score as more than 0.0 %: whoever found nothing is not the best at it."""
    return math.isfinite(shown) and shown > 0


def count_best(best_by_row: Sequence[Sequence[bool]]) -> int:
    """Return the number of tasks on which any of the rows is best.

    Args:
        best_by_row: For each row of a method one flag per task. A task with two best rows counts once.
    """
    return sum(any(flags) for flags in zip(*best_by_row, strict=True))
