"""Repeated runs are found, and nothing else is: the published per-run values are the oracle."""

from __future__ import annotations

import json

from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.statistics.audit import audit_runs, distinct
from tests.leaderboard.statistics.tables import table
from tests.parity.golden import FOLDER


def test_the_published_rows_with_repeats_are_flagged_and_no_others() -> None:
    rows = json.loads((FOLDER / "run_statistics.json").read_text(encoding="utf-8"))
    flagged = [
        (number, found.effective_runs)
        for number, row in enumerate(rows)
        if (found := audit_runs("row", row["task"], row["values"]))
    ]
    oracle = [
        (number, len(set(map(repr, row["values"]))))
        for number, row in enumerate(rows)
        if len(set(map(repr, row["values"]))) < row["num_runs"]
    ]
    assert flagged == oracle
    assert len(flagged) == 15
    assert {(rows[number]["task"], rows[number]["model"]) for number, _ in flagged} == {
        ("object_finetune_100", "LoVT_100"),
        ("object_finetune_100", "LoVT_30"),
        ("rsna_finetune_10", "LoVT_30"),
        ("rsna_frozen_100", "LoVT_100"),
        ("rsna_frozen_100", "LoVT_30"),
    }


def test_a_seed_used_twice_is_one_run_even_if_noise_makes_the_values_differ() -> None:
    found = audit_runs("row", "task", [0.1, 0.2, 0.3], [7, 7, 8])
    assert found is not None
    assert (found.runs, found.effective_runs, found.repeated_values, found.repeated_seeds) == (3, 2, 0, 1)


def test_values_that_only_print_alike_are_not_repeats() -> None:
    assert audit_runs("row", "task", [0.49422788, 0.49422789]) is None


def test_a_run_is_kept_unless_it_repeats_a_kept_one() -> None:
    assert distinct([(0.1, 1), (0.1, 2), (0.2, 2)]) == (0.1, 0.2)


def test_repeated_runs_do_not_make_a_difference_certain() -> None:
    """How it would be done: copy two runs until the interval is narrow."""
    honest = {"a": {"covid_linear": [0.50, 0.53]}, "b": {"covid_linear": [0.54, 0.57]}}
    copied = {name: {"covid_linear": cells["covid_linear"] * 5} for name, cells in honest.items()}
    assert analyse(table(copied)).pairs == analyse(table(honest)).pairs
    assert [item.effective_runs for item in analyse(table(copied)).audits] == [2, 2]
