"""Methods by several pre-trainings: what is tested is the variance between checkpoints, not between runs."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.methods import NoMethodsError, method_table
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.statistics.grid import grid_of
from lovt_bench.leaderboard.statistics.verdicts import places
from tests.leaderboard.records import TASKS as SPECS
from tests.leaderboard.records import record_set
from tests.leaderboard.statistics.tables import Runs, table

TASKS = ["covid_linear", "nih_seg_linear", "rsna_frozen_1"]


def checkpoints(between: float, seeds: int = 3, seed: int = 1) -> Table:
    """Return pre-trainings of two methods and random: methods are alike, checkpoints differ by `between`."""
    generator = np.random.default_rng(seed)
    rows: dict[str, dict[str, Runs]] = {
        f"{method}-{number}": {
            task: (level + generator.normal(0, between) + generator.normal(0, 0.002, 5)).tolist()
            for task in TASKS
        }
        for method, level in (("lovt", 0.5), ("simclr", 0.5))
        for number in range(seeds)
    }
    rows["random"] = {task: (0.2 + generator.normal(0, between, 5)).tolist() for task in TASKS}
    made = table(rows)
    known = []
    for row in made.rows:
        if row.id == "random":
            known.append(row.model_copy(update={"supervision": "none", "architecture": "resnet50"}))
            continue
        provenance = {"Method": row.method, "Seed": row.id.rsplit("-", 1)[1], "Weights": row.id}
        known.append(row.model_copy(update={"provenance": provenance}))
    return made.model_copy(update={"rows": known})


def test_pre_trainings_form_a_row_whose_values_are_their_means() -> None:
    before = checkpoints(0.02)
    found = method_table(before)
    assert sorted(row.display_name for row in found.rows) == [
        "lovt (3 pre-trainings)",
        "random",
        "simclr (3 pre-trainings)",
    ]
    (lovt,) = [row for row in found.rows if row.method == "lovt"]
    members = [row for row in before.rows if row.method == "lovt"]
    for cell in lovt.cells:
        means = [own.summary.mean for row in members if (own := row.cell(cell.task)) and own.summary]
        assert [run.value for run in cell.runs] == means
        assert cell.summary is not None
        half = scipy.stats.t.ppf(0.975, 2) * np.std(means, ddof=1) / np.sqrt(3)
        assert cell.summary.interval95_student == pytest.approx(half)


def test_checkpoints_differ_where_methods_do_not() -> None:
    before = checkpoints(0.02)
    found = method_table(before).analysis
    of_checkpoints = analyse(before)
    assert found is not None
    alike = {frozenset((pair.first, pair.second)): pair for pair in found.pairs}
    p = alike[frozenset(("lovt-0", "simclr-0"))].p_values
    assert min(value for value in p if value is not None) > 0.05
    told = [pair for pair in of_checkpoints.pairs if {pair.first[:4], pair.second[:4]} == {"lovt", "simc"}]
    assert any(value is not None and value < 0.05 for pair in told for value in pair.p_values)
    assert "this checkpoint" in of_checkpoints.statements[1]
    assert "this checkpoint" not in " ".join(found.statements)
    assert "under other pre-training and training seeds" in found.statements[1]


def with_provenance(before: Table, row: str, **said: str) -> Table:
    rows = [
        item.model_copy(update={"provenance": {**item.provenance, **said}}) if item.id == row else item
        for item in before.rows
    ]
    return before.model_copy(update={"rows": rows})


@pytest.mark.parametrize("label", ["Setting epochs", "Files of the method", "Corpus"])
def test_rows_of_a_method_at_another_setting_or_of_other_code_are_another_method(label: str) -> None:
    found = method_table(with_provenance(checkpoints(0.02, seeds=4), "lovt-3", **{label: "3"}))
    assert "lovt (3 pre-trainings)" in {row.display_name for row in found.rows}
    assert found.notes == ["Fewer than three pre-trainings, left out: lovt-3."]


def test_a_second_row_of_a_seed_is_left_out_as_such() -> None:
    found = method_table(with_provenance(checkpoints(0.02, seeds=4), "lovt-3", Seed="2"))
    assert "lovt (3 pre-trainings)" in {row.display_name for row in found.rows}
    assert found.notes == ["The seed of another row, left out: lovt-3."]


def test_one_draw_that_was_kept_is_no_method() -> None:
    found = method_table(with_provenance(checkpoints(0.02), "random", Weights="0123456789abcdef"))
    assert "random" not in {row.id for row in found.rows}
    assert found.notes == ["Fewer than three pre-trainings, left out: random."]


def test_two_pre_trainings_are_no_method() -> None:
    with pytest.raises(
        NoMethodsError, match="has no method with 3 pre-trainings that differ in their seed alone"
    ):
        method_table(checkpoints(0.02, seeds=2))


def test_a_good_checkpoint_is_good_on_every_task_and_counts_once() -> None:
    """Three equal methods: with tasks taken as independent most tables held a false sentence."""
    generator = np.random.default_rng(3)
    tasks = [
        "covid_linear",
        "nih_seg_linear",
        "object_seg_linear_100",
        "rsna_frozen_1",
        "rsna_frozen_10",
        "rsna_frozen_100",
    ]
    tables, false = 150, {True: 0, False: 0}
    for _ in range(tables):
        good = generator.normal(0, 0.02, (3, 3))
        made = table(
            {
                f"method{place}": {
                    task: (0.4 + row + generator.normal(0, 0.005, 3)).tolist() for task in tasks
                }
                for place, row in enumerate(good)
            }
        )
        for of_methods in false:
            false[of_methods] += bool(places(grid_of(made, of_methods=of_methods), "task").apart.any())
    assert false[True] <= 0.05 * tables + 2 * np.sqrt(0.05 * 0.95 * tables)
    assert false[False] > 0.25 * tables


def test_a_draw_for_all_tasks_is_one_observation_over_tasks() -> None:
    before = checkpoints(0.02)
    drawn = [row.id for row in before.rows].index("random")
    grid = grid_of(before)
    assert grid.shared.keys() == {drawn}
    values = grid.shared[drawn]
    assert values.shape == (5, len(TASKS))
    assert values.mean(axis=0) == pytest.approx(grid.scores[drawn])
    found = analyse(before)
    assert {pair.overall_p is None for pair in found.pairs if "random" in (pair.first, pair.second)} == {True}
    assert {pair.overall_p is None for pair in found.pairs if "random" not in (pair.first, pair.second)} == {
        False
    }
    assert all("random" not in item.pool for item in found.critical_differences)


@pytest.mark.parametrize("status", ["partial", None])
def test_a_draw_with_a_task_that_is_not_whole_is_tested_no_more(status: str | None) -> None:
    made = checkpoints(0.02)
    rows = [
        row.model_copy(
            update={
                "cells": [
                    *row.cells[1:],
                    *([row.cells[0].model_copy(update={"status": status})] if status else []),
                ]
            }
        )
        if row.id == "random"
        else row
        for row in made.rows
    ]
    found = analyse(made.model_copy(update={"rows": rows}))
    pairs = [pair for pair in found.pairs if "random" in (pair.first, pair.second)]
    assert pairs
    assert {pair.overall_p for pair in pairs} == {None}


def test_the_published_draw_is_a_row_like_the_others() -> None:
    """Its runs share one seed, and no others are known: docs/statistics.md says so."""
    board = build(record_set([]), load_published(), list(SPECS.values()))
    found = next(item.analysis for item in board.tables if item.kind == "published")
    assert found is not None
    assert all("random" in item.pool for item in found.critical_differences)
