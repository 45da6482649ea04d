"""A fine-tuning step against bare forward, loss and backward of backbone and head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.contract.task import WarmUp
from lovt_bench.benchmark.engine.inputs import Images, scaled_images
from lovt_bench.benchmark.engine.loaders import SplitData
from lovt_bench.benchmark.engine.memory import training_format
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.single import train_single
from lovt_bench.benchmark.engine.targets import box_targets
from lovt_bench.tasks.heads import build_head
from tests.bench.machine import Machine, flops_of
from tests.bench.parts.heads import BATCH, PROTOCOL, bare_step
from tests.bench.rows import Row
from tests.bench.world import CHANNELS, SIDE, InTurns, Turns, fixed_draw, noise_store, short_task

STEPS = 3


class _Both(nn.Module):
    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        output: tuple[Tensor, ...] = self.head(self.backbone(image))
        return output


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Measure steps of the second epoch: the warm-up is over and batch norm trains."""
    device, spec = machine.device, short_task("rsna_finetune_10", BATCH, epochs=2)
    spec = spec.model_copy(update={"warm_up": WarmUp(steps=1, learning_rate=1e-4)})
    store = noise_store(folder, spec.dataset, 4 * BATCH)
    layout = training_format(device)
    rows = np.arange(BATCH)
    pixels = Images(scaled_images(store, rows, SIDE), store.manifest.pixel_statistics, device, layout)
    both = _Both(fixed_draw().load(0), build_head(spec, CHANNELS, PROTOCOL))
    both = both.to(device).to(memory_format=layout)
    image = pixels.image(torch.arange(BATCH))
    step, optimise = bare_step(spec, both, image, box_targets(store, rows, device).batch(torch.arange(BATCH)))
    turns, splits = Turns({"bare": step, "Adam": optimise}, skip=STEPS), {}
    for split, size in (("train", BATCH * STEPS), ("validation", 1), ("test", 1)):
        rows = np.arange(size) % len(store)
        images = Images(scaled_images(store, rows, SIDE), store.manifest.pixel_statistics, device, layout)
        source = InTurns(images, turns) if split == "train" else images
        splits[split] = SplitData(size, source, box_targets(store, rows, device))
    backbone = fixed_draw().load(0)
    train_single(spec, PROTOCOL, RunConfig("tune", 1e-4, 1), backbone, CHANNELS, splits, device)
    return [
        Row(
            "Fine-tuning step, ResNet-50 with YOLOv3 head, 224 pixels",
            f"batch {BATCH}",
            "images",
            BATCH,
            turns.best["bare"],
            turns.best["here"],
            limit=1.15,
            flops=flops_of(step),
            note=f"Adam {turns.best['Adam'] * 1000:.0f} ms of {turns.best['here'] * 1000:.0f}",
        )
    ]
