"""A training step never makes the host wait for the card."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.benchmark.engine.inputs.sources import Images, scaled_images
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import box_targets, mask_targets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TinyBackbone, narrow_heads, tiny_store
from tests.gpu.pretended.waits import WAITS

pytestmark = pytest.mark.pretended
TASKS = {"covid_linear": "covid-rural", "covid_unet_finetune": "covid-rural", "rsna_finetune_1": "rsna"}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    narrow_heads(monkeypatch)


@pytest.mark.parametrize("task", TASKS)
def test_waits_of_a_step(card, tmp_path, task):
    store = tiny_store(tmp_path, TASKS[task], images=40)
    _, few, many = (waits(store, task, card, images) for images in (4, 4, 16))  # the first makes what is kept
    steps = (16 - 4) // 2
    more = {what: (many[what] - few[what]) / steps for what in many if many[what] != few[what]}
    assert not more


def waits(store, task, card, images):
    """Return what made the host wait in one epoch of so many images, two a step."""
    spec = load_task(task).model_copy(
        update={"batch_size": 2, "max_epochs": 1, "backbone": "fine-tuned", "warm_up": None}
    )
    splits = {}
    for name in ("train", "validation", "test"):
        rows = store.rows(name)[: images if name == "train" else 2]
        assert len(rows) == (images if name == "train" else 2)
        targets = (
            box_targets(store, rows, card) if spec.head == "yolov3" else mask_targets(store, rows, 64, card)
        )
        pixels = Images(scaled_images(store, rows, 64), store.manifest.pixel_statistics, card)
        splits[name] = SplitData(len(rows), pixels, targets)
    torch.manual_seed(0)
    backbone = TinyBackbone().eval()
    channels = {1: 3} | {level.stride: level.channels for level in backbone.levels}
    before = WAITS.copy()
    train_single(
        spec, load_protocol("lovt-2022"), RunConfig("final", 1e-4, 1), backbone, channels, splits, card
    )
    return WAITS - before
