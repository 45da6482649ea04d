"""Single studies from inside a method, for figures: image, sentences, features of both sides, attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from lovt_bench.benchmark.analysis.features import Batch, open_features
from lovt_bench.benchmark.analysis.question import SPLIT, Question, check
from lovt_bench.benchmark.backbone.model import BATCH


@dataclass(frozen=True)
class Study:
    """One study. Features are float32 and not scaled; padding is cut off. None: the backbone, its method or the corpus
    does not have it."""

    id: str
    image: np.ndarray
    """(S, S) uint8, as stored."""
    labels: np.ndarray
    """(L,) float32 of 0 and 1; empty where there are none."""
    sentences: tuple[str, ...]
    """N of them: those that the text model took; all of the report where there is no text model; () without report."""
    grid: tuple[int, int]
    """Rows and columns of the regions."""
    yg_a: np.ndarray
    """(d,): as the method pools, else the mean of the regions."""
    yl_b: np.ndarray | None = None
    """(N, d)"""
    yg_b: np.ndarray | None = None
    """(d,)"""
    zl_a: np.ndarray | None = None
    """(R, d) projected regions."""
    zl_b: np.ndarray | None = None
    """(N, d) projected sentences."""
    zl_b2a: np.ndarray | None = None
    """(R, d): what the sentences say of each region."""
    zl_a2b: np.ndarray | None = None
    """(N, d): what the regions show of each sentence."""
    zg_a: np.ndarray | None = None
    """(d,)"""
    zg_b: np.ndarray | None = None
    """(d,)"""
    weights_a: np.ndarray | None = None
    """(R,), sum 1: weights of the regions in attention pooling, where they were learnt."""
    attention_b: np.ndarray | None = None
    """(N, R): how much each sentence attends to each region; rows have sum 1."""


def first_studies(
    question: Question, studies: int, advance: Callable[[int], None] = lambda images: None
) -> Iterator[Study]:
    """Yield the first studies of a corpus's test split, or the first images of a dataset's.

    Batches are those of `analyse`, and so are the numbers.

    Args:
        question: What is looked at; its level and settings count.
        studies: How many, at most.
        advance: Called with the number of images done after each batch that is computed.

    Raises:
        ValueError: As `report_of` raises it.
    """
    check(question)
    features = open_features(question, advance)
    store, wanted = question.store, min(question.images, studies)
    rows = store.rows(SPLIT)[:wanted]
    for first in range(0, wanted, BATCH):
        batch = features.batch(first)
        names = store.ids(rows[first : first + BATCH])
        for place, row in enumerate(rows[first : first + BATCH]):
            number = first + place
            said = _said(batch, place)
            whole = question.reports[number] if question.reports else ()
            taken = len(whole) if said["yl_b"] is None else len(said["yl_b"])
            yield Study(
                id=names[place],
                image=np.asarray(store.images[row]),
                labels=np.zeros(0, np.float32)
                if question.studies is None
                else question.studies.labels[number],
                sentences=whole[:taken],
                grid=features.grid,
                **said,
            )


def _said(batch: Batch, place: int) -> dict[str, Any]:
    """Return the features of one study of a batch."""
    regions, inside = batch.regions[place], batch.inside
    found: dict[str, Tensor | None] = {"yg_a": regions.mean(0), "yl_b": None}
    if inside is not None:
        found |= {"yg_a": inside.image.pooled[place], "weights_a": _of(inside.image.weights, place)}
        found |= {"zl_a": _of(inside.zl_a, place), "zg_a": _of(inside.zg_a, place)}
    if inside is not None and inside.report is not None:
        report, attended = inside.report, inside.attended
        real = report.mask[place]
        found |= {"yl_b": report.sentences[place][real], "yg_b": report.pooled[place]}
        found |= {"zl_b": _of(inside.zl_b, place, real), "zg_b": _of(inside.zg_b, place)}
        if attended is not None:
            found |= {"zl_b2a": attended.regions[place], "zl_a2b": attended.sentences[place][real]}
            found["attention_b"] = attended.sentence_probabilities[place][real]
    return {name: None if each is None else each.float().cpu().numpy() for name, each in found.items()}


def _of(values: Tensor | None, place: int, real: Tensor | None = None) -> Tensor | None:
    if values is None:
        return None
    return values[place] if real is None else values[place][real]
