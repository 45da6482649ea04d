"""What is predicted: against what an evaluation then does, and against sums by hand."""

from __future__ import annotations

import dataclasses
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.engine import calibrate as calibrate_room
from lovt_bench.benchmark.engine import forecast as forecast_room
from lovt_bench.benchmark.engine import inputs
from lovt_bench.benchmark.engine.calibrate import calibrate
from lovt_bench.benchmark.engine.cost import TYPICAL, Rates
from lovt_bench.benchmark.engine.device import choose_device, usable_gpus
from lovt_bench.benchmark.engine.evaluate import Evaluation, evaluate, plan_tasks
from lovt_bench.benchmark.engine.jobs import plan_jobs
from lovt_bench.benchmark.engine.predict import predict, total_seconds
from lovt_bench.benchmark.engine.records import load_records, results_path
from lovt_bench.benchmark.executor.job import JobEnd
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, tiny_store
from tests.benchmark.executor.worlds import tiny_evaluation

ONCE = TINY.model_copy(update={"max_epochs": 1, "max_learning_rates": {"linear": 2, "yolov3": 1}})
TASKS = ("rsna_seg_linear_1", "rsna_frozen_1", "covid_linear")


@pytest.fixture
def evaluation(request, tmp_path):
    specs = [load_task(task) for task in TASKS]
    return Evaluation(
        source=TinySource(drawn_per_run=getattr(request, "param", False)),
        specs=specs,
        stores={name: tiny_store(tmp_path, name) for name in {spec.dataset for spec in specs}},
        protocol=load_protocol("lovt-2022"),
        profile=ONCE,
        workspace=tmp_path,
        device=torch.device("cpu"),
    )


def predicted(evaluation, **options):
    plans = list(plan_tasks(evaluation)[0].values())
    return predict(plans, plan_jobs(plans, **options))


@pytest.mark.parametrize(
    ("evaluation", "share"), [(False, True), (True, False)], indirect=["evaluation"], ids=["shared", "drawn"]
)
def test_runs_and_bytes_are_those_that_the_evaluation_leaves(evaluation, share):
    before = predicted(evaluation, share=share)
    evaluate(evaluation)
    for task in before:
        path = results_path(evaluation.workspace, "phantom", "tiny", task.spec.id)
        assert task.runs == len(load_records(path))
    written = sum(np.load(file).nbytes for file in (evaluation.workspace / "features").rglob("*.npy"))
    assert sum(task.bytes_written for task in before) == written
    after = predicted(evaluation, share=share)
    assert [(task.runs, task.seconds, task.bytes_written) for task in after] == [(0, 0.0, 0)] * len(TASKS)


@pytest.mark.parametrize("evaluation", [False, True], indirect=True, ids=["fixed", "drawn"])
def test_seconds_are_the_sum_of_runs_epochs_images(evaluation):
    rates = Rates(backbone_forward=0.5)
    linear = predicted(evaluation, rates=rates)[2]
    scale = (64 / 224) ** 2
    draws = 2 if evaluation.source.drawn_per_run else 1  # the tuning seed is the first repetition's
    features = draws * (8 + 6 + 5) * 0.5 * scale
    training = 4 * (8 * 0.001 + 6 * 0.0004) * scale
    assert linear.feature_seconds == pytest.approx(features)
    assert linear.seconds == pytest.approx(features + training)


def test_workers_shorten_the_whole_but_no_chain(evaluation):
    tasks = predicted(evaluation)
    work = sum(task.seconds for task in tasks)
    assert total_seconds(tasks, 1) == pytest.approx(work)
    assert total_seconds(tasks, 1000) == max(task.longest for task in tasks) < work


def test_calibration_measures_every_kind_and_leaves_the_random_generator_alone(evaluation):
    plans = list(plan_tasks(evaluation)[0].values())
    state = torch.get_rng_state()
    rates = calibrate(plans)
    assert torch.equal(state, torch.get_rng_state())
    assert set(rates.head_factor) == {("linear", 1), ("yolov3", 1)}
    assert all(math.isfinite(value) and value > 0 for value in rates.head_factor.values())
    assert 0 < rates.backbone_forward < rates.backbone_train


def test_the_backbone_is_timed_in_the_precision_that_it_works_in(evaluation, monkeypatch):
    seen = set()

    class Watched(TinySource):
        def load(self, seed):
            backbone = super().load(seed)
            backbone.register_forward_hook(lambda *_: seen.add(torch.is_autocast_enabled("cpu")))
            return backbone

    for room in (calibrate_room, inputs):
        monkeypatch.setattr(room, "mixed_precision", lambda device: torch.autocast("cpu", torch.bfloat16))
    calibrate(list(plan_tasks(dataclasses.replace(evaluation, source=Watched()))[0].values()))
    assert seen == {True}


def test_a_process_that_hands_out_jobs_leaves_the_gpus_to_its_workers(tmp_path, monkeypatch):
    """A context takes half a gigabyte of the first GPU for as long as the process lives."""

    def refuse():
        raise AssertionError("this process began to use a GPU")

    class Elsewhere:
        def __init__(self, workers):
            self.pool = ThreadPoolExecutor(workers)
            self.shutdown = self.pool.shutdown

        def submit(self, function, *arguments):
            assert pickle.loads(pickle.dumps(arguments))
            return self.pool.submit(lambda: TYPICAL)

    class Workers:
        name, workers = "local", 2

        def run(self, jobs, work, claims, watcher):
            for job in jobs:
                watcher.ended(job, JobEnd("failed", "not here"))

    for name, answer in (("is_available", lambda: True), ("device_count", lambda: 2), ("_lazy_init", refuse)):
        monkeypatch.setattr(torch.cuda, name, answer)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(forecast_room, "WorkerPool", Elsewhere)
    evaluation = dataclasses.replace(tiny_evaluation(tmp_path), device=choose_device("auto"))
    assert usable_gpus(evaluation.device) == ["0", "1"]
    assert forecast_room.forecast(evaluation).rates == TYPICAL
    results = evaluate(evaluation, executor=Workers())
    assert {result.reason for result in results} == {"not here"}
