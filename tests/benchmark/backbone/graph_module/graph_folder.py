"""A graph in a backbone folder, as `submit` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnx import ModelProto

from lovt_bench.benchmark.backbone.graph_submit import mark_trainable, prepare_graph, write_graph_folder
from lovt_bench.benchmark.contract.backbone import Provenance
from tests.benchmark.backbone.graphs import saved


def graph_folder(
    root: Path, model: ModelProto, declared: Mapping[str, int] | None = None, *, trainable: bool = False
) -> Path:
    """Write a graph as a backbone folder at `root`, whether it can be trained or not; return the folder."""
    root.mkdir(parents=True)
    prepared = prepare_graph(saved(model, root.with_suffix(".onnx")), declared or {})
    write_graph_folder(
        root, prepared, name=root.name, display_name="Graph", provenance=Provenance(method="graph")
    )
    if trainable:
        mark_trainable(root)
    return root
