"""All 18 tasks on a card: both engines end well, and their numbers are those of the CPU up to half precision.

On a pretended card one task stands for those that differ in their share of the images alone: here all train on eight.
"""

from __future__ import annotations

import pytest
import torch

from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.engine.world import TINY, TinySource, narrow_heads, tiny_stores
from tests.gpu.pretended.shim import pretended
from tests.tasks.lovt_18 import LOVT_18, ONE_SHARE

PROFILE = TINY.model_copy(
    update={
        "max_runs": 1,
        "max_learning_rates": {"linear": 1, "yolov3": 1, "unet": 1, "fine-tuned": 1},
        "initial_gradient_scale": load_profile("demo").initial_gradient_scale,
    }
)
TASKS = ONE_SHARE if pretended() else LOVT_18
TOLERANCE = 0.03
"""Relative difference of losses over two epochs: Adam's first steps make 1e-3 of half precision a per cent."""


@pytest.fixture(scope="module")
def narrow():
    with pytest.MonkeyPatch.context() as patch:
        narrow_heads(patch)
        yield


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return tiny_stores(tmp_path_factory.mktemp("stores"))


def results(stores, workspace, device, engine):
    evaluation = Evaluation(
        TinySource(), TASKS, stores, load_protocol("lovt-2022"), PROFILE, workspace, device, engine
    )
    return {result.spec.id: result for result in evaluate(evaluation)}


@pytest.fixture(scope="module")
def on_cpu(narrow, stores, tmp_path_factory):
    return results(stores, tmp_path_factory.mktemp("cpu"), torch.device("cpu"), "fast")


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_all_tasks_end_with_the_losses_of_the_cpu(narrow, stores, on_cpu, tmp_path, engine):
    found = results(stores, tmp_path, torch.device("cuda", 0), engine)
    assert len(found) == len(TASKS)
    worst = {}
    for task, result in found.items():
        assert result.status == "done", (task, result.reason)
        (own,), (other,) = result.records, on_cpu[task].records
        assert not own.made_with.skipped_steps, task
        assert (own.made_with.device_kind, own.precision) == (
            "cuda",
            expected_precision(engine, result.spec),
        ), task
        for loss in ("train_loss", "validation_loss"):
            pairs = zip(own.history, other.history, strict=False)
            values = [(getattr(here, loss), getattr(there, loss)) for here, there in pairs]
            worst[task, loss] = max(abs(here - there) / abs(there) for here, there in values)
    assert {key: value for key, value in worst.items() if not value < TOLERANCE} == {}


def expected_precision(engine, spec):
    return (
        "float32"
        if engine == "fast" and spec.head == "linear" and spec.backbone == "frozen"
        else "float16-mixed"
    )
