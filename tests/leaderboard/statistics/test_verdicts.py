"""Who can be told apart, against plain loops with scipy and statsmodels; places against the definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from lovt_bench.leaderboard.show.plots.ranks import tied
from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.statistics.grid import grid_of
from lovt_bench.leaderboard.statistics.verdicts import apart_on_tasks, neighbours, places
from tests.leaderboard.statistics.tables import Runs, table

TASKS = ["rsna_frozen_1", "rsna_frozen_10", "covid_linear", "nih_seg_linear"]


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, list[float]]]:
    generator = np.random.default_rng(5)
    return {
        name: {task: generator.normal(mean, 0.01, 5).tolist() for task in TASKS}
        for name, mean in [("a", 0.50), ("b", 0.42), ("c", 0.41), ("d", 0.40)]
    }


def test_rows_are_told_apart_on_a_task_by_welch_and_holm_over_all_pairs_of_all_tasks(runs) -> None:
    pairs = list(combinations(range(4), 2))
    values = [
        [
            scipy.stats.ttest_ind(runs["abcd"[i]][t], runs["abcd"[j]][t], equal_var=False).pvalue
            for i, j in pairs
        ]
        for t in TASKS
    ]
    expected = multipletests(np.ravel(values), method="holm")[0].reshape(4, 6)
    found = apart_on_tasks(grid_of(table(runs)), [0, 1, 2, 3])
    columns = [column.task for column in table(runs).columns]
    for line, task in zip(expected, TASKS, strict=True):
        apart = found[columns.index(task)]
        assert [bool(apart[i, j]) for i, j in pairs] == line.tolist()
        assert (apart == apart.T).all()
    assert 0 < expected.sum() < expected.size, "the case tells both"


@pytest.mark.parametrize("balance", ["dataset", "task"])
def test_places_over_all_tasks_are_those_of_a_plain_loop(runs, balance) -> None:
    shares = dict.fromkeys(TASKS, 0.25)
    if balance == "dataset":
        shares = dict(zip(TASKS, [1 / 6, 1 / 6, 1 / 3, 1 / 3], strict=True))
    weight = {
        task: shares[task] / np.std([np.mean(runs[row][task]) for row in runs], ddof=1) for task in TASKS
    }
    score = {row: sum(weight[t] * np.mean(runs[row][t]) for t in TASKS) for row in runs}
    p = []
    for one, other in combinations(runs, 2):
        parts = [weight[t] ** 2 * np.var(runs[row][t], ddof=1) / 5 for row in (one, other) for t in TASKS]
        freedom = sum(parts) ** 2 / sum(part**2 / 4 for part in parts)
        statistic = abs(score[one] - score[other]) / np.sqrt(sum(parts))
        p.append(2 * scipy.stats.t.sf(statistic, freedom))
    clear = dict(zip(combinations(runs, 2), multipletests(p, method="holm")[0], strict=True))
    found = places(grid_of(table(runs)), balance)
    assert found.scores == pytest.approx([score[row] for row in runs])
    for (one, other), flag in clear.items():
        assert found.apart["abcd".index(one), "abcd".index(other)] == flag
    better = [sum(f for pair, f in clear.items() if row == pair[1]) for row in runs]
    worse = [sum(f for pair, f in clear.items() if row == pair[0]) for row in runs]
    assert found.first.tolist() == [1 + count for count in better]
    assert found.last.tolist() == [4 - count for count in worse]
    assert found.last[0] == 1, "the planted best is certain"


def test_neighbours_are_the_maximal_runs_that_a_search_over_all_finds() -> None:
    apart = np.triu(np.random.default_rng(3).random((12, 12)) < 0.2, 1)
    apart |= apart.T

    def alike(first: int, last: int) -> bool:
        return not apart[first : last + 1, first : last + 1].any()

    every = [(i, j) for i in range(12) for j in range(i + 1, 12) if alike(i, j)]
    maximal = [(i, j) for i, j in every if not any((a, b) != (i, j) and a <= i and j <= b for a, b in every)]
    assert neighbours(apart) == maximal
    assert len(maximal) > 1


def test_one_run_equal_rows_and_diverged_ones_claim_nothing_that_was_not_seen() -> None:
    rows: dict[str, dict[str, Runs]] = {
        "single": {"covid_linear": [0.9]},
        "same": {"covid_linear": [0.3, 0.31]},
        "again": {"covid_linear": [0.3, 0.31]},
        "failed": {"covid_linear": "diverged"},
    }
    found = places(grid_of(table(rows)), "task")
    assert (found.first[0], found.last[0]) == (1, 4), "one run has no spread to test with"
    assert not found.apart[1, 2]
    (apart,) = apart_on_tasks(grid_of(table(rows)), [0, 1, 2, 3])
    assert apart[3].tolist() == [True, True, True, False]
    assert not apart[0, 1]


def test_every_sentence_says_what_it_is_about(runs) -> None:
    said = analyse(table(runs, track="public", splits="official")).statements
    assert "this checkpoint on these tasks and test images, under other training seeds" in said[1]
    assert not [text for text in said if "Nemenyi" in text]
    ranked = [text for text in said if "mean rank" in text and text.startswith("Where")]
    assert len(ranked) == 2
    for text in ranked:
        assert "a place between 1 and 1 of 4" in text
        assert "describes and tests nothing, since the images come from 2 sources" in text, "RSNA is NIH's"
    phantom = " ".join(analyse(table(runs)).statements)
    assert "since the images are synthetic" in phantom
    assert "source" not in phantom


THREE = ["covid_linear", "nih_seg_linear", "rsna_frozen_1"]


def test_who_cannot_be_told_apart_from_the_first_need_not_be_its_neighbour() -> None:
    made = {
        "wide": np.array([0.3, 0.7, 0.4, 0.6, 0.5]),
        "narrow": np.array([0.490, 0.491, 0.489, 0.4905, 0.4895]),
        "below": np.array([0.450, 0.451, 0.449, 0.4505, 0.4495]),
    }
    rows: dict[str, dict[str, Runs]] = {
        row: {task: (values + number / 1000).tolist() for number, task in enumerate(THREE)}
        for row, values in made.items()
    }
    found = analyse(table(rows))
    for ranking in found.rankings:
        assert [item.row for item in ranking.rows] == ["wide", "narrow", "below"]
        assert (ranking.groups, ranking.alike, ranking.ahead) == ([(0, 1)], ["narrow", "below"], [])
        assert tied(ranking) == {"wide", "narrow", "below"}
        assert tied(ranking.model_copy(update={"alike": []})) == {"wide", "narrow"}, "an older board"
    assert "it cannot be told apart from narrow and below" in " ".join(found.statements)


def test_a_row_that_is_better_than_the_first_by_scaled_scores_is_said_to_be() -> None:
    means = {"a": (0.502, 0.502, 0.2), "b": (0.5, 0.5, 0.6), "c": (0.4, 0.4, 0.1), "d": (0.3, 0.3, 0.15)}
    generator = np.random.default_rng(2)
    rows: dict[str, dict[str, Runs]] = {
        row: {
            task: generator.normal(mean, 0.0001, 5).tolist() for task, mean in zip(THREE, of_row, strict=True)
        }
        for row, of_row in means.items()
    }
    found = analyse(table(rows))
    for ranking in found.rankings:
        assert (ranking.rows[0].row, ranking.alike, ranking.ahead) == ("a", [], ["b"])
        assert tied(ranking) == set()
    said = " ".join(found.statements)
    assert (
        "can be told apart from every other row; b is better by scaled scores and can be told apart from it"
        in said
    )
