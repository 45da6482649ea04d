"""Which tensors are tables of positions, and how transformers' own forward takes them to another grid."""

from __future__ import annotations

from torch import nn

from lovt_bench.benchmark.backbone.tokens.positions import PositionRule
from lovt_bench.benchmark.backbone.tokens.tables import PositionTable

_OF_PATCHES = (
    "embeddings.position_embeddings",
    "embeddings.position_embedding.weight",
)
_OF_DISTANCES = "relative_position_bias_table"

ANTIALIASED = "dinov2_with_registers"
"""The model type whose forward resamples with antialiasing."""


def position_tables(model_type: str, network: nn.Module, prefix: int) -> dict[str, PositionTable]:
    """Return the tables of a network that depend on the side of its images.

    Args:
        model_type: The network's.
        network: Of transformers.
        prefix: Rows before those of patches.
    """
    found = {}
    for name, _ in network.named_parameters():
        if name in _OF_PATCHES:
            rule: PositionRule = "bicubic-antialias" if model_type == ANTIALIASED else "bicubic"
            found[name] = PositionTable(rule, before=prefix)
        elif name.endswith(_OF_DISTANCES):
            # Distances between patches, and three rows: CLS to patch, patch to CLS, CLS to itself.
            found[name] = PositionTable("bilinear", after=3)
    return found
