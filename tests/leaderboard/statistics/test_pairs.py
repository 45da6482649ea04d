"""Two rows side by side: scipy's tests, and what failed or missing cells do."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.statistics.pairs import compare
from tests.leaderboard.statistics.tables import Runs, table

TASKS = ["rsna_frozen_1", "rsna_frozen_10", "covid_linear", "nih_seg_linear"]


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, list[float]]]:
    generator = np.random.default_rng(5)
    return {
        name: {task: generator.normal(mean, 0.02, 5).tolist() for task in TASKS}
        for name, mean in [("a", 0.45), ("b", 0.41), ("c", 0.40)]
    }


def test_a_comparison_is_scipys_welch_with_statsmodels_holm(runs) -> None:
    found = compare(table(runs), "a", "b")
    p = [scipy.stats.ttest_ind(runs["a"][task], runs["b"][task], equal_var=False).pvalue for task in TASKS]
    corrected = multipletests(p, method="holm")[1]
    assert [item.p for item in found.tasks] == pytest.approx(p)
    assert [item.p_holm for item in found.tasks] == pytest.approx(corrected)
    assert [item.verdict for item in found.tasks] == [
        "first" if value < 0.05 else "not told apart" for value in corrected
    ]
    differences = [np.mean(runs["a"][task]) - np.mean(runs["b"][task]) for task in TASKS]
    assert found.overall == pytest.approx(scipy.stats.wilcoxon(differences).pvalue)


def test_the_order_of_the_rows_turns_the_sign_and_nothing_else(runs) -> None:
    there, back = compare(table(runs), "a", "c"), compare(table(runs), "c", "a")
    assert [item.difference for item in there.tasks] == [
        -item.difference for item in back.tasks if item.difference
    ]
    assert there.overall == back.overall


def test_the_page_and_the_terminal_say_the_same(runs) -> None:
    pairs = {(pair.first, pair.second): pair for pair in analyse(table(runs)).pairs}
    found = compare(table(runs), "a", "b")
    assert pairs["a", "b"].p_values == pytest.approx([item.p_holm for item in found.tasks], rel=1e-3)
    assert pairs["a", "b"].overall_p == pytest.approx(found.overall, rel=1e-3)


def test_failed_missing_and_single_runs_have_fixed_verdicts() -> None:
    rows: dict[str, dict[str, Runs]] = {
        "a": {
            "rsna_frozen_1": "diverged",
            "rsna_frozen_10": [0.3, 0.31],
            "covid_linear": [0.3],
            "nih_seg_linear": "diverged",
        },
        "b": {
            "rsna_frozen_1": [0.1, 0.11],
            "rsna_frozen_10": "partial",
            "covid_linear": [0.2],
            "nih_seg_linear": "diverged",
        },
    }
    found = compare(table(rows), "a", "b")
    assert [item.verdict for item in found.tasks] == ["second", "not measured", "no test", "not measured"]
    assert [item.p for item in found.tasks] == [None] * 4
    # Over tasks: 0 - 0.105 (diverged counts as 0), 0.3 - 0.2, and 0 - 0; the missing one is left out.
    assert found.overall == scipy.stats.wilcoxon([-0.105, 0.1], method="exact").pvalue


def test_an_unknown_row_is_an_error_that_lists_the_known(runs) -> None:
    with pytest.raises(ValueError, match="'x' is not in table phantom-seeded-demo; its rows: a, b, c"):
        compare(table(runs), "a", "x")
