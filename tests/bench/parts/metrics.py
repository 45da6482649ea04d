"""Time of validation metrics beside the head's own forward: mAP and fROC of detections, Dice of masks.

Detections are those of raw maps with few objects, as a trained head gives them. Ratio: metric over forward of the head.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.heads import build_head, head_strides
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.bench.machine import Machine
from tests.bench.measure import paired
from tests.bench.rows import Row
from tests.bench.world import CHANNELS, SIDE, random_features

PROTOCOL = load_protocol("lovt-2022")
BATCH, BATCHES = 8, 16
QUIET = -4.0
"""Mean logit of objectness: about one anchor in a hundred passes the filter."""


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Measure one validation pass of 128 images for each kind of metric."""
    device = machine.device
    detection = [_maps(seed, device) for seed in range(BATCHES)]
    boxes = BoxTarget.pack([_box(image) for image in range(BATCH)]).to(device)
    masks = torch.randint(0, 2, (BATCH, 1, SIDE, SIDE), dtype=torch.uint8, device=device)
    logits = torch.randn(BATCH, 1, SIDE, SIDE, device=device)
    return [
        _row(machine, "rsna_frozen_100", "mAP (RSNA)", detection, boxes),
        _row(machine, "object_frozen_100", "fROC (Object CXR)", detection, boxes),
        _row(machine, "covid_unet_frozen", "Dice (U-Net)", [logits] * BATCHES, masks),
    ]


def _row(machine: Machine, task: str, name: str, outputs: list, target: object) -> Row:
    spec, device = load_task(task), machine.device
    head = build_head(spec, CHANNELS, PROTOCOL).to(device).eval()
    inputs = random_features(head_strides(spec), BATCH, device)
    objective = build_objective(spec, PROTOCOL)

    def metric() -> None:
        metrics = objective.new_metrics()
        for output in outputs:
            metrics.update(output, target)
        metrics.compute()

    @torch.no_grad()
    def forward() -> None:
        with torch.autocast("cuda", torch.float16, enabled=device.type == "cuda"):
            head(inputs)

    best = paired({"metric": metric, "forward": forward}, rounds=3)
    return Row(
        f"Metrics of a validation pass of {BATCH * BATCHES} images, beside the head's forward on cached features",
        name,
        "ms an image",
        BATCH * BATCHES,
        best["forward"] * BATCHES,
        best["metric"],
    )


def _maps(seed: int, device: torch.device) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    maps = []
    for stride in (32, 16, 8):
        raw = torch.randn(BATCH, 3, 6, SIDE // stride, SIDE // stride, generator=generator)
        raw[:, :, 4] = raw[:, :, 4] * 1.2 + QUIET
        maps.append(raw.flatten(1, 2).to(device))
    return tuple(maps)


def _box(image: int) -> np.ndarray:
    return np.array([[20.0 + image, 30, 60, 80]] if image % 3 == 0 else []).reshape(-1, 4)
