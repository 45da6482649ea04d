"""`submission.yaml`: who stands behind a row of the leaderboard."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, HttpUrl

from benchmark.contract.base import Model, Name

Supervision = Literal["none", "general", "labels", "self", "text", "unknown"]
"""`general`: general-domain initialisation; `labels`: supervised in-domain; `self`: images only; `text`: reports."""


class Submission(Model):
    """One folder under `submissions/`."""

    schema_version: Literal[1] = 1
    name: Name
    display_name: str = Field(min_length=1, max_length=80)
    description: str = ""
    supervision: Supervision
    paper: HttpUrl | None = None
    pretraining_data: list[str] = []
    licence: str = "MIT"
    module: str | None = Field(default=None, pattern=r"^submissions(\.[a-z_][a-z0-9_]*)+$")
    """Python module of this repository that `lovt-bench pretrain` runs; None where nothing is trained."""
