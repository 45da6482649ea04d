"""The analysis as a whole: what is said of the published table, of incomplete rows and of large boards."""

from __future__ import annotations

import random

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.statistics import analyse as module
from lovt_bench.leaderboard.statistics.analyse import analyse
from tests.leaderboard.records import TASKS
from tests.leaderboard.statistics.tables import Runs, table


@pytest.fixture(scope="module")
def published() -> Table:
    (found,) = load_published()
    return published_table(found, sorted(TASKS.values(), key=lambda spec: spec.number))


def test_which_of_lovts_ten_published_wins_can_be_told_apart(published: Table) -> None:
    """By scipy from the printed numbers alone: std = interval · √5 / 1.96, Welch, Holm over the ten tasks."""
    p, won = [], []
    for column in published.columns:
        cells = {
            row.id: (cell.summary.mean, cell.summary.interval95_normal or 0.0)
            for row in published.rows
            if (cell := row.cell(column.task)) and cell.summary
        }
        order = sorted(cells, key=lambda name: -cells[name][0])
        rival = next(name for name in order if not name.startswith("lovt"))
        if order[0].startswith("lovt"):
            # A printed interval of 0.0 may be as large as 0.05 %.
            sides = [
                (mean, max(half, 0.0005) * 5**0.5 / 1.96, 5) for mean, half in (cells[order[0]], cells[rival])
            ]
            p.append(scipy.stats.ttest_ind_from_stats(*sides[0], *sides[1], equal_var=False).pvalue)
            won.append(column.number)
    apart = multipletests(p, method="holm")[1] < 0.05
    clear = [str(number) for number, flag in zip(won, apart, strict=True) if flag]
    close = [str(number) for number in won if str(number) not in clear]
    assert (clear, close) == (["7", "8", "9", "12", "17"], ["5", "10", "11", "13", "16"])
    first, *_, last = analyse(published).statements
    assert first == (
        f"LoVT is best on 10 of 18 tasks; on 5 of them it can be told apart from the best row of any other method "
        f"(tasks {', '.join(clear)}); on 5 the difference to the best row of another method is within chance "
        f"(tasks {', '.join(close)}) (5 %, Welch, Holm over 10 tasks)."
    )
    assert "share one seed" in last


def test_the_published_table_is_analysed_in_full(published: Table) -> None:
    found = analyse(published)
    assert [ranking.balance for ranking in found.rankings] == ["dataset", "task"]
    assert [diagram.blocks for diagram in found.critical_differences] == [5, 18]
    assert len(found.pairs) == 16 * 15 / 2
    assert found.audits == [], "no runs are known: nothing can be flagged"
    by_task = {item.row: item.mean_rank for item in found.rankings[1].rows}
    assert by_task == {row.id: pytest.approx(row.mean_rank, abs=1e-4) for row in published.rows}
    for ranking in found.rankings:
        assert all(item.low <= item.mean_rank <= item.high for item in ranking.rows)
        assert ranking.rows[-1].row == "random"
        assert (ranking.rows[-1].aggregate, ranking.floor) == (0.0, "random")


def test_the_same_table_gives_the_same_bytes(published: Table) -> None:
    assert analyse(published).to_json() == analyse(published.model_copy(deep=True)).to_json()


def test_incomplete_rows_are_compared_but_not_ranked() -> None:
    rows: dict[str, dict[str, Runs]] = {
        "a": {"covid_linear": [0.3, 0.31], "nih_seg_linear": [0.2, 0.21]},
        "b": {"covid_linear": [0.2, 0.21], "nih_seg_linear": [0.3, 0.31]},
        "c": {"covid_linear": [0.9, 0.91]},
    }
    found = analyse(table(rows))
    assert [item.row for item in found.rankings[0].rows] == ["a", "b"]
    assert found.pair_pool == ["a", "b", "c"]
    assert [item.best for item in found.differences] == ["c", "b"]
    assert "1 row(s) are not measured on every task and have no mean rank." in found.statements


def test_a_best_row_stands_out_from_rows_far_below_and_diverged_ones() -> None:
    rows: dict[str, dict[str, Runs]] = {
        "top": {"covid_linear": [0.50, 0.51, 0.52, 0.53]},
        "near": {"covid_linear": [0.49, 0.50, 0.52, 0.54]},
        "far": {"covid_linear": [0.10, 0.11, 0.12, 0.13]},
        "failed": {"covid_linear": "diverged"},
        "single": {"covid_linear": [0.2]},
    }
    (found,) = analyse(table(rows)).differences
    assert (found.best, found.compared, found.indistinguishable) == ("top", 4, ["near", "single"])


@pytest.mark.parametrize("rows", [{}, {"a": {"covid_linear": [0.3]}}, {"a": {"covid_linear": "partial"}}])
def test_small_tables_have_little_to_say_and_do_not_fail(rows: dict[str, dict[str, Runs]]) -> None:
    found = analyse(table(rows))
    assert (found.rankings, found.pairs, found.bootstrap_samples) == ([], [], 0)
    assert found.statements


def test_claims_are_not_tested() -> None:
    rows = {name: {"covid_linear": [0.3, 0.4]} for name in "ab"}
    found = analyse(table(rows, kind="claimed"))
    assert (found.rankings, found.pairs) == ([], [])
    assert "nothing was measured" in found.statements[0]


def test_a_large_board_compares_a_pool_that_holds_the_references() -> None:
    generator = random.Random(0)
    rows: dict[str, dict[str, Runs]] = {
        f"m{number}": {"covid_linear": [generator.uniform(0.4, 0.8) for _ in range(2)]}
        for number in range(60)
    }
    rows |= {"random": {"covid_linear": [0.1, 0.11]}, "lovt-30": {"covid_linear": [0.2, 0.21]}}
    found = analyse(table(rows))
    assert len(found.pair_pool) == module.POOL + 2
    assert {"random", "lovt-30"} <= set(found.pair_pool)
    assert len(found.critical_differences) == 0, "one task is one block"
    assert {item.row for item in found.rankings[0].rows} == set(rows)
    assert f"every other of the {module.POOL + 2} rows compared" in found.statements[2], "not of all 62"


def test_rows_that_win_nothing_are_no_news() -> None:
    rows = {name: {"covid_linear": [0.3, 0.3]} for name in "ab"}
    assert analyse(table(rows)).statements[0].startswith("No row is best on any task")


def test_significance_keeps_four_digits() -> None:
    assert [module.significant(value) for value in (0.123456, 1.23456e-9, 0.0, 1.0)] == [
        0.1235,
        1.235e-9,
        0.0,
        1.0,
    ]
    assert np.isfinite(module.significant(5e-324))
