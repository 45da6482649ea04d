"""The most memory that fine-tuning takes. For people to read; docs/performance.md holds what was measured.

    python -m tests.bench.fine_tune_memory [--arch timm.vit_base_patch16_224] [--batch 8]

Two steps behind the warm-up, with a YOLOv3 head, images of 224 pixels, on a CPU, in this process. What it held before,
libraries and images, is taken off its peak.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
import torch

from lovt_bench.benchmark.contract.task import WarmUp
from lovt_bench.benchmark.engine.inputs.sources import Images, scaled_images
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import box_targets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.single import train_single
from tests.bench.parts.heads import PROTOCOL
from tests.bench.world import SIDE, fixed_draw, noise_store, short_task

STEPS, CPU = 2, torch.device("cpu")


def peak(architecture: str, batch: int, folder: Path) -> tuple[int, int]:
    """Return bytes of this process at most while it fine-tunes, less those before; and parameters of the backbone."""
    spec = short_task("rsna_finetune_10", batch, epochs=2)
    spec = spec.model_copy(update={"warm_up": WarmUp(steps=1, learning_rate=1e-4)})
    store = noise_store(folder, spec.dataset, 4 * batch)
    splits = {}
    for split, size in (("train", batch * STEPS), ("validation", 1), ("test", 1)):
        rows = np.arange(size) % len(store)
        images = Images(scaled_images(store, rows, SIDE), store.manifest.pixel_statistics, CPU)
        splits[split] = SplitData(size, images, box_targets(store, rows, CPU))
    source = fixed_draw(architecture)
    channels = {1: 3} | {level.stride: level.channels for level in source.levels}
    before = psutil.Process().memory_info().rss
    backbone = source.load(0)
    train_single(spec, PROTOCOL, RunConfig("tune", 1e-4, 1), backbone, channels, splits, CPU)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before, backbone.parameter_count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="timm.vit_base_patch16_224")
    parser.add_argument("--batch", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        used, parameters = peak(asked.arch, asked.batch, Path(folder))
    sys.stdout.write(f"| {asked.arch} | {parameters:,} | {asked.batch} | {used / 1e9:.2f} GB |\n")


if __name__ == "__main__":
    main()
