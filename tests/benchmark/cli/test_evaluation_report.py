"""What an evaluation shows: intervals, and runs that lost steps to the gradient scaler."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lovt_bench.benchmark.cli.evaluation_report import RichObserver, print_results
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation, TaskResult
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.executor.process import ProcessExecutor
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.contract.made import made_with
from tests.benchmark.engine.world import TinySource, tiny_store
from tests.leaderboard.records import record


def tiny_evaluation(workspace: Path) -> Evaluation:
    return Evaluation(
        TinySource(),
        [load_task("covid_linear")],
        {"covid-rural": tiny_store(workspace, "covid-rural", 12)},
        load_protocol("lovt-2022"),
        load_profile("quick"),
        workspace,
        torch.device("cpu"),
    )


@pytest.mark.parametrize(("second", "said"), [(0.6, "40.0 (too few runs)"), (0.201, "20.1 ± 0.6")])
def test_an_interval_wider_than_the_scale_is_not_shown(tmp_path, capsys, second, said):
    """Student's t of two runs is 12.7: 20 and 60 would be shown as 40.0 ± 254.1."""
    spec = load_task("covid_linear")
    runs = [record("tiny", seed=12345, value=0.2), record("tiny", seed=12346, value=second)]
    print_results(tiny_evaluation(tmp_path), [TaskResult(spec, "done", 0.01, runs)])
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("skipped", "said"), [(None, ""), (2, ""), (3, "3 of 100 steps skipped (3%)"), (41, "(41%)")]
)
def test_skipped_steps_are_shown_and_warned_of_when_they_are_more_than_a_few(tmp_path, capsys, skipped, said):
    spec = load_task("covid_linear")
    evaluation = tiny_evaluation(tmp_path)
    made = made_with("NVIDIA A100", steps=100, skipped_steps=skipped)
    run = record("tiny", device="NVIDIA A100", precision="float16-mixed", made_with=made)
    observer = RichObserver(evaluation, ProcessExecutor())
    observer.run_finished(spec, RunConfig("final", 0.01, 12345), run)
    print_results(evaluation, [TaskResult(spec, "done", 0.01, [run])])
    shown = capsys.readouterr()
    assert ("skipped" in shown.err) == bool(said)
    assert said in shown.err
    assert ("warning: task covid_linear: the gradient scaler left out" in shown.out + shown.err) == bool(said)
