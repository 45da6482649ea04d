"""Which runs a task costs, against the numbers of evaluation.md sections 1 and 2."""

import pytest

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.engine.plan.runs import final_runs, tuning_runs
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.tuning import choose_learning_rate
from tests.tasks.lovt_18 import LOVT_18

PAPER = Profile(name="paper", title="as published")
RUNS = load_protocol("lovt-2022").runs


def test_one_backbone_costs_136_trainings():
    runs = [[*tuning_runs(spec, RUNS), *final_runs(spec.learning_rates[0], RUNS, PAPER)] for spec in LOVT_18]
    assert sum(map(len, runs)) == 136


def test_the_final_runs_have_five_different_seeds():
    seeds = [config.seed for config in final_runs(1e-3, RUNS, PAPER)]
    assert seeds == [12345, 12346, 12347, 12348, 12349]


def test_task_5_is_never_tuned():
    assert tuning_runs(load_task("rsna_frozen_10"), RUNS) == []


def test_the_grid_is_tried_in_order_with_one_seed():
    configs = tuning_runs(load_task("rsna_seg_linear_1"), RUNS)
    assert [config.learning_rate for config in configs] == [3e-2, 1e-2, 3e-3, 1e-4]
    assert {config.seed for config in configs} == {12345}


def test_the_largest_score_wins():
    assert choose_learning_rate([(0.3, 0.1), (0.1, 0.4), (0.03, 0.2)]) == 0.1


def test_a_tie_keeps_the_earlier_grid_entry():
    assert choose_learning_rate([(0.03, 0.2), (0.3, 0.2)]) == 0.03


def test_a_diverged_run_cannot_win_against_zero():
    assert choose_learning_rate([(0.3, None), (0.1, 0.0)]) == 0.1


def test_all_diverged_is_an_error():
    with pytest.raises(ValueError, match="all tuning runs diverged"):
        choose_learning_rate([(0.3, None), (0.1, None)])
