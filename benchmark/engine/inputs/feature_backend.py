"""Which library computes the features of a frozen backbone: by rule, and the rule is here only.

PyTorch defines the features: channels last, on CUDA always, under the published autocast. On a CPU onnxruntime, which
docs/performance.md measured to be faster for convolutional networks and slower for vision transformers, takes its
place for the former on a dataset that is worth an export, if its features of images of the dataset are equal. No
stopwatch decides: what does can change the last bits of a result. Its graph is exported here from the weights that
were loaded: a graph that came with a backbone could agree on the images that are compared and differ on others.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY
from lovt_bench.benchmark.engine.inputs.sources import frozen_features
from lovt_bench.benchmark.log import logger

Library = Literal["torch", "onnxruntime"]
TORCH = f"torch {torch.__version__}"
"""The library that defines the features, for records."""

Levels = dict[int, Tensor]
"""(B, channels, S / stride, S / stride) by stride."""

TOLERANCE = {"cpu": 5e-5, "cuda": 2e-3}
"""Largest difference between equal features, relative to the largest value of a level: on a CPU a tenth of what half
precision, in which features are stored, distinguishes; on CUDA what the published autocast itself loses (for
`python -m tests.bench.cuda` alone)."""

COMPARED = 4
"""Images of the dataset on which libraries are compared."""

WORTHWHILE = 1000
"""Images of 224 pixels in a dataset from which an export (5 s) is earned back on two CPU cores."""


def library_for(
    device: torch.device, images: int, side: int, *, graph: bool = False, tokens: bool = False
) -> Library:
    """Return the library that computes the features of a backbone on a dataset, if it can.

    Args:
        device: Where.
        images: Images of the whole dataset, so that no task, split or fraction decides for the others.
        side: Side of the network input.
        graph: The backbone is a graph without a torch module: onnxruntime alone reads it.
        tokens: The backbone is a vision transformer.
    """
    if graph:
        return "onnxruntime"
    worthwhile = images * (side / 224) ** 2 >= WORTHWHILE
    return "onnxruntime" if device.type == "cpu" and worthwhile and not tokens else "torch"


class FeatureBackend(Protocol):
    """Computes what is stored of normalised images: feature levels, or maps of tokens."""

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
        RuntimeError: ONNX Runtime does not run on that device.
    """

    name = "onnxruntime"

    def __init__(self, backbone: Backbone, side: int, device: torch.device) -> None:
        from lovt_bench.benchmark.backbone.export import INPUT, export_onnx
        from lovt_bench.benchmark.backbone.graph_model import open_session

        self._input, self._side, self.library = INPUT, side, _onnxruntime()
        self._levels, self._map_side = {level.stride: level for level in backbone.levels}, backbone.map_side
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
            side, level = self._map_side(stride, self._side), self._levels[stride]
            levels[stride] = image.new_empty(len(image), level.channels, side, side)
            binding.bind_output(level.name, *place, tuple(levels[stride].shape), levels[stride].data_ptr())
        _wait(image.device)  # onnxruntime has a stream of its own
        self._session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return levels


def choose_backend(backbone: nn.Module, image: Tensor, library: Library) -> FeatureBackend:
    """Return the library that the rule names, PyTorch where that cannot compute this backbone or differs from it.

    Args:
        backbone: In eval mode; moved to the images' device.
        image: (B, 3, S, S) a few normalised images of the dataset, on the device: the same for all of its splits.
        library: Library of `library_for`.
    """
    plain = TorchFeatures(backbone, image.device)
    if library == "torch" or not isinstance(backbone, Backbone) or backbone.architecture == ONNX_ONLY:
        return plain
    strides = [level.stride for level in backbone.levels]
    try:
        other = OnnxFeatures(backbone, image.shape[-1], image.device)
        difference = relative_difference(other(image, strides), plain(image, strides))
    except Exception as error:  # exporter and onnxruntime share no class of errors
        logger.info("features: PyTorch computes them, onnxruntime cannot: %s", error)
        return plain
    if not difference <= TOLERANCE[image.device.type]:
        logger.warning("features: onnxruntime differs from PyTorch by %.1e and is not used", difference)
        return plain
    return other


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


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
