"""A run counts as diverged when its weights or statistics are no numbers any more, though its loss still was one."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.task import WarmUp
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.inputs.sources import CachedFeatures
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import box_targets
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.divergence import all_finite
from lovt_bench.benchmark.engine.train.optimiser import build_adam, build_plateau
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, narrow_heads, tiny_store

CPU = torch.device("cpu")
PROTOCOL = load_protocol("lovt-2022")
BEYOND = 1e39
"""A learning rate beyond float32: after one step every weight is infinite."""
ONE_STEP = TINY.model_copy(update={"max_epochs": 1, "max_batch_size": 8, "max_runs": 1})


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    narrow_heads(monkeypatch)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    root = tmp_path_factory.mktemp("stores")
    return {name: tiny_store(root, name) for name in ("rsna", "covid-rural")}


@pytest.fixture
def evaluation(stores, tmp_path):
    return Evaluation(TinySource(), [], stores, PROTOCOL, ONE_STEP, tmp_path, CPU)


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("task", ["covid_linear", "rsna_frozen_1", "rsna_finetune_1"])
def test_weights_that_the_last_step_made_infinite(evaluation, task, engine):
    """The loss of the only epoch was taken before that step, and masks and boxes are measured as if none was found."""
    spec = load_task(task).model_copy(update={"learning_rates": [BEYOND]})
    if spec.warm_up:
        spec = spec.model_copy(update={"warm_up": WarmUp(steps=1, learning_rate=BEYOND)})
    (result,) = evaluate(dataclasses.replace(evaluation, specs=[spec], engine=engine))
    assert result.status == "failed"
    assert (
        "seeds 12345 diverged at learning rate 1e+39: losses or weights did not stay finite" in result.reason
    )
    path = results_path(evaluation.workspace, "phantom", "tiny", task)
    (record,) = load_records(path).values()
    assert record.status == "diverged"
    assert record.history[0].train_loss is not None
    assert (record.validation, record.test, record.best_epoch) == ({}, {}, None)
    json.loads(path.read_text(), parse_constant=pytest.fail)


def test_the_sound_runs_of_a_batched_head_go_on(evaluation):
    spec = load_task("covid_linear").model_copy(update={"learning_rates": [BEYOND, 1e-2]})
    (result,) = evaluate(dataclasses.replace(evaluation, specs=[spec]))
    assert (result.status, result.learning_rate) == ("done", 1e-2)
    (sound,) = evaluate(
        dataclasses.replace(
            evaluation,
            specs=[load_task("covid_linear").model_copy(update={"learning_rates": [1e-2, 1e-3]})],
            workspace=evaluation.workspace / "sound",
        )
    )
    assert result.records[0].test == sound.records[0].test


@pytest.mark.parametrize("behind", [False, True])
def test_statistics_of_batch_norm_that_became_infinite(stores, behind):
    """A variance beyond float32: the normalised values, and so the loss, are finite."""
    rng = np.random.default_rng(0)
    store, splits = stores["rsna"], {}
    for name in ("train", "validation", "test"):
        rows = store.rows(name)[:4]
        levels = {s: rng.normal(0, 1e25, (4, 4, 64 // s, 64 // s)).astype(np.float32) for s in (8, 16, 32)}
        splits[name] = SplitData(4, CachedFeatures(levels, None, CPU), box_targets(store, rows, CPU))
    spec = load_task("rsna_frozen_1").model_copy(update={"batch_size": 4, "max_epochs": 1})
    channels = {8: 4, 16: 4, 32: 4}
    config = RunConfig("final", 1e-3, 1)
    outcome = train_single(spec, PROTOCOL, config, None, channels, splits, CPU, metrics_behind=behind)
    assert outcome.history[0].train_loss is not None
    assert outcome.diverged
    assert outcome.test == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_number_of_many_is_found(value):
    sound = [
        torch.zeros(3, 4),
        torch.tensor(3),
        torch.zeros(0),
        torch.full((2,), 3e38),
        torch.zeros(2).half(),
    ]
    assert all_finite(sound)
    assert all_finite([torch.tensor(1)])
    broken = torch.zeros(5, 5)
    broken[3, 2] = value
    assert not all_finite([*sound, broken])


def test_a_validation_loss_that_is_no_number_counts_as_an_epoch_without_improvement():
    """As in the published library; only a training loss or a weight ends a run."""
    adam = build_adam([torch.nn.Parameter(torch.zeros(1))], 1.0, PROTOCOL.optimisation)
    plateau = build_plateau(adam, PROTOCOL.optimisation)
    rates = []
    for loss in [0.5, *[float("nan")] * 4, 0.4]:
        plateau.step(loss)
        rates.append(adam.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
