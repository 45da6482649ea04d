"""What a submitter states and nobody can see in the weights: a field here is in every file that repeats it."""

from __future__ import annotations

from pydantic import HttpUrl

from lovt_bench.benchmark.contract.base import Model


class DeclaredFacts(Model):
    """Part of `submission.yaml`, and of the provenance in `backbone.json`, under the same names."""

    paper: HttpUrl | None = None
    """Address of the paper, as the submitter declares it; None where none is named."""
