"""What an analysis found in the embeddings of a row of the board, in the few numbers that are compared.

Made of an `EmbeddingReport`; no rank depends on it. Standard deviations are times the root of the dimension, so that a
uniform distribution on the sphere has 1 whatever its dimension.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, PositiveInt, StringConstraints

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.embedding_alignment import Alignment, AlignmentName

PropertyKey = Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z0-9_]+){1,2}$")]
"""`<space>.<property>`, and with `.std` behind it the deviation over images: `leaderboard/show/properties.py` has the
words."""


class EmbeddingQuestion(Model):
    """What two analyses have in common if their numbers may stand beside each other."""

    source: Literal["dataset", "corpus"]
    """As in the report."""
    dataset: Name
    dataset_sha256: Sha256
    track: Track
    images: PositiveInt
    image_side: PositiveInt
    protocol: str
    reference_options: list[str] = []
    """Options that repeat what the reference did, and a level that is not the backbone's deepest; empty: none."""


class EmbeddingFacts(Model):
    """Properties of the embeddings of one backbone on one set of images."""

    question: EmbeddingQuestion
    key: Sha256
    """Of the report."""
    backbone_sha256: Sha256
    level: str
    positions: PositiveInt
    """Vectors of an image."""
    values: dict[PropertyKey, FiniteFloat]
    alignment: dict[AlignmentName, Alignment] = Field(default={}, exclude=True)
    """As in the report, for figures: no board and no page holds it."""
