"""An outside peer: a task as a researcher would write it in plain PyTorch, beside the harness. For people to read.

    python -m tests.bench.peer --workspace DIR [--profile NAME] [--task TASK …] > table.md

DIR holds prepared stores. Each side is a process of its own, and its time counts from its start: the peer imports
torch, the harness all of itself. The peer draws the same ResNet-18 for each seed, shuffles with a DataLoader, computes
the features of a frozen backbone in each step anew, trains one run after another, and measures Dice by torchmetrics;
head, loss and detection metrics are those of the task, as they are what it is. It writes no record and keeps nothing.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import BinaryF1Score
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.sizes import split_sizes
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.heads import build_head
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.profile import apply_profile, input_side, load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task

LEVELS = {"relu": 2, "layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}
CHANNELS = {1: 3, 2: 64, 4: 64, 8: 128, 16: 256, 32: 512}
TASKS = (
    "rsna_seg_linear_100",
    "rsna_frozen_100",
    "covid_unet_frozen",
    "rsna_finetune_100",
    "covid_unet_finetune",
)


class Images(Dataset[tuple[Tensor, Tensor]]):
    """Images (3, S, S), normalised as the protocol asks, with masks (C, S, S) or the place of their boxes."""

    def __init__(self, store: ImageStore, rows: list[int], side: int, masks: bool) -> None:
        self.store, self.rows, self.side, self.masks = store, rows, side, masks
        self.mean, self.std = (store.manifest.pixel_statistics.mean, store.manifest.pixel_statistics.std)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        row = self.rows[place]
        image = torch.from_numpy(self.store.images[row].copy()).float()[None, None] / 255
        image = functional.interpolate(image, self.side, mode="bilinear", antialias=True)[0]
        image = ((image - self.mean) / self.std).expand(3, -1, -1)
        if not self.masks:
            return image, torch.tensor(row)
        mask = torch.from_numpy(self.store.masks([row])[0]).float()[None]
        return image, functional.interpolate(mask, self.side, mode="area")[0].round()


class Model(nn.Module):
    """A ResNet-18 and a head."""

    def __init__(self, spec: TaskSpec, protocol: Protocol, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.backbone = create_feature_extractor(resnet18(), list(LEVELS))
        self.head = build_head(spec, CHANNELS, protocol)
        self.frozen = spec.backbone == "frozen"

    def forward(self, images: Tensor) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            found = self.backbone(images)
        maps = {LEVELS[name]: features for name, features in found.items()} | {1: images}
        return self.head(maps)


class Peer:
    """A task, its images and what is done with them."""

    def __init__(self, task: str, profile: str, workspace: Path) -> None:
        self.protocol, limits = load_protocol(), load_profile(profile)
        self.spec = apply_profile(load_task(task), limits)
        self.store = open_store(workspace / "data" / self.spec.dataset)
        self.runs = self.protocol.runs.final_seeds[: limits.max_runs]
        side = input_side(limits, self.protocol, self.spec.head)
        rows = [self.store.rows(split).tolist() for split in ("train", "validation", "test")]
        sizes = split_sizes(self.spec, limits, *map(len, rows))
        counts = (sizes.train, sizes.validation, sizes.test)
        masks = self.spec.target == "masks"
        self.splits = [Images(self.store, of[:n], side, masks) for of, n in zip(rows, counts, strict=True)]
        self.objective = build_objective(self.spec, self.protocol)

    def target(self, given: Tensor) -> Tensor | BoxTarget:
        """Return the masks, or the boxes of these rows."""
        if self.spec.target == "masks":
            return given
        rows = given.tolist()
        return BoxTarget.pack(
            [self.store.boxes(row) for row in rows], [self.store.box_classes(row) for row in rows]
        )

    def score(self, model: Model, images: Images) -> float:
        """Return the metric of a split."""
        model.eval()
        dice, metrics = BinaryF1Score(), self.objective.new_metrics()
        with torch.no_grad():
            for batch, given in DataLoader(images, self.spec.batch_size):
                output = model(batch)
                if self.spec.target == "masks":
                    dice.update(output.sigmoid().flatten(), given.flatten().int())
                else:
                    metrics.update(output, self.target(given))
        return float(dice.compute()) if self.spec.target == "masks" else metrics.compute()[self.spec.metric]

    def run(self, rate: float, seed: int) -> tuple[float, Model]:
        """Train one run; return its best validation score and the model of that epoch."""
        model, best, kept, since = Model(self.spec, self.protocol, seed), -1.0, {}, 0
        trained = model.head.parameters() if model.frozen else model.parameters()
        adam = torch.optim.Adam(trained, lr=rate, weight_decay=self.protocol.optimisation.weight_decay)
        loader = DataLoader(self.splits[0], self.spec.batch_size, shuffle=True, drop_last=True)
        for _ in range(self.spec.max_epochs):
            model.train()
            if model.frozen:
                model.backbone.eval()
            for batch, given in loader:
                adam.zero_grad()
                self.objective.loss(model(batch), self.target(given)).backward()
                adam.step()
            score, since = self.score(model, self.splits[1]), since + 1
            if score > best:
                best, kept, since = score, copy.deepcopy(model.state_dict()), 0
            if since > self.spec.patience:
                break
        model.load_state_dict(kept)
        return best, model

    def scores(self) -> Iterator[float]:
        """Tune the learning rate, then yield the test score of each seed."""
        rates, seed = self.spec.learning_rates, self.protocol.runs.tune_seed
        rate = max(rates, key=lambda each: self.run(each, seed)[0]) if len(rates) > 1 else rates[0]
        for seed in self.runs:
            yield self.score(self.run(rate, seed)[1], self.splits[2])


def harness(task: str, profile: str, workspace: Path) -> list[float]:
    """Evaluate the same by the command; return the test scores."""
    command = ["evaluate", "random-resnet18", "--profile", profile, "--tasks", task, "--no-masks"]
    given = [sys.executable, "-m", "lovt_bench.benchmark.cli.main", *command, "--workspace", str(workspace)]
    subprocess.run(given, check=True, capture_output=True)
    (path,) = (workspace / "results").rglob(f"{task}.jsonl")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [record["test"][record["metric"]] for record in records if record["run"]["phase"] == "final"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--workspace", type=Path, required=True, help="with stores, without results or features"
    )
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--task", action="append")
    parser.add_argument("--only", action="store_true", help="print the peer's scores of one task and end")
    asked = parser.parse_args()
    for name in ("results", "features"):
        if not asked.only and (asked.workspace / name).exists():
            parser.error(
                f"{asked.workspace / name} is there: the harness would not do again what is done; remove it"
            )
    tasks = asked.task or TASKS
    if asked.only:
        sys.stdout.write(json.dumps(list(Peer(tasks[0], asked.profile, asked.workspace).scores())))
        return
    sys.stdout.write(
        "| task | peer | harness | peer / harness | peer scores | harness scores |\n|---|---:|---:|---:|---:|---:|\n"
    )
    for task in tasks:
        begin = time.monotonic()
        given = ["--workspace", str(asked.workspace), "--profile", asked.profile, "--task", task, "--only"]
        said = subprocess.run(
            [sys.executable, "-m", "tests.bench.peer", *given], check=True, capture_output=True
        )
        middle = time.monotonic()
        ours = harness(task, asked.profile, asked.workspace)
        seconds = middle - begin, time.monotonic() - middle
        scores = [
            f"{100 * statistics.mean(v):.1f} ± {100 * statistics.stdev(v) if len(v) > 1 else math.nan:.1f}"
            for v in (json.loads(said.stdout), ours)
        ]
        sys.stdout.write(
            f"| {task} | {seconds[0]:.0f} s | {seconds[1]:.0f} s | {seconds[0] / seconds[1]:.1f} "
            f"| {' | '.join(scores)} |\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
