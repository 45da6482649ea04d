"""A temporary world: tiny stores of all five datasets and a tiny backbone, for tests of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from torch import Tensor, nn

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.tokens.stored import StoredTokens, stored_tokens
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.dataset import Splits, Track
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.data.folders import folder_for
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.tasks.heads import unet, yolov3
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data.small_store import write_store

TINY = Profile(
    name="tiny",
    title="For tests",
    image_side=64,
    min_train_images=8,
    max_train_images=8,
    min_validation_images=6,
    max_validation_images=6,
    max_test_images=5,
    max_batch_size=3,
    max_epochs=2,
    max_warm_up_steps=3,
    max_learning_rates={"linear": 2, "yolov3": 2, "unet": 1, "fine-tuned": 1},
    max_runs=2,
)

NARROW = (
    (unet.WIDTHS, {16: 12, 8: 10, 4: 8, 2: 6, 1: 4}),
    (yolov3.WIDTHS, {32: 12, 16: 8, 8: 6}),
)
"""Widths of heads whose own ones make checkpoints of hundreds of megabytes."""


def narrow_heads(patch: pytest.MonkeyPatch) -> None:
    """Give heads the widths of `NARROW`: a U-Net of 124 million parameters is most of the time of a tiny training."""
    for widths, narrow in NARROW:
        for stride, width in narrow.items():
            patch.setitem(widths, stride, width)


CLASSES = {
    "rsna": ["opacity"],
    "siim": ["pneumothorax"],
    "covid-rural": ["opacity"],
    "object-cxr": ["foreign_object"],
    "nih-cxr": [
        "Atelectasis",
        "Cardiomegaly",
        "Effusion",
        "Infiltrate",
        "Mass",
        "Nodule",
        "Pneumonia",
        "Pneumothorax",
    ],
}


class TinyBackbone(Backbone):
    """Five strided convolutions with batch norm: fast, and not a ResNet."""

    def __init__(self) -> None:
        channels = (3, 4, 6, 8, 10, 12)
        levels = tuple(FeatureLevel(name=f"c{i}", channels=channels[i], stride=2**i) for i in range(1, 6))
        super().__init__("tiny", levels)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels[i], channels[i + 1], 3, 2, 1), nn.BatchNorm2d(channels[i + 1]), nn.ReLU()
            )
            for i in range(5)
        )

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = []
        for stage in self.stages:
            image = stage(image)
            maps.append(image)
        return tuple(maps)


@dataclass
class TinySource:
    """A source of `TinyBackbone`s that counts how often it was asked."""

    drawn_per_run: bool = False
    name: str = "tiny"
    display_name: str = "Tiny"
    architecture: str = "tiny"
    sha256: str = "1" * 64
    loads: int = 0
    frozen_only: bool = False
    fixed_side: int | None = None
    tokens: StoredTokens | None = None
    normalisation: Normalisation | None = None

    @property
    def levels(self) -> tuple[FeatureLevel, ...]:
        return TinyBackbone().levels

    def load(self, seed: int) -> Backbone:
        self.loads += 1
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed if self.drawn_per_run else 0)
            return TinyBackbone().eval()


SMALL_VIT: dict[str, JsonValue] = {"embed_dim": 24, "depth": 4, "num_heads": 2, "patch_size": 14}
"""Options of a vision transformer whose patch divides no side of a profile for tests."""


@dataclass
class TokenSource(TinySource):
    """A source of small plain vision transformers; `levels_rule` as a file would state it."""

    name: str = "tokens"
    display_name: str = "Tokens"
    architecture: str = "timm.vit_tiny_patch16_224"
    sha256: str = "2" * 64
    levels_rule: str = "last"

    def __post_init__(self) -> None:
        self.options: dict[str, JsonValue] = {**SMALL_VIT, "levels": self.levels_rule}
        self.tokens = stored_tokens(registry.blueprint(self.architecture, self.options))

    @property
    def levels(self) -> tuple[FeatureLevel, ...]:
        return registry.blueprint(self.architecture, self.options).levels

    def load(self, seed: int) -> Backbone:
        self.loads += 1
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed if self.drawn_per_run else 0)
            return registry.build(self.architecture, self.options).eval()


def tiny_store(
    root: Path,
    name: str,
    images: int = 24,
    seed: int = 0,
    protocol: str = "lovt-2022",
    track: Track = "phantom",
    splits: Splits = "seeded",
) -> ImageStore:
    """Write a store of noise with one bright rectangle an image, its boxes and its masks; each protocol has its own."""
    governing = load_protocol(protocol)
    rng = np.random.default_rng(seed)
    classes = CLASSES[name]
    pixels = rng.integers(0, 90, (images, 224, 224), dtype=np.uint8)
    masks = np.zeros((images, len(classes), 224, 224), dtype=np.uint8)
    boxes = []
    for row in range(images):
        x, y, w, h = (int(v) for v in (*rng.integers(8, 120, 2), *rng.integers(40, 90, 2)))
        pixels[row, y : y + h, x : x + w] += 140
        masks[row, row % len(classes), y : y + h, x : x + w] = 1
        boxes.append(np.array([[x, y, w, h]], dtype=np.float32))
    detection = name in ("rsna", "object-cxr", "nih-cxr")
    return write_store(
        folder_for(root / "data", name, governing.data),
        name=name,
        protocol=protocol,
        data_protocol_sha256=governing.data.digest(),
        images=pixels,
        masks=masks,
        boxes=boxes if detection else None,
        box_classes=[np.array([row % len(classes)]) for row in range(images)] if detection else None,
        classes=classes,
        track=track,
        splits=splits,
    )


def tiny_stores(root: Path) -> dict[str, ImageStore]:
    """Write the stores of all five datasets."""
    return {name: tiny_store(root, name) for name in CLASSES}
