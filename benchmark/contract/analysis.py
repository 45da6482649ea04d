"""What the statistics say of one table: ranks with the range of draws, who can be told apart, independence of runs.

Everything is computed in `leaderboard/statistics/`; renderings only show it. Method names and formulas:
docs/statistics.md. Numbers are rounded, so that equal inputs give equal bytes on every machine.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, is_empty

Balance = Literal["dataset", "task"]
"""`dataset`: every dataset has the same weight, its tasks share it. `task`: every task has the same weight."""


class RankInterval(Model):
    """Where a row stands: its mean rank, and between which places 95 % confidence leaves it."""

    row: Name
    mean_rank: PositiveFloat
    """Under the balance of the ranking: equal to `Row.mean_rank` for `task` only."""
    low: PositiveFloat
    """With `high`: where 95 % of mean ranks lie if datasets, tasks and runs are drawn anew. A description, no test."""
    high: PositiveFloat
    aggregate: float | None = None
    """Mean score scaled so that `Ranking.floor` is 0 and the best reference is 1; None without both."""
    first_place: PositiveInt | None = Field(default=None, exclude_if=is_empty)
    """With `last_place`: the places that the row may have on these tasks under other training seeds, at 95 % for all
    rows together. None in older boards."""
    last_place: PositiveInt | None = Field(default=None, exclude_if=is_empty)


class Ranking(Model):
    """The complete rows of a table ranked under one balance."""

    balance: Balance
    rows: list[RankInterval]
    """Best first."""
    groups: list[tuple[NonNegativeInt, NonNegativeInt]] = []
    """First and last index into `rows`, inclusive, of each maximal run of two or more neighbours of which no two can
    be told apart on these tasks (Holm over all pairs). Runs may overlap; a row may be in none."""
    alike: list[Name] = Field(default=[], exclude_if=is_empty)
    """Other rows that cannot be told apart from the first by scaled scores, neighbours or not. In older boards `groups`
    alone says it."""
    ahead: list[Name] = Field(default=[], exclude_if=is_empty)
    """Rows that can be told apart from the first, and are better by scaled scores."""
    floor: Name | None = None
    """Row that the aggregate puts at 0 (random initialisation)."""
    reference: str | None = None
    """What the aggregate puts at 1, in words."""


class CriticalDifference(Model):
    """Demsar's diagram: Friedman test and Nemenyi's critical difference over the named pool."""

    balance: Balance
    """What the blocks are: datasets (their tasks share one vote) or tasks."""
    blocks: PositiveInt
    """Datasets or tasks that count as blocks."""
    pool: list[Name]
    """Rows compared, best first. Ranks depend on the pool."""
    mean_ranks: list[float]
    """One per row of the pool, over the blocks."""
    friedman_p: float = Field(ge=0, le=1)
    """Friedman's chi-squared test, corrected for ties."""
    iman_davenport_p: float = Field(ge=0, le=1)
    """The same as an F test, which is less conservative."""
    critical_difference: NonNegativeFloat
    """Nemenyi's, at `alpha`."""
    alpha: float = 0.05
    cliques: list[list[Name]] = []
    """Maximal groups of two or more whose mean ranks differ by less than the critical difference."""


class Pair(Model):
    """Two rows, task by task. Rows are in the order of the table."""

    first: Name
    second: Name
    p_values: list[float | None]
    """Welch's t per task of the table, Holm-corrected over the tasks of this pair; None where not computable."""
    overall_p: float | None = None
    """Wilcoxon signed-rank over the common tasks, exact, two-sided; None without a common task. It speaks of these
    tasks alone."""
    overall_p_holm: float | None = Field(default=None, exclude_if=is_empty)
    """The same, Holm-corrected over all pairs. None in older boards."""
    overall_p_datasets: float | None = None
    """In older boards: over one mean difference per dataset. None since datasets of one source are not independent."""


class RunAudit(Model):
    """A cell whose runs do not look independent."""

    row: Name
    task: str
    runs: PositiveInt
    effective_runs: PositiveInt
    """Runs that are left when each is dropped that has the value or the seed of one kept before it."""
    repeated_values: NonNegativeInt
    """Runs whose value an earlier run of the cell has."""
    repeated_seeds: NonNegativeInt
    """Runs whose seed an earlier run of the cell has."""


class Differences(Model):
    """How far the best row of a task stands out."""

    task: str
    best: Name
    compared: NonNegativeInt
    """Other rows of the pool that are measured on the task."""
    indistinguishable: list[Name]
    """Those of them that cannot be told apart from the best at 5 % (Welch, Holm over all pairs of the pool and all
    tasks), or for which no test is possible (fewer than two distinct runs). A diverged row is told apart."""


class Analysis(Model):
    """Everything inferential about one table."""

    rankings: list[Ranking] = []
    """By dataset, then by task; empty where no two rows are complete."""
    critical_differences: list[CriticalDifference] = []
    """By dataset, then by task; those that exist (at least three complete rows and two blocks)."""
    pairs: list[Pair] = []
    """Pairs of the rows in `pair_pool` only: all pairs of many rows would not fit a page."""
    pair_pool: list[Name] = []
    """In the order of the table."""
    audits: list[RunAudit] = []
    """Flagged cells only."""
    differences: list[Differences] = []
    """One per task that has a best row."""
    statements: list[str] = []
    """What can and cannot be said, in sentences. May hold display names: escape before show."""
    bootstrap_seed: int = 0
    bootstrap_samples: NonNegativeInt = 0
    """0: no interval was computed."""
