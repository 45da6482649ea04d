"""Features of a frozen backbone, from stored pixels to half precision on disk, against the bare forward."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.engine.feature_backend import WORTHWHILE, OnnxFeatures, TorchFeatures, library_for
from lovt_bench.benchmark.engine.features import FeatureCache
from lovt_bench.benchmark.engine.inputs import Images, frozen_features
from tests.bench.machine import Machine, flops_of
from tests.bench.measure import paired
from tests.bench.rows import Row
from tests.bench.world import CHANNELS, SIDE, fixed_draw, noise_store

STRIDES = [2, 4, 8, 16, 32]
IMAGES, BATCH, ROUNDS = 96, 32, 4


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Compare libraries on images in memory, and the whole extraction with the fastest of them."""
    device, backbone = machine.device, fixed_draw().load(0)
    store = noise_store(folder, "covid-rural", 2 * IMAGES)
    rows = store.rows("train")
    image = Images(store.images[rows], store.manifest.pixel_statistics, device).image(torch.arange(BATCH))
    contiguous = image.contiguous()
    plain = fixed_draw().load(0).to(device)
    channels_last = TorchFeatures(backbone, device)
    onnx = OnnxFeatures(backbone, SIDE, device)
    libraries: dict[str, Callable[[], object]] = {
        "PyTorch, contiguous": lambda: frozen_features(plain, contiguous),
        "PyTorch, channels last": lambda: channels_last(image, STRIDES),
        "onnxruntime": lambda: onnx(contiguous, STRIDES),
    }
    library = library_for(device, WORTHWHILE, SIDE)
    cache = FeatureCache(folder / "features", "0" * 64, None, store, SIDE, half=True, library=library)
    cache.extract(backbone, "train", 1, STRIDES, device)
    work = {**libraries, "extraction": lambda: _extract(cache, backbone, device)}
    best = paired(work, ROUNDS)
    shutil.rmtree(cache.folder)
    fastest = min(libraries, key=lambda name: best[name])
    flops = flops_of(lambda: frozen_features(backbone, image))
    written = IMAGES * 2 * sum(CHANNELS[stride] * (SIDE // stride) ** 2 for stride in STRIDES)
    table = "Features of a frozen ResNet-50, 224 pixels, all five levels"
    rows_ = [
        Row(table, f"forward, {name}", "images", BATCH, best[fastest], best[name], flops=flops)
        for name in libraries
    ]
    return [
        *rows_,
        Row(
            table,
            "extraction of a dataset of many images",
            "images",
            IMAGES,
            best[fastest] * IMAGES / BATCH,
            best["extraction"],
            limit=1 / 0.9,
            flops=flops * IMAGES / BATCH,
            bytes=written,
        ),
    ]


def _extract(cache: FeatureCache, backbone: Backbone, device: torch.device) -> None:
    cache.extract(backbone, "train", IMAGES, STRIDES, device)
