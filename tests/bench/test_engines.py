"""Seconds of one task with tuning and repetitions, per kind of task and engine: `make bench`.

A drawn ResNet-50 on noise images of 96 pixels; features are extracted within the measured time.
"""

from __future__ import annotations

import time

import pytest
import torch

from benchmark.backbone.sources import RandomSource
from benchmark.contract.profile import Profile
from benchmark.engine.evaluate import Evaluation, evaluate
from tasks.protocol import load_protocol
from tasks.registry import load_task
from tests.benchmark.engine.world import tiny_store

PROFILE = Profile(
    name="bench",
    title="For measuring",
    image_side=96,
    min_train_images=24,
    max_train_images=24,
    max_validation_images=8,
    max_test_images=8,
    max_batch_size=8,
    max_epochs=8,
    max_warm_up_steps=2,
    max_learning_rates={"yolov3": 1, "unet": 1, "fine-tuned": 1},
)
FEW = PROFILE.model_copy(update={"max_epochs": 2, "max_runs": 1})
KINDS = {
    "linear (whole grid)": ("rsna_seg_linear_1", PROFILE),
    "YOLOv3 frozen": ("rsna_frozen_10", FEW),
    "U-Net frozen": ("covid_unet_frozen", FEW),
    "YOLOv3 fine-tuned": ("rsna_finetune_10", FEW),
}


class FixedDraw(RandomSource):
    """One draw for all runs, so that features are shared as those of a trained backbone are."""

    def load(self, seed: int):
        return super().load(0)


@pytest.mark.parametrize("engine", ["reference", "fast"])
@pytest.mark.parametrize("kind", KINDS)
def test_task(benchmark, tmp_path, seconds, kind, engine):
    task, profile = KINDS[kind]
    spec = load_task(task)
    evaluation = Evaluation(
        source=FixedDraw(drawn_per_run=False),
        specs=[spec],
        stores={spec.dataset: tiny_store(tmp_path, spec.dataset, images=48)},
        protocol=load_protocol("lovt-2022"),
        profile=profile,
        workspace=tmp_path,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        engine=engine,
    )
    benchmark.group = kind

    def run():
        start = time.perf_counter()
        (result,) = evaluate(evaluation)
        seconds[kind, engine] = time.perf_counter() - start
        assert result.status == "done"

    benchmark.pedantic(run, rounds=1, iterations=1)
