"""How fast this machine is: a few seconds of bare steps, at the image side and on the device of the evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.sources import load_to_train
from lovt_bench.benchmark.engine.device.choice import mixed_precision
from lovt_bench.benchmark.engine.device.layout import training_format
from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.benchmark.engine.inputs.sources import frozen_features
from lovt_bench.benchmark.engine.inputs.splits import LinearSplit
from lovt_bench.benchmark.engine.inputs.targets import MaskTargets
from lovt_bench.benchmark.engine.plan.cost import FULL_SIDE, TYPICAL, HeadKind, Rates, head_kind
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan
from lovt_bench.benchmark.engine.train.kernels.choice import head_of
from lovt_bench.benchmark.engine.train.linear_batch import train_linear_batch
from lovt_bench.benchmark.engine.train.optimiser import build_adam
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.heads import build_head
from lovt_bench.tasks.objective import build_objective

_IMAGES = 8
"""Images of a step."""
_SECONDS = 0.5
"""Time that one kind of step is repeated for."""
_RUNS = 4
"""Runs of a batched head."""


def calibrate(plans: Sequence[TaskPlan]) -> Rates:
    """Return the rates of this machine for the tasks; torch's CPU generator is the same before and after."""
    if not plans:
        return TYPICAL
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        forward, train = _backbone(plans)
        factors: dict[HeadKind, float] = {}
        for plan in plans:
            if head_kind(plan.spec) not in factors:
                step = _linear(plan) if plan.batched else _head(plan)
                typical = TYPICAL.head_train(plan.spec) / _scale(plan)
                factors[head_kind(plan.spec)] = step / typical
        scale = _scale(plans[0])
        return Rates(scale * forward, scale * train, factors)


def _scale(plan: TaskPlan) -> float:
    """Return what makes the seconds of a step those of one image of the published side."""
    return (FULL_SIDE / plan.data.side) ** 2 / _IMAGES


def _backbone(plans: Sequence[TaskPlan]) -> tuple[float, float]:
    """Return the seconds of a forward, and of a forward with backward where a task is fine-tuned."""
    data = plans[0].data
    tuned = not data.source.frozen_only and any(plan.spec.backbone == "fine-tuned" for plan in plans)
    loaded = load_to_train(data.source, 0, data.side) if tuned else data.source.load(0)
    backbone = loaded.to(data.device).to(memory_format=torch.channels_last)
    image = torch.randn(_IMAGES, 3, data.side, data.side, device=data.device)
    image = image.contiguous(memory_format=torch.channels_last)

    def forward() -> None:
        frozen_features(backbone, image)

    def train() -> None:
        with mixed_precision(data.device):
            sum(level.float().mean() for level in backbone(image).values()).backward()

    bare = _seconds(forward, data.device)
    if not tuned:
        return bare, bare * TYPICAL.backbone_train / TYPICAL.backbone_forward
    return bare, _seconds(train, data.device)


def _head(plan: TaskPlan) -> float:
    """Return the seconds of a training step of the head on given features."""
    data, device, protocol = plan.data, plan.evaluation.device, plan.evaluation.protocol
    built = build_head(plan.spec, data.channels, protocol)
    head = head_of(plan.evaluation.engine, built, device).to(device).to(memory_format=training_format(device))
    objective, adam = (
        build_objective(plan.spec, protocol),
        build_adam(head.parameters(), 1e-6, protocol.optimisation),
    )
    features = {
        stride: torch.randn(_IMAGES, data.channels[stride], *[-(-data.side // stride)] * 2, device=device)
        for stride in data.strides
    }
    target: Tensor | BoxTarget
    if plan.spec.target == "masks":
        shape = (_IMAGES, len(plan.spec.classes), data.side, data.side)
        target = torch.randint(0, 2, shape, dtype=torch.uint8, device=device)
    else:
        boxes = torch.tensor([40.0, 40.0, 60.0, 60.0], device=device).expand(_IMAGES, 1, 4)
        target = BoxTarget(boxes, torch.ones(_IMAGES, dtype=torch.int64, device=device))

    def step() -> None:
        adam.zero_grad()
        with mixed_precision(device):
            output = head(features)
        objective.loss(output, target).backward()
        adam.step()

    return _seconds(step, device)


def _linear(plan: TaskPlan) -> float:
    """Return the seconds that a batched linear head takes for as many images of one run as a step has."""
    data, protocol = plan.data, plan.evaluation.protocol
    (stride,) = data.strides
    grid = -(-data.side // stride)
    spec = plan.spec.model_copy(update={"max_epochs": 1, "batch_size": min(plan.spec.batch_size, _IMAGES)})
    shape = (2 * spec.batch_size, data.channels[stride], grid, grid)
    features = RowTensor(np.ones(shape, np.float16), data.device)
    masks = np.ones((shape[0], len(plan.spec.classes), data.side**2 // 8), np.uint8)
    split = LinearSplit(shape[0], [features] * _RUNS, MaskTargets(masks, data.side, data.device))
    if data.device.type == "cuda":
        for rows in split.rows:
            rows.make_resident()  # as in all epochs but the first
    configs = [RunConfig("tune", 1e-6, seed) for seed in range(_RUNS)]

    def epoch() -> None:
        splits = {"train": split, "validation": split}
        list(train_linear_batch(spec, protocol, configs, data.channels, splits, data.device))

    # An epoch here trains and validates equally many images; the share of training is that of typical rates.
    share = TYPICAL.head_train(spec) / (TYPICAL.head_train(spec) + TYPICAL.head_forward(spec))
    return _seconds(epoch, data.device) * share * _IMAGES / (_RUNS * shape[0])


def _seconds(step: Callable[[], None], device: torch.device) -> float:
    """Return the fastest of a few steps, after one that warms up."""
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begin < _SECONDS:
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times[1:])
