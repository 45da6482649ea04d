"""What a submitter states and nobody can see in the weights: a field here is in every file that repeats it."""

from __future__ import annotations

from pydantic import Field, HttpUrl, PositiveInt

from lovt_bench.benchmark.contract.base import Model


class DeclaredFacts(Model):
    """Part of `submission.yaml`, and of the provenance in `backbone.json`, under the same names."""

    paper: HttpUrl | None = None
    """Address of the paper, as the submitter declares it; None where none is named."""
    native_side: PositiveInt | None = Field(default=None, le=4096, exclude_if=lambda found: found is None)
    """Side in pixels of the images that the weights were pre-trained on; None where nobody says it."""
