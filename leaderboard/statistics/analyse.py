"""From a table to its analysis: a pure function, byte-stable, the one place where statistics are put together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lovt_bench.benchmark.contract.analysis import (
    Analysis,
    Balance,
    CriticalDifference,
    Differences,
    Pair,
    Ranking,
    RankInterval,
)
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.statistics.aggregate import aggregate, is_reference
from lovt_bench.leaderboard.statistics.audit import audit
from lovt_bench.leaderboard.statistics.bootstrap import (
    SEED,
    Bootstrap,
    bootstrap,
    mean_ranks,
    sample_counts,
)
from lovt_bench.leaderboard.statistics.friedman import cliques, critical_difference, friedman
from lovt_bench.leaderboard.statistics.grid import Grid, grid_of
from lovt_bench.leaderboard.statistics.hypotheses import holm
from lovt_bench.leaderboard.statistics.pairs import overall, welch_between
from lovt_bench.leaderboard.statistics.places import best, doubled_ranks
from lovt_bench.leaderboard.statistics.statements import SCOPE, SCOPE_OF_METHODS, statements
from lovt_bench.leaderboard.statistics.verdicts import apart_on_tasks, neighbours, places

POOL = 40
"""Rows that are compared pair by pair: the best by dataset, and references beside them."""

CD_POOL = 20
"""Rows of a critical-difference diagram."""

BALANCES: tuple[Balance, ...] = ("dataset", "task")


def analyse(table: Table, scope: str = SCOPE) -> Analysis:
    """Return what can be inferred from a table. The same table gives the same bytes on every machine.

    Args:
        table: Rows and what runs they have.
        scope: What a row is, and what the sentences are about.
    """
    if table.kind == "claimed":
        return Analysis(
            statements=["These are claims of submitters; nothing was measured, so nothing is tested."]
        )
    grid = grid_of(table, of_methods=scope == SCOPE_OF_METHODS)
    whole = subset(grid, np.flatnonzero(grid.complete))
    rankings: list[Ranking] = []
    diagrams: list[CriticalDifference] = []
    if len(whole.rows) > 1:
        samples = bootstrap(whole)
        rankings = [_ranking(whole, balance, samples[balance]) for balance in BALANCES]
        diagrams = [found for ranking in rankings if (found := _diagram(whole, ranking))]
    pool = _pool(grid, rankings)
    analysis = Analysis(
        rankings=rankings,
        critical_differences=diagrams,
        pairs=_pairs(grid, pool),
        pair_pool=[grid.rows[row] for row in pool],
        audits=audit(table),
        differences=_differences(grid, pool),
        bootstrap_seed=SEED if rankings else 0,
        bootstrap_samples=sample_counts(len(whole.rows))[0] if rankings else 0,
    )
    return analysis.model_copy(update={"statements": statements(table, grid, analysis, scope)})


def subset(grid: Grid, rows: np.ndarray) -> Grid:
    """Return the grid of the rows with these indices, in this order."""
    chosen = rows.tolist()
    position = {row: place for place, row in enumerate(chosen)}
    return replace(
        grid,
        rows=tuple(grid.rows[row] for row in chosen),
        names=tuple(grid.names[row] for row in chosen),
        methods=tuple(grid.methods[row] for row in chosen),
        scores=grid.scores[rows],
        std=grid.std[rows],
        runs=grid.runs[rows],
        values={
            (position[row], task): values for (row, task), values in grid.values.items() if row in position
        },
        drawn=frozenset(position[row] for row in grid.drawn if row in position),
        shared={position[row]: values for row, values in grid.shared.items() if row in position},
    )


def _ranking(whole: Grid, balance: Balance, samples: Bootstrap) -> Ranking:
    points = mean_ranks(whole, balance)
    order = sorted(range(len(points)), key=lambda row: (points[row], whole.rows[row]))
    scaled = aggregate(whole, balance)
    stand = places(whole, balance)
    top, apart = order[0], stand.apart[order[0]]
    return Ranking(
        balance=balance,
        rows=[
            RankInterval(
                row=whole.rows[row],
                mean_rank=round(float(points[row]), 4),
                low=round(float(samples.low[row]), 4),
                high=round(float(samples.high[row]), 4),
                aggregate=round(float(scaled.values[row]), 4) if scaled else None,
                first_place=int(stand.first[row]),
                last_place=int(stand.last[row]),
            )
            for row in order
        ],
        groups=neighbours(stand.apart[np.ix_(order, order)]),
        alike=[whole.rows[row] for row in order[1:] if not apart[row]],
        ahead=[whole.rows[row] for row in order if apart[row] and stand.scores[row] > stand.scores[top]],
        floor=scaled.floor if scaled else None,
        reference=scaled.reference if scaled else None,
    )


def _diagram(whole: Grid, ranking: Ranking) -> CriticalDifference | None:
    """Return the diagram of the best rows; ranks are taken anew within them.

    A row of which a seed is one backbone for all tasks is left out: tasks are blocks, and have to be independent.
    """
    drawn = {whole.rows[row] for row in whole.drawn}
    names = [item.row for item in ranking.rows if item.row not in drawn][:CD_POOL]
    if len(names) < 3:
        return None
    rows = np.array([whole.rows.index(name) for name in names])
    doubled = doubled_ranks(whole.scores[rows].T.copy())
    if ranking.balance == "dataset":
        datasets, index = whole.dataset_index()
        sums = np.array([doubled[index == dataset].sum(axis=0) for dataset in range(len(datasets))])
        doubled = doubled_ranks(-sums.astype(np.float64))
    blocks, count = doubled.shape
    if blocks < 2:
        return None
    test = friedman(doubled)
    points = doubled.sum(axis=0) / (2 * blocks)
    order = sorted(range(count), key=lambda row: (points[row], names[row]))
    placed = [round(float(points[row]), 4) for row in order]
    difference = round(critical_difference(count, blocks), 4)
    pool = [names[row] for row in order]
    return CriticalDifference(
        balance=ranking.balance,
        blocks=blocks,
        pool=pool,
        mean_ranks=placed,
        friedman_p=significant(test.p),
        iman_davenport_p=significant(test.f_p),
        critical_difference=difference,
        cliques=[pool[first : last + 1] for first, last in cliques(placed, difference)],
    )


def _pool(grid: Grid, rankings: list[Ranking]) -> list[int]:
    """Return the rows that are compared pair by pair, by index in the order of the table."""
    ranked = [grid.rows.index(item.row) for item in rankings[0].rows[:POOL]] if rankings else []
    chosen = [*ranked, *(row for row in range(len(grid.rows)) if not grid.complete[row])][:POOL]
    references = [row for row, name in enumerate(grid.rows) if is_reference(name) and grid.complete[row]]
    return sorted({*chosen, *references[:POOL]})


def _pairs(grid: Grid, pool: list[int]) -> list[Pair]:
    ends = [(first, second) for place, first in enumerate(pool) for second in pool[place + 1 :]]
    if not ends:
        return []
    a, b = np.array(ends).T
    by_task = holm(welch_between(grid, a, b).p)
    both = [overall(grid, first, second) for first, second in ends]
    corrected = holm(np.array([np.nan if p is None else p for p in both]))
    pairs = []
    for place, (first, second) in enumerate(ends):
        p = both[place]
        pairs.append(
            Pair(
                first=grid.rows[first],
                second=grid.rows[second],
                p_values=[None if np.isnan(p) else significant(p) for p in by_task[place].tolist()],
                overall_p=None if p is None else significant(p),
                overall_p_holm=None if p is None else significant(float(corrected[place])),
            )
        )
    return pairs


def _differences(grid: Grid, pool: list[int]) -> list[Differences]:
    """Compare the best row of each task with the pool, corrected for all pairs: the best is picked after looking."""
    tops = {
        column: flags.index(True)
        for column in range(len(grid.tasks))
        if True in (flags := best([None if np.isnan(s) else float(s) for s in grid.scores[:, column]]))
    }
    compared = sorted({*pool, *tops.values()})
    apart = apart_on_tasks(grid, compared)
    found = []
    for column, top in tops.items():
        others = [row for row in pool if row != top and not np.isnan(grid.scores[row, column])]
        clear = apart[column, compared.index(top)]
        found.append(
            Differences(
                task=grid.tasks[column],
                best=grid.rows[top],
                compared=len(others),
                indistinguishable=[grid.rows[row] for row in others if not clear[compared.index(row)]],
            )
        )
    return found


def significant(value: float, digits: int = 4) -> float:
    """Return the value with that many significant digits."""
    return float(f"{value:.{digits - 1}e}")
