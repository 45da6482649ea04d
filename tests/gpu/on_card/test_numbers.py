"""What half precision does to numbers, on a CUDA device, real or pretended: no CPU shows it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.profile import GRADIENT_SCALE
from lovt_bench.benchmark.engine.inputs.sources import CachedFeatures
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import BoxTargets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.tasks.detection import decode, suppress
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task

PROTOCOL = load_protocol("lovt-2022")
CHANNELS = {8: 64, 16: 128, 32: 256}


def skipped(scale: float) -> tuple[int, int]:
    """Return steps that were skipped, and all, of a YOLOv3 head as the small profiles train it."""
    device, rng, images = torch.device("cuda", 0), np.random.default_rng(0), 16
    levels = {
        stride: np.abs(rng.normal(size=(images, channels, 64 // stride, 64 // stride))).astype(np.float16)
        for stride, channels in CHANNELS.items()
    }
    boxes = np.full((images, 1, 4), (100.0, 4.0, 3.0, 216.0), np.float32)
    targets = BoxTargets(boxes, np.ones(images, np.int64), device)
    split = SplitData(images, CachedFeatures(levels, None, device), targets)
    spec = load_task("rsna_frozen_100").model_copy(update={"batch_size": 8, "max_epochs": 1})
    splits = dict.fromkeys(("train", "validation", "test"), split)
    outcome = train_single(
        spec, PROTOCOL, RunConfig("tune", 1e-4, 1), None, CHANNELS, splits, device, gradient_scale=scale
    )
    assert outcome.how.skipped_steps is not None
    return outcome.how.skipped_steps, outcome.how.steps


def test_small_profiles_lose_no_step_to_the_first_gradient_scale():
    assert skipped(GRADIENT_SCALE)[0] > 0, "the published scale overflows here, or this test shows nothing"
    scales = {load_profile(name).initial_gradient_scale for name in ("demo", "quick", "small")}
    assert [skipped(scale) for scale in scales] == [(0, 2)]


@pytest.mark.parametrize("classes", [1, 3])
def test_detections_are_those_of_a_cpu_to_the_bit(classes):
    generator = torch.Generator().manual_seed(classes)
    maps = [torch.randn(4, 3 * (5 + classes), grid, grid, generator=generator) for grid in (2, 4, 8)]
    rows = torch.cat([decode(each, scale, PROTOCOL.yolo) for scale, each in enumerate(maps)], dim=1)
    found, expected = suppress(rows.to("cuda"), PROTOCOL.yolo), suppress(rows, PROTOCOL.yolo)
    assert len(expected.boxes) > 40
    for name in ("boxes", "scores", "classes", "class_scores", "counts"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name
