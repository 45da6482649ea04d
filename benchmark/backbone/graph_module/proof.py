"""Whether a graph can be trained is proven, never claimed: torch's maps equal onnxruntime's, gradients are numbers.

So an operator that is executed wrongly can't make a wrong number: its graph stays one for frozen tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.check_graph import OTHER_SIDE, relative_error
from lovt_bench.benchmark.backbone.check_levels import example_images
from lovt_bench.benchmark.backbone.folder import GRAPH
from lovt_bench.benchmark.backbone.graph_model import GraphBackbone, open_graph
from lovt_bench.benchmark.backbone.graph_module.module import GraphModule, open_module
from lovt_bench.benchmark.backbone.graph_module.node import UntrainableError
from lovt_bench.benchmark.backbone.model import BATCH

TOLERANCE = 1e-5
"""Largest |torch - onnxruntime| of a feature level over its largest absolute value, in float32."""

BATCHES = (3, BATCH)
"""Images that are tried: they are computed in batches of 2, 1 and those of an evaluation."""


def prove(root: Path, side: int | None = None, batches: Sequence[int] = BATCHES) -> str:
    """Return what was found of a folder that is a graph alone: it can be trained.

    Args:
        root: The folder.
        side: Image side to try; None: the manifest's, and another where the graph leaves it open.
        batches: Numbers of images to try.

    Raises:
        UntrainableError: It cannot be; the message names the operator, or how far the maps differ.
        BackboneError: The graph cannot be opened.
    """
    module, graph = open_module(root, side), open_graph(root)
    tried = [(module.side, batch) for batch in batches]
    if side is None and graph.fixed_side is None:
        tried.append((OTHER_SIDE, batches[0]))
    worst = max(_difference(module, graph, size, batch) for size, batch in tried)
    if not worst <= TOLERANCE:
        raise UntrainableError(
            f"torch's maps differ from onnxruntime's by {worst:.1e} of the largest value, allowed {TOLERANCE:.0e}: an "
            "operator is not what it is taken for, or the graph computes in less than float32"
        )
    _check_gradients(module, tried[0][0])
    return (
        f"can be fine-tuned: {module.parameter_count:,} values in {len(module.weights)} weights; torch's maps equal "
        f"onnxruntime's within {worst:.1e} of the largest value, allowed {TOLERANCE:.0e}"
    )


def _difference(module: GraphModule, graph: GraphBackbone, side: int, batch: int) -> float:
    images = example_images(batch, side)
    with torch.inference_mode():
        found, expected = module.feature_maps(images), graph.feature_maps(images)
    return max(relative_error(one, other) for one, other in zip(found, expected, strict=True))


def _check_gradients(module: GraphModule, side: int) -> None:
    maps = module.feature_maps(example_images(2, side))
    torch.stack([level.square().mean() for level in maps]).sum().backward()
    gradients = [weight.grad for weight in module.weights if weight.grad is not None]
    if not gradients or not all(bool(each.isfinite().all()) for each in gradients):
        raise UntrainableError(
            f"the gradients of {GRAPH} are not finite on ordinary images: it cannot be trained"
        )
    module.zero_grad()
