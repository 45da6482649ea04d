"""A run of the batched linear head is handed over when it stops, not when the last one does."""

import numpy as np
import torch

from lovt_bench.benchmark.engine.linear_batch import LinearSplit, train_linear_batch
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.targets import mask_targets
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import tiny_store

CPU = torch.device("cpu")


def test_a_run_that_stops_early_does_not_wait_for_the_others(tmp_path):
    store = tiny_store(tmp_path, "covid-rural")
    rng = np.random.default_rng(0)
    spec = load_task("covid_linear").model_copy(update={"max_epochs": 6, "patience": 1, "batch_size": 4})
    configs = [RunConfig("tune", 1e-1, 1), RunConfig("tune", 1e-12, 1)]
    splits = {}
    for name in ("train", "validation", "test"):
        rows = store.rows(name)[:6]
        level = np.moveaxis(rng.normal(size=(len(rows), 2, 2, 8)), 3, 1)
        features = RowTensor(np.ascontiguousarray(level, dtype=np.float32), CPU)
        splits[name] = LinearSplit(len(rows), [features, features], mask_targets(store, rows, 64, CPU))
    epochs: list[int] = []
    order = []
    protocol = load_protocol("lovt-2022")
    for index, outcome in train_linear_batch(spec, protocol, configs, {32: 8}, splits, CPU, epochs.append):
        assert outcome.epochs == len(epochs)
        order.append(index)
    assert order == [1, 0]
    assert epochs[0] == 2
    assert epochs[-1] == 1
