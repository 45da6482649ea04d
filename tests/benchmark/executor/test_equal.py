"""Real trainings: every executor leaves the same records, and two harness processes share one workspace."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.executor.local import LocalExecutor
from tests.benchmark.executor.found import results
from tests.benchmark.executor.worlds import RUNS, Activities, long_evaluation, tiny_evaluation


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    root = tmp_path_factory.mktemp("process")
    assert {result.status for result in evaluate(tiny_evaluation(root))} == {"done"}
    return results(root)


@pytest.mark.slow
def test_worker_processes_leave_the_records_of_this_process(expected, tmp_path):
    """Equal to the last bit, since the threads are: OMP_NUM_THREADS=1 in tests, and given to the workers here."""
    evaluation = tiny_evaluation(tmp_path)
    evaluate(evaluation, executor=LocalExecutor([{"OMP_NUM_THREADS": "1"}] * 2))
    assert results(tmp_path) == expected
    assert len(expected) == RUNS


@pytest.mark.slow
def test_a_worker_that_is_killed_within_a_training_costs_an_epoch(long_results, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "lovt_bench.benchmark.engine.evaluate.ENTRY", "tests.benchmark.executor.worlds:mortal_worker"
    )
    heard = Activities()
    executor = LocalExecutor([{"OMP_NUM_THREADS": "1"}])
    assert {one.status for one in evaluate(long_evaluation(tmp_path), heard, executor)} == {"done"}
    assert results(tmp_path) == long_results
    assert len([text for text in heard.heard if text.endswith("goes on at epoch 2")]) == 1
    assert not list(tmp_path.glob("checkpoints/*/*"))
