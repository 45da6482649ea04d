"""What a linear head reads off tokens: of which block, with or without the last norm, and on which grid. For people.

    python -m tests.bench.tokens --weights DIR --workspace WORKSPACE [--workspace OTHER] > table.md

DIR is a folder of a DINOv2 ViT-S/14 as Hugging Face's transformers write it; each workspace holds prepared stores. Its
weights are compared with a random draw of the same network; whether somebody fine-tuned them is not looked at.
Trainings are short: numbers are for comparison within the table only. docs/backbones.md holds what was measured, and
decision 025 what follows from it. `tests.bench.level_rules` has the other heads.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from lovt_bench.benchmark.backbone.architectures.timm_tokens import maps_after
from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.backbone.tokens.grid import resample
from lovt_bench.benchmark.backbone.tokens.model import blocks_of
from lovt_bench.benchmark.backbone.tokens.positions import resample_table
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.benchmark.engine.inputs.sources import Images, scaled_images
from lovt_bench.benchmark.engine.inputs.splits import LinearSplit
from lovt_bench.benchmark.engine.inputs.targets import mask_targets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.linear_batch import train_linear_batch
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task

NAME, WIDTH, PATCH, SIDE = "timm.vit_small_patch14_dinov2", 384, 14, 224
MOST: dict[SplitName, int] = {"train": 120, "validation": 30, "test": 60}
TASKS = ("rsna_seg_linear_100", "nih_seg_linear", "covid_linear")
STRIDES, SEEDS = (4, 8, 16, 32), (1, 2, 3)
CPU, PROTOCOL = torch.device("cpu"), load_protocol("lovt-2022")

Maps = dict[SplitName, dict[int, np.ndarray]]
"""Maps of the four quarters by split and stride, half precision."""


def dinov2(folder: Path) -> dict[str, Tensor]:
    """Return the state dict of the folder under timm's names, its table of positions for 224 pixels."""
    theirs = load_file(folder / "model.safetensors")
    ours: dict[str, Tensor] = {
        "cls_token": theirs["embeddings.cls_token"],
        "pos_embed": resample_table(theirs["embeddings.position_embeddings"], "bicubic", 37, 16, 1),
        "norm.weight": theirs["layernorm.weight"],
        "norm.bias": theirs["layernorm.bias"],
    }
    for kind in ("weight", "bias"):
        ours[f"patch_embed.proj.{kind}"] = theirs[f"embeddings.patch_embeddings.projection.{kind}"]
        for block in range(12):
            to, fro = f"blocks.{block}", f"encoder.layer.{block}"
            parts = [theirs[f"{fro}.attention.attention.{each}.{kind}"] for each in ("query", "key", "value")]
            ours[f"{to}.attn.qkv.{kind}"] = torch.cat(parts)
            ours[f"{to}.attn.proj.{kind}"] = theirs[f"{fro}.attention.output.dense.{kind}"]
            for each in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                ours[f"{to}.{each}.{kind}"] = theirs[f"{fro}.{each}.{kind}"]
    for block in range(12):
        for scale in (1, 2):
            name = f"layer_scale{scale}.lambda1"
            ours[f"blocks.{block}.ls{scale}.gamma"] = theirs[f"encoder.layer.{block}.{name}"]
    return ours


@torch.inference_mode()
def maps_of(
    backbone: Any, store: ImageStore, limits: Mapping[SplitName, int] = MOST, side: int = SIDE
) -> tuple[Maps, Maps]:
    """Return the maps of the four quarters, with and without the last norm."""
    network = backbone._network[0]
    normed: Maps = {}
    bare: Maps = {}
    blocks = blocks_of("quarters", 12)
    for split, most in limits.items():
        images = images_of(store, split, most, side)
        found: dict[int, list[Tensor]] = {stride: [] for stride in STRIDES}
        for rows in torch.arange(len(images.rows[0])).split(16):
            for stride, each in zip(
                STRIDES,
                maps_after(network, backbone.fitted(images.image(rows)), blocks, "", "bicubic"),
                strict=True,
            ):
                found[stride].append(each)
        whole = {stride: torch.cat(parts) for stride, parts in found.items()}
        bare[split] = {stride: each.half().numpy() for stride, each in whole.items()}
        normed[split] = {
            stride: network.norm(each.movedim(1, 3)).movedim(3, 1).half().numpy()
            for stride, each in whole.items()
        }
    return normed, bare


def linear(spec: TaskSpec, store: ImageStore, maps: Maps, grid: int, quarter: int = 32) -> float:
    """Return the test metric of a linear head that reads the map of a quarter on a grid, at the best learning rate."""
    spec = spec.model_copy(update={"batch_size": 16, "max_epochs": 20, "patience": 10})
    configs = [RunConfig("final", rate, seed) for rate in spec.learning_rates for seed in SEEDS]
    splits: dict[str, LinearSplit] = {}
    for split, most in MOST.items():
        level = resample(torch.from_numpy(maps[split][quarter]).float(), grid)
        rows = RowTensor(level.numpy(), CPU)
        targets = mask_targets(store, store.rows(split)[:most], SIDE, CPU)
        splits[split] = LinearSplit(len(rows), [rows] * len(configs), targets)
    outcomes = dict(train_linear_batch(spec, PROTOCOL, configs, {32: WIDTH}, splits, CPU))
    by_rate: dict[float, list[int]] = {}
    for index, config in enumerate(configs):
        by_rate.setdefault(config.learning_rate, []).append(index)
    best = max(
        by_rate.values(), key=lambda runs: sum(outcomes[run].validation.get(spec.monitor, 0) for run in runs)
    )
    return statistics.mean(outcomes[run].test[spec.metric] for run in best)


def rows_of(
    name: str, backbone: Any, store: ImageStore, tasks: Sequence[str]
) -> Iterator[tuple[str, str, str, float]]:
    """Yield task, weights, way and score."""
    normed, bare = maps_of(backbone, store)
    for task in tasks:
        spec = load_task(task)
        if spec.dataset != store.manifest.name:
            continue
        for quarter, blocks in zip(STRIDES, blocks_of("quarters", 12), strict=True):
            yield task, name, f"after block {blocks + 1}", linear(spec, store, normed, 7, quarter)
        yield task, name, "last, no norm", linear(spec, store, bare, 7)
        yield task, name, "last, 16 x 16", linear(spec, store, normed, 16)


def images_of(store: ImageStore, split: SplitName, most: int, side: int) -> Images:
    """Return the first images of a split."""
    rows = store.rows(split)[:most]
    return Images(
        scaled_images(store, rows, side), store.manifest.pixel_statistics, CPU, torch.contiguous_format
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--workspace", type=Path, action="append", required=True)
    parser.add_argument("--task", action="append", default=None)
    asked = parser.parse_args()
    real = build(NAME, {"positions": "bicubic"}).eval()
    real.load_state_dict(dinov2(asked.weights))
    for workspace in asked.workspace:
        for path in sorted((workspace / "data").iterdir()):
            store = open_store(path)
            if store.manifest.name not in {load_task(task).dataset for task in asked.task or TASKS}:
                continue
            for name, backbone in (("DINOv2", real), ("random", random_draw(NAME, 7))):
                for task, weights, way, score in rows_of(name, backbone, store, asked.task or TASKS):
                    track = store.manifest.track
                    sys.stdout.write(f"| {task} ({track}) | {weights} | {way} | {score:.3f} |\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
