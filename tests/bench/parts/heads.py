"""A training step of each head on cached features, against the bare head on random tensors in memory.

Bare is forward, loss and backward. The harness reads features, moves them, steps Adam, keeps losses: from one batch to
the next, with the bare step run in turns in between.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs import CachedFeatures, Images, scaled_images
from lovt_bench.benchmark.engine.linear_batch import LinearSplit, train_linear_batch
from lovt_bench.benchmark.engine.loaders import SplitData
from lovt_bench.benchmark.engine.memory import training_format
from lovt_bench.benchmark.engine.optimiser import build_adam
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.single import train_single
from lovt_bench.benchmark.engine.targets import box_targets, mask_targets
from lovt_bench.tasks.heads import build_head, head_strides
from lovt_bench.tasks.losses.upsampled_dice import upsampled_dice_loss
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol
from tests.bench.machine import Machine, flops_of
from tests.bench.rows import Row
from tests.bench.world import (
    CHANNELS,
    SIDE,
    InTurns,
    Turns,
    make_resident,
    noise_store,
    random_features,
    short_task,
)

PROTOCOL = load_protocol("lovt-2022")
BATCH, STEPS = 8, 5
LINEAR_BATCH, LINEAR_RUNS, LINEAR_STEPS = 32, 9, 4
TABLE = "Training step of a head on cached features, 224 pixels"
CASES = {
    "YOLOv3 head": ("rsna_frozen_10", None),
    "U-Net decoder": ("covid_unet_frozen", 1.1),
}


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Measure the heads that train one run at a time, then the batched linear head."""
    single = [_single(machine, folder, name, *case) for name, case in CASES.items()]
    return [*single, _linear(machine, folder)]


def bare_step(
    spec: TaskSpec, forward: nn.Module, inputs: Any, targets: Any
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return forward + loss + backward of a module, and one step of the protocol's Adam on its gradients."""
    objective = build_objective(spec, PROTOCOL)
    adam = build_adam(forward.parameters(), 1e-4, PROTOCOL.optimisation)
    device = next(forward.parameters()).device
    forward.train()

    def step() -> None:
        adam.zero_grad()
        with torch.autocast("cuda", torch.float16, enabled=device.type == "cuda"):
            loss = objective.loss(forward(inputs), targets)
        loss.backward()

    return step, adam.step


def _single(machine: Machine, folder: Path, name: str, task: str, limit: float | None) -> Row:
    device, spec = machine.device, short_task(task, BATCH)
    store = noise_store(folder, spec.dataset, 4 * BATCH)
    strides = head_strides(spec)
    inputs = random_features(strides, BATCH, device)
    targets = _targets(spec, store, np.arange(BATCH), device).batch(torch.arange(BATCH))
    head = build_head(spec, CHANNELS, PROTOCOL).to(device).to(memory_format=training_format(device))
    step, optimise = bare_step(spec, head, inputs, targets)
    turns = Turns({"bare": step, "Adam": optimise})
    splits = {}
    for split, size in (("train", BATCH * STEPS), ("validation", 1), ("test", 1)):
        rows = np.arange(size) % len(store)
        levels = {
            stride: np.random.default_rng(stride)
            .normal(size=(size, channels, SIDE // stride, SIDE // stride))
            .astype(np.float16)
            for stride, channels in CHANNELS.items()
            if stride in strides and stride != 1
        }
        images = Images(scaled_images(store, rows, SIDE), store.manifest.pixel_statistics, device)
        source: Any = CachedFeatures(levels, images if 1 in strides else None, device)
        splits[split] = SplitData(
            size, InTurns(source, turns) if split == "train" else source, _targets(spec, store, rows, device)
        )
    make_resident(splits, device)
    train_single(spec, PROTOCOL, RunConfig("tune", 1e-4, 1), None, CHANNELS, splits, device)
    read = 2 * BATCH * sum(CHANNELS[stride] * (SIDE // stride) ** 2 for stride in strides)
    return Row(
        TABLE,
        f"{name}, batch {BATCH}",
        "images",
        BATCH,
        turns.best["bare"],
        turns.best["here"],
        limit=limit,
        flops=flops_of(step),
        bytes=read,
        note=f"Adam {turns.best['Adam'] * 1000:.0f} ms of {turns.best['here'] * 1000:.0f}",
    )


def _targets(spec: TaskSpec, store: ImageStore, rows: np.ndarray, device: torch.device) -> Any:
    if spec.target == "boxes":
        return box_targets(store, rows, device)
    return mask_targets(store, rows, SIDE, device)


class _MarkedRows(RowTensor):
    """Marks each batch of the first run."""

    turns: Turns | None = None

    def __getitem__(self, indices: Tensor) -> Tensor:
        if self.turns is not None:
            self.turns.mark()
        return super().__getitem__(indices)


def _linear(machine: Machine, folder: Path) -> Row:
    device, spec = machine.device, short_task("rsna_seg_linear_100", LINEAR_BATCH)
    store = noise_store(folder, spec.dataset, 4 * BATCH)
    side, channels = SIDE // 32, CHANNELS[32]
    weight = torch.randn(LINEAR_RUNS, 1, channels, device=device).mul_(0.01).requires_grad_()
    features = torch.randn(LINEAR_RUNS, LINEAR_BATCH, channels, side * side, device=device)
    rows = np.arange(LINEAR_BATCH) % len(store)
    mask = mask_targets(store, rows, SIDE, device).batch(torch.arange(LINEAR_BATCH))
    masks = mask.expand(LINEAR_RUNS, *mask.shape).contiguous()

    def step() -> None:
        weight.grad = None
        maps = (weight.unsqueeze(1) @ features).unflatten(-1, (side, side))
        upsampled_dice_loss(maps, masks).sum().backward()

    turns, splits = Turns({"bare": step}), {}
    for split, size in (("train", LINEAR_BATCH * LINEAR_STEPS), ("validation", 1), ("test", 1)):
        stored = np.random.default_rng(0).normal(size=(size, channels, side, side)).astype(np.float16)
        plain, marked = RowTensor(stored, device), _MarkedRows(stored, device)
        marked.turns = turns if split == "train" else None
        targets = mask_targets(store, np.arange(size) % len(store), SIDE, device)
        splits[split] = LinearSplit(size, [marked, *[plain] * (LINEAR_RUNS - 1)], targets)
    configs = [RunConfig("tune", 1e-2 / (1 + run), run) for run in range(LINEAR_RUNS)]
    make_resident(splits, device)
    list(train_linear_batch(spec, PROTOCOL, configs, CHANNELS, splits, device))
    images = LINEAR_RUNS * LINEAR_BATCH
    return Row(
        TABLE,
        f"linear, {LINEAR_RUNS} runs at once, batch {LINEAR_BATCH}",
        "images",
        images,
        turns.best["bare"],
        turns.best["here"],
        flops=flops_of(step),
        bytes=2 * images * side * side * channels,
        note="images of all runs",
    )
