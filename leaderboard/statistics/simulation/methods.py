"""Methods with a known truth: some checkpoints each on the 18 tasks, a good one good on every task."""

from __future__ import annotations

from functools import cache

import numpy as np

from lovt_bench.leaderboard.statistics.grid import Grid
from lovt_bench.leaderboard.statistics.simulation.boards import BOARDS, DATASETS, RUNS, SEED, Said
from lovt_bench.leaderboard.statistics.verdicts import places

BETWEEN = 4.0
"""Deviation between checkpoints, in deviations of one run."""

PAIRS = "pairs over all tasks, by dataset"


def draw(methods: int, checkpoints: int, planted: float, generator: np.random.Generator) -> Grid:
    """Return a table of methods, all equal but the first: it is better by `planted` deviations between checkpoints."""
    tasks = len(DATASETS)
    noise = generator.uniform(0.004, 0.02, tasks)
    good = generator.normal(0, BETWEEN, (methods, checkpoints))
    good[0] += planted * BETWEEN
    luck = generator.normal(0, 1 / np.sqrt(RUNS), (methods, checkpoints, tasks))
    values = generator.uniform(0.1, 0.5, tasks) + noise * (good[..., None] + luck)
    names = tuple(f"method{row}" for row in range(methods))
    return Grid(
        rows=names,
        names=names,
        methods=names,
        tasks=tuple(f"task{task}" for task in range(tasks)),
        datasets=DATASETS,
        scores=values.mean(axis=1),
        std=values.std(axis=1, ddof=1),
        runs=np.full((methods, tasks), checkpoints),
        values={},
        drawn=frozenset(range(methods)),
        shared=dict(enumerate(values)),
    )


@cache
def rates(
    methods: int, checkpoints: int = 3, planted: float = 0.0, tables: int = BOARDS, seed: int = SEED
) -> Said:
    """Return the share of tables with a false sentence on a pair, and of the planted differences those found."""
    generator = np.random.Generator(np.random.PCG64(seed))
    false, found = 0, 0.0
    for _ in range(tables):
        stand = places(draw(methods, checkpoints, planted, generator), "dataset")
        apart, better = stand.apart[0, 1:], stand.scores[0] > stand.scores[1:]
        true = apart & better if planted else np.zeros(methods - 1, dtype=bool)
        false += bool(stand.apart[1:, 1:].any() or (apart & ~true).any())
        found += float(true.mean())
    return Said({PAIRS: false / tables}, {PAIRS: found / tables} if planted else {})
