"""`last` against `quarters` with the heads in which they differ: YOLOv3 and U-Net on frozen tokens. For people.

    python -m tests.bench.level_rules --weights DIR --workspace WORKSPACE [--workspace OTHER] > table.md

DIR and the workspaces are those of `tests.bench.tokens`: DIR may be the folder `facebook/dinov2-small` of the Hub,
whose weights nobody fine-tuned; a workspace holds stores of the phantom, or of real images. Each head is trained at one
learning rate from the maps of a DINOv2 and from those of a random draw of the same network, by both rules, for each
seed. Heads are an eighth as wide as published: numbers are for comparison within the table only.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.backbone.tokens.model import LevelRule
from lovt_bench.benchmark.backbone.tokens.stored import StoredTokens
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.sources import CachedTokens
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import box_targets, mask_targets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.tasks.heads import head_strides
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.bench.tokens import NAME, PATCH, STRIDES, WIDTH, Maps, dinov2, images_of, maps_of

TASKS = ("rsna_frozen_100", "rsna_seg_linear_100", "covid_unet_frozen", "pneumothorax_unet_frozen_100")
"""The linear task is trained with a U-Net: its masks are the only ones that the real samples have."""
MOST: dict[SplitName, int] = {"train": 64, "validation": 16, "test": 48}
EPOCHS = {"yolov3": 24, "unet": 10}
SIDES = {"yolov3": 224, "unet": 128}
"""At 224 pixels a U-Net takes four times as long as YOLOv3."""
NARROWER = 8
RATE = 1e-3
CPU, PROTOCOL = torch.device("cpu"), load_protocol("lovt-2022")


@dataclass(frozen=True)
class Trained:
    """Test metrics of the runs of one way, in the order of the seeds, each at its best epoch on validation."""

    scores: Sequence[float]
    beside: Sequence[float]
    """mAP@0.5 of boxes."""
    best_epochs: Sequence[int | None]

    def cells(self) -> str:
        each = " ".join(f"{score:.3f}" for score in self.scores)
        beside = f"{statistics.mean(self.beside):.3f}" if any(self.beside) else ""
        return f"{statistics.mean(self.scores):.3f} | {each} | {beside} | {self.best_epochs}"


def trained(spec: TaskSpec, store: ImageStore, maps: Maps, rule: LevelRule, seeds: Sequence[int]) -> Trained:
    """Train a head by a rule, once for each seed."""
    tokens, strides, side = StoredTokens(WIDTH, PATCH, rule), head_strides(spec), SIDES[spec.head]
    splits: dict[str, SplitData] = {}
    for split, most in MOST.items():
        rows = store.rows(split)[:most]
        stored = {stride: maps[split][stride] for stride in tokens.maps_of(strides)}
        inputs = CachedTokens(stored, tokens, strides, images_of(store, split, most, side), side, CPU)
        boxes = spec.target == "boxes"
        targets = box_targets(store, rows, CPU) if boxes else mask_targets(store, rows, side, CPU)
        splits[split] = SplitData(len(rows), inputs, targets)
    channels = {1: 3, 2: 3} | dict.fromkeys(STRIDES, WIDTH)
    runs = [
        train_single(spec, PROTOCOL, RunConfig("final", RATE, seed), None, channels, splits, CPU)
        for seed in seeds
    ]
    return Trained(
        [run.test.get(spec.metric, 0.0) for run in runs],
        [run.test.get("mAP@0.5", 0.0) for run in runs],
        [run.best_epoch for run in runs],
    )


def spec_of(task: str) -> TaskSpec:
    """Return a task as it is trained here."""
    spec = load_task(task)
    head = "unet" if spec.target == "masks" else "yolov3"
    changed = {
        "head": head,
        "batch_size": 8,
        "max_epochs": EPOCHS[head],
        "patience": EPOCHS[head],
        "head_width_divisor": NARROWER,
    }
    return spec.model_copy(update=changed)


def rows_of(
    store: ImageStore, weights: str, backbone: Any, tasks: Sequence[str], seeds: Sequence[int]
) -> Iterator[str]:
    """Yield a line for each task of a store and each rule."""
    track = store.manifest.track
    for task in tasks:
        if (spec := spec_of(task)).dataset != store.manifest.name:
            continue
        maps, _ = maps_of(backbone, store, MOST, SIDES[spec.head])
        images = len(maps["test"][STRIDES[0]])
        for rule in get_args(LevelRule):
            begin = time.process_time()
            cells = trained(spec, store, maps, rule, seeds).cells()
            seconds = time.process_time() - begin
            yield f"| {task}, {spec.head} ({track}, {images}) | {weights} | {rule} | {cells} | {seconds:.0f} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--workspace", type=Path, action="append", required=True)
    parser.add_argument("--task", action="append", choices=TASKS)
    parser.add_argument("--only", choices=("DINOv2", "random"))
    parser.add_argument("--seeds", type=int, default=2, metavar="N")
    parser.add_argument("--train-images", type=int, default=MOST["train"])
    asked = parser.parse_args()
    MOST["train"] = asked.train_images
    real = build(NAME, {"positions": "bicubic"}).eval()
    real.load_state_dict(dinov2(asked.weights))
    tasks = asked.task or TASKS
    for path in [path for one in asked.workspace for path in sorted((one / "data").iterdir())]:
        if path.name.startswith(".") or path.name not in {load_task(task).dataset for task in tasks}:
            continue
        store = open_store(path)
        for weights, backbone in (("DINOv2", real), ("random", random_draw(NAME, 7))):
            if asked.only not in (None, weights):
                continue
            for line in rows_of(store, weights, backbone, tasks, range(1, asked.seeds + 1)):
                sys.stdout.write(line)
                sys.stdout.flush()


if __name__ == "__main__":
    main()
