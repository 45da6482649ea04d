"""Whether runs here give the published values again: one verdict a cell, against margins that were fixed before."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name

Verdict = Literal["equivalent", "different", "open"]
"""`equivalent`: both one-sided tests at 5 % say that the mean is within the margin, which is to say that its 90 %
interval lies within. `different`: the interval lies outside. `open`: it lies across, or there is one run alone."""


class ReplicatedCell(Model):
    """One row on one task, as fractions."""

    row: Name
    task: str
    published: float
    margin: NonNegativeFloat
    """The published half-width of 95 % and the slack."""
    runs: PositiveInt
    mean: float
    half_width: NonNegativeFloat | None
    """Of the 90 % interval of the mean over runs, Student's; None for one run."""
    verdict: Verdict


class Replication(Model):
    """What runs of one protocol say about a published table."""

    protocol: str
    published: Name
    """Table of the published values."""
    table: Name
    """Table of the runs."""
    slack: float = Field(ge=0, le=1)
    rows: list[Name]
    """Rows that are to be replicated."""
    tasks: list[str]
    """Tasks that they are to be replicated on."""
    cells: list[ReplicatedCell]
    """Those that were measured in full."""

    @property
    def replicated(self) -> bool:
        """Whether both rows were measured on at least one task, and every cell is equivalent."""
        measured = {cell.row for cell in self.cells}
        return measured == set(self.rows) and all(cell.verdict == "equivalent" for cell in self.cells)
