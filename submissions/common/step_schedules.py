"""Schedules that change with every optimiser step, as MAE, DINO and MGCA are trained: pure functions."""

from __future__ import annotations

import math


def steps_before(epoch: int, batch: int, batches: int, accumulate: int) -> int:
    """Return the optimiser steps before batch `batch` of epoch `epoch`, both from 0, if all epochs were like this one.

    Lightning's own count is that of the steps that were made: a run that goes on with other batches or on other
    devices would jump along its schedule.
    """
    return epoch * -(-batches // accumulate) + batch // accumulate


def cosine_between(start: float, end: float, done: float) -> float:
    """Return the value on half a cosine from `start` to `end`.

    Args:
        start: Value at `done` 0.
        end: Value from `done` 1 on.
        done: Share of the way.
    """
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, done))) / 2


def warmup_cosine_by_step(step: int, warmup_steps: int, steps: int, final: float = 0.0) -> float:
    """Return the factor of a linear warm-up from 0 to 1, then of half a cosine to `final`.

    That is MAE's schedule. DINO's reaches 1 one step earlier and stays there for that step.

    Args:
        step: Optimiser steps done, below `steps`.
        warmup_steps: At which the factor is 1; 0 for no warm-up.
        steps: Optimiser steps of the whole run, which may end within its warm-up.
        final: Factor that the cosine would reach at `steps`.

    Raises:
        ValueError: A negative number, or a step past the run.
    """
    if warmup_steps < 0 or not 0 <= step < steps:
        raise ValueError(
            f"expected a step from 0 to below {steps} and no negative warm-up, found step {step} and {warmup_steps}"
        )
    if step < warmup_steps:
        return step / warmup_steps
    return cosine_between(1.0, final, (step - warmup_steps) / (steps - warmup_steps))
