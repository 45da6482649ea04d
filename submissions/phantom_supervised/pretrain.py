"""ResNet-50, five CheXpert labels, binary cross-entropy, half a minute: a demonstration of what a method is.

Contract: `python -m submissions.phantom_supervised.pretrain --input DIR --output DIR --seed N`, with
`--set key=value` for settings. The same input, seed and settings give the same weights on the same machine.
"""

from __future__ import annotations

import logging
import time
import warnings
from itertools import cycle
from pathlib import Path

import click
import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmark.backbone.folder import save_backbone
from benchmark.backbone.model import Backbone
from benchmark.backbone.sources import random_draw
from benchmark.contract.backbone import Provenance
from submissions.phantom_supervised.corpus import LABELS, Corpus, read_split
from submissions.phantom_supervised.settings import Settings, parse_settings

CALIBRATION_SIDES = (96, 128, 160)
"""Image sides that BN's running statistics average over: tasks call the backbone at 96 to 224 pixels."""


class Classifier(lightning.LightningModule):
    """Backbone, global average pooling, one linear layer."""

    def __init__(self, backbone: Backbone, settings: Settings, statistics: tuple[float, float]) -> None:
        super().__init__()
        self.backbone = backbone
        self.settings = settings
        self.statistics = statistics
        self.classify = nn.Linear(backbone.levels[-1].channels, len(LABELS))
        self.losses: list[Tensor] = []

    def classify_images(self, images: Tensor, side: int) -> Tensor:
        """Return logits (N, 5) of (N, S, S) uint8 images, resized to `side`."""
        features = self.backbone.feature_maps(network_input(images, side, self.statistics))[-1]
        return self.classify(features.mean(dim=(2, 3)))

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        images, labels = batch
        flip = torch.rand(len(images), 1, 1, device=images.device) < 0.5
        side = self.settings.sides[self.global_step % len(self.settings.sides)]
        logits = self.classify_images(torch.where(flip, images.flip(2), images), side)
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        self.losses.append(loss.detach())
        return loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        settings = self.settings
        optimiser = torch.optim.AdamW(
            self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=settings.steps
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


class Report(Callback):
    """A line every ten steps, so that nobody waits before a silent terminal."""

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, *_: object
    ) -> None:
        assert isinstance(module, Classifier)
        step = trainer.global_step
        if step % 10 == 0 or step == trainer.max_steps:
            loss = float(torch.stack(module.losses).mean())
            module.losses.clear()
            click.echo(f"step {step:3d}/{trainer.max_steps}: training loss {loss:.3f}")


def network_input(images: Tensor, side: int, statistics: tuple[float, float]) -> Tensor:
    """Return (N, 3, side, side) float32, normalised by (mean, std), channels last, of (N, S, S) uint8."""
    mean, std = statistics
    grey = functional.interpolate(
        images[:, None].float() / 255, size=(side, side), mode="bilinear", antialias=True
    )
    return ((grey - mean) / std).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def calibrate(backbone: Backbone, corpus: Corpus, batch: int = 16) -> None:
    """Replace BN's running statistics by plain averages over the corpus at several sides; weights stay."""
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    backbone.train()
    statistics = corpus.pixel_statistics()
    with torch.no_grad():
        for part, side in zip(corpus.images.split(batch), cycle(CALIBRATION_SIDES), strict=False):
            backbone.feature_maps(network_input(part, side, statistics))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    backbone.eval()


def train(corpus: Corpus, settings: Settings, seed: int) -> Classifier:
    """Return the trained classifier."""
    lightning.seed_everything(seed, verbose=False)
    backbone = random_draw(settings.architecture, seed).to(memory_format=torch.channels_last)
    model = Classifier(backbone, settings, corpus.pixel_statistics()).train()
    trainer = lightning.Trainer(
        max_steps=settings.steps,
        max_epochs=-1,
        accelerator="auto",
        devices=1,
        callbacks=[Report()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = TensorDataset(corpus.images, corpus.labels)
    trainer.fit(model, DataLoader(data, batch_size=settings.batch, shuffle=True, drop_last=True))
    return model.cpu()


@torch.no_grad()
def evaluate(model: Classifier, corpus: Corpus, side: int) -> tuple[float, float]:
    """Return loss and share of right labels at threshold 0.5, in eval mode."""
    model.eval()
    logits = torch.cat([model.classify_images(part, side) for part in corpus.images.split(32)])
    loss = functional.binary_cross_entropy_with_logits(logits, corpus.labels)
    return float(loss), float(((logits >= 0) == (corpus.labels > 0.5)).float().mean())


@click.command()
@click.option(
    "--input", "source", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True
)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--seed", type=int, required=True)
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE")
def main(source: Path, output: Path, seed: int, assignments: tuple[str, ...]) -> None:
    """Train on a raw MIMIC-CXR folder and write a backbone folder."""
    started = time.monotonic()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    try:
        settings = parse_settings(assignments)
        corpus = read_split(source, "train", settings.max_images)
        held_out = read_split(source, "validate", settings.max_images)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if len(corpus.images) < settings.batch:
        raise click.ClickException(
            f"{len(corpus.images)} training images are less than one batch of {settings.batch}; lower it"
        )
    click.echo(f"{len(corpus.images)} training images, {len(held_out.images)} validation images")
    model = train(corpus, settings, seed)
    calibrate(model.backbone, corpus)
    result: dict[str, float] = {}
    for name, part in (("train", corpus), ("validation", held_out)):
        if len(part.images):
            loss, accuracy = evaluate(model, part, settings.side)
            base = float(torch.maximum(part.labels.mean(0), 1 - part.labels.mean(0)).mean())
            result |= {f"{name}_loss": round(loss, 4), f"{name}_accuracy": round(accuracy, 4)}
            click.echo(
                f"{name}: loss {loss:.4f}, labels right {accuracy:.1%} (most frequent value: {base:.1%})"
            )
    save_backbone(
        output,
        model.backbone,
        display_name="Phantom, supervised",
        provenance=Provenance(
            method="phantom_supervised",
            seed=seed,
            fraction=1.0,
            pretraining_data=["phantom MIMIC-CXR"],
            hyperparameters={**settings.model_dump(), "result": result},
            seconds=round(time.monotonic() - started, 1),
        ),
    )


if __name__ == "__main__":
    main()
