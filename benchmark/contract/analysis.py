"""What the statistics say of one table: ranks with intervals, who can be told apart, independence of runs.

Everything is computed in `leaderboard/statistics/`; renderings only show it. Method names and formulas:
docs/statistics.md.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from benchmark.contract.base import Model, Name

Balance = Literal["dataset", "task"]
"""`dataset`: every dataset has the same weight, its tasks share it. `task`: every task has the same weight."""


class RankInterval(Model):
    """Where a row stands, with a 95 % bootstrap interval of its mean rank."""

    row: Name
    mean_rank: PositiveFloat
    low: PositiveFloat
    high: PositiveFloat
    aggregate: float | None = None
    """Mean score scaled so that `Ranking.floor` is 0 and the best reference is 1; None without both."""


class Ranking(Model):
    """The complete rows of a table ranked under one balance."""

    balance: Balance
    rows: list[RankInterval]
    """Best first."""
    groups: list[list[Name]] = []
    """Maximal runs of neighbouring rows that cannot be told apart; a row may be in several or none."""
    floor: Name | None = None
    """Row that the aggregate puts at 0 (random initialisation)."""
    reference: str | None = None
    """What the aggregate puts at 1, in words."""


class CriticalDifference(Model):
    """Demsar's diagram: Friedman test and Nemenyi's critical difference over the named pool."""

    pool: list[Name]
    """Rows compared, best first. Ranks depend on the pool."""
    mean_ranks: list[float]
    """One per row of the pool, over `blocks` blocks."""
    blocks: PositiveInt
    """Datasets or tasks that count as blocks."""
    balance: Balance
    friedman_p: float = Field(ge=0, le=1)
    critical_difference: NonNegativeFloat
    alpha: float = 0.05
    cliques: list[list[Name]] = []
    """Maximal groups whose mean ranks differ by less than the critical difference."""


class Pair(Model):
    """Two rows, task by task. Rows are in the order of the table."""

    first: Name
    second: Name
    p_values: list[float | None]
    """Welch's t per task of the table, Holm-corrected over the tasks of this pair; None where not computable."""
    overall_p: float | None = None
    """Wilcoxon signed-rank over balanced differences, two-sided; None where there are too few."""


class RunAudit(Model):
    """A cell whose runs do not look independent."""

    row: Name
    task: str
    runs: PositiveInt
    effective_runs: PositiveInt
    """Distinct values (and distinct seeds, where seeds are known): the smaller count."""
    repeated_values: NonNegativeInt
    repeated_seeds: NonNegativeInt


class Differences(Model):
    """How many differences between neighbouring or best rows are real, in numbers and one sentence."""

    task: str
    best: Name
    indistinguishable: list[Name]
    """Rows that cannot be told apart from the best on this task at 5 %, Holm-corrected over rows."""


class Analysis(Model):
    """Everything inferential about one table."""

    rankings: list[Ranking] = []
    critical_difference: CriticalDifference | None = None
    pairs: list[Pair] = []
    """Of the rows in `pair_pool` only: all pairs of many rows would not fit a page."""
    pair_pool: list[Name] = []
    audits: list[RunAudit] = []
    """Flagged cells only."""
    differences: list[Differences] = []
    """One per task that has a best row."""
    statements: list[str] = []
    """What can and cannot be said, in sentences."""
    bootstrap_seed: int = 0
    bootstrap_samples: NonNegativeInt = 0
