"""A training gives signs of life within an epoch, so that a slow one is told from one that hangs."""

from __future__ import annotations

from functools import partial

import pytest

from lovt_bench.benchmark.engine.evaluate import plan_tasks
from lovt_bench.benchmark.engine.jobs import plan_jobs
from lovt_bench.benchmark.engine.pulse import pulse_of
from lovt_bench.benchmark.engine.worker import Worker
from lovt_bench.benchmark.executor.job import Event
from tests.benchmark.executor.worlds import tiny_evaluation


@pytest.mark.parametrize("engine", ["fast", "reference"], ids=["batched head", "single run"])
def test_every_batch_of_a_training_is_a_sign_of_life(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("lovt_bench.benchmark.engine.worker.pulse_of", partial(pulse_of, seconds=0.0))
    evaluation = tiny_evaluation(tmp_path, ("covid_linear",), engine=engine)
    jobs = plan_jobs(list(plan_tasks(evaluation)[0].values()))
    worker = Worker(evaluation)
    for job in jobs:
        events: list[Event] = []
        worker(job.spec.model_dump_json(), events.append)
        if job.spec.kind != "features":
            break
    training = [next(iter(event), "alive") for event in events]
    begun = len(training) - training[::-1].index("activity")
    assert training[begun : training.index("advance")].count("alive") >= 2 + 2, (
        "two batches and two of validation"
    )


def test_signs_of_life_are_not_given_more_often_than_they_are_wanted():
    often: list[Event] = []
    seldom: list[Event] = []
    beats = pulse_of(often.append, seconds=0.0), pulse_of(seldom.append, seconds=1000.0)
    for _ in range(5):
        for beat in beats:
            beat()
    assert often == [{}] * 5
    assert seldom == [{}]
