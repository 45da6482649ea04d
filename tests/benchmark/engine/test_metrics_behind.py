"""Metrics that are computed while the next epoch trains change no result: not the best epoch, not the stop."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES
from lovt_bench.benchmark.contract.run_record import EpochLog
from lovt_bench.benchmark.engine.inputs import CachedFeatures
from lovt_bench.benchmark.engine.loaders import SplitData
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.single import train_single
from lovt_bench.benchmark.engine.targets import mask_targets
from lovt_bench.tasks.metrics.dice import SegmentationMetrics
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import tiny_store

CPU = torch.device("cpu")
PROTOCOL = load_protocol("lovt-2022")
DICE = [0.5, 0.6, 0.4, 0.9, 0.8, 0.7]
"""By epoch, in place of the true value: with a patience of 1 the third epoch is the last."""


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    store = tiny_store(tmp_path_factory.mktemp("world"), "covid-rural")
    result = {}
    for seed, name in enumerate(SPLIT_NAMES):
        rows = store.rows(name)[:6]
        level = np.random.default_rng(seed).normal(size=(len(rows), 8, 2, 2)).astype(np.float16)
        features = CachedFeatures({32: level}, None, CPU)
        result[name] = SplitData(len(rows), features, mask_targets(store, rows, 64, CPU))
    return result


def outcome(splits, behind, *, patience=1, epochs=6, rate=1e-2):
    update = {"batch_size": 2, "max_epochs": epochs, "patience": patience}
    spec = load_task("covid_linear").model_copy(update=update)
    logs: list[EpochLog] = []
    result = train_single(
        spec, PROTOCOL, RunConfig("final", rate, 1), None, {1: 3, 32: 8}, splits, CPU, logs.append, behind
    )
    assert logs == result.history
    return result


@pytest.mark.parametrize("epochs", [2, 3, 6], ids=["all epochs", "stop at the end", "stop early"])
@pytest.mark.parametrize("seconds", [0.0, 0.1], ids=["soon", "late"])
def test_results_are_those_of_waiting_for_the_metrics(splits, monkeypatch, epochs, seconds):
    compute = SegmentationMetrics.compute

    def planned(self):
        time.sleep(seconds)
        values = compute(self)
        self_epoch = len(computed)
        computed.append(values)
        return values | {"avg_dice": DICE[self_epoch], "opacity_dice": DICE[self_epoch]}

    monkeypatch.setattr(SegmentationMetrics, "compute", planned)
    computed: list[dict[str, float]] = []
    waited = outcome(splits, False, epochs=epochs)
    expected, computed = computed, []
    behind = outcome(splits, True, epochs=epochs)
    assert computed == expected
    assert behind.history == waited.history
    assert (behind.best_epoch, behind.validation) == (waited.best_epoch, waited.validation)
    assert (behind.best_epoch, behind.epochs) == (1, min(epochs, 3))


def test_a_run_that_diverges_is_told_at_once(splits):
    assert outcome(splits, True, rate=3e38, patience=4, epochs=3).diverged


def test_an_error_in_a_metric_is_not_lost(splits, monkeypatch):
    def broken(self, output, target):
        raise ArithmeticError("broken metric")

    monkeypatch.setattr(SegmentationMetrics, "update", broken)
    with pytest.raises(ArithmeticError, match="broken metric"):
        outcome(splits, True)
