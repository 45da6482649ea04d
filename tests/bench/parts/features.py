"""What is stored of a frozen backbone, from stored pixels to half precision on disk, against the bare forward."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.tokens.stored import as_stored, stored_tokens
from lovt_bench.benchmark.engine.inputs.feature_backend import (
    WORTHWHILE,
    OnnxFeatures,
    TorchFeatures,
    library_for,
)
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.engine.inputs.sources import Images, frozen_features
from tests.bench.machine import Machine, flops_of
from tests.bench.measure import paired
from tests.bench.rows import Row
from tests.bench.world import SIDE, fixed_draw, noise_store

IMAGES, BATCH, ROUNDS = 96, 32, 4


def measure(machine: Machine, folder: Path) -> list[Row]:
    return _measure(
        machine, folder, "resnet50", "Features of a frozen ResNet-50, 224 pixels, all five levels"
    )


def measure_tokens(machine: Machine, folder: Path) -> list[Row]:
    return _measure(
        machine,
        folder,
        "timm.vit_small_patch16_224",
        "Tokens of a frozen ViT-S/16, 224 pixels, after the last block",
    )


def _measure(machine: Machine, folder: Path, architecture: str, table: str) -> list[Row]:
    """Compare libraries on images in memory, and the whole extraction with the fastest of them."""
    device, backbone = machine.device, _stored(architecture)
    strides = [level.stride for level in backbone.levels]
    store = noise_store(folder, "covid-rural", 2 * IMAGES)
    rows = store.rows("train")
    image = Images(store.images[rows], store.manifest.pixel_statistics, device).image(torch.arange(BATCH))
    contiguous = image.contiguous()
    plain = _stored(architecture).to(device)
    channels_last = TorchFeatures(backbone, device)
    onnx = OnnxFeatures(backbone, SIDE, device)
    libraries: dict[str, Callable[[], object]] = {
        "PyTorch, contiguous": lambda: frozen_features(plain, contiguous),
        "PyTorch, channels last": lambda: channels_last(image, strides),
        "onnxruntime": lambda: onnx(contiguous, strides),
    }
    tokens = stored_tokens(fixed_draw(architecture).load(0)) is not None
    library = library_for(device, WORTHWHILE, SIDE, tokens=tokens)
    cache = FeatureCache(
        folder / "features", "0" * 64, None, store, SIDE, half=True, library=library, tokens=tokens
    )
    cache.extract(backbone, "train", 1, strides, device)
    work = {**libraries, "extraction": lambda: cache.extract(backbone, "train", IMAGES, strides, device)}
    best = paired(work, ROUNDS)
    shutil.rmtree(cache.folder)
    fastest = min(libraries, key=lambda name: best[name])
    flops = flops_of(lambda: frozen_features(backbone, image))
    values = sum(level.channels * backbone.map_side(level.stride, SIDE) ** 2 for level in backbone.levels)
    note = f"bare: {fastest}"
    forwards = [
        Row(table, f"forward, {name}", "images", BATCH, best[fastest], best[name], flops=flops, note=note)
        for name in libraries
        if name != fastest
    ]
    return [
        *forwards,
        Row(
            table,
            "extraction of a dataset of many images",
            "images",
            IMAGES,
            best[fastest] * IMAGES / BATCH,
            best["extraction"],
            limit=1 / 0.9,
            flops=flops * IMAGES / BATCH,
            bytes=IMAGES * 2 * values,
            note=note,
        ),
    ]


def _stored(architecture: str) -> Backbone:
    """Return a drawn backbone as it is asked for what is stored."""
    backbone = as_stored(fixed_draw(architecture).load(0))
    assert isinstance(backbone, Backbone)
    return backbone
