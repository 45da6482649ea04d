"""Whether runs here give the published values again: one verdict a cell, against margins that were fixed before."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from lovt_bench.benchmark.contract.base import Model, Name, is_empty

Verdict = Literal["equivalent", "different", "open"]
"""`equivalent`: both one-sided tests at 5 % say that the mean is within the margin, which is to say that its 90 %
interval lies within. `different`: the interval lies outside, or a run diverged. `open`: it lies across, or there is one
run alone."""


class ReplicatedCell(Model):
    """One row on one task, as fractions."""

    row: Name
    task: str
    published: float
    margin: NonNegativeFloat
    """The published half-width of 95 % and the slack."""
    runs: NonNegativeInt
    """Those that ended well."""
    mean: float | None
    """None where every run diverged."""
    diverged: NonNegativeInt = Field(default=0, exclude_if=is_empty)
    """Runs."""
    half_width: NonNegativeFloat | None
    """Of the 90 % interval of the mean over runs, Student's; None for one run."""
    verdict: Verdict

    @property
    def tells(self) -> bool:
        """Whether runs of 0 would not be equivalent."""
        return self.published >= self.margin


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
    """Those that were measured in full, or diverged."""
    unfinished: NonNegativeInt = Field(default=0, exclude_if=is_empty)
    """Cells that have runs, but not all."""

    def of_row(self, row: str) -> list[ReplicatedCell]:
        """Return the cells of a row."""
        return [cell for cell in self.cells if cell.row == row]

    @property
    def shared(self) -> list[str]:
        """Tasks that every row was measured on."""
        measured = {(cell.row, cell.task) for cell in self.cells}
        return [task for task in self.tasks if all((row, task) in measured for row in self.rows)]

    @property
    def replicated(self) -> bool:
        """Whether every cell is equivalent, one task has all rows, and each row a cell where 0 would not pass."""
        return (
            bool(self.shared)
            and all(cell.verdict == "equivalent" for cell in self.cells)
            and all(any(cell.tells for cell in self.of_row(row)) for row in self.rows)
        )
