"""Bootstrap of mean ranks against a plain re-implementation, and what balance, ties and failures do to it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import scipy.stats

from lovt_bench.benchmark.contract.analysis import Balance
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.statistics.bootstrap import bootstrap, mean_ranks
from lovt_bench.leaderboard.statistics.grid import Grid, grid_of
from tests.leaderboard.statistics.tables import table

RSNA = ["rsna_finetune_1", "rsna_finetune_10", "rsna_frozen_1", "rsna_frozen_10"]
REST = ["covid_linear", "covid_unet_frozen", "nih_seg_linear"]


def noisy(rows: int = 5, runs: int = 5, seed: int = 0) -> Table:
    generator = np.random.default_rng(seed)
    return table(
        {
            f"row{row}": {
                task: (
                    0.3 + 0.02 * row + generator.normal(0, 0.02) + generator.normal(0, 0.02, runs)
                ).tolist()
                for task in RSNA + REST
            }
            for row in range(rows)
        }
    )


def plain(grid: Grid, balance: str, samples: int) -> np.ndarray:
    """Return (samples, rows) mean ranks, one draw after the other, as docs/statistics.md says it."""
    generator = np.random.default_rng(1)
    datasets = list(dict.fromkeys(grid.datasets))
    result = []
    for _ in range(samples):
        ranks, weights = [], []
        seeds = generator.integers(5, size=5)
        for dataset in generator.choice(datasets, len(datasets)):
            tasks = [task for task, name in enumerate(grid.datasets) if name == dataset]
            for task in generator.choice(tasks, len(tasks)):
                means = []
                for row in range(len(grid.rows)):
                    values = np.array(grid.values[row, task])
                    new = generator.integers(len(values), size=len(values))
                    drawn = values[seeds if row in grid.shared else new].mean()
                    stretch = np.sqrt(len(values) / (len(values) - 1))
                    means.append(values.mean() + (drawn - values.mean()) * stretch)
                ranks.append(scipy.stats.rankdata(-np.array(means)))
                weights.append(1 / len(tasks) if balance == "dataset" else 1)
        result.append(np.average(ranks, axis=0, weights=weights))
    return np.array(result)


@pytest.mark.parametrize("balance", ["dataset", "task"])
@pytest.mark.parametrize("drawn", [False, True])
def test_samples_spread_as_in_a_plain_loop(balance: Balance, drawn: bool) -> None:
    """Also with a row of which a seed is one backbone for all tasks: a good draw is good on each."""
    before = noisy()
    if drawn:
        generator = np.random.default_rng(4)
        good = (0.34 + generator.normal(0, 0.03, 5)).tolist()
        cells = {
            row.id: {cell.task: [float(run.value or 0) for run in cell.runs] for cell in row.cells}
            for row in before.rows
        }
        made = table({**cells, "random": dict.fromkeys(RSNA + REST, good)})
        rows = [
            row.model_copy(update={"supervision": "none", "architecture": "resnet50"})
            if row.id == "random"
            else row
            for row in made.rows
        ]
        before = made.model_copy(update={"rows": rows})
    grid = grid_of(before)
    assert bool(grid.shared) == drawn
    ours, oracle = bootstrap(grid)[balance].samples.T, plain(grid, balance, 300)
    assert ours.mean(axis=0) == pytest.approx(oracle.mean(axis=0), abs=0.15)
    assert ours.std(axis=0) == pytest.approx(oracle.std(axis=0), rel=0.2)


def test_a_checkpoint_is_drawn_once_for_all_tasks() -> None:
    """Four equal methods whose checkpoints are good or bad on every task: the ranks of a sample are alike on all."""
    generator = np.random.default_rng(5)
    cells = {f"method{row}": dict.fromkeys(RSNA, generator.normal(0.4, 0.02, 3).tolist()) for row in range(4)}
    once, anew = (
        bootstrap(grid_of(table(cells), of_methods=of_methods))["task"] for of_methods in (True, False)
    )
    assert (once.samples == once.samples.round(1)).all()
    assert (once.high - once.low).mean() > 1.3 * (anew.high - anew.low).mean()


def test_intervals_are_the_same_bytes_every_time() -> None:
    """A version is rebuilt on other machines: not a bit may move. Changes only with a line in the change log."""
    samples = bootstrap(grid_of(noisy()))
    digest = hashlib.sha256(
        samples["dataset"].samples.tobytes() + samples["task"].samples.tobytes()
    ).hexdigest()
    assert digest[:16] == "1cd4b0a0fa739fc6"


def test_many_tasks_of_one_dataset_do_not_outvote_the_others() -> None:
    """Row a wins all of RSNA's four tasks, row b the only task of two other datasets."""
    cells = {
        "a": {
            **{task: [0.5, 0.51] for task in RSNA},
            "covid_linear": [0.1, 0.11],
            "nih_seg_linear": [0.1, 0.11],
        },
        "b": {
            **{task: [0.3, 0.31] for task in RSNA},
            "covid_linear": [0.4, 0.41],
            "nih_seg_linear": [0.4, 0.41],
        },
    }
    grid = grid_of(table(cells))
    assert mean_ranks(grid, "task").tolist() == pytest.approx([8 / 6, 10 / 6])
    assert mean_ranks(grid, "dataset").tolist() == pytest.approx([5 / 3, 4 / 3])


def test_mean_ranks_by_task_are_those_of_the_table() -> None:
    found = noisy()
    assert mean_ranks(grid_of(found), "task").tolist() == pytest.approx([row.mean_rank for row in found.rows])


def test_a_diverged_cell_is_last_in_every_sample() -> None:
    grid = grid_of(table({"a": {"covid_linear": "diverged"}, "b": {"covid_linear": [0.0, 0.01]}}))
    assert (bootstrap(grid)["task"].samples[0] == 2).all()


def test_rows_that_never_meet_have_certain_ranks() -> None:
    grid = grid_of(table({"a": {"covid_linear": [0.50, 0.51]}, "b": {"covid_linear": [0.1, 0.11]}}))
    found = bootstrap(grid)["dataset"]
    assert (found.low.tolist(), found.high.tolist()) == ([1.0, 2.0], [1.0, 2.0])


def test_published_cells_spread_as_their_interval_says() -> None:
    """Two rows of ± 1.96 % and a difference of one standard error of it: p = 0.24 that the lower one is ahead."""
    means = table({"a": {"covid_linear": [0.50]}, "b": {"covid_linear": [0.49]}}, kind="published")
    rows = [
        row.model_copy(
            update={
                "cells": [
                    cell.model_copy(
                        update={
                            "runs": [],
                            "summary": cell.summary.model_copy(
                                update={"runs": 5, "interval95_normal": 0.0196}
                            ),
                        }
                    )
                    for cell in row.cells
                    if cell.summary
                ]
            }
        )
        for row in means.rows
    ]
    samples = bootstrap(grid_of(means.model_copy(update={"rows": rows})))["task"].samples
    # Both means have the standard error 0.01, so their difference has 0.01 · √2.
    assert (samples[0] > samples[1]).mean() == pytest.approx(scipy.stats.norm.sf(1 / np.sqrt(2)), abs=0.08)
