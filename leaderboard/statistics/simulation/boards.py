"""Boards with a known truth: 8 rows on the 18 tasks, five runs each, and what is said of them that is false."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lovt_bench.benchmark.contract.analysis import Balance
from lovt_bench.leaderboard.statistics.friedman import friedman
from lovt_bench.leaderboard.statistics.grid import Grid
from lovt_bench.leaderboard.statistics.hypotheses import ALPHA
from lovt_bench.leaderboard.statistics.places import doubled_ranks
from lovt_bench.leaderboard.statistics.statements import compared_wins
from lovt_bench.leaderboard.statistics.verdicts import apart_on_tasks, places, scale

SEED = 20221023
ROWS, RUNS, BOARDS = 8, 5, 1000
DATASETS = ("rsna",) * 9 + ("covid-rural",) * 3 + ("siim",) * 2 + ("object-cxr",) * 3 + ("nih-cxr",)
"""Of the 18 tasks."""

Kind = Literal["equal", "datasets", "one better", "half better"]
"""`equal`: all rows are alike. `datasets`: each row has a strength of its own on each dataset, 1.5 deviations of a run
in the mean. `one better`, `half better`: so many rows are better by the planted difference on every task."""


@dataclass(frozen=True)
class Board:
    """A drawn table and the truth behind it."""

    grid: Grid
    truth: NDArray[np.float64]
    """(R, T): expected scores."""


@dataclass(frozen=True)
class Said:
    """What was said of one board."""

    false: dict[str, float]
    """By kind of sentence, 1 if one of that kind was false, else 0."""
    found: dict[str, float]
    """By kind of sentence, the share of what is true that was found; absent where there is nothing to find."""


def draw(kind: Kind, planted: float, generator: np.random.Generator) -> Board:
    """Return a board; `planted` is a difference in deviations of a run. Deviations differ by task and by row."""
    tasks = len(DATASETS)
    noise = generator.uniform(0.004, 0.02, tasks)
    truth = np.tile(generator.uniform(0.1, 0.5, tasks), (ROWS, 1))
    if kind == "datasets":
        own = sorted(set(DATASETS))
        strength = generator.normal(0, 1.5, (ROWS, len(own)))
        truth += strength[:, [own.index(name) for name in DATASETS]] * noise
    elif kind != "equal":
        truth[: 1 if kind == "one better" else ROWS // 2] += planted * noise
    spread = noise * np.exp(generator.normal(0, 0.3, (ROWS, tasks)))
    runs = truth[..., None] + generator.normal(0, 1, (ROWS, tasks, RUNS)) * spread[..., None]
    names = tuple(f"row{row}" for row in range(ROWS))
    grid = Grid(
        rows=names,
        names=names,
        methods=names,
        tasks=tuple(f"task{task}" for task in range(tasks)),
        datasets=DATASETS,
        scores=runs.mean(axis=2),
        std=runs.std(axis=2, ddof=1),
        runs=np.full((ROWS, tasks), RUNS),
        values={},
    )
    return Board(grid, truth)


def judge(board: Board) -> Said:
    """Return what the verdicts say of a board, held against its truth."""
    grid, truth = board.grid, board.truth
    tasks = np.arange(len(grid.tasks))
    false: dict[str, float] = {}
    found: dict[str, float] = {}
    best = grid.scores.argmax(axis=0)
    apart = apart_on_tasks(grid, list(range(ROWS)))[tasks, best]
    worse = (truth < truth[best, tasks]).T
    false["the best row of a task"] = bool((apart & ~worse).any())
    if worse.any():
        found["the best row of a task"] = float((apart & worse).sum() / worse.sum())
    if wins := compared_wins(grid):
        clear = wins.p < ALPHA
        false["the method with most wins"] = bool(
            (clear & (truth[wins.own, wins.columns] <= truth[wins.rival, wins.columns])).any()
        )
    for balance in ("dataset", "task"):
        _judge_places(board, balance, false, found)
    test = friedman(doubled_ranks(grid.scores.T.copy()))
    if np.ptp(truth, axis=0).any():
        found["ranks as a whole"] = float(test.f_p < ALPHA)
    else:
        false["ranks as a whole"] = test.f_p < ALPHA
    return Said(false, found)


def _judge_places(board: Board, balance: Balance, false: dict[str, float], found: dict[str, float]) -> None:
    stand = places(board.grid, balance)
    true = (board.truth * scale(board.grid, balance)).sum(axis=1).round(9)
    differ = true[:, None] - true
    wrong = stand.apart & (np.sign(stand.scores[:, None] - stand.scores) != np.sign(differ))
    false[f"pairs over all tasks, by {balance}"] = bool(wrong.any())
    # Equal rows share the best of their places (Mogstad, Romano, Shaikh and Wilhelm).
    rank = 1 + (differ < 0).sum(axis=1)
    false[f"places, by {balance}"] = bool(((stand.first > rank) | (stand.last < rank)).any())
    if (differ != 0).any():
        found[f"pairs over all tasks, by {balance}"] = float(stand.apart[differ != 0].mean())


@cache
def rates(kind: Kind, planted: float = 0.0, boards: int = BOARDS, seed: int = SEED) -> Said:
    """Return the share of boards with a false sentence of each kind, and the mean of what was found."""
    generator = np.random.Generator(np.random.PCG64(seed))
    said = [judge(draw(kind, planted, generator)) for _ in range(boards)]

    def over(parts: list[dict[str, float]]) -> dict[str, float]:
        names = dict.fromkeys(name for part in parts for name in part)
        return {name: float(np.mean([part[name] for part in parts if name in part])) for name in names}

    return Said(over([one.false for one in said]), over([one.found for one in said]))
