"""An outside peer: one task as a researcher would write it in plain PyTorch.

    python -m tests.bench.peer TASK PROFILE DATA

PROFILE is JSON, DATA the folder of the task's store. Prints the test score of each run. `against_peer.py` compares it
with the harness. The peer draws a ResNet-18 for each run, shuffles with a DataLoader, computes the features of a frozen
backbone in each step anew, trains one run after another, and measures Dice by torchmetrics; head, loss and detection
metrics are those of the task, as they are what it is. It writes no record and keeps nothing.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import BinaryF1Score
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.sizes import split_sizes
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.heads import build_head
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.profile import apply_profile, input_side
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task

LEVELS = {"relu": 2, "layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}
CHANNELS = {1: 3, 2: 64, 4: 64, 8: 128, 16: 256, 32: 512}


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
        self.learns = spec.backbone != "frozen"
        """Whether the backbone gets gradients."""

    def forward(self, images: Tensor) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.learns):
            found = self.backbone(images)
        maps = {LEVELS[name]: features for name, features in found.items()} | {1: images}
        return self.head(maps)


class Peer:
    """A task, its images and what is done with them."""

    def __init__(self, task: str, limits: Profile, data: Path) -> None:
        self.protocol = load_protocol()
        self.spec = apply_profile(load_task(task), limits)
        self.store = open_store(data)
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
        model, best, kept, since, steps = Model(self.spec, self.protocol, seed), -1.0, {}, 0, 0
        tuned, warm_up = model.learns, self.spec.warm_up
        adam = torch.optim.Adam(
            (model if tuned else model.head).parameters(),
            lr=rate,
            weight_decay=self.protocol.optimisation.weight_decay,
        )
        loader = DataLoader(self.splits[0], self.spec.batch_size, shuffle=True, drop_last=True)
        for _ in range(self.spec.max_epochs):
            warm = warm_up is None or steps >= warm_up.steps
            model.train()
            model.backbone.train(tuned and warm)
            for batch, given in loader:
                if tuned and warm_up:
                    model.learns = steps >= warm_up.steps
                    adam.param_groups[0]["lr"] = rate if model.learns else warm_up.learning_rate
                adam.zero_grad()
                self.objective.loss(model(batch), self.target(given)).backward()
                adam.step()
                steps += 1
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


def main() -> None:
    task, profile, data = sys.argv[1:]
    peer = Peer(task, Profile.model_validate_json(profile), Path(data))
    sys.stdout.write(json.dumps(list(peer.scores())))


if __name__ == "__main__":
    main()
