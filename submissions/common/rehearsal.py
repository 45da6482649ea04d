"""A rehearsal: the same training on a handful of images, two steps an epoch (docs/contract.md).

The harness gives a small corpus, stops the first run as soon as it has left a checkpoint, and lets a second one go on.
"""

from __future__ import annotations

from typing import Any

from lovt_bench.submissions.common.settings import Settings

STEPS = 2
"""Batches of an epoch, and of a validation."""
EPOCHS = 20
"""Epochs of a run that nobody stops: long enough for a harness that looks four times a second to find a checkpoint."""
WORKERS = 2
"""Loader processes at most."""
NOTE = "a rehearsal: a few steps on a few images; these weights have learnt nothing"


def shortened(
    settings: Settings, samples: int, ranks: int, earlier: dict[str, Any] | None, epochs: int | None = None
) -> Settings:
    """Return the settings that a rehearsal trains by; all that is not the length of the training stays.

    Args:
        settings: Settings of the real run.
        samples: Training samples that there are.
        ranks: Processes that share a step.
        earlier: The checkpoint that it goes on from; then one epoch is left.
        epochs: Epochs of the whole rehearsal in place of that: one that goes on ends where an unbroken one does.
    """
    if epochs is None:
        epochs = EPOCHS if earlier is None else int(earlier["epoch"]) + 2
    return settings.model_copy(
        update={
            "batch_size": max(2, min(settings.batch_size, samples // (STEPS * ranks))),
            "max_epochs": epochs,
            "patience": None,
        }
    )
