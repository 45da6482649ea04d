"""Learning-rate schedules of the published pre-trainings, as factors of the base learning rate.

Pure functions of step or epoch, for `torch.optim.lr_scheduler.LambdaLR`.
"""

from __future__ import annotations

import math


def cosine_per_epoch(step: int, steps_per_epoch: int) -> float:
    """Return the factor of LoVT's cosine without restart (pretraining.md section 1.8).

    It falls from 1 to 0 in epochs 0, 2, 4, ... and, as published, rises from 0 back to 1 in epochs 1, 3, 5, ...

    Args:
        step: Optimiser steps of the whole run so far.
        steps_per_epoch: Optimiser steps per epoch, a shorter last group of accumulated batches counted.

    Raises:
        ValueError: A negative step or no steps per epoch.
    """
    if step < 0 or steps_per_epoch < 1:
        raise ValueError(f"expected step >= 0 and steps_per_epoch >= 1, found {step} and {steps_per_epoch}")
    # The remainder keeps the argument small: the same value in the last epoch as in the first.
    return (1 + math.cos(math.pi * (step % (2 * steps_per_epoch)) / steps_per_epoch)) / 2


def warmup_cosine(epoch: int, warmup_epochs: int, max_epochs: int) -> float:
    """Return the factor of linear warm-up from 0, then cosine to 0 (pretraining.md section 4).

    The published scheduler starts at 0 and reaches 1 after `warmup_epochs` - 1 equal steps, holds 1 in epoch
    `warmup_epochs`, then follows the cosine. It computes each value from the one before by a factor, so
    without warm-up nothing lifts the initial 0: the factor is 0 in every epoch, as in the published PixelPro.

    Args:
        epoch: 0 is the first.
        warmup_epochs: 1 means one epoch at 0.
        max_epochs: Max epochs of the whole run.

    Raises:
        ValueError: A negative number, or an epoch past both warm-up and run.
    """
    if epoch < 0 or warmup_epochs < 0 or epoch >= max(warmup_epochs, max_epochs):
        raise ValueError(
            f"expected an epoch below {max(warmup_epochs, max_epochs)} and no negative number, "
            f"found epoch {epoch}, warmup_epochs {warmup_epochs}, max_epochs {max_epochs}"
        )
    if warmup_epochs == 0:
        return 0.0
    if epoch < warmup_epochs:
        return epoch / max(1, warmup_epochs - 1)
    return (1 + math.cos(math.pi * (epoch - warmup_epochs) / (max_epochs - warmup_epochs))) / 2


def cosine(epoch: int, max_epochs: int) -> float:
    """Return the factor of a cosine without warm-up: 1 in epoch 0, and it would be 0 in epoch `max_epochs`.

    Args:
        epoch: 0 is the first.
        max_epochs: Epochs of the whole run.

    Raises:
        ValueError: An epoch that the run does not have.
    """
    if not 0 <= epoch < max_epochs:
        raise ValueError(f"expected an epoch from 0 to {max_epochs - 1}, found {epoch}")
    return (1 + math.cos(math.pi * epoch / max_epochs)) / 2
