"""What is stored of a frozen backbone, from stored pixels to half precision on disk, against the bare forward.

Levels are those that the published tasks read of each dataset, and its library is the one that the rule names for so
many images: only the extraction is cut to a few of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.tokens.stored import as_stored, stored_tokens
from lovt_bench.benchmark.data.official import published
from lovt_bench.benchmark.engine.inputs.feature_backend import (
    WORTHWHILE,
    Library,
    OnnxFeatures,
    TorchFeatures,
    library_for,
)
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.engine.inputs.sizes import split_sizes
from lovt_bench.benchmark.engine.inputs.sources import Images, frozen_features
from lovt_bench.tasks.heads import head_strides
from lovt_bench.tasks.profile import load_profile
from tests.bench.machine import Machine, flops_of
from tests.bench.measure import paired
from tests.bench.rows import Row
from tests.bench.world import SIDE, fixed_draw, noise_store
from tests.tasks.lovt_18 import LOVT_18

IMAGES, BATCH, ROUNDS = 96, 32, 3
RESNET = "Features of a frozen ResNet-50, 224 pixels"
TOKENS = "Tokens of a frozen ViT-S/16, 224 pixels, after the last block"


@dataclass(frozen=True)
class Demand:
    """What one extraction is asked for."""

    what: str
    strides: tuple[int, ...]
    library: Library
    images: int
    """In the published splits, by which it weighs among the others."""


def measure(machine: Machine, folder: Path) -> list[Row]:
    return _measure(machine, folder, "resnet50", RESNET, demands(machine.device))


def measure_tokens(machine: Machine, folder: Path) -> list[Row]:
    architecture = "timm.vit_small_patch16_224"
    strides = tuple(level.stride for level in _stored(architecture).levels)
    library = library_for(machine.device, WORTHWHILE, SIDE, tokens=True)
    return _measure(
        machine, folder, architecture, TOKENS, [Demand("a dataset of many images", strides, library, 1)]
    )


def demands(device: torch.device) -> list[Demand]:
    """Return what the published tasks read of a convolutional network, datasets that are asked alike together."""
    asked: dict[tuple[tuple[int, ...], Library], dict[str, int]] = {}
    for name, known in published().items():
        sizes = {split: each.images for split, each in known.splits.items()}
        tasks = [spec for spec in LOVT_18 if spec.dataset == name and spec.backbone == "frozen"]
        if not tasks:
            continue
        used = [split_sizes(spec, load_profile("paper"), **sizes) for spec in tasks]
        images = sum(max(getattr(each, split) for each in used) for split in sizes)
        strides = tuple(sorted({stride for spec in tasks for stride in head_strides(spec)} - {1}))
        library = library_for(device, sum(sizes.values()), SIDE)
        asked.setdefault((strides, library), {})[name] = images
    return [
        Demand(
            f"{', '.join(names)}: strides {', '.join(map(str, strides))}",
            strides,
            library,
            sum(names.values()),
        )
        for (strides, library), names in asked.items()
    ]


def _measure(machine: Machine, folder: Path, architecture: str, table: str, asked: list[Demand]) -> list[Row]:
    """Compare libraries on images in memory, and whole extractions with the faster of them for the same levels."""
    device, backbone = machine.device, _stored(architecture)
    every = [level.stride for level in backbone.levels]
    store = noise_store(folder, "covid-rural", 2 * IMAGES)
    rows = store.rows("train")
    image = Images(store.images[rows], store.manifest.pixel_statistics, device).image(torch.arange(BATCH))
    contiguous = image.contiguous()
    plain = _stored(architecture).to(device)
    channels_last, onnx = TorchFeatures(backbone, device), OnnxFeatures(backbone, SIDE, device)
    libraries: dict[str, Callable[[], object]] = {
        "PyTorch, contiguous": partial(frozen_features, plain, contiguous),
        "PyTorch, channels last": partial(channels_last, image, every),
        "onnxruntime": partial(onnx, contiguous, every),
    }
    work, caches = dict(libraries), []
    tokens = stored_tokens(fixed_draw(architecture).load(0)) is not None
    for number, one in enumerate(asked):
        cache = FeatureCache(
            folder / f"features-{number}",
            "0" * 64,
            None,
            store,
            SIDE,
            half=True,
            library=one.library,
            tokens=tokens,
        )
        cache.extract(backbone, "train", 1, one.strides, device)  # which decides on the library
        work[f"onnxruntime, {one.what}"] = partial(onnx, contiguous, one.strides)
        work[f"extraction, {one.what}"] = partial(
            cache.extract, backbone, "train", IMAGES, one.strides, device
        )
        caches.append(cache)
    best = paired(work, ROUNDS)
    for cache in caches:
        shutil.rmtree(cache.folder)
    fastest = min(libraries, key=lambda name: best[name])
    flops, note = flops_of(lambda: frozen_features(backbone, image)), f"bare: {fastest}"
    found = [
        Row(table, f"forward, {name}", "images", BATCH, best[fastest], best[name], flops=flops, note=note)
        for name in libraries
        if name != fastest
    ]
    bare = {
        one.what: min(best[f"onnxruntime, {one.what}"], *(best[name] for name in libraries)) / BATCH
        for one in asked
    }
    here = {one.what: best[f"extraction, {one.what}"] / IMAGES for one in asked}
    for one in asked:
        values = sum(
            level.channels * backbone.map_side(level.stride, SIDE) ** 2
            for level in backbone.levels
            if level.stride in one.strides
        )
        found.append(
            Row(
                table,
                f"extraction, {one.what}",
                "images",
                IMAGES,
                bare[one.what] * IMAGES,
                here[one.what] * IMAGES,
                limit=1 / 0.9,
                flops=flops * IMAGES / BATCH,
                bytes=IMAGES * 2 * values,
                note=f"by {one.library}",
            )
        )
    if len(asked) > 1:
        images = sum(one.images for one in asked)
        whole = [sum(one.images * each[one.what] for one in asked) for each in (bare, here)]
        work_of_all = f"all {images:,} images of the published splits, from the rows above"
        found.append(Row(table, work_of_all, "images", images, whole[0], whole[1], limit=1 / 0.9))
    return found


def _stored(architecture: str) -> Backbone:
    """Return a drawn backbone as it is asked for what is stored."""
    backbone = as_stored(fixed_draw(architecture).load(0))
    assert isinstance(backbone, Backbone)
    return backbone
