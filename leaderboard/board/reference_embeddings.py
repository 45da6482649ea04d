"""Published properties of embeddings (`leaderboard/reference_embeddings.yaml`), to stand beside others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import Field, FiniteFloat

from lovt_bench.benchmark.contract.base import Model, Name
from lovt_bench.benchmark.contract.embedding_facts import PropertyKey
from lovt_bench.benchmark.contract.leaderboard import Cell, Summary
from lovt_bench.benchmark.contract.strict_yaml import read_yaml

RUNS = 5
"""Of a published score."""

FILE = Path(__file__).resolve().parents[1] / "reference_embeddings.yaml"


class PublishedScore(Model):
    """A score of a model without a row, as fractions."""

    mean: float = Field(ge=0, le=1)
    interval95: float = Field(ge=0, le=1)

    def cell(self, task: str) -> Cell:
        """Return it as a cell of a published table."""
        summary = Summary(runs=RUNS, mean=self.mean, interval95_normal=self.interval95)
        return Cell(task=task, status="complete", summary=summary)


class ReferenceModel(Model):
    """One published model."""

    name: str = Field(pattern=r"^[A-Za-z0-9_]{1,40}$")
    """As the published files call it."""
    title: str = Field(min_length=1, max_length=80)
    row: Name | None = None
    """Of the published table; None for ablations."""
    scores: dict[str, PublishedScore] = {}
    """By task: what was published of a model without a row."""
    values: dict[PropertyKey, FiniteFloat]


class _References(Model):
    models: list[ReferenceModel]


@cache
def reference_models() -> Mapping[str, ReferenceModel]:
    """Return the published models by name."""
    found = _References.model_validate(read_yaml(FILE)).models
    return {model.name: model for model in found}


def published_model(name: str) -> ReferenceModel | None:
    """Return the published model of that name, or that a row of the published table is; None for another name."""
    models = reference_models()
    return models.get(name) or next((model for model in models.values() if model.row == name), None)
