"""Which library computes the features of a frozen backbone: measured in docs/performance.md, chosen here only.

PyTorch defines the features: channels last, on CUDA under the published autocast. onnxruntime takes its place where
it is faster and its features of images of the dataset are equal. Its graph is exported here from the weights that were
loaded: a graph that came with a backbone could agree on the images that are compared and differ on others.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.backbone.model import Backbone
from benchmark.contract.backbone import ONNX_ONLY
from benchmark.engine.inputs import frozen_features
from benchmark.log import logger

Choice = Literal["auto", "torch", "onnxruntime"]
TORCH = f"torch {torch.__version__}"
"""The library that defines the features, for records."""

Levels = dict[int, Tensor]
"""(B, channels, S / stride, S / stride) by stride."""

TOLERANCE = {"cpu": 5e-5, "cuda": 2e-3}
"""Largest difference between equal features, relative to the largest value of a level: on a CPU a tenth of what half
precision, in which features are stored, distinguishes; on CUDA what the published autocast itself loses."""

COMPARED = 4
"""Images of the dataset on which libraries are compared and timed."""

WORTHWHILE = 1000
"""Images of 224 pixels from which an export (5 s) is earned back on two CPU cores."""


class FeatureBackend(Protocol):
    """Computes feature levels of normalised images."""

    name: str
    library: str
    """With its version, for records."""

    def __call__(self, image: Tensor, strides: Sequence[int]) -> Levels:
        """Return the levels of (B, 3, S, S) float32 images, without gradient."""
        ...


class TorchFeatures:
    """PyTorch, as the reference engine computes features too."""

    name = "torch"

    def __init__(self, backbone: nn.Module, device: torch.device) -> None:
        self._backbone = backbone.to(device).to(memory_format=torch.channels_last)
        graph = isinstance(backbone, Backbone) and backbone.architecture == ONNX_ONLY
        self.library = _onnxruntime() if graph else TORCH

    def __call__(self, image: Tensor, strides: Sequence[int]) -> Levels:
        levels = frozen_features(self._backbone, image)
        return {stride: levels[stride] for stride in strides}


class OnnxFeatures:
    """onnxruntime on the images' device, without a copy between device and host.

    Raises:
        RuntimeError: onnxruntime does not run on that device.
    """

    name = "onnxruntime"

    def __init__(self, backbone: Backbone, side: int, device: torch.device) -> None:
        from benchmark.backbone.export import INPUT, export_onnx
        from benchmark.backbone.graph_model import open_session

        self._input, self._side, self.library = INPUT, side, _onnxruntime()
        self._levels = {level.stride: level for level in backbone.levels}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "backbone.onnx"
            path.write_bytes(export_onnx(backbone, side))
            self._session = open_session(path)
        provider = self._session.get_providers()[0].removesuffix("ExecutionProvider").lower()
        if provider != device.type:
            raise RuntimeError(f"onnxruntime runs on {provider}, expected {device.type}")

    def __call__(self, image: Tensor, strides: Sequence[int]) -> Levels:
        image = image.float().contiguous()
        place = image.device.type, image.device.index or 0, np.float32
        binding = self._session.io_binding()
        binding.bind_input(self._input, *place, tuple(image.shape), image.data_ptr())
        levels: Levels = {}
        for stride in strides:
            side, level = self._side // stride, self._levels[stride]
            levels[stride] = image.new_empty(len(image), level.channels, side, side)
            binding.bind_output(level.name, *place, tuple(levels[stride].shape), levels[stride].data_ptr())
        _wait(image.device)  # onnxruntime has a stream of its own
        self._session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return levels


def choose_backend(
    backbone: nn.Module, image: Tensor, strides: Sequence[int], images: int, choice: Choice = "auto"
) -> FeatureBackend:
    """Return the fastest library whose features are equal to PyTorch's.

    Args:
        backbone: In eval mode; moved to the images' device.
        image: (B, 3, S, S) a few normalised images of the dataset, on the device.
        strides: Levels that are wanted.
        images: How many there are to extract: an export has to earn its seconds.
        choice: `auto`, or the library that is to be used without a comparison.

    Raises:
        RuntimeError: `onnxruntime` was asked for and does not run there.
    """
    side, device = image.shape[-1], image.device
    plain = TorchFeatures(backbone, device)
    if choice == "torch" or not isinstance(backbone, Backbone) or backbone.architecture == ONNX_ONLY:
        return plain
    if choice == "onnxruntime":
        return OnnxFeatures(backbone, side, device)
    if images * (side / 224) ** 2 < WORTHWHILE:
        return plain
    try:
        other = OnnxFeatures(backbone, side, device)
        difference = relative_difference(other(image, strides), plain(image, strides))
    except Exception as error:  # exporter and onnxruntime share no class of errors
        logger.debug("features: onnxruntime is not used: %s", error)
        return plain
    if not difference <= TOLERANCE[device.type]:
        logger.warning("features: onnxruntime differs from PyTorch by %.1e and is not used", difference)
        return plain
    seconds = [_seconds(backend, image, strides) for backend in (other, plain)]
    logger.debug("features: onnxruntime %.3f s, PyTorch %.3f s for %d images", *seconds, len(image))
    return other if seconds[0] < seconds[1] else plain


def relative_difference(found: Levels, expected: Levels) -> float:
    """Return the largest difference of a level, relative to the level's largest value; NaN where one is NaN."""
    differences = [
        (found[stride].float() - level.float()).abs().amax() / level.float().abs().amax()
        for stride, level in expected.items()
    ]
    return float(torch.stack(differences).amax())


def _onnxruntime() -> str:
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"


def _seconds(backend: FeatureBackend, image: Tensor, strides: Sequence[int], repeats: int = 2) -> float:
    """Return the least time of a few calls; the backend was called before."""
    best = float("inf")
    for _ in range(repeats):
        _wait(image.device)
        start = time.perf_counter()
        backend(image, strides)
        _wait(image.device)
        best = min(best, time.perf_counter() - start)
    return best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
