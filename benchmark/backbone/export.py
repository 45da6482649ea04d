"""Backbones as ONNX: one file, input `image`, one output per feature level under its name (`c1` … `c5`).

The batch is dynamic, the image side is the manifest's. Weights lie in the file itself; it can be moved alone.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from onnx import ModelProto
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.model import Backbone

OPSET = 18
INPUT = "image"
MAX_BATCH = 1024


class _Levels(nn.Module):
    """Feature maps as a tuple: graph outputs have an order, dictionaries keyed by stride have no names."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.backbone.feature_maps(image)


def export_onnx(backbone: Backbone, side: int = 224) -> bytes:
    """Return the content of an ONNX file: the backbone in eval mode, opset 18, BN folded into the convolutions.

    The exporter notes source lines and their paths at each node; they are removed: a graph tells
    nothing of the machine it was made on.

    Args:
        backbone: On any device; its mode is the same afterwards.
        side: Image side in pixels, fixed in the graph. Input: (batch, 3, side, side) float32, batch 1 to
            1024.
    """
    training = backbone.training
    try:
        with _quiet():
            program = torch.onnx.export(
                _Levels(backbone).eval(),
                (torch.zeros(2, 3, side, side, device=next(backbone.parameters()).device),),
                input_names=[INPUT],
                output_names=[level.name for level in backbone.levels],
                dynamic_shapes={"image": {0: torch.export.Dim("batch", min=1, max=MAX_BATCH)}},
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    finally:
        backbone.train(training)
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    return _documented(program.model_proto, backbone, side).SerializeToString(deterministic=True)


def _documented(model: ModelProto, backbone: Backbone, side: int) -> ModelProto:
    """Return the graph with its levels described and everything about its making removed."""
    graph = model.graph
    model.producer_name, model.producer_version = "lovt-bench", ""
    graph.name = backbone.architecture
    graph.doc_string = (
        f"{INPUT}: (batch, 3, {side}, {side}) float32, (x - mean) / std of the downstream training split, "
        "repeated to three channels. One output per feature level."
    )
    for part in (
        model,
        graph,
        *graph.node,
        *graph.initializer,
        *graph.value_info,
        *graph.input,
        *graph.output,
    ):
        del part.metadata_props[:]
    for output, level in zip(graph.output, backbone.levels, strict=True):
        output.doc_string = f"feature level of stride {level.stride}, {level.channels} channels"
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's warnings about its own deprecations off the terminal; errors are exceptions."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
