"""A decision of the board's keeper on a row or a record: it is withdrawn, or it is disputed and stays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256


class Notice(Model):
    """One entry of `leaderboard/withdrawn.yaml`."""

    row: Name | None = None
    """Name of a row in all tables of measured and of claimed numbers: a backbone (`lovt-30`), or a submission that only
    claims. Each backbone of a method has an entry of its own."""
    record: Sha256 | None = None
    """Key of a run record."""
    state: Literal["withdrawn", "disputed"] = "withdrawn"
    """`withdrawn`: the next version is built without it. `disputed`: it counts and is marked."""
    date: str
    """Day of the decision, `2026-05-01`."""
    reason: str = Field(min_length=1, max_length=400)
    """As typed: escape before show."""
    decided_by: str = Field(min_length=1, max_length=80)
    """As typed: escape before show."""

    @field_validator("date")
    @classmethod
    def _is_a_day(cls, text: str) -> str:
        try:
            if date.fromisoformat(text).isoformat() == text:
                return text
        except ValueError:
            pass
        raise ValueError("expected a day, for example 2026-05-01")

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.row is None) == (self.record is None):
            raise ValueError("expected either row or record")
        return self

    @property
    def what(self) -> str:
        """What it is about, in words."""
        return f"row {self.row}" if self.row else f"record {(self.record or '')[:12]}"

    def concerns(self, row: str, keys: Collection[str]) -> bool:
        """Return whether it is about a row of that name with the runs of these keys."""
        return row == self.row or self.record in keys
