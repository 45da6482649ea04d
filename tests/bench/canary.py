"""A random transformer beside a trained one and a trained CNN, on all 18 tasks of the phantom. For people to read.

    python -m tests.bench.canary --workspace DIR TRAINED [CNN …] > table.md

DIR holds the stores of the phantom and the backbones TRAINED and CNN. If the rule
of levels measured the grid instead of the weights, the random draw would not be below the trained transformer, or
would be above the CNNs. Heads are an eighth as wide as published, and trained for a few epochs on a few images. A cell
is the mean of five seeds ± one standard deviation.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.suite import DEFAULT_SUITE, load_suite, suite_tasks

RANDOM = "random-timm.vit_small_patch16_224"
CHANGED = {
    "name": "canary",
    "image_side": 64,
    "image_sides": {"linear": 128, "yolov3": 96},
    "min_train_images": 16,
    "max_train_images": {"linear": 96, "yolov3": 64, "unet": 32, "fine-tuned": 24},
    "max_epochs": {"linear": 30, "yolov3": 8, "unet": 8, "fine-tuned": 6},
    "max_batch_size": 4,
    "max_patience": 8,
    "max_warm_up_steps": 4,
    "max_learning_rates": {"yolov3": 1, "unet": 1, "fine-tuned": 1},
    "learning_rates": {"yolov3": (1e-3,), "unet": (1e-3,), "fine-tuned": (1e-3,)},
    "min_validation_images": 16,
    "max_validation_images": 16,
    "max_test_images": 36,
    "max_runs": 5,
    "head_width_divisor": 8,
}
"""Of the profile `demo`. Heads that are not tuned take 1e-3: the lowest rate of a grid is too low for few steps."""


def scores(name: str, specs: Sequence[TaskSpec], workspace: Path) -> dict[str, list[float]]:
    """Return the test metric of each seed, by task; what is recorded is not run again."""
    protocol = load_protocol("lovt-2022")
    stores = [open_store(path) for path in (workspace / "data").iterdir() if not path.name.startswith(".")]
    evaluation = Evaluation(
        source=resolve(name, workspace),
        specs=specs,
        stores={store.manifest.name: store for store in stores},
        protocol=protocol,
        profile=load_profile("demo").model_copy(update=CHANGED),
        workspace=workspace,
        device=torch.device("cpu"),
        masks=False,
    )
    found: dict[str, list[float]] = {}
    for result in evaluate(evaluation):
        if result.status != "done":
            raise ValueError(f"{name} on {result.spec.id}: {result.reason}")
        found[result.spec.id] = [run.test[result.spec.metric] for run in result.records]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("backbones", nargs="+")
    parser.add_argument("--task", action="append", metavar="NAME")
    asked = parser.parse_args()
    specs = [spec for spec in suite_tasks(load_suite(DEFAULT_SUITE)) if spec.id in (asked.task or [spec.id])]
    names = [RANDOM, *asked.backbones]
    rows = {name: scores(name, specs, asked.workspace) for name in names}
    sys.stdout.write(f"| task | {' | '.join(names)} |\n|---|{'---:|' * len(names)}\n")
    for spec in specs:
        cells = " | ".join(
            f"{100 * statistics.mean(runs):.1f} ± {100 * statistics.stdev(runs):.1f}"
            for runs in (rows[name][spec.id] for name in names)
        )
        sys.stdout.write(f"| {spec.number} {spec.title} | {cells} |\n")


if __name__ == "__main__":
    main()
