"""What a row's details say of how its backbone was made."""

from __future__ import annotations

from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.leaderboard.board.provenance import provenance_texts


def test_a_graph_that_is_fine_tuned_says_what_becomes_of_batch_norm() -> None:
    graph = {
        "name": "x", "display_name": "X", "architecture": "onnx", "onnx_sha256": "0" * 64, "parameters": 1,
        "levels": [{"name": "c5", "channels": 4, "stride": 32}], "provenance": {"method": "x"}, "created": "now",
    }  # fmt: skip
    trained = provenance_texts(BackboneManifest.model_validate(graph | {"trainable": True}))
    assert "batch norm stays as the graph has it" in trained["Fine-tuning"]
    assert "Fine-tuning" not in provenance_texts(BackboneManifest.model_validate(graph))
