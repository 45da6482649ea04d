"""What a method says of the studies of a split, gathered in one pass for all figures of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.analysis.question import Question
from lovt_bench.benchmark.analysis.studies import Study, first_studies


@dataclass(frozen=True)
class Everything:
    """A method on a split."""

    studies: list[Study]
    """The first ones, whole."""
    everywhere: dict[str, np.ndarray]
    """(n, d) of all studies: yg_a, yg_b, zg_a, zg_b and weights_a, what of them the method has."""
    mean_image: np.ndarray
    """(S, S) uint8: the mean of all images, from its least to its greatest value."""


def gather(question: Question, whole: int, advance: Callable[[int], None]) -> Everything:
    """Return what a method says of all studies of a question.

    Args:
        question: Its method must be there.
        whole: How many studies are kept whole.
        advance: Called with the number of images done after each batch that is computed.

    Raises:
        ValueError: As `first_studies` raises it.
    """
    studies: list[Study] = []
    kept: dict[str, list[np.ndarray]] = defaultdict(list)
    total = np.zeros(())
    for number, study in enumerate(first_studies(question, question.images, advance)):
        if number < whole:
            studies.append(study)
        total = total + study.image.astype(np.float64)
        for name, value in _everywhere(study).items():
            if value is not None:
                kept[name].append(value)
    mean = total / question.images
    room = max(float(np.ptp(mean)), 1e-9)
    image = np.rint(255 * (mean - mean.min()) / room).astype(np.uint8)
    return Everything(studies, {name: np.stack(found) for name, found in kept.items()}, image)


def _everywhere(study: Study) -> dict[str, np.ndarray | None]:
    """Return what is kept of every study."""
    return {
        "yg_a": study.yg_a,
        "yg_b": study.yg_b,
        "zg_a": study.zg_a,
        "zg_b": study.zg_b,
        "weights_a": study.weights_a,
    }
