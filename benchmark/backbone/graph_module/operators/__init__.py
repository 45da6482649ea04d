"""Operators of ONNX opset 18 as functions of torch, one table a kind; `OPERATORS` is all of them.

Each has the semantics of the standard, or refuses an attribute by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from lovt_bench.benchmark.backbone.graph_module.node import Operator, merged
from lovt_bench.benchmark.backbone.graph_module.operators import (
    elementwise,
    images,
    normalisation,
    pooling,
    resize,
    shapes,
    sums,
)

OPERATORS: Mapping[str, Operator] = merged(
    elementwise.TABLE,
    images.TABLE,
    normalisation.TABLE,
    pooling.TABLE,
    resize.TABLE,
    shapes.TABLE,
    sums.TABLE,
)
"""By name."""
