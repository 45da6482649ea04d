"""The images of a split as figures look at them: stored features of a backbone, and what is to be seen there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lovt_bench.benchmark.analysis.embeddings import Embeddings
from lovt_bench.benchmark.analysis.features import open_images
from lovt_bench.benchmark.analysis.figures.everything import Everything, gather
from lovt_bench.benchmark.analysis.findings import Findings, findings_of_corpus, findings_of_dataset
from lovt_bench.benchmark.analysis.question import SPLIT, Question, check
from lovt_bench.benchmark.backbone.model import BATCH

FIRST = 100
"""Images whose regions are looked at, as in analysis.md section 4."""


@dataclass(frozen=True)
class Subject:
    """A backbone on the test split of a dataset or a corpus.

    Attributes:
        question: What the features depend on.
        advance: Called with the number of images done after each batch.
        sentence: What sentences hold whose attention is drawn; None: those of the first study.
    """

    question: Question
    advance: Callable[[int], None]
    sentence: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where there is nothing to look at."""
        check(self.question)

    @property
    def rows(self) -> np.ndarray:
        """(n,) rows of the store that are looked at."""
        return self.question.store.rows(SPLIT)[: self.question.images]

    @cached_property
    def embeddings(self) -> Embeddings:
        """Features of all images, computed first where they are not stored."""
        return open_images(self.question, self.question.source, self.advance)[1]

    @cached_property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of positions of an image."""
        height, width = self.embeddings.rows.array.shape[2:]
        return int(height), int(width)

    def maps(self, images: int) -> np.ndarray:
        """Return the feature maps (k, D, h, w) float32 of the first images.

        Raises:
            ValueError: A value is not finite.
        """
        found = np.asarray(self.embeddings.rows.array[:images], dtype=np.float32)
        if not np.isfinite(found).all():
            raise ValueError(
                f"features of {self.question.source.name} are not finite: there is nothing to draw"
            )
        return found

    @cached_property
    def vectors(self) -> np.ndarray:
        """(n, D) float32: of each image the mean over its positions."""
        parts = [
            self.embeddings.batch(start).mean(1).float().cpu().numpy()
            for start in range(0, self.question.images, BATCH)
        ]
        return np.concatenate(parts)

    @cached_property
    def inside(self) -> Everything:
        """What the method says of the images and their reports; the question's method must be there.

        Raises:
            ValueError: A part of the method is not here.
        """
        return gather(self.question, FIRST, self.advance)

    @cached_property
    def findings(self) -> Findings | None:
        """What is to be seen on the images; the foreground on the first `FIRST`."""
        studies = self.question.studies
        if studies is not None:
            return findings_of_corpus(studies, self.question.images)
        return findings_of_dataset(self.question.store, self.rows, FIRST)

    @property
    def source_line(self) -> str:
        """Whose features these are and of which images, for people."""
        question = self.question
        level = question.level_of(question.source).name
        return (
            f"{question.source.display_name} ({question.source.name}) · {question.store.manifest.name}, {SPLIT} · "
            f"level {level}, {question.side} pixels, {question.protocol}"
        )

    def file(self, kind: str) -> str:
        """Return the name of a figure's file."""
        level = self.question.level
        return f"{self.question.store.manifest.name}-{kind}{f'-{level}' if level else ''}"

    def words(self, **parts: Any) -> dict[str, Any]:
        """Return what all figures of these images share."""
        return {"source": self.source_line, "track": self.question.store.manifest.track, **parts}
