"""Which learning rate the tuning runs choose (evaluation.md section 2.1). No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

WHY_DIVERGED = "losses or weights did not stay finite; look at the backbone with `lovt-bench backbone check`"
"""For messages."""


def grid_edge(learning_rate: float, grid: Sequence[float]) -> Literal["lowest", "highest"] | None:
    """Return at which edge of the grid a tuned rate is; None inside, and where one rate leaves nothing to tune."""
    if len(grid) > 1 and learning_rate == min(grid):
        return "lowest"
    return "highest" if len(grid) > 1 and learning_rate == max(grid) else None


def choose_learning_rate(scores: Sequence[tuple[float, float | None]]) -> float:
    """Return the learning rate of the strictly largest score; the earlier one on a tie.

    Args:
        scores: (learning rate, validation score at the best epoch) in grid order; None for a diverged run.

    Raises:
        ValueError: If every run diverged.
    """
    best: tuple[float, float] | None = None
    for rate, score in scores:
        if score is not None and (best is None or score > best[1]):
            best = (rate, score)
    if best is None:
        rates = ", ".join(f"{rate:g}" for rate, _ in scores)
        raise ValueError(f"all tuning runs diverged (learning rates {rates}): {WHY_DIVERGED}")
    return best[0]
