"""Which learning rate the tuning runs choose (evaluation.md section 2.1). No torch here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

WHY_DIVERGED = "losses or weights did not stay finite; look at the backbone with `lovt-bench backbone check`"
"""For messages."""


def grid_edge(learning_rate: float, grid: Sequence[float]) -> Literal["lowest", "highest"] | None:
    """Return at which edge of the grid a tuned rate is; None inside, and where one rate leaves nothing to tune."""
    if len(grid) > 1 and learning_rate == min(grid):
        return "lowest"
    return "highest" if len(grid) > 1 and learning_rate == max(grid) else None


def tried_grid(
    grid: Sequence[float], scores: Mapping[float, float | None], steps: int
) -> tuple[list[float], float | None]:
    """Return the learning rates of the grid and those it went on to, and the one to try next.

    A grid goes on beyond the end that holds its optimum, one step of 1, 3, 10, … at a time, until it is inside.

    Args:
        grid: As the task says, in the order in which it is tried.
        scores: Validation score by learning rate; None for a diverged run.
        steps: By so many rates at most.

    Returns:
        None for the next one where the optimum is inside, no step is left, there is nothing to tune, or not all rates
        of the grid have a score yet.
    """
    rates = list(grid)
    if len(grid) == 1 or any(rate not in scores for rate in grid):
        return rates, None
    if all(scores[rate] is None for rate in grid):
        return rates, None
    for _ in range(steps):
        edge = grid_edge(choose_learning_rate([(rate, scores[rate]) for rate in rates]), rates)
        if edge is None:
            break
        following = step_beyond(min(rates) if edge == "lowest" else max(rates), edge)
        if following not in scores:
            return rates, following
        rates.append(following)
    return rates, None


def step_beyond(rate: float, edge: Literal["lowest", "highest"]) -> float:
    """Return the next of …, 0.01, 0.03, 0.1, … below or above a learning rate.

    >>> step_beyond(0.1, "highest"), step_beyond(0.0001, "lowest"), step_beyond(0.02, "highest")
    (0.3, 3e-05, 0.03)
    """
    decade = math.floor(math.log10(rate))
    series = [float(f"{digit}e{power}") for power in range(decade - 2, decade + 3) for digit in (1, 3)]
    return (
        max(one for one in series if one < rate)
        if edge == "lowest"
        else min(one for one in series if one > rate)
    )


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
