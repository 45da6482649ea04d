"""Projections of a subject's embeddings, and what is said below each."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.analysis.figures.subject import Subject
from lovt_bench.benchmark.analysis.projection import PERPLEXITY, projection_of
from lovt_bench.benchmark.contract.projection import TSNE, Projection


def projection(subject: Subject, space: str, images: int, embeddings: np.ndarray) -> Projection:
    """Return the t-SNE of embeddings (N, D) of so many images, kept beside the subject's reports.

    Raises:
        ValueError: As `projection_of` raises it.
    """
    question = subject.question
    folder = question.path.parent / TSNE
    return projection_of(folder, [question.key, space], question.source.name, images, embeddings)


def how(found: Projection) -> str:
    """Return how a projection was made, and how to read it."""
    fewer = (
        f", less than {PERPLEXITY:g} because there are few points" if found.perplexity < PERPLEXITY else ""
    )
    return (
        f"Perplexity {found.perplexity:g}{fewer}; from PCA, with a fixed seed. Features as they are, not scaled to "
        "length 1. Near points are alike; distances between groups, and axes, mean nothing."
    )
