"""What a table's statistics allow one to say, in sentences; nothing that the numbers do not carry.

docs/statistics.md lists every sentence with what it is a sentence about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lovt_bench.benchmark.contract.analysis import Analysis
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.statistics.grid import Grid
from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, holm
from lovt_bench.leaderboard.statistics.pairs import welch_between
from lovt_bench.leaderboard.statistics.places import best
from lovt_bench.leaderboard.statistics.sources import sources_of

NAMED = 5
"""Rows that a sentence names before it counts."""

SCOPE = (
    "Each row is one checkpoint. What is said here is said of this checkpoint on these tasks and test images, under "
    "other training seeds; not of another pre-training of its method, of other images, or of other datasets."
)
"""What all sentences have in common."""

SCOPE_OF_METHODS = (
    "Each row is a method by three or more of its pre-trainings. What is said here is said of these methods at these "
    "settings on these tasks and test images, under other pre-training and training seeds; not of other images, or of "
    "other datasets."
)
"""The same where the rows are methods (`methods`)."""


def statements(table: Table, grid: Grid, analysis: Analysis, scope: str = SCOPE) -> list[str]:
    """Return the sentences, the most important first; `scope` says what rows are, and what all is about."""
    shown = dict(zip(grid.rows, grid.names, strict=True))
    return [
        *_tasks_won(table, grid),
        scope,
        *_told_apart_everywhere(table, analysis),
        *_first_rank(
            analysis, shown, "this checkpoint" if scope == SCOPE else "this method", _images(table, grid)
        ),
        *_friedman(analysis),
        *_runs(table, grid, analysis),
    ]


def runner_up(grid: Grid, column: int, method: str) -> tuple[int, int] | None:
    """Return the best row of the method on a task and the best row of any other; None if there is no other."""
    scores = np.where(np.isnan(grid.scores[:, column]), -math.inf, grid.scores[:, column])
    own = np.array([name == method for name in grid.methods])
    if not np.isfinite(scores[own]).any() or not np.isfinite(scores[~own]).any():
        return None
    first = np.where(own, scores, -math.inf).argmax()
    return int(first), int(np.where(own, -math.inf, scores).argmax())


@dataclass(frozen=True)
class Wins:
    """The method that is best on most tasks, against the best row of another method on each of them."""

    method: str
    tasks: int
    """On which it is best."""
    columns: NDArray[np.int64]
    """(W,): those of them on which there is a rival."""
    own: NDArray[np.int64]
    rival: NDArray[np.int64]
    p: NDArray[np.float64]
    """(W,): Welch, Holm over them."""


def compared_wins(grid: Grid) -> Wins | None:
    """Return the wins of the method that is best on most tasks; None where no row is best on any."""
    won: dict[str, list[int]] = {}
    for column in range(len(grid.tasks)):
        flags = best([None if np.isnan(score) else float(score) for score in grid.scores[:, column]])
        for method in {grid.methods[row] for row, flag in enumerate(flags) if flag}:
            won.setdefault(method, []).append(column)
    if not won:
        return None
    method = min(won, key=lambda name: (-len(won[name]), name))
    rivals = [(column, *pair) for column in won[method] if (pair := runner_up(grid, column, method))]
    columns, own, rival = np.array(rivals, dtype=np.int64).reshape(-1, 3).T
    p = holm(welch_between(grid, (own, columns), (rival, columns)).p)
    return Wins(method, len(won[method]), columns, own, rival, p)


def _tasks_won(table: Table, grid: Grid) -> list[str]:
    wins = compared_wins(grid)
    if wins is None:
        return ["No row is best on any task: there is nothing to compare."]
    sentence = f"{wins.method} is best on {wins.tasks} of {len(grid.tasks)} tasks"
    if not len(wins.columns):
        return [f"{sentence}; no other method was measured on them."]
    numbers = np.array([table.columns[column].number for column in wins.columns])
    close, clear, untested = (
        numbers[chosen].tolist() for chosen in (wins.p >= ALPHA, wins.p < ALPHA, np.isnan(wins.p))
    )
    parts = []
    if clear:
        parts.append(
            f"on {len(clear)} of them it can be told apart from the best row of any other method ({_tasks(clear)})"
        )
    if close:
        parts.append(
            f"on {len(close)} the difference to the best row of another method is within chance ({_tasks(close)})"
        )
    if untested:
        parts.append(f"on {len(untested)} no test is possible for want of two distinct runs on both sides")
    how = f" (5 %, Welch, Holm over {len(close) + len(clear)} tasks)" if close or clear else ""
    return [f"{sentence}; {'; '.join(parts)}{how}."]


def _told_apart_everywhere(table: Table, analysis: Analysis) -> list[str]:
    if not analysis.differences:
        return []
    clear = [item for item in analysis.differences if item.compared and not item.indistinguishable]
    numbers = {column.task: column.number for column in table.columns}
    named = f" ({_tasks([numbers[item.task] for item in clear])})" if clear else ""
    pool = len(analysis.pair_pool)
    others = "every other row" if pool >= len(table.rows) else f"every other of the {pool} rows compared"
    return [
        f"On {len(clear)} of {len(table.columns)} tasks the best row can be told apart from {others}{named} "
        f"(Welch, Holm over all pairs of rows and all tasks)."
    ]


def _images(table: Table, grid: Grid) -> str:
    """Return why a table is no sample of datasets."""
    if table.track == "phantom":
        return "the images are synthetic"
    count = len(sources_of(grid.datasets))
    return f"the images come from {'1 source' if count == 1 else f'{count} sources'}"


def _first_rank(analysis: Analysis, shown: dict[str, str], who: str, images: str) -> list[str]:
    found = []
    for ranking in analysis.rankings:
        top, count = ranking.rows[0], len(ranking.rows)
        how = "datasets count alike" if ranking.balance == "dataset" else "tasks count alike"
        others, ahead = ([shown[row] for row in rows] for rows in (ranking.alike, ranking.ahead))
        apart = (
            f"it cannot be told apart from {_listed(others)}"
            if others
            else "it can be told apart from every other row"
        )
        if ahead:
            apart += (
                f"; {_listed(ahead)} {'is' if len(ahead) == 1 else 'are'} better by scaled scores and can be told "
                f"apart from it"
            )
        found.append(
            f"Where {how}, {shown[top.row]} has the best mean rank on these tasks, {top.mean_rank:.2f} of {count} "
            f"rows; {apart}, and by its scaled scores {who} has a place between {top.first_place} and "
            f"{top.last_place} of {count} (Holm over all pairs; 95 % for all rows together). With datasets, tasks and "
            f"runs drawn anew its mean rank would lie between {top.low:.2f} and {top.high:.2f} in 95 % of draws: that "
            f"describes and tests nothing, since {images}."
        )
    return found


def _friedman(analysis: Analysis) -> list[str]:
    found = []
    for diagram in analysis.critical_differences:
        if diagram.balance == "dataset":
            continue
        verdict = (
            "are not all alike"
            if diagram.iman_davenport_p < diagram.alpha
            else "cannot be told apart as a whole"
        )
        found.append(
            f"On these {diagram.blocks} tasks the ranks of the best {len(diagram.pool)} rows {verdict} under other "
            f"training seeds (Friedman p = {diagram.friedman_p:.2g}, "
            f"Iman-Davenport p = {diagram.iman_davenport_p:.2g})."
        )
    return found


def _runs(table: Table, grid: Grid, analysis: Analysis) -> list[str]:
    found = []
    if table.kind == "published":
        found.append(
            "The published runs of a cell share one seed and often repeat each other, and only their mean and interval "
            "are known: intervals and p-values are too small, and not all differences found here need be real."
        )
    if analysis.audits:
        measured = int(np.isfinite(grid.scores).sum())
        found.append(
            f"{len(analysis.audits)} cell(s) of {measured} hold runs that repeat a value or a seed; only distinct runs "
            f"enter tests and draws of ranks."
        )
    found += [
        f"{_tasks(alike).capitalize()} hold the same scores in every row, as where a profile gives them the same "
        f"images: what is said over tasks counts them as independent, and is too sure."
        for alike in _same_tasks(table, grid)
    ]
    incomplete = len(grid.rows) - int(grid.complete.sum())
    if incomplete:
        found.append(f"{incomplete} row(s) are not measured on every task and have no mean rank.")
    diverged = int(np.isneginf(grid.scores).sum())
    if diverged:
        found.append(
            f"{diverged} cell(s) diverged: they share the last rank of their task and count as 0 in scores."
        )
    return found


def _same_tasks(table: Table, grid: Grid) -> list[list[int]]:
    """Return the numbers of tasks that cannot be independent: scores are equal in every row that has one."""
    alike: dict[bytes, list[int]] = {}
    for place, column in enumerate(table.columns):
        if len(grid.rows) > 1 and np.isfinite(grid.scores[:, place]).all() and grid.scores[:, place].any():
            alike.setdefault(grid.scores[:, place].tobytes(), []).append(column.number)
    return [numbers for numbers in alike.values() if len(numbers) > 1]


def _tasks(numbers: Sequence[int]) -> str:
    return f"{'task' if len(numbers) == 1 else 'tasks'} {', '.join(map(str, numbers))}"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    if rest > 0:
        return f"{', '.join(names[:NAMED])} and {rest} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
