"""What each task tells: the published table's figures, against scipy, and what has too few rows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.statistics.task_value import TooFewRowsError, spearman, task_values
from tests.leaderboard.records import TASKS
from tests.leaderboard.statistics.tables import Runs, table


@pytest.fixture(scope="module")
def published() -> Table:
    (found,) = load_published()
    return published_table(found, sorted(TASKS.values(), key=lambda spec: spec.number))


def test_the_figures_of_the_published_table(published: Table) -> None:
    found = task_values(published)
    assert (found.rows, found.best, len(found.tasks)) == (16, 8, 18)
    assert (found.linear, found.linear_best) == (
        pytest.approx(0.94, abs=0.005),
        pytest.approx(0.68, abs=0.005),
    )
    others = {item.task: item.others for item in found.tasks}
    assert others["rsna_finetune_100"] == pytest.approx(0.03, abs=0.005)
    assert others["object_finetune_100"] == pytest.approx(0.01, abs=0.005)
    assert {item.seconds for item in found.tasks} == {None}


def test_a_task_is_held_against_all_others_as_scipy_does_it(published: Table) -> None:
    scores = np.array([[cell.summary.mean for cell in row.cells if cell.summary] for row in published.rows])
    ranks = np.array([scipy.stats.rankdata(-column) for column in scores.T])
    column = [item.task for item in published.columns].index("nih_seg_linear")
    item = task_values(published).tasks[column]
    rest = np.delete(ranks, column, axis=0).mean(axis=0)
    assert item.others == pytest.approx(scipy.stats.spearmanr(ranks[column], rest).statistic)
    assert item.without == pytest.approx(scipy.stats.spearmanr(ranks.mean(axis=0), rest).statistic)
    elsewhere = [
        i for i, each in enumerate(published.columns) if each.dataset in ("covid-rural", "object-cxr")
    ]
    assert item.sources == pytest.approx(
        scipy.stats.spearmanr(ranks[column], ranks[elsewhere].mean(axis=0)).statistic
    )
    places = [scipy.stats.rankdata(mean) for mean in (ranks.mean(axis=0), rest)]
    assert item.moved == (places[0] != places[1]).sum()


def test_reliability_tells_rows_from_runs() -> None:
    """Rows apart by 0.1 and runs by 0.001 on one task, all of one level on the other."""
    generator = np.random.default_rng(1)
    rows: dict[str, dict[str, Runs]] = {
        f"row{row}": {
            "covid_linear": (0.2 + 0.1 * row + generator.normal(0, 0.001, 5)).tolist(),
            "nih_seg_linear": (0.3 + generator.normal(0, 0.05, 5)).tolist(),
        }
        for row in range(6)
    }
    clear, noise = (item.reliability for item in task_values(table(rows)).tasks)
    assert clear is not None
    assert noise is not None
    assert clear > 0.999
    assert noise < 0.6


def test_rows_that_are_equal_have_no_correlation() -> None:
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    rows: dict[str, dict[str, Runs]] = {
        f"row{row}": {"covid_linear": [0.3, 0.3], "nih_seg_linear": [0.2, 0.2]} for row in range(4)
    }
    first = task_values(table(rows)).tasks[0]
    assert (first.reliability, first.others, first.moved) == (None, None, 0)


def test_too_few_rows_are_named() -> None:
    rows: dict[str, dict[str, Runs]] = {"a": {"covid_linear": [0.3]}, "b": {"covid_linear": [0.2]}}
    with pytest.raises(
        TooFewRowsError, match=r"has 2 complete row\(s\) on 1 task\(s\): .* needs 4 rows and two tasks"
    ):
        task_values(table(rows))
